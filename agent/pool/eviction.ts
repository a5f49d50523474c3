// A limit above the pools is reached: who can spare a server gives one up for whoever waits for one.

import type { Pool } from './pool.ts';

/**
 * A limit of the database and one of the user may both be reached: then each needs a place of its own. The place is free
 * when PostgreSQL has ended the server that gives it up, and nobody is asked for another one until then.
 *
 * @returns true when there is room now.
 */
export function evict(pools: Iterable<Pool>, wanting: Pool): boolean {
  const isOfDatabase = (pool: Pool): boolean => pool.database.name === wanting.database.name;
  const isOfUser = (pool: Pool): boolean => pool.user === wanting.user;
  for (;;) {
    const needsDatabase = wanting.comingOfDatabase <= 0;
    const needsUser = wanting.comingOfUser <= 0;
    if (!needsDatabase && !needsUser) return wanting.room > 0;
    const ofDatabase = needsDatabase ? idlest(pools, wanting, isOfDatabase) : undefined;
    const ofUser = needsUser ? idlest(pools, wanting, isOfUser) : undefined;
    // Nothing is closed in vain: both, or none.
    if ((needsDatabase && ofDatabase === undefined) || (needsUser && ofUser === undefined)) return false;
    giveUpOldest(ofDatabase);
    giveUpOldest(ofUser);
  }
}

/** Of the pools that can spare a server, the one whose server has rested for longest: PgBouncer's choice. */
function idlest(pools: Iterable<Pool>, wanting: Pool, helps: (pool: Pool) => boolean): Pool | undefined {
  let found: Pool | undefined;
  let since = Number.POSITIVE_INFINITY;
  for (const pool of pools) {
    if (pool === wanting || !helps(pool) || pool.idle === 0 || pool.connected <= pool.minimum) continue;
    const { idleSince } = pool.idleServers.first!;
    if (idleSince >= since) continue;
    found = pool;
    since = idleSince;
  }
  return found;
}

function giveUpOldest(pool: Pool | undefined): void {
  const oldest = pool?.idleServers.first;
  if (oldest !== undefined) pool?.discard(oldest, 'another pool needs its place under the limit');
}
