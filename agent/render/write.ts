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
import { type Directory, inDirectoryOf, isClosedToOthers, isTrusted } from './directory.ts';
import type { FilePlace, FileThere, PlannedFile } from './plan.ts';

/** Who may execute a file is not ours to say, and whoever sets set-id bits for root makes him a gift. */
const MODE_BITS = 0o666;

/** The directory as render sees it; tests hand in one of their own. */
export interface FileRoom {
  /** The regular file at the path; undefined when there is nothing. Throws when it is anything else, or unreadable. */
  look(path: string): FileThere | undefined;
  /**
   * Replaces the file at once. With a place, what is written goes to that very directory or nowhere, and belongs to
   * whom the file there belonged when it was looked at; without one, to the caller.
   */
  replace(path: string, text: string, mode: number, place?: FilePlace): void;
}

/** Writes what changed and says which. A failure leaves every file either as it was or as it should be. */
export function writePlanned(
  room: FileRoom,
  directory: string,
  plan: readonly PlannedFile[],
): readonly PlannedFile[] {
  const changed = plan.filter((file) => file.action !== 'keep');
  for (const file of changed) {
    room.replace(join(directory, file.name), file.text, file.mode, file.place);
  }
  return changed;
}

export const diskRoom: FileRoom = Object.freeze({ look, replace });

function look(path: string): FileThere | undefined {
  return guarded(path, () => {
    try {
      return inDirectoryOf(path, (directory) => lookIn(directory, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  });
}

function lookIn(directory: Directory, path: string): FileThere | undefined {
  const name = directory.file;
  if (!isFileThere(name, path)) return undefined;
  // What was looked at may be a link or a pipe by now.
  const file = openSync(name, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    refuseOther(stat, path);
    const { uid, gid, mode } = stat;
    const place = { uid, gid, directory: directory.identity };
    const stranger = isTrusted(uid) || isClosedToOthers(directory.stat(), uid) ? undefined : uid;
    return { text: readFileSync(file, 'utf8'), mode: mode & MODE_BITS, place, stranger };
  } finally {
    closeSync(file);
  }
}

function replace(path: string, text: string, mode: number, place?: FilePlace): void {
  guarded(path, () => inDirectoryOf(path, (directory) => replaceIn(directory, path, { text, mode, place })));
}

interface Content {
  readonly text: string;
  readonly mode: number;
  readonly place: FilePlace | undefined;
}

function replaceIn(directory: Directory, path: string, content: Content): void {
  if (content.place !== undefined && content.place.directory !== directory.identity) {
    throw new AgentError('file_unwritable', { path, reason: 'its directory is another one since a moment' });
  }
  const name = directory.file;
  isFileThere(name, path);
  // Beside its target, because a rename does not cross file systems.
  const temporary = directory.at(`.pgsidecar.${crypto.randomUUID()}`);
  try {
    writeNew(temporary, content);
    renameSync(temporary, name);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
  syncDirectory(directory);
}

/** @param path as the operator knows it. */
function isFileThere(name: string, path: string): boolean {
  const stat = lstatSync(name, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (stat.isSymbolicLink()) {
    // Somebody who can write here could otherwise have us overwrite any file that we may write.
    throw new AgentError('file_symlink', { path, target: resolve(dirname(path), readlinkSync(name)) });
  }
  refuseOther(stat, path);
  return true;
}

function refuseOther(stat: Stats, path: string): void {
  if (!stat.isFile()) throw new AgentError('file_unwritable', { path, reason: 'it is not a regular file' });
}

/**
 * Nobody else can read it before it is whole. Owner and mode are given to the open file and not to its name, where
 * whoever may write into the directory can have put a link to another file meanwhile; and the owner first, so that no mode
 * is ever another's.
 */
function writeNew(path: string, { text, mode, place }: Content): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    if (place !== undefined) giveTo(file, place);
    fchmodSync(file, mode & MODE_BITS);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The application still owns its file when root wrote it anew. */
function giveTo(file: number, { uid, gid }: FilePlace): void {
  const now = fstatSync(file);
  if (now.uid !== uid || now.gid !== gid) fchownSync(file, uid, gid);
}

function syncDirectory(directory: Directory): void {
  const open = directory.openForSync();
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
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
