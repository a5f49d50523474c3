// The log: pino's JSON on standard error, pretty where a person looks at a terminal; written at once, never a secret.

import { type LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';
import { LogOutput, type LogOutputStatus } from './log_output.ts';

export interface AgentLog extends Log {
  /** Takes up log_level of new settings. */
  setLevel(level: string): void;
  /** Whether its lines are taken where they go. */
  readonly output: LogOutputStatus;
}

export interface LogRoom {
  /** Writes what is taken without waiting, and gives how many bytes that were; throws where that fails. */
  readonly write: (bytes: Uint8Array) => number;
  readonly clock: Clock;
  /** Is standard error a terminal? Decides what log_format auto means. */
  readonly isTerminal: boolean;
  /** Whether that terminal is to have colours. */
  readonly colours: boolean;
}

export function makeLog(settings: Pick<Settings, 'log_level' | 'log_format'>, room: LogRoom): AgentLog {
  const options: LoggerOptions = {
    level: settings.log_level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { log: maskSecrets },
  };
  const isPretty = settings.log_format === 'pretty' || (settings.log_format === 'auto' && room.isTerminal);
  const output = new LogOutput(room.write, room.clock, (lines, reason) =>
    logger.warn({ lines, reason }, 'lines of the log were lost'),
  );
  const print = isPretty ? prettily(room) : undefined;
  const stream = { write: (line: string): void => output.write(print === undefined ? line : print(line)) };
  const logger = pino(options, stream);
  return {
    debug: (fields, sentence) => logger.debug(fields, sentence),
    info: (fields, sentence) => logger.info(fields, sentence),
    warn: (fields, sentence) => logger.warn(fields, sentence),
    error: (fields, sentence) => logger.error(fields, sentence),
    setLevel: (level) => {
      logger.level = level;
    },
    get output() {
      return output.status;
    },
  };
}

function prettily({ isTerminal, colours }: LogRoom): (line: string) => string {
  const print = pretty.prettyFactory({
    // Names that clients make up stand in sentences too: none of them begins a line of its own.
    messageFormat: (line, key) => escaped(String(line[key] ?? ''), CONTROLS),
    colorize: isTerminal && colours,
    singleLine: true,
    translateTime: 'HH:MM:ss.l',
    ignore: 'pid,hostname',
  });
  return (line) => escaped(print(line), HIGH_CONTROLS);
}

/** What a terminal may obey, or a reader take for the end of a line; JSON escapes the first half of them in fields. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;
const HIGH_CONTROLS = /[\x7f-\x9f\u2028\u2029]/gu;

function escaped(text: string, which: RegExp): string {
  return text.replace(which, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A Secret says *** by itself; this is for one that was opened by mistake inside an object with a telling name. */
function maskSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  const masked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    masked[name] = value instanceof Secret || /password|secret/i.test(name) ? '***' : value;
  }
  return masked;
}
