// The machine under the agent, as one value: clock, randomness, process, environment. Everybody else is handed it.

import { fstatSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { AgentError } from '../base/errors.ts';
import { becomeUser } from '../native/become_user.ts';
import { openLibc } from '../native/libc.ts';
import { type WriteNow, writeNow } from '../native/write_now.ts';
import { type LogPlaces, machinePlaces } from './log_places.ts';
import type { SignalSource } from './signals.ts';
import { systemClock } from './system_clock.ts';

const STDERR = 2;

export interface Machine {
  readonly clock: Clock;
  readonly pid: number;
  /** systemd's variables are taken out of it once they were read. */
  readonly env: Record<string, string | undefined>;
  readonly signals: SignalSource;
  /** Standard error, as `writeNow()` writes to it. */
  readonly writeLog: (bytes: Uint8Array) => number;
  /** Where else the log can go. */
  readonly logPlaces: LogPlaces;
  /** From root to another system user, for good. @throws AgentError user_switch */
  readonly becomeUser: (name: string) => void;
  readonly isRoot: () => boolean;
  /** What nobody caught: thrown in a callback of the runtime, or a promise that nobody waited for. Gives the function that ends it. */
  readonly onUncaught: (listener: (error: unknown) => void) => () => void;
  /** Is standard error looked at by a person? */
  readonly isTerminal: boolean;
  /** Is it systemd's journal that standard error goes to? */
  readonly isJournal?: boolean;
  /** From the kernel's generator: for keys, salts and nonces. */
  readonly random: (bytes: number) => Uint8Array;
  /** 0 to 1, for spreading what would otherwise happen at once; nothing secret. */
  readonly fraction: () => number;
  readonly memoryBytes: () => number;
  /** The system user that this process is now. */
  readonly ownUid: () => number;
  /** Since the process began. */
  readonly sinceStartMs: () => number;
}

export function thisMachine(): Machine {
  let write: WriteNow | undefined;
  return Object.freeze({
    clock: systemClock,
    pid: process.pid,
    env: process.env,
    signals: process,
    // Not before it is wanted: standard error may be closed, and that is the log's to say.
    writeLog: (bytes: Uint8Array) => {
      write ??= writeNow(openLibc(), STDERR);
      return write(bytes);
    },
    logPlaces: machinePlaces,
    becomeUser: (user: string) => {
      const reason = becomeUser(openLibc(), user);
      if (reason !== undefined) throw new AgentError('user_switch', { user, reason });
    },
    isRoot: () => process.getuid?.() === 0,
    onUncaught,
    isTerminal: process.stderr.isTTY === true,
    isJournal: isJournal(process.env.JOURNAL_STREAM),
    random: (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)),
    fraction: () => Math.random(),
    memoryBytes: () => process.memoryUsage.rss(),
    ownUid: () => process.geteuid!(),
    sinceStartMs: () => performance.now(),
  });
}

/** systemd says which file the journal's stream is: what is standard error now may be another one. */
function isJournal(stream: string | undefined): boolean {
  if (stream === undefined || stream === '') return false;
  try {
    const { dev, ino } = fstatSync(STDERR);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

function onUncaught(listener: (error: unknown) => void): () => void {
  process.on('uncaughtException', listener);
  process.on('unhandledRejection', listener);
  return () => {
    process.off('uncaughtException', listener);
    process.off('unhandledRejection', listener);
  };
}

/** https://no-color.org: any value but the empty one means no. */
export function wantsColours(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
