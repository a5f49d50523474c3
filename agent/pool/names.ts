// What pools have to do with hosts, and names that lead to addresses: which of them they use, and that they leave those that are gone.

import type { HostSettings } from '../config/settings.ts';
import { isName } from '../net/resolver.ts';
import type { Pool } from './pool.ts';

/** Of pools that have a server, or want one. */
export function namesInUse(pools: Iterable<Pool>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const pool of pools) {
    if (pool.servers === 0 && pool.waiting === 0) continue;
    for (const { host } of pool.database.hosts) if (isName(host)) names.add(host);
  }
  return names;
}

/** Servers at an address that is no longer among those of the name are replaced as they come free; logins begin again. */
export function leaveOldAddresses(pools: Iterable<Pool>, name: string, addresses: readonly string[]): void {
  for (const pool of pools) {
    if (!pool.database.hosts.some(({ host }) => host === name)) continue;
    pool.retire(
      `the name ${name} leads to other addresses`,
      ({ address: { host, ip } }) => host === name && ip !== undefined && !addresses.includes(ip),
    );
    pool.resume();
  }
}

/** Servers at hosts that the database does not name any more are replaced as they come free. */
export function leaveHosts(pool: Pool, gone: readonly HostSettings[]): void {
  pool.retire('its host is no longer one of the database', ({ address }) =>
    gone.some(({ host, port }) => host === address.host && port === address.port),
  );
}
