// Tells the kernel how soon it gives up a TCP connection: keepalive and TCP_USER_TIMEOUT (tcp(7)).

import { errnoOf, errorName, type Libc } from './libc.ts';
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from './socket_constants.ts';

/** What an option is not given (undefined, or 0) stays as the kernel has it. */
export interface TcpOptions {
  /** Undefined: a silent peer is never asked. */
  readonly keepAlive: KeepAlive | undefined;
  /** Milliseconds for which what was sent may stay without an answer; 0: as long as the kernel tries. */
  readonly userTimeoutMs: number;
}

export interface KeepAlive {
  /** Silence before the first probe, in milliseconds. The kernel counts whole seconds: it is rounded up. 0: net.ipv4.tcp_keepalive_time. */
  readonly idleMs: number;
  /** Between two probes, as above; 0: net.ipv4.tcp_keepalive_intvl. */
  readonly intervalMs: number;
  /** Probes without an answer before the connection is given up; 0: net.ipv4.tcp_keepalive_probes. */
  readonly probes: number;
}

/** Undefined when all is set; otherwise what the kernel refused, as `TCP_USER_TIMEOUT: ENOPROTOOPT`. */
export function setTcpOptions(libc: Libc, fd: number, options: TcpOptions): string | undefined {
  const { keepAlive, userTimeoutMs } = options;
  let refused: string | undefined;
  const set = (level: number, option: number, name: string, value: number): void => {
    const bytes = Int32Array.of(value);
    if (libc.setsockopt(fd, level, option, bytes, bytes.byteLength) !== 0)
      refused ??= `${name}: ${errorName(errnoOf(libc))}`;
  };
  if (keepAlive !== undefined) {
    const { idleMs, intervalMs, probes } = keepAlive;
    if (idleMs > 0) set(IPPROTO_TCP, TCP_KEEPIDLE, 'TCP_KEEPIDLE', seconds(idleMs));
    if (intervalMs > 0) set(IPPROTO_TCP, TCP_KEEPINTVL, 'TCP_KEEPINTVL', seconds(intervalMs));
    if (probes > 0) set(IPPROTO_TCP, TCP_KEEPCNT, 'TCP_KEEPCNT', probes);
    // Last, so that no probe is timed by the kernel's own numbers.
    set(SOL_SOCKET, SO_KEEPALIVE, 'SO_KEEPALIVE', 1);
  }
  if (userTimeoutMs > 0) set(IPPROTO_TCP, TCP_USER_TIMEOUT, 'TCP_USER_TIMEOUT', userTimeoutMs);
  return refused;
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
