// The directories that are watched at the moment: opened, renewed and given up as the paths through them change.

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import {
  type DirectoryEvents,
  type DirectoryWatch,
  ENTRIES_MAX,
  type OpenedDirectory,
} from './directory_watcher.ts';
import type { WantedDirectory } from './watch_paths.ts';

export type OpenDirectory = (
  directory: string,
  events: DirectoryEvents,
  clock: Clock,
) => Promise<OpenedDirectory>;

/** Each one takes an inotify watch, of which a user has some thousands for everything that he runs. */
export const DIRECTORIES_MAX = 128;

/** Events of strangers' files that a directory may have at once, and, in the long run, each second. */
const STRANGERS_MAX = 20;
const STRANGERS_PER_SECOND = 2;

/** How long a directory that could not be watched, or was not worth it, is left alone. */
const REST_MS = 60_000;

interface Held {
  readonly identity: string;
  names: ReadonlySet<string>;
  watch: DirectoryWatch | undefined;
  /** Both are set by an event; the next follow() acts on them. */
  lost: boolean;
  crowded: boolean;
  /** When to try again, where there is no watch. */
  retryAtMs: number;
  /** Events of strangers' files that it may still have, as of heardAtMs. */
  patience: number;
  heardAtMs: number;
  strangers: number;
  /** Reasons that were logged: each once for as long as the directory is held. */
  readonly said: Set<string>;
}

export class WatchedDirectories {
  readonly #openDirectory: OpenDirectory;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stir: () => void;
  readonly #held = new Map<string, Held>();

  /** `stir` is called when something may have happened to a wanted entry, or to a directory itself. */
  constructor(openDirectory: OpenDirectory, clock: Clock, log: Log, stir: () => void) {
    this.#openDirectory = openDirectory;
    this.#clock = clock;
    this.#log = log;
    this.#stir = stir;
  }

  /** Is there a directory of which nothing would be heard? Then its files have to be looked at often. */
  get areBlind(): boolean {
    for (const held of this.#held.values()) if (held.watch === undefined) return true;
    return false;
  }

  /** Watches exactly these from now on. True when a watch is new: what happened before it was heard by nobody. */
  async follow(wanted: ReadonlyMap<string, WantedDirectory>): Promise<boolean> {
    for (const [directory, held] of [...this.#held]) {
      if (held.crowded) await this.#giveUp(directory, held, 'others write too much there');
      if (wanted.get(directory)?.identity === held.identity && !held.lost) continue;
      this.#held.delete(directory);
      await held.watch?.close();
    }
    let opened = false;
    for (const [directory, { identity, names }] of wanted) {
      const held = this.#held.get(directory) ?? this.#hold(directory, identity);
      held.names = names;
      if (held.watch === undefined && this.#clock.now() >= held.retryAtMs) {
        opened = (await this.#watch(directory, held)) || opened;
      }
    }
    return opened;
  }

  async close(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    for (const held of all) await held.watch?.close();
  }

  #hold(directory: string, identity: string): Held {
    const held: Held = {
      identity,
      names: new Set(),
      watch: undefined,
      lost: false,
      crowded: false,
      retryAtMs: this.#clock.now(),
      patience: STRANGERS_MAX,
      heardAtMs: this.#clock.now(),
      strangers: 0,
      said: new Set(),
    };
    this.#held.set(directory, held);
    return held;
  }

  async #watch(directory: string, held: Held): Promise<boolean> {
    held.patience = STRANGERS_MAX;
    held.strangers = 0;
    const opened = await this.#open(directory, held);
    if ('refusal' in opened) {
      await this.#giveUp(directory, held, opened.refusal);
      return false;
    }
    held.watch = opened.watch;
    return true;
  }

  async #open(directory: string, held: Held): Promise<OpenedDirectory> {
    let count = 0;
    for (const other of this.#held.values()) if (other.watch !== undefined) count++;
    if (count >= DIRECTORIES_MAX) return { refusal: `${DIRECTORIES_MAX} directories are watched already` };
    const events: DirectoryEvents = {
      entry: (name) => this.#hear(directory, held, name),
      lost: () => {
        held.lost = true;
        this.#stir();
      },
    };
    return await this.#openDirectory(directory, events, this.#clock);
  }

  #hear(directory: string, held: Held, name: string | undefined): void {
    // A change of the directory itself (its permissions) comes under its own name.
    if (name === undefined || held.names.has(name) || directory.endsWith(`/${name}`)) {
      this.#stir();
      return;
    }
    const now = this.#clock.now();
    const regained = ((now - held.heardAtMs) / 1_000) * STRANGERS_PER_SECOND;
    held.patience = Math.min(STRANGERS_MAX, held.patience + regained) - 1;
    held.heardAtMs = now;
    held.strangers++;
    // Many at once cost too much; many over the days may have filled the directory: its entries are counted again.
    if (held.crowded || (held.patience >= 0 && held.strangers < ENTRIES_MAX)) return;
    held.crowded = true;
    this.#stir();
  }

  /** Leaves the directory unwatched for a while. */
  async #giveUp(directory: string, held: Held, reason: string): Promise<void> {
    const watch = held.watch;
    held.watch = undefined;
    held.lost = false;
    held.crowded = false;
    held.retryAtMs = this.#clock.now() + REST_MS;
    await watch?.close();
    if (held.said.has(reason)) return;
    held.said.add(reason);
    this.#log.info({ directory, reason }, 'source directory is not watched: it is looked at often instead');
  }
}
