// Mistakes of our own: each is logged with its trace and counted by the path of code that made it.

import type { Clock } from './clock.ts';
import type { Log, LogFields } from './log.ts';

/** Two on one path within this time are no accident; a path that has been quiet for it counts as mended. */
const REPEAT_MS = 60_000;
/** Traces of one path that are logged within that time; the rest is counted. */
const TRACES_MAX = 5;
/** Other paths than these are counted together. */
const PATHS_MAX = 100;
const OTHERS = 'elsewhere';

export interface InternalErrorPath {
  /** The function and the file of ours that is nearest to the mistake: `Pool.tick (agent/pool/pool.ts)`. */
  readonly path: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
  readonly message: string;
  /** It happened twice within a minute, and the last time is less than a minute ago. */
  readonly repeats: boolean;
}

interface Entry {
  count: number;
  lastAt: number;
  message: string;
  last: number;
  /** Until when the path is taken for broken, by the clock. */
  brokenUntil: number;
  windowStart: number;
  traces: number;
}

export class InternalErrors {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();
  #total = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Since the start. */
  get total(): number {
    return this.#total;
  }

  get paths(): readonly InternalErrorPath[] {
    const now = this.#clock.now();
    return [...this.#entries].map(([path, { count, lastAt, message, brokenUntil }]) => ({
      ...{ path, count, lastAt, message },
      repeats: now < brokenUntil,
    }));
  }

  /** @param sentence what was ended because of it: `an internal error closed a session`. */
  add(error: unknown, fields: LogFields, sentence: string): void {
    this.#total++;
    const trace = traceOf(error);
    const path = codePath(trace);
    const entry = this.#entryOf(path);
    const now = this.#clock.now();
    if (now - entry.last <= REPEAT_MS) entry.brokenUntil = now + REPEAT_MS;
    entry.count++;
    entry.last = now;
    entry.lastAt = this.#clock.wall();
    entry.message = error instanceof Error ? error.message : String(error);
    if (now - entry.windowStart > REPEAT_MS) {
      entry.windowStart = now;
      entry.traces = 0;
    }
    entry.traces++;
    if (entry.traces > TRACES_MAX) return;
    this.#log.error({ ...fields, path, count: entry.count, stack: trace }, sentence);
  }

  /** A step that must not take others down with it: what it throws is noted, and goes no further. */
  guard(sentence: string, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.add(error, {}, sentence);
    }
  }

  #entryOf(path: string): Entry {
    const key = this.#entries.has(path) || this.#entries.size < PATHS_MAX ? path : OTHERS;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const never = Number.NEGATIVE_INFINITY;
      entry = {
        ...{ count: 0, lastAt: 0, message: '', last: never, brokenUntil: never },
        ...{ windowStart: never, traces: 0 },
      };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The first frame that is in our own code; in an executable there are no files but its own. */
export function codePath(trace: string): string {
  const frames = [...trace.matchAll(/^\s*at (?:(?:async )?(.*?) \()?([^()\n]+?)(?::\d+)?(?::\d+)?\)?$/gm)];
  const ours = frames.find(([, , file]) => /(?:^|\/)agent\/|\$bunfs/.test(file!)) ?? frames[0];
  if (ours === undefined) return 'unknown';
  const [, name, file] = ours;
  return `${name || 'anonymous'} (${file!.replace(/^.*?(?=(?:agent\/[\w/]+\.ts)$)/, '')})`;
}
