// The directory of a file, opened step by step: a link on the way is followed only where root or the caller made it.

import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { AgentError } from '../base/errors.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Names a file without opening it (fcntl.h); node:fs knows the flag but not its name. */
const O_PATH = 0o10000000;
/** As the kernel's own. */
const LINKS_MAX = 40;
const ROOT_ID = 0;
const OTHERS_WRITE = 0o022;

export interface Directory {
  /** Which one it is, by device and inode, whatever its name leads to by now. */
  readonly identity: string;
  /** A path of the file itself, which goes through no other name and so through no link. */
  readonly file: string;
  /** The same of another name in it. */
  at(name: string): string;
  stat(): Stats;
  /** For fsync. */
  openForSync(): number;
}

/**
 * Works in the directory of `path`. Who works as root in the directory of an application goes where the application's user
 * wants, by a link or by exchanging two names meanwhile, unless he holds the directory itself.
 *
 * @throws AgentError file_stray_link, and what open() throws.
 */
export function inDirectoryOf<T>(path: string, work: (directory: Directory) => T): T {
  const plain = resolve(path);
  const fd = openSteps(path, dirname(plain));
  try {
    const { dev, ino } = fstatSync(fd);
    return work({
      identity: `${dev}:${ino}`,
      file: beneath(fd, basename(plain)),
      at: (name) => beneath(fd, name),
      stat: () => fstatSync(fd),
      openForSync: () => openSync(beneath(fd, '.'), O_RDONLY | O_DIRECTORY),
    });
  } finally {
    closeSync(fd);
  }
}

/** Whether nobody but root, the caller and `owner` can put a file into the directory. */
export function isClosedToOthers(directory: Pick<Stats, 'uid' | 'mode'>, owner?: number): boolean {
  return (isTrusted(directory.uid) || directory.uid === owner) && (directory.mode & OTHERS_WRITE) === 0;
}

/** Root, or who calls. */
export function isTrusted(uid: number): boolean {
  return uid === ROOT_ID || uid === process.geteuid?.();
}

function openSteps(path: string, directory: string): number {
  const steps = directory.split('/').filter((name) => name !== '');
  let fd = openSync('/', O_PATH | O_DIRECTORY);
  let links = 0;
  try {
    for (let name = steps.shift(); name !== undefined; name = steps.shift()) {
      const next = openSync(beneath(fd, name), O_PATH | O_NOFOLLOW);
      const stat = fstatSync(next);
      if (!stat.isSymbolicLink()) {
        closeSync(fd);
        fd = next;
        continue;
      }
      closeSync(next);
      const there = fstatSync(fd);
      const target = targetOf(fd, name, path);
      // Another's link, or one that another may have moved to this place.
      if (!isTrusted(stat.uid) || !isClosedToOthers(there) || ++links > LINKS_MAX) {
        throw new AgentError('file_stray_link', { path, name, uid: stat.uid, target });
      }
      steps.unshift(...target.split('/').filter((each) => each !== ''));
      if (!target.startsWith('/')) continue;
      closeSync(fd);
      fd = openSync('/', O_PATH | O_DIRECTORY);
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** @throws AgentError file_unwritable where somebody exchanges it meanwhile. */
function targetOf(fd: number, name: string, path: string): string {
  try {
    return readlinkSync(beneath(fd, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    const reason = `"${name}" on the way was a symbolic link a moment ago`;
    throw new AgentError('file_unwritable', { path, reason });
  }
}

function beneath(fd: number, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}
