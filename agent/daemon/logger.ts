// The log: pino's JSON, printed as its reader wants it, to standard error, a file and syslog; written at once, never a secret.

import { type LoggerOptions, pino } from 'pino';
import type { Clock } from '../base/clock.ts';
import type { Log, LogFields } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';
import { asJson, asPgbouncer, forJournal, forSyslog, type PrintLine, prettily } from './log_format.ts';
import { LogOutput, type LogOutputStatus } from './log_output.ts';
import type { LogPlace, LogPlaces } from './log_places.ts';

export type LogSettings = Pick<
  Settings,
  'log_level' | 'log_format' | 'logfile' | 'syslog' | 'syslog_ident' | 'syslog_facility' | 'verbose'
>;

/** New settings of the log: what can fail is done, and nothing has changed. */
export interface LogPlan {
  commit(): void;
  rollback(): void;
}

export interface AgentLog extends Log {
  /** Opens what the settings name, the same file anew too: it may have been rotated. @throws AgentError file_unwritable */
  prepare(settings: LogSettings): LogPlan;
  /** Whether its lines are taken where they go. */
  readonly output: LogOutputStatus;
}

export interface LogRoom {
  /** Standard error: writes what is taken without waiting, and gives how many bytes that were; throws where that fails. */
  readonly write: (bytes: Uint8Array) => number;
  readonly clock: Clock;
  readonly pid: number;
  /** Is standard error a terminal? Decides what log_format auto means. */
  readonly isTerminal: boolean;
  /** Whether that terminal is to have colours. */
  readonly colours: boolean;
  /** Standard error is systemd's journal, which takes a line's priority from its beginning. */
  readonly isJournal?: boolean;
  /** Nothing goes to standard error: a daemon has none. */
  readonly isQuiet?: boolean;
  readonly places: LogPlaces;
}

interface Sink {
  /** What is written at once each: a line of a file, a datagram. */
  readonly print: (line: string) => readonly string[];
  readonly output: LogOutput;
  readonly close: () => void;
}

/** @throws AgentError file_unwritable */
export function makeLog(settings: LogSettings, room: LogRoom): AgentLog {
  const options: LoggerOptions = {
    level: levelOf(settings),
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { log: printable },
  };
  const onBack = (lines: number, reason: string): void =>
    logger.warn({ lines, reason }, 'lines of the log were lost');
  let sinks = openSinks(settings, room, onBack);
  const write = (line: string): void => {
    for (const { print, output } of sinks) for (const each of print(line)) output.write(each);
  };
  const logger = pino(options, { write });
  return {
    debug: (fields, sentence) => logger.debug(fields, bounded(sentence, fields)),
    info: (fields, sentence) => logger.info(fields, bounded(sentence, fields)),
    warn: (fields, sentence) => logger.warn(fields, bounded(sentence, fields)),
    error: (fields, sentence) => logger.error(fields, bounded(sentence, fields)),
    prepare: (next) => {
      const [opened, old] = [openSinks(next, room, onBack, sinks), sinks];
      return {
        commit: () => {
          sinks = opened;
          logger.level = levelOf(next);
          closeAll(old);
        },
        rollback: () => closeAll(opened),
      };
    },
    get output() {
      return statusOf(sinks);
    },
  };
}

function levelOf({ log_level, verbose }: LogSettings): string {
  return verbose > 0 ? 'debug' : log_level;
}

/** @param before keeps what standard error has not taken yet. */
function openSinks(
  settings: LogSettings,
  room: LogRoom,
  onBack: (lines: number, reason: string) => void,
  before: readonly Sink[] = [],
): readonly Sink[] {
  const sinks: Sink[] = [];
  if (room.isQuiet !== true) {
    const output = before.find(isStandardError)?.output ?? new LogOutput(room.write, room.clock, onBack);
    const print = printFor(settings, room, room.isTerminal);
    sinks.push({ print: single(room.isJournal === true ? forJournal(print) : print), output, close: stays });
  }
  try {
    if (settings.logfile !== '') {
      const file = room.places.openFile(settings.logfile);
      sinks.push(sinkOf(file, single(printFor(settings, room, false)), room.clock, onBack));
    }
    if (settings.syslog) {
      const print = forSyslog(settings.syslog_facility, settings.syslog_ident, room.pid);
      sinks.push(sinkOf(room.places.openSyslog(), print, room.clock, onBack));
    }
  } catch (error) {
    closeAll(sinks);
    throw error;
  }
  return sinks;
}

function single(print: PrintLine): Sink['print'] {
  return (line) => [print(line)];
}

function sinkOf(
  place: LogPlace,
  print: Sink['print'],
  clock: Clock,
  onBack: (lines: number, reason: string) => void,
): Sink {
  return { print, output: new LogOutput(place.write, clock, onBack), close: place.close };
}

/** Standard error is nobody's to close. */
function stays(): void {}

function isStandardError({ close }: Sink): boolean {
  return close === stays;
}

function closeAll(sinks: readonly Sink[]): void {
  for (const { output, close } of sinks) {
    if (close === stays) continue;
    output.stop();
    close();
  }
}

function printFor({ log_format }: LogSettings, { colours, pid }: LogRoom, isTerminal: boolean): PrintLine {
  if (log_format === 'pgbouncer') return asPgbouncer(pid);
  const isPretty = log_format === 'pretty' || (log_format === 'auto' && isTerminal);
  return isPretty ? prettily(isTerminal && colours) : asJson;
}

function statusOf(sinks: readonly Sink[]): LogOutputStatus {
  return {
    linesLost: sinks.reduce((sum, { output }) => sum + output.status.linesLost, 0),
    failure: sinks.find(({ output }) => output.status.failure !== undefined)?.output.status.failure,
  };
}

/** What clients make up, or what a sentence about them repeats: nobody writes the log full with a few long names. */
const LETTERS_MAX: ReadonlyMap<string, number> = new Map([
  ...['user', 'database', 'application_name'].map((name) => [name, 128] as const),
  ...['told', 'reason'].map((name) => [name, 500] as const),
]);
const SENTENCE_MAX = 1_000;

/** A Secret says *** by itself; this is also for one that was opened by mistake inside an object with a telling name. */
function printable(fields: Record<string, unknown>): Record<string, unknown> {
  const printed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const isSecret = value instanceof Secret || /password|secret/i.test(name);
    printed[name] = isSecret ? '***' : shortened(value, LETTERS_MAX.get(name));
  }
  return printed;
}

/** A sentence about a client or a database; what the agent says of its own settings is as long as it has to be. */
function bounded(sentence: string, { peer, user, database }: LogFields): string {
  const isAbout = peer !== undefined || user !== undefined || database !== undefined;
  return isAbout ? shortened(sentence, SENTENCE_MAX) : sentence;
}

function shortened<T>(value: T, max: number | undefined): T | string {
  if (max === undefined || typeof value !== 'string' || value.length <= max) return value;
  // Half of a letter that takes two places is none.
  return `${value.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
