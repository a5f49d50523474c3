// What is logged of databases that come and go with their pools: a name that `*` serves, and one that nobody serves any more.

import type { Log } from '../base/log.ts';
import type { DatabaseSettings } from '../config/settings.ts';
import type { Pool } from './pool.ts';

/** Before the first pool of a client is there. */
export function tellIfNew({ name, isAny }: DatabaseSettings, pools: Iterable<Pool>, log: Log): void {
  if (isAny === true && !hasPools(name, pools)) log.info({ database: name }, 'registered new auto-database');
}

/** When a pool is there no more. */
export function tellIfGone({ database }: Pool, isServed: boolean, pools: Iterable<Pool>, log: Log): void {
  const { name, isForAuthQuery } = database;
  if (isServed || isForAuthQuery === true || hasPools(name, pools)) return;
  log.info({ database: name }, 'database dropped: it is not served, or nobody has used it for long');
}

/** Of clients. */
function hasPools(name: string, pools: Iterable<Pool>): boolean {
  for (const { database } of pools) if (database.name === name && !database.isForAuthQuery) return true;
  return false;
}
