// Makes the listening UNIX socket: never in place of a live one, never for a moment with the wrong permissions.

import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AgentError } from '../base/errors.ts';
import { errnoOf, errorName, type Libc } from './libc.ts';
import { UNIX_PATH_BYTES_MAX, unixAddress } from './socket_address.ts';
import { AF_UNIX, LOCK_EX, LOCK_NB, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './socket_constants.ts';

/** Beside the socket, and only while somebody is about to listen there. */
const LOCK_SUFFIX = '.pgsidecar.lock';
const LOCK_TRIES_MAX = 100;
const { O_NOFOLLOW } = constants;

/** Names a file without opening it (fcntl.h); node:fs knows the flag but not its name. */
const O_PATH = 0o10000000;

export interface UnixListenerOptions {
  readonly path: string;
  /** Permissions of the socket file; connecting needs the write bit. */
  readonly mode: number;
  /** Group of the socket file; undefined leaves it as the directory gives it. */
  readonly gid: number | undefined;
  /** How many connections may wait to be accepted; the kernel's somaxconn is above it. */
  readonly backlog: number;
  /** The socket of that name is our own: it is replaced although it is live (a reload changes its mode or group). */
  readonly replace?: boolean;
}

export interface UnixListener {
  /** Listening, non-blocking, closed on exec: for `Bun.listen({fd})`, which closes it in the end. */
  readonly fd: number;
  readonly path: string;
  /** Bun.listen() calls listen() once more with a backlog of its own: call this after it. */
  applyBacklog(): void;
  /** Whether clients that go by the path come to us. `other`: somebody has put something else there. */
  fileState(): 'ours' | 'gone' | 'other';
  /** Removes the file if it is still ours, and not that of an agent that has taken the place over. */
  unlink(): void;
}

/** Throws AgentError socket_in_use or socket_unusable; then nothing on the disk has changed. */
export function listenUnix(libc: Libc, options: UnixListenerOptions): UnixListener {
  const { path } = options;
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
    throw unusable(
      path,
      `the path is longer than the ${UNIX_PATH_BYTES_MAX} bytes that a UNIX socket may have`,
    );
  }
  const unlock = lock(libc, path);
  try {
    if (options.replace !== true) refuseLiveSocket(libc, path);
    return bindAside(libc, options);
  } finally {
    unlock();
  }
}

/**
 * Two agents that start at once must not both find the same stale file and replace each other's socket. The lock is on a
 * file that only its owner may open: whoever may read a directory may lock that, and so keep every agent out of it.
 */
function lock(libc: Libc, path: string): () => void {
  const name = `${path}${LOCK_SUFFIX}`;
  // Whoever had the lock removed the file with it: what we have locked then is no name any more.
  for (let tries = 0; tries < LOCK_TRIES_MAX; tries++) {
    const fd = attempt(path, () => openSync(name, constants.O_RDWR | constants.O_CREAT | O_NOFOLLOW, 0o600));
    if (libc.flock(fd, LOCK_EX | LOCK_NB) !== 0) {
      const errno = errnoOf(libc);
      closeSync(fd);
      throw unusable(path, `${name} is locked by an agent that starts at this moment (${errorName(errno)})`);
    }
    const [ours, now] = [fstatSync(fd), statOf(name)];
    if (now?.ino === ours.ino && now.dev === ours.dev) {
      return () => {
        rmSync(name, { force: true });
        closeSync(fd);
      };
    }
    closeSync(fd);
  }
  throw unusable(path, `${name} is replaced again and again by somebody`);
}

function refuseLiveSocket(libc: Libc, path: string): void {
  const file = statOf(path);
  if (file === undefined) return;
  if (!file.isSocket())
    throw unusable(path, 'there is a file of that name, and it is not a socket: move it away');
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw unusable(path, errorName(errnoOf(libc)));
  const address = unixAddress(path);
  const errno = libc.connect(fd, address, address.length) === 0 ? 0 : errnoOf(libc);
  libc.close(fd);
  switch (errno === 0 ? 'connected' : errorName(errno)) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return;
    case 'connected':
    // The queue of whoever listens there is full: that one is busy, not dead.
    case 'EAGAIN':
      throw new AgentError('socket_in_use', { path });
    default:
      throw unusable(path, `cannot tell whether the socket of that name is in use (${errorName(errno)})`);
  }
}

/** Everything happens under another name; rename() then puts the finished socket in place in one step. */
function bindAside(libc: Libc, options: UnixListenerOptions): UnixListener {
  const { path, mode, gid, backlog } = options;
  const aside = join(dirname(path), `.${randomBytes(4).toString('hex')}`);
  if (Buffer.byteLength(aside) > UNIX_PATH_BYTES_MAX)
    throw unusable(path, 'its directory has too long a name');
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw unusable(path, errorName(errnoOf(libc)));
  try {
    // Linux makes the file with the permissions of the socket itself, so it is never open to more than its owner.
    fchmodSync(fd, 0o600);
    const address = unixAddress(aside);
    check(libc, path, libc.bind(fd, address, address.length));
    // Not asked for where it is so already: a hardened systemd unit forbids chown() altogether.
    if (gid !== undefined && statOf(aside)?.gid !== gid) attempt(path, () => chownSync(aside, -1, gid));
    attempt(path, () => chmodSync(aside, mode));
    check(libc, path, libc.listen(fd, backlog));
    const pin = attempt(path, () => openSync(aside, O_PATH));
    try {
      attempt(path, () => renameSync(aside, path));
    } catch (error) {
      closeSync(pin);
      throw error;
    }
    return {
      fd,
      path,
      applyBacklog: () => check(libc, path, libc.listen(fd, backlog)),
      fileState: () => fileState(path, pin),
      unlink: unlinkOnce(path, pin),
    };
  } catch (error) {
    libc.close(fd);
    if (statOf(aside) !== undefined) unlinkSync(aside);
    throw error;
  }
}

/** `pin` holds our file's inode, whose number would otherwise be given to the next file, and that might be a successor's. */
function unlinkOnce(path: string, pin: number): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    if (fileState(path, pin) === 'ours') unlinkSync(path);
    closeSync(pin);
  };
}

function fileState(path: string, pin: number): 'ours' | 'gone' | 'other' {
  const ours = fstatSync(pin);
  const now = statOf(path);
  if (now === undefined) return 'gone';
  return now.ino === ours.ino && now.dev === ours.dev ? 'ours' : 'other';
}

function statOf(path: string): Stats | undefined {
  return attempt(path, () => lstatSync(path, { throwIfNoEntry: false }));
}

function check(libc: Libc, path: string, result: number): void {
  if (result === 0) return;
  const name = errorName(errnoOf(libc));
  throw unusable(
    path,
    name === 'EACCES' ? `${name}: the agent's user may not write into ${dirname(path)}` : name,
  );
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
}

function unusable(path: string, reason: string): AgentError {
  return new AgentError('socket_unusable', { path, reason });
}
