// What a file is at this moment, short enough to compare: a hash of its content, or why it has none.

import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readlink, stat } from 'node:fs/promises';
import type { PathEntry } from './watch_paths.ts';

/** Two that are equal mean that nothing changed. Not for logs: the hash of a file with a short secret gives it away. */
export type FileState = string;

export interface FileReading {
  readonly state: FileState;
  /** The metadata that the state was read with; undefined when the same metadata could hide another content. */
  readonly stamp: string | undefined;
}

/** A larger file is not read: it has changed when its size or its time of modification has. */
export const HASHED_BYTES_MAX = 10 * 1024 * 1024;

/** File systems keep time in ticks of up to 2 s: a file younger than that can change without looking younger. */
const TICK_MS = 2_000;

const CHUNK_BYTES = 64 * 1024;

/** The state of a file that a caller has read himself; undefined bytes: there was none. */
export function stateOfBytes(bytes: Uint8Array | undefined): FileState | undefined {
  if (bytes === undefined) return 'missing';
  // Such a file is compared by what only the file system knows.
  if (bytes.length > HASHED_BYTES_MAX) return undefined;
  return `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`;
}

/**
 * Looks at the file behind `path`. A file with the stamp of `before` is not opened, so that an agent at rest leaves no
 * trace in an audit log. Undefined when there is no verdict (no descriptor left, a disk that fails): look again later.
 */
export async function readFileState(
  path: string,
  before: FileReading | undefined,
  wallMs: number,
): Promise<FileReading | undefined> {
  try {
    const there = await stat(path, { bigint: true });
    const short = stateWithoutReading(there);
    if (short !== undefined) return { state: short, stamp: undefined };
    if (before?.stamp !== undefined && before.stamp === stampOf(there, wallMs)) return before;
    return await readContent(path, wallMs);
  } catch (error) {
    const state = stateOfFailure(error);
    return state === undefined ? undefined : { state, stamp: undefined };
  }
}

async function readContent(path: string, wallMs: number): Promise<FileReading> {
  // NONBLOCK, because a pipe may have come in the file's place, and opening one would wait for its writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const there = await handle.stat({ bigint: true });
    const short = stateWithoutReading(there);
    if (short !== undefined) return { state: short, stamp: undefined };
    const hasher = new Bun.CryptoHasher('sha256');
    const chunk = new Uint8Array(CHUNK_BYTES);
    let total = 0;
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      total += bytesRead;
      // It grew while it was read.
      if (total > HASHED_BYTES_MAX) {
        return { state: largeState(await handle.stat({ bigint: true })), stamp: undefined };
      }
      hasher.update(chunk.subarray(0, bytesRead));
    }
    return { state: `sha256:${hasher.digest('hex')}`, stamp: stampOf(there, wallMs) };
  } finally {
    await handle.close();
  }
}

function stateWithoutReading(there: BigIntStats): FileState | undefined {
  if (there.isDirectory()) return 'directory';
  if (!there.isFile()) return 'not a file';
  return there.size > BigInt(HASHED_BYTES_MAX) ? largeState(there) : undefined;
}

function largeState(there: BigIntStats): FileState {
  return `large:${there.size}:${there.mtimeNs}`;
}

function stampOf(there: BigIntStats, wallMs: number): string | undefined {
  if (wallMs - Number(there.ctimeMs) < TICK_MS) return undefined;
  return `${there.dev}:${there.ino}:${there.size}:${there.mtimeNs}:${there.ctimeNs}`;
}

function stateOfFailure(error: unknown): FileState | undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  // These last until somebody mends them; everything else (EMFILE, ENOMEM, EIO, ESTALE) says nothing of the file.
  if (code === 'EACCES' || code === 'EPERM' || code === 'ELOOP' || code === 'ENAMETOOLONG') {
    return `unreadable:${code}`;
  }
  return undefined;
}

/** What lies at `path` itself, for the walk in watch_paths.ts. */
export async function entryAt(path: string): Promise<PathEntry> {
  try {
    const there = await lstat(path, { bigint: true });
    if (there.isSymbolicLink()) return { kind: 'link', target: await readlink(path) };
    if (!there.isDirectory()) return { kind: 'other' };
    // The time of birth (0 where it is not kept), because a new directory is often given the inode of the removed one.
    return { kind: 'directory', identity: `${there.dev}:${there.ino}:${there.birthtimeNs}` };
  } catch {
    return { kind: 'missing' };
  }
}
