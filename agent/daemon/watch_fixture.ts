// A file system and a clock for the watcher's tests: nothing happens in them but what the test says.

import type { Clock } from '../base/clock.ts';
import type { Log, LogFields } from '../base/log.ts';
import type { DirectoryEvents } from './directory_watcher.ts';
import type { WatchWorld } from './watch.ts';
import type { PathEntry } from './watch_paths.ts';

export interface ManualClock extends Clock {
  /** Lets time go by: rings what is due, in order, and waits for what that started. */
  pass(ms: number): Promise<void>;
  /** Timers that were set and have not rung. */
  readonly timers: number;
}

export function createManualClock(): ManualClock {
  let nowMs = 0;
  const timers = new Set<{ readonly dueMs: number; readonly ring: () => void }>();

  async function pass(ms: number): Promise<void> {
    const endMs = nowMs + ms;
    for (;;) {
      await promisesToSettle();
      const [next] = [...timers].filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      timers.delete(next);
      nowMs = next.dueMs;
      next.ring();
    }
    nowMs = endMs;
  }

  return {
    now: () => nowMs,
    wall: () => nowMs,
    pass,
    get timers() {
      return timers.size;
    },
    after(delayMs, ring) {
      const timer = { dueMs: nowMs + delayMs, ring };
      timers.add(timer);
      return { clear: () => void timers.delete(timer) };
    },
  };
}

/** Nothing in this world waits for anything but promises, and all of them come before the next immediate. */
function promisesToSettle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface FakeDisk extends WatchWorld {
  /** What lies where: a text is a file, `{link}` a link; directories are there when something is in them. */
  readonly entries: Map<string, string | { readonly link: string }>;
  /** The directories that are watched, and whom to tell. */
  readonly watches: Map<string, DirectoryEvents>;
  /** Why a directory cannot be watched. */
  readonly refusals: Map<string, string>;
  /** How often each directory was made anew. */
  readonly births: Map<string, number>;
  /** Writes from now on leave size and times as they are. */
  stampsAreFrozen: boolean;
  /** How often a file was looked at. */
  reads: number;
  /** Writes without a word to anybody. */
  put(path: string, text: string): void;
  /** Writes, and tells whoever watches the directory. */
  write(path: string, text: string): void;
}

/** A file with this text gives no verdict, as when there is no descriptor left to open it with. */
export const NO_VERDICT = '(no verdict)';

export function createFakeDisk(): FakeDisk {
  const entries: FakeDisk['entries'] = new Map();
  const watches = new Map<string, DirectoryEvents>();
  const refusals = new Map<string, string>();
  const births = new Map<string, number>();
  const stamps = new Map<string, number>();

  function entryOf(path: string): PathEntry {
    const there = entries.get(path);
    if (typeof there === 'string') return { kind: 'other' };
    if (there !== undefined) return { kind: 'link', target: there.link };
    const prefix = path === '/' ? '/' : `${path}/`;
    const isDirectory = [...entries.keys()].some((other) => other.startsWith(prefix));
    return isDirectory ? { kind: 'directory', identity: `${births.get(path)}` } : { kind: 'missing' };
  }

  const disk: FakeDisk = {
    entries,
    watches,
    refusals,
    births,
    stampsAreFrozen: false,
    reads: 0,
    put(path, text) {
      entries.set(path, text);
      if (!disk.stampsAreFrozen) stamps.set(path, (stamps.get(path) ?? 0) + 1);
    },
    write(path, text) {
      disk.put(path, text);
      watches.get(path.slice(0, path.lastIndexOf('/')) || '/')?.entry(path.slice(path.lastIndexOf('/') + 1));
    },
    entryAt: (path) => Promise.resolve(entryOf(path)),
    readFileState(path, before) {
      disk.reads++;
      const text = entries.get(path);
      if (text === NO_VERDICT) return Promise.resolve(undefined);
      if (typeof text !== 'string') return Promise.resolve({ state: 'missing', stamp: undefined });
      const stamp = `${stamps.get(path)}`;
      return Promise.resolve(before?.stamp === stamp ? before : { state: `text ${text}`, stamp });
    },
    openDirectory(directory, events) {
      const refusal = refusals.get(directory);
      if (refusal !== undefined) return Promise.resolve({ refusal });
      watches.set(directory, events);
      const close = () => {
        if (watches.get(directory) === events) watches.delete(directory);
        return Promise.resolve();
      };
      return Promise.resolve({ watch: { close } });
    },
  };
  return disk;
}

export interface LogLine {
  readonly level: keyof Log;
  readonly sentence: string;
  readonly fields: LogFields;
}

export function createLogBook(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  function writer(level: keyof Log): Log['info'] {
    return (fields, sentence) => void lines.push({ level, sentence, fields });
  }
  return {
    lines,
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  };
}
