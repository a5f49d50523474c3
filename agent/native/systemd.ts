// sd_notify: through libsystemd where it is there, over a datagram of our own where it is not (containers, Alpine).

import { CString, dlopen, type Library } from 'bun:ffi';
import { cString, errnoOf, errorName, type Libc } from './libc.ts';
import { unixAddress } from './socket_address.ts';
import { AF_UNIX, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM } from './socket_constants.ts';

const SYMBOLS = {
  sd_notify: { args: ['i32', 'ptr'], returns: 'i32' },
} as const;

export type Systemd = Library<typeof SYMBOLS>['symbols'];

/** Sends one state (`READY=1\nSTATUS=…`). Gives what went wrong, undefined when nothing did. */
export type SendState = (state: string) => string | undefined;

/** Undefined where the library is not installed. */
export function openSystemd(): Systemd | undefined {
  try {
    return dlopen('libsystemd.so.0', SYMBOLS).symbols;
  } catch {
    return undefined;
  }
}

/** `address` is what NOTIFY_SOCKET says: an absolute path, or `@` and an abstract name. */
export function makeSendState(libc: Libc, systemd: Systemd | undefined, address: string): SendState {
  // libsystemd reads the process's own environment, so it can only be used for the address that stands there.
  if (systemd === undefined || environmentVariable(libc, 'NOTIFY_SOCKET') !== address) {
    return (state) => sendDatagram(libc, address, state);
  }
  return (state) => {
    const result = systemd.sd_notify(0, cString(state));
    if (result > 0) return undefined;
    return result === 0 ? 'NOTIFY_SOCKET is not set' : errorName(-result);
  };
}

function sendDatagram(libc: Libc, address: string, state: string): string | undefined {
  if (!address.startsWith('/') && !address.startsWith('@'))
    return 'NOTIFY_SOCKET is neither a path nor an abstract name';
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errorName(errnoOf(libc));
  const to = unixAddress(address);
  const bytes = Buffer.from(state, 'utf8');
  const sent = libc.sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, to, to.length);
  const errno = sent < 0 ? errnoOf(libc) : 0;
  libc.close(fd);
  return sent < 0 ? errorName(errno) : undefined;
}

function environmentVariable(libc: Libc, name: string): string | undefined {
  const value = libc.getenv(cString(name));
  return value === null ? undefined : new CString(value).toString();
}
