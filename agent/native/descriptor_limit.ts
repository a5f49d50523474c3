// How many files this process may have open, sockets among them: RLIMIT_NOFILE, raised as far as it goes without privilege.

import type { Libc } from './libc.ts';

/** <sys/resource.h>; the same on x86-64 and arm64. */
const RLIMIT_NOFILE = 7;
/** What a process that nobody told anything has. */
const USUAL = 1024;

/** Raises the soft limit to the hard one, and gives what holds then; infinite for "no limit". */
export function raiseDescriptorLimit(libc: Libc): number {
  const limits = new BigUint64Array(2);
  if (libc.getrlimit(RLIMIT_NOFILE, limits) !== 0) return USUAL;
  const [soft, hard] = limits as unknown as [bigint, bigint];
  const isRaised = soft >= hard || libc.setrlimit(RLIMIT_NOFILE, new BigUint64Array([hard, hard])) === 0;
  const holds = isRaised ? hard : soft;
  // RLIM_INFINITY
  return holds === 2n ** 64n - 1n ? Number.POSITIVE_INFINITY : Number(holds);
}
