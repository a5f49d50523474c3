// One lookup of a name, as every program of the machine does it: getaddrinfo of the C library, by nsswitch.conf, hosts and resolv.conf.

import type { LookupResult } from './resolver.ts';

/** The C library says that there is no such name, or that it has no address. */
const MISSING: ReadonlySet<string> = new Set(['DNS_ENOTFOUND', 'DNS_ENODATA', 'DNS_ENONAME']);

export async function lookUp(name: string): Promise<LookupResult> {
  try {
    const found = await Bun.dns.lookup(name, { backend: 'libc', socketType: 'tcp' });
    return { addresses: found.map(({ address }) => address) };
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string };
    return { failure: MISSING.has(code) ? 'missing' : 'unanswered', reason: code || message };
  }
}

/**
 * How many lookups may wait for an answer at a time. Each holds a thread of the runtime's pool, which has one for each
 * processor: one has to be left for passwords and files.
 */
export function lookupsAtOnce(processors: number = navigator.hardwareConcurrency): number {
  return Math.max(1, Math.min(processors - 1, LOOKUPS_MAX));
}

const LOOKUPS_MAX = 4;
