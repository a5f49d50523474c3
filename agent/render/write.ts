// Puts planned files where they belong: each one whole or not at all, and never through a link.

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AgentError } from '../base/errors.ts';
import type { FileThere, PlannedFile } from './plan.ts';

/** The directory as render sees it; tests hand in one of their own. */
export interface FileRoom {
  /** The regular file at the path; undefined when there is nothing. Throws when it is anything else, or unreadable. */
  look(path: string): FileThere | undefined;
  /** Replaces the file at once, and keeps its owner. */
  replace(path: string, text: string, mode: number): void;
}

/** Writes what changed and says which. A failure leaves every file either as it was or as it should be. */
export function writePlanned(
  room: FileRoom,
  directory: string,
  plan: readonly PlannedFile[],
): readonly PlannedFile[] {
  const changed = plan.filter((file) => file.action !== 'keep');
  for (const file of changed) room.replace(join(directory, file.name), file.text, file.mode);
  return changed;
}

export const diskRoom: FileRoom = Object.freeze({ look, replace });

function look(path: string): FileThere | undefined {
  return guarded(path, () => {
    const stat = statOf(path);
    if (stat === undefined) return undefined;
    // What was looked at may be a link or a pipe by now.
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return { text: readFileSync(file, 'utf8'), mode: fstatSync(file).mode & 0o7777 };
    } finally {
      closeSync(file);
    }
  });
}

function replace(path: string, text: string, mode: number): void {
  guarded(path, () => {
    const before = statOf(path);
    // Beside its target, because a rename does not cross file systems.
    const temporary = join(dirname(path), `.pgsidecar.${crypto.randomUUID()}`);
    try {
      writeNew(temporary, text, mode, before);
      renameSync(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    syncDirectory(dirname(path));
  });
}

function statOf(path: string): Stats | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) {
    // Somebody who can write here could otherwise have us overwrite any file that we may write.
    throw new AgentError('file_symlink', { path, target: resolve(dirname(path), readlinkSync(path)) });
  }
  if (!stat.isFile()) throw new AgentError('file_unwritable', { path, reason: 'it is not a regular file' });
  return stat;
}

/**
 * Nobody else can read it before it is whole. Owner and mode are given to the open file and not to its name, where
 * whoever may write into the directory can have put a link to another file meanwhile.
 */
function writeNew(path: string, text: string, mode: number, before: Stats | undefined): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    if (before !== undefined) keepOwner(file, before);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The application still owns its file when root rendered it anew. */
function keepOwner(file: number, before: Stats): void {
  const now = fstatSync(file);
  if (now.uid !== before.uid || now.gid !== before.gid) fchownSync(file, before.uid, before.gid);
}

function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was renamed, or never made: either way it is not there, and the first error is the one to tell.
  }
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError('file_unwritable', { path, reason: reasonOf(error) });
  }
}

/** `permission denied`, from an errno that says EACCES. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    ENOENT: 'there is no such directory',
    ENOTDIR: 'its directory is not a directory',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
  };
  return words[code ?? ''] ?? message;
}
