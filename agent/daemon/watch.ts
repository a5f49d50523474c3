// Tells, once and after they have lain still, which files no longer have the content that they had.

import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { openDirectory } from './directory_watcher.ts';
import { entryAt, type FileReading, type FileState, readFileState } from './file_state.ts';
import { type Candidate, settle } from './settling.ts';
import { systemClock } from './system_clock.ts';
import { type PathEntry, watchPaths } from './watch_paths.ts';
import { type OpenDirectory, WatchedDirectories } from './watched_directories.ts';

export interface WatchTimes {
  /** source_poll_interval: how often files are looked at although nothing was heard of them. */
  readonly pollIntervalMs: number;
  /** source_settle_time: how long a file has to read the same before its change is told. */
  readonly settleMs: number;
}

/** What the caller has read of each file, as stateOfBytes() says it. */
export type FilesAsRead = ReadonlyMap<string, FileState>;

export interface WatchOptions extends WatchTimes {
  /** Absolute paths, as they were written; those that do not exist yet as well. */
  readonly files: readonly string[];
  /** A file that differs from this is told as changed. Without it, what is there at the first look counts as known. */
  readonly asRead?: FilesAsRead;
  readonly log: Log;
  readonly clock?: Clock;
}

export interface FileWatch {
  /** Settles after the first look: from then on no change is missed. */
  readonly ready: Promise<void>;
  /** Other files from now on. A change that is on its way is still told, if the file is still among them. */
  replaceFiles(files: readonly string[], asRead?: FilesAsRead): void;
  replaceTimes(times: WatchTimes): void;
  /** Nothing is told afterwards, and no timer, watch or open file is left. */
  close(): Promise<void>;
}

/** The file system as it is needed here; tests hand in one of their own. */
export interface WatchWorld {
  entryAt(path: string): Promise<PathEntry>;
  readFileState(
    path: string,
    before: FileReading | undefined,
    wallMs: number,
  ): Promise<FileReading | undefined>;
  readonly openDirectory: OpenDirectory;
}

/** Files beyond this many are not watched. */
export const FILES_MAX = 256;

/** How often files are looked at when one of their directories cannot be watched. */
const BLIND_INTERVAL_MS = 500;

/** How often the directories are asked for again when links change between the walk and the watch. */
const ROUNDS_MAX = 3;

/** Timers ring up to a millisecond early; a look that comes too early for a change costs another settle time. */
const TIMER_SLACK_MS = 2;

/** A file system that needs longer for a look is worth a line in the log. */
const SLOW_LOOK_MS = 10_000;

const diskWorld: WatchWorld = Object.freeze({ entryAt, readFileState, openDirectory });

/** Calls `onChange` with the paths, as they were written, of the files that have changed. */
export function watchFiles(
  options: WatchOptions,
  onChange: (changed: readonly string[]) => void,
  world: WatchWorld = diskWorld,
): FileWatch {
  return new Watch(options, onChange, world);
}

class Watch implements FileWatch {
  readonly ready: Promise<void>;
  readonly #world: WatchWorld;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: (changed: readonly string[]) => void;
  readonly #directories: WatchedDirectories;
  readonly #known = new Map<string, FileState>();
  readonly #readings = new Map<string, FileReading>();
  #times: WatchTimes;
  #files: readonly string[] = [];
  /** Counts replaceFiles(): a look at files of yesterday says nothing. */
  #generation = 0;
  #candidates: ReadonlyMap<string, Candidate> = new Map();
  /** Something was heard since the last look began. */
  #stirred = false;
  #looking: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #closed = false;
  readonly #becomeReady: () => void;

  constructor(options: WatchOptions, onChange: (changed: readonly string[]) => void, world: WatchWorld) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#becomeReady = resolve;
    this.#world = world;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
    this.#onChange = onChange;
    this.#times = options;
    this.#directories = new WatchedDirectories(world.openDirectory, this.#clock, this.#log, () =>
      this.#stir(),
    );
    this.replaceFiles(options.files, options.asRead);
  }

  replaceFiles(files: readonly string[], asRead: FilesAsRead = new Map()): void {
    const relative = files.find((file) => !file.startsWith('/'));
    if (relative !== undefined) throw new Error(`watchFiles() takes absolute paths, not ${relative}`);
    const all = [...new Set(files)];
    if (all.length > FILES_MAX) {
      this.#log.warn(
        { files: all.length, watched: FILES_MAX },
        'too many source files: the rest is not watched',
      );
    }
    this.#files = all.slice(0, FILES_MAX);
    this.#generation++;
    const kept = new Set(this.#files);
    for (const map of [this.#known, this.#readings]) {
      for (const file of map.keys()) if (!kept.has(file)) map.delete(file);
    }
    this.#candidates = new Map([...this.#candidates].filter(([file]) => kept.has(file)));
    for (const file of this.#files) {
      const state = asRead.get(file);
      if (state !== undefined) this.#known.set(file, state);
    }
    this.#stirred = true;
    this.#lookIn(0);
  }

  replaceTimes(times: WatchTimes): void {
    this.#times = times;
    this.#lookIn(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.clear();
    await this.#looking;
    await this.#directories.close();
    this.#becomeReady();
  }

  /** A burst of events makes a look at its first one, and then no more than one each settle time. */
  #stir(): void {
    this.#stirred = true;
    this.#lookIn(this.#lookedAtMs + this.#times.settleMs + TIMER_SLACK_MS - this.#clock.now());
  }

  /** Makes the next look come sooner, never later. */
  #lookIn(delayMs: number): void {
    const delay = Math.max(0, delayMs);
    const due = this.#clock.now() + delay;
    // While it is looking, the end of the look finds out when the next one is due.
    if (this.#closed || this.#looking !== undefined || due >= this.#dueMs) return;
    this.#timer?.clear();
    this.#dueMs = due;
    this.#timer = this.#clock.after(delay, () => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#looking = this.#look();
    });
  }

  async #look(): Promise<void> {
    const slow = this.#clock.after(SLOW_LOOK_MS, () => {
      this.#log.warn({ afterMs: SLOW_LOOK_MS }, 'source files cannot be looked at: the file system is slow');
    });
    const generation = this.#generation;
    try {
      // An event says that something happened: then the content counts, whatever the metadata say.
      const thorough = this.#stirred || this.#candidates.size > 0;
      this.#stirred = false;
      await this.#followPaths();
      const startedMs = this.#clock.now();
      const states = await this.#readStates(thorough);
      this.#lookedAtMs = this.#clock.now();
      if (this.#closed) return;
      if (generation === this.#generation) {
        this.#becomeReady();
        this.#compare(states, startedMs);
      }
    } catch (error) {
      this.#log.error({ err: error }, 'source files cannot be looked at');
    } finally {
      slow.clear();
      this.#looking = undefined;
      this.#lookIn(this.#restMs());
    }
  }

  async #followPaths(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX && !this.#closed; round++) {
      const wanted = await watchPaths(this.#files, (path) => this.#world.entryAt(path));
      // A new watch has heard nothing of what happened since the walk: walk again.
      if (this.#closed || !(await this.#directories.follow(wanted))) return;
    }
    this.#stirred = true;
  }

  async #readStates(thorough: boolean): Promise<ReadonlyMap<string, FileState | undefined>> {
    const states = new Map<string, FileState | undefined>();
    for (const file of this.#files) {
      if (this.#closed) break;
      const before = thorough ? undefined : this.#readings.get(file);
      const reading = await this.#world.readFileState(file, before, this.#clock.wall());
      if (reading !== undefined) this.#readings.set(file, reading);
      states.set(file, reading?.state);
    }
    return states;
  }

  #compare(states: ReadonlyMap<string, FileState | undefined>, startedMs: number): void {
    for (const [file, state] of states) {
      if (state !== undefined && !this.#known.has(file)) this.#known.set(file, state);
    }
    const look = { states, startedMs, endedMs: this.#lookedAtMs };
    const { told, candidates } = settle(this.#known, this.#candidates, look, this.#times.settleMs);
    this.#candidates = candidates;
    if (told.size === 0) return;
    for (const [file, state] of told) this.#known.set(file, state);
    try {
      this.#onChange([...told.keys()]);
    } catch (error) {
      this.#log.error({ err: error, files: [...told.keys()] }, 'a changed source file could not be taken up');
    }
  }

  #restMs(): number {
    const { pollIntervalMs, settleMs } = this.#times;
    let rest = this.#directories.areBlind ? Math.min(BLIND_INTERVAL_MS, pollIntervalMs) : pollIntervalMs;
    if (this.#stirred || this.#candidates.size > 0) rest = Math.min(rest, settleMs + TIMER_SLACK_MS);
    for (const { sinceMs } of this.#candidates.values()) {
      // One that is due already waits for others, until the next look at them.
      const leftMs = sinceMs + settleMs - this.#clock.now();
      if (leftMs > 0) rest = Math.min(rest, leftMs + TIMER_SLACK_MS);
    }
    return rest;
  }
}
