// Makes the listening UNIX socket: never in place of a live one, never for a moment with the wrong permissions.

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lchownSync,
  lstatSync,
  openSync,
  rmSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AgentError } from '../base/errors.ts';
import { errnoOf, errorName, type Libc } from './libc.ts';
import { UNIX_PATH_BYTES_MAX, unixAddress } from './socket_address.ts';
import { AF_UNIX, LOCK_EX, LOCK_NB, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './socket_constants.ts';

/** Beside the socket, and only while somebody is about to listen there. */
const LOCK_SUFFIX = '.pgsidecar.lock';
const LOCK_TRIES_MAX = 100;
const { O_NOFOLLOW } = constants;
const MODE_BITS = 0o7777;

/** Names a file without opening it (fcntl.h); node:fs knows the flag but not its name. */
const O_PATH = 0o10000000;

/** Who may connect. */
export interface Access {
  /** Permissions of the socket file; connecting needs the write bit. */
  readonly mode: number;
  /** Group of the socket file; undefined leaves it as the directory gives it. */
  readonly gid: number | undefined;
}

export interface UnixListenerOptions extends Access {
  readonly path: string;
  /** How many connections may wait to be accepted; the kernel's somaxconn is above it. */
  readonly backlog: number;
}

export interface UnixListener {
  /** Listening, non-blocking, closed on exec: for `Bun.listen({fd})`, which closes it in the end. */
  readonly fd: number;
  readonly path: string;
  /** Bun.listen() calls listen() once more with a backlog of its own: call this after it. */
  applyBacklog(): void;
  /** Whether clients that go by the path come to us. `other`: somebody has put something else there. */
  fileState(): 'ours' | 'gone' | 'other';
  /**
   * Changes who may connect, while it listens: nobody is refused for a moment whom the same bits let in before and after, and
   * nobody is let in who may neither before nor after. Gives what undoes it. Throws AgentError socket_unusable; then nothing has changed.
   */
  permit(access: Access): () => void;
  /** Removes the file if it is still ours, and not that of an agent that has taken the place over. */
  unlink(): void;
}

/** Throws AgentError socket_in_use or socket_unusable; then nothing is gone but what nobody listens at. */
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
    removeStaleSocket(libc, path);
    return bind(libc, options);
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

function removeStaleSocket(libc: Libc, path: string): void {
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
      // Whoever does not know of our lock, another pooler say, may have come in between.
      if (!isSame(file, statOf(path))) throw new AgentError('socket_in_use', { path });
      attempt(path, () => unlinkSync(path));
      return;
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

/**
 * What bind() is told is what getpeername() tells a client for as long as the socket lives, and pgx sends its cancel requests
 * there: so the socket is made under its own name, and not beside it and renamed. Nobody gets in before listen(), which comes last.
 */
function bind(libc: Libc, { path, backlog, ...access }: UnixListenerOptions): UnixListener {
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw unusable(path, errorName(errnoOf(libc)));
  let file: SocketFile | undefined;
  try {
    // Linux makes the file with the permissions of the socket itself, so it is never open to more than its owner.
    fchmodSync(fd, 0o600);
    const address = unixAddress(path);
    check(libc, path, libc.bind(fd, address, address.length));
    file = pinFile(path);
    permit(file, access);
    check(libc, path, libc.listen(fd, backlog));
  } catch (error) {
    libc.close(fd);
    if (file !== undefined) unlinkOnce(file)();
    throw error;
  }
  const pinned = file;
  return {
    fd,
    path,
    applyBacklog: () => check(libc, path, libc.listen(fd, backlog)),
    fileState: () => fileState(pinned),
    permit: (next) => permit(pinned, next),
    unlink: unlinkOnce(pinned),
  };
}

interface SocketFile {
  readonly path: string;
  /** Holds the inode, whose number would otherwise be given to the next file, and that might be a successor's. */
  readonly pin: number;
  /** The group that it was made with. */
  readonly gid: number;
}

function pinFile(path: string): SocketFile {
  try {
    const pin = openSync(path, O_PATH | O_NOFOLLOW);
    return { path, pin, gid: fstatSync(pin).gid };
  } catch (error) {
    rmSync(path, { force: true });
    throw unusable(path, String(error));
  }
}

function permit(file: SocketFile, { mode, gid = file.gid }: Access): () => void {
  const { path, pin } = file;
  const before = fstatSync(pin);
  const had = before.mode & MODE_BITS;
  try {
    // What either group may is not what the other one may: between them stands what both may.
    if (before.gid !== gid) {
      setMode(path, had, had & mode);
      // Not asked for where it is so already: a hardened systemd unit forbids chown() altogether.
      lchownSync(path, -1, gid);
      setMode(path, had & mode, mode);
    } else setMode(path, had, mode);
  } catch (error) {
    attempt(path, () => {
      if (fstatSync(pin).gid !== before.gid) lchownSync(path, -1, before.gid);
      chmodSync(path, had);
    });
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
  return () => {
    if (fileState(file) === 'ours') permit(file, { mode: had, gid: before.gid });
  };
}

function setMode(path: string, from: number, to: number): void {
  if (from !== to) chmodSync(path, to);
}

function unlinkOnce(file: SocketFile): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    if (fileState(file) === 'ours') unlinkSync(file.path);
    closeSync(file.pin);
  };
}

function fileState({ path, pin }: SocketFile): 'ours' | 'gone' | 'other' {
  const now = statOf(path);
  if (now === undefined) return 'gone';
  return isSame(fstatSync(pin), now) ? 'ours' : 'other';
}

function isSame(one: Stats, other: Stats | undefined): boolean {
  return other !== undefined && one.ino === other.ino && one.dev === other.dev;
}

function statOf(path: string): Stats | undefined {
  return attempt(path, () => lstatSync(path, { throwIfNoEntry: false }));
}

function check(libc: Libc, path: string, result: number): void {
  if (result === 0) return;
  const name = errorName(errnoOf(libc));
  // Somebody who does not know of our lock was faster.
  if (name === 'EADDRINUSE') throw new AgentError('socket_in_use', { path });
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
