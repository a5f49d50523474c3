// One directory under chokidar's eyes: says which entry something happened to, and when it can no longer say.
//
// Of chokidar only the raw events are used. Its own ones (add, change, unlink) come of reading the directory, and each
// entry's metadata, after every event, and are throttled. That reading cannot be turned off: among 1,000 entries an
// event costs 6 to 8 ms of CPU (measured; node:fs alone: 0.04 ms), in the process that relays queries. Hence
// ENTRIES_MAX here, and the short patience with strangers' files in watched_directories.ts.

import { opendir } from 'node:fs/promises';
import { basename } from 'node:path';
import { FSWatcher } from 'chokidar';
import type { Clock } from '../base/clock.ts';

export interface DirectoryWatch {
  close(): Promise<void>;
}

export interface DirectoryEvents {
  /** Something happened to the entry; undefined: to some entry. */
  entry(name: string | undefined): void;
  /** The directory itself was moved, removed, or can no longer be watched. */
  lost(): void;
}

/** `refusal` says why the directory is not watched. */
export type OpenedDirectory = { readonly watch: DirectoryWatch } | { readonly refusal: string };

/** A directory with more entries than this is not watched. */
export const ENTRIES_MAX = 1_000;

/** A file system that takes longer to list a directory is not one to wait for. */
const READY_MS = 2_000;

export async function openDirectory(
  directory: string,
  events: DirectoryEvents,
  clock: Clock,
): Promise<OpenedDirectory> {
  try {
    if (await hasMoreEntries(directory, ENTRIES_MAX)) return { refusal: `more than ${ENTRIES_MAX} entries` };
  } catch (error) {
    return { refusal: reasonOf(error) };
  }
  const watcher = new FSWatcher({
    depth: 0,
    atomic: false,
    ignoreInitial: true,
    followSymlinks: false,
    // Its entries would each get a watch of their own; the directory's tells all that is needed.
    ignored: (path) => path !== directory,
  });
  // CHOKIDAR_USEPOLLING of a developer's container wins over options, and polling a directory sees no write to a file.
  if (watcher.options.usePolling) return { refusal: 'CHOKIDAR_USEPOLLING is set' };

  let failure: string | undefined;
  watcher.on('error', (error) => {
    failure ??= reasonOf(error);
    events.lost();
  });
  watcher.on('raw', (event, name) => {
    if (typeof name !== 'string') events.entry(undefined);
    // Its own removal and renaming come under its own name, which an entry may have as well: better once too often.
    else if (event === 'rename' && name === basename(directory)) events.lost();
    else events.entry(name);
  });
  watcher.add(directory);
  if (!(await isReady(watcher, clock))) failure ??= `no answer in ${READY_MS} ms`;
  // chokidar is ready as well when there is no such directory, as after the removal of one or for a name with a backslash.
  if (!Object.hasOwn(watcher.getWatched(), directory)) failure ??= 'it is not there';
  if (failure !== undefined) {
    await watcher.close();
    return { refusal: failure };
  }
  return { watch: { close: () => watcher.close() } };
}

function isReady(watcher: FSWatcher, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(READY_MS, () => resolve(false));
    watcher.once('ready', () => {
      timer.clear();
      resolve(true);
    });
  });
}

async function hasMoreEntries(directory: string, max: number): Promise<boolean> {
  let count = 0;
  for await (const _entry of await opendir(directory)) {
    if (++count > max) return true;
  }
  return false;
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
