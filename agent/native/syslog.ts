// Hands lines to the machine's syslog, over its own socket: syslog(3) of the C library would wait for a daemon that hangs.

import { errnoOf, errorName, type Libc } from './libc.ts';
import { unixAddress } from './socket_address.ts';
import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM } from './socket_constants.ts';

export const SYSLOG_PATH = '/dev/log';

export interface Syslog {
  /** Gives how many bytes were taken: all of them, or 0 while nobody takes any. Throws an Error with a `code`. */
  send(line: Uint8Array): number;
  close(): void;
}

/** @throws Error with a `code` when there is no socket to be had; whether a daemon listens shows at the first line. */
export function openSyslog(libc: Libc, path: string = SYSLOG_PATH): Syslog {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw failure(libc);
  const to = unixAddress(path);
  return {
    send(line) {
      const sent = Number(libc.sendto(fd, line, line.length, MSG_DONTWAIT | MSG_NOSIGNAL, to, to.length));
      if (sent >= 0) return line.length;
      const error = failure(libc);
      if (error.code === 'EAGAIN') return 0;
      throw error;
    },
    close: () => void libc.close(fd),
  };
}

function failure(libc: Libc): Error & { code: string } {
  const code = errorName(errnoOf(libc));
  return Object.assign(new Error(code), { code });
}
