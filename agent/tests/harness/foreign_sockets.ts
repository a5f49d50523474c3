// Reads what the kernel has noted for the TCP connections of another process: with pidfd_getfd(2), from outside.

import { dlopen } from 'bun:ffi';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { openLibc } from '../../native/libc.ts';
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from '../../native/socket_constants.ts';

/** Numbers of system calls, the same on x86-64 and arm64. */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
const ESTABLISHED = '01';

export interface ForeignSocket {
  readonly localPort: number;
  readonly remotePort: number;
  readonly keepAlive: boolean;
  /** Seconds. */
  readonly idle: number;
  /** Seconds. */
  readonly interval: number;
  readonly probes: number;
  readonly userTimeoutMs: number;
}

/** Why no socket of another process can be looked at here. */
export function missingForeignSockets(): string | undefined {
  const own = openPid(process.pid);
  if (own < 0) return 'this kernel has no pidfd_open()';
  const copy = call(SYS_PIDFD_GETFD, own, 0);
  for (const fd of [own, copy]) if (fd >= 0) openLibc().close(fd);
  return copy < 0 ? 'this kernel has no pidfd_getfd()' : undefined;
}

/** All of its established TCP connections over IPv4. */
export function foreignSockets(pid: number): ForeignSocket[] {
  const libc = openLibc();
  const pidfd = openPid(pid);
  if (pidfd < 0) throw new Error(`process ${pid} cannot be opened`);
  const ports = establishedPorts(pid);
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      const found = ports.get(linkOf(`/proc/${pid}/fd/${name}`));
      if (found === undefined) return [];
      const fd = call(SYS_PIDFD_GETFD, pidfd, Number(name));
      // Closed since the folder was read.
      if (fd < 0) return [];
      const option = (level: number, which: number): number => {
        const value = new Int32Array(1);
        libc.getsockopt(fd, level, which, value, new Uint32Array([value.byteLength]));
        return value[0]!;
      };
      const socket: ForeignSocket = {
        ...found,
        keepAlive: option(SOL_SOCKET, SO_KEEPALIVE) === 1,
        idle: option(IPPROTO_TCP, TCP_KEEPIDLE),
        interval: option(IPPROTO_TCP, TCP_KEEPINTVL),
        probes: option(IPPROTO_TCP, TCP_KEEPCNT),
        userTimeoutMs: option(IPPROTO_TCP, TCP_USER_TIMEOUT),
      };
      libc.close(fd);
      return [socket];
    });
  } finally {
    libc.close(pidfd);
  }
}

/** `socket:[inode]` → ports, from the table of the process's network namespace (proc_net_tcp). */
function establishedPorts(pid: number): Map<string, Pick<ForeignSocket, 'localPort' | 'remotePort'>> {
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  const established = rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[3] === ESTABLISHED);
  return new Map(
    established.map((row) => [
      `socket:[${row[9]}]`,
      { localPort: portOf(row[1]!), remotePort: portOf(row[2]!) },
    ]),
  );
}

/** `0100007F:1538` */
function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed since the folder was read
  }
}

function openPid(pid: number): number {
  return call(SYS_PIDFD_OPEN, pid, 0);
}

function call(number: number, first: number, second: number): number {
  const symbols = { syscall: { args: ['i64', 'i64', 'i64', 'i64'], returns: 'i64' } } as const;
  return Number(dlopen('libc.so.6', symbols).symbols.syscall(number, first, second, 0));
}
