// Takes over the listening sockets that systemd opened for us (LISTEN_FDS), each with its name and address.

import { AgentError } from '../base/errors.ts';
import { errnoOf, errorName, type Libc } from '../native/libc.ts';
import { localAddress, type SocketAddress } from '../native/socket_address.ts';
import {
  F_SETFD,
  FD_CLOEXEC,
  SO_ACCEPTCONN,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../native/socket_constants.ts';

export interface InheritedSocket {
  readonly fd: number;
  /** FileDescriptorName= of the socket unit; its unit's name where none was written; `unknown` where systemd said none. */
  readonly name: string;
  readonly kind: SocketAddress['kind'];
  readonly address: SocketAddress;
}

/** What taking over needs of the machine. */
export interface SocketsMachine {
  readonly pid: number;
  readonly libc: Libc;
}

/** SD_LISTEN_FDS_START: descriptors before it are standard input, output and error. */
const FIRST_FD = 3;
const SOCKETS_MAX = 64;
const VARIABLES = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const;

/**
 * Empty when systemd passed nothing to this process. Takes the variables out of `env`, so that no child of ours
 * believes them to be its own (Bun.spawn must be given `env`, or it hands down the environment of the start).
 * Throws AgentError inherited_sockets_unusable.
 */
export function takeInheritedSockets(
  env: Record<string, string | undefined>,
  machine: SocketsMachine,
): readonly InheritedSocket[] {
  const { LISTEN_FDS: count, LISTEN_PID: forPid, LISTEN_FDNAMES: names } = env;
  for (const variable of VARIABLES) delete env[variable];
  if (count === undefined || forPid !== String(machine.pid)) return [];
  if (!/^[0-9]{1,3}$/.test(count) || Number(count) > SOCKETS_MAX) {
    throw unusable('LISTEN_FDS', count, `expected a number from 0 to ${SOCKETS_MAX}`);
  }
  const nameOf = readNames(names, Number(count));
  return Array.from({ length: Number(count) }, (_, index) =>
    takeSocket(FIRST_FD + index, nameOf(index), machine.libc),
  );
}

function readNames(names: string | undefined, count: number): (index: number) => string {
  if (names === undefined) return () => 'unknown';
  const list = names.split(':');
  if (list.length !== count)
    throw unusable('LISTEN_FDNAMES', names, `expected ${count} names with colons between them`);
  return (index) => list[index] ?? 'unknown';
}

function takeSocket(fd: number, name: string, libc: Libc): InheritedSocket {
  if (libc.fcntl(fd, F_SETFD, FD_CLOEXEC) !== 0) {
    throw unusable('LISTEN_FDNAMES', name, `descriptor ${fd} is not open (${errorName(errnoOf(libc))})`);
  }
  if (socketOption(libc, fd, SO_TYPE) !== SOCK_STREAM || socketOption(libc, fd, SO_ACCEPTCONN) !== 1) {
    throw unusable(
      'LISTEN_FDNAMES',
      name,
      `descriptor ${fd} is not a listening stream socket: use ListenStream= and Accept=no`,
    );
  }
  const address = localAddress(libc, fd);
  if (address.kind === 'unknown')
    throw unusable('LISTEN_FDNAMES', name, `descriptor ${fd}: ${address.reason}`);
  return { fd, name, kind: address.kind, address };
}

/** Undefined where `fd` is no socket. */
function socketOption(libc: Libc, fd: number, option: number): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  return libc.getsockopt(fd, SOL_SOCKET, option, value, length) === 0 ? value[0] : undefined;
}

function unusable(variable: string, value: string, reason: string): AgentError {
  return new AgentError('inherited_sockets_unusable', { variable, value, reason });
}
