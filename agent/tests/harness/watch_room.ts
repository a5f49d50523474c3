// Watchers on a real file system for the tests: each call is kept, waited for and timed, and none outlives its test.

import { mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FilesAsRead, type FileWatch, watchFiles } from '../../daemon/watch.ts';
import { createLogBook } from '../../daemon/watch_fixture.ts';
import { createNursery, makeDirectory, type Nursery } from './nursery.ts';

export const SETTLE_MS = 200;
/** So long that a test which needs it fails: what is told here was heard. */
export const NEVER_MS = 3_600_000;
/** Long enough for anything that is wrongly told to be told. */
export const SILENCE_MS = 3 * SETTLE_MS;
/** Only against a test that would hang. */
const SAFETY_MS = 5_000;

export interface Watching {
  readonly watch: FileWatch;
  readonly log: ReturnType<typeof createLogBook>;
  /** Every call so far: the files, and the content of the first one at that moment. */
  readonly calls: { readonly files: readonly string[]; readonly content: string | undefined }[];
  /** Does it, and waits for the call in which the first of the files reads `content`; notes how long that took. */
  until(what: string, content: string | undefined, act: () => void | Promise<void>): Promise<void>;
}

export interface WatchingOptions {
  readonly pollIntervalMs?: number;
  readonly asRead?: FilesAsRead;
}

export interface WatchRoom {
  readonly nursery: Nursery;
  freshDirectory(): string;
  /** A watcher that has had its first look. */
  watching(files: readonly string[], options?: WatchingOptions): Promise<Watching>;
  /** For the list that is printed at the end. */
  note(what: string, ms: number): void;
  /** After each test. */
  closeWatches(): Promise<void>;
  /** After the last one: prints what was measured. */
  close(): Promise<void>;
}

export function createWatchRoom(): WatchRoom {
  const nursery = createNursery('watch');
  const open: FileWatch[] = [];
  const notes: string[] = [];

  function note(what: string, ms: number): void {
    notes.push(`${ms.toFixed(0).padStart(6)} ms  ${what}`);
  }

  return {
    nursery,
    note,
    freshDirectory: () => makeDirectory(join(nursery.directory, crypto.randomUUID().slice(0, 8))),
    async watching(files, options = {}) {
      const calls: Watching['calls'] = [];
      const log = createLogBook();
      let wake: (() => void) | undefined;
      const watch = watchFiles(
        { files, pollIntervalMs: NEVER_MS, settleMs: SETTLE_MS, log, ...options },
        (changed) => {
          calls.push({ files: changed, content: textOf(changed[0]!) });
          wake?.();
        },
      );
      open.push(watch);
      await watch.ready;
      return {
        watch,
        log,
        calls,
        async until(what, content, act) {
          const from = calls.length;
          await act();
          const startedMs = performance.now();
          while (!calls.slice(from).some((call) => call.content === content)) {
            const leftMs = SAFETY_MS - (performance.now() - startedMs);
            if (leftMs <= 0) throw new Error(`${what}: not told in ${SAFETY_MS} ms`);
            const called = new Promise<void>((resolve) => {
              wake = resolve;
            });
            await Promise.race([called, Bun.sleep(leftMs)]);
          }
          note(what, performance.now() - startedMs);
        },
      };
    },
    async closeWatches() {
      for (const watch of open.splice(0)) await watch.close();
    },
    async close() {
      for (const line of notes) console.log(line);
      await nursery.close();
    },
  };
}

/** Undefined when there is no file. A pipe is none, and would have its reader wait. */
export function textOf(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

/** Writes in place, and makes the directories above. */
export function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

export function replaceAtomically(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

export function swapLink(path: string, target: string): void {
  symlinkSync(target, `${path}.new`);
  renameSync(`${path}.new`, path);
}
