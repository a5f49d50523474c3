// CLOCK_MONOTONIC as systemd counts it, for RELOADING=1.

import type { Libc } from './libc.ts';
import { CLOCK_MONOTONIC } from './socket_constants.ts';

/** Microseconds; comparable with what systemd and every other process on this machine reads. */
export function monotonicMicroseconds(libc: Libc): bigint {
  const timespec = new BigInt64Array(2);
  if (libc.clock_gettime(CLOCK_MONOTONIC, timespec) !== 0)
    throw new Error('clock_gettime(CLOCK_MONOTONIC) failed');
  return timespec[0]! * 1_000_000n + timespec[1]! / 1_000n;
}
