// Opens the C library: the handful of calls that Bun has no function for, each with its C signature.

import { dlopen, type Library, read } from 'bun:ffi';
import { getSystemErrorName } from 'node:util';
import { AgentError } from '../base/errors.ts';

const SYMBOLS = {
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  listen: { args: ['i32', 'i32'], returns: 'i32' },
  connect: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  close: { args: ['i32'], returns: 'i32' },
  sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
  poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
  getsockname: { args: ['i32', 'ptr', 'ptr'], returns: 'i32' },
  getsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'ptr'], returns: 'i32' },
  setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
  // Variadic in C; on Linux an integer argument travels the same way.
  fcntl: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  getrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
  setrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
  flock: { args: ['i32', 'i32'], returns: 'i32' },
  clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' },
  getenv: { args: ['ptr'], returns: 'ptr' },
  getpwuid_r: { args: ['u32', 'ptr', 'ptr', 'u64', 'ptr'], returns: 'i32' },
  getpwnam_r: { args: ['ptr', 'ptr', 'ptr', 'u64', 'ptr'], returns: 'i32' },
  initgroups: { args: ['ptr', 'u32'], returns: 'i32' },
  setgroups: { args: ['u64', 'ptr'], returns: 'i32' },
  setgid: { args: ['u32'], returns: 'i32' },
  setuid: { args: ['u32'], returns: 'i32' },
  dup2: { args: ['i32', 'i32'], returns: 'i32' },
  setsid: { args: [], returns: 'i32' },
  getgrgid_r: { args: ['u32', 'ptr', 'ptr', 'u64', 'ptr'], returns: 'i32' },
  getgrnam_r: { args: ['ptr', 'ptr', 'ptr', 'u64', 'ptr'], returns: 'i32' },
  __errno_location: { args: [], returns: 'ptr' },
} as const;

export type Libc = Library<typeof SYMBOLS>['symbols'];

/** glibc's name first, then musl's, for Alpine. Open it once and hand it on. */
export function openLibc(): Libc {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const reasons: string[] = [];
  for (const name of ['libc.so.6', `libc.musl-${machine}.so.1`]) {
    try {
      return dlopen(name, SYMBOLS).symbols;
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new AgentError('libc_unusable', { reason: reasons.join('; ') });
}

/** The number of the last failure, to be read directly after the call that failed. */
export function errnoOf(libc: Libc): number {
  const location = libc.__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

/** `ECONNREFUSED` for 111, on this machine. */
export function errorName(errno: number): string {
  return errno === 0 ? 'an unknown error' : getSystemErrorName(-errno);
}

/** A NUL-terminated copy, as C wants its strings. Keep it in a variable until the call has returned. */
export function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`, 'utf8');
}
