// Writes what a descriptor takes at this moment, and never waits for whoever should read at its other end.

import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { errnoOf, errorName, type Libc } from './libc.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL } from './socket_constants.ts';

/** What a pipe takes whole once poll() says that it takes anything (POSIX: PIPE_BUF; Linux: one page). */
const PIPE_BYTES = 4096;
/** poll.h: room to write; and an answer that write() explains better. */
const POLLOUT = 0x4;
const POLLERR = 0x8;
const POLLFD_BYTES = 8;

/** Gives how many of the bytes were taken; 0 when none would be without waiting. Throws an Error with a `code`. */
export type WriteNow = (bytes: Uint8Array) => number;

/**
 * The descriptor itself stays as it is: O_NONBLOCK belongs to the open file, and so to the shell and to every other
 * process that has it too.
 */
export function writeNow(libc: Libc, fd: number): WriteNow {
  const file = fstatSync(fd);
  if (file.isSocket()) return (bytes) => sendNow(libc, fd, bytes);
  if (file.isFIFO()) return (bytes) => writeIntoPipe(libc, fd, bytes);
  const own = file.isCharacterDevice() ? reopen(fd) : fd;
  return (bytes) => unlessBusy(() => writeSync(own, bytes));
}

/** As systemd's journal has it. */
function sendNow(libc: Libc, fd: number, bytes: Uint8Array): number {
  const sent = Number(libc.sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, null, 0));
  if (sent >= 0) return sent;
  const code = errorName(errnoOf(libc));
  if (code === 'EAGAIN') return 0;
  throw Object.assign(new Error(code), { code });
}

function writeIntoPipe(libc: Libc, fd: number, bytes: Uint8Array): number {
  let taken = 0;
  while (taken < bytes.length && takesMore(libc, fd)) {
    const piece = bytes.subarray(taken, taken + PIPE_BYTES);
    taken += unlessBusy(() => writeSync(fd, piece));
  }
  return taken;
}

function takesMore(libc: Libc, fd: number): boolean {
  const question = new DataView(new ArrayBuffer(POLLFD_BYTES));
  question.setInt32(0, fd, true);
  question.setInt16(4, POLLOUT, true);
  const answered = libc.poll(new Uint8Array(question.buffer), 1, 0);
  return answered === 1 && (question.getInt16(6, true) & (POLLOUT | POLLERR)) !== 0;
}

/** A terminal that was stopped with Ctrl-S would wait for its Ctrl-Q: an open file of our own need not. */
function reopen(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd; // it is somebody else's terminal
  }
}

function unlessBusy(write: () => number): number {
  try {
    return write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}
