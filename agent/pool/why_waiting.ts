// Why clients of a pool wait for a server: what query_wait_timeout and the log say of it.

import type { Pool } from './pool.ts';

/** A pin of a sequence gives way after a second, or some: who waits for that is in no trouble. */
const PATIENCE_MS = 2_000;
/** One line for each pool in this time. */
const PINNED_LOG_EVERY_MS = 60_000;

/** As the error ends: `2 of 2 are in use, 2 of them kept by pinned clients (advisory_lock=2), and 1 client waits`. */
export function whyWaiting(pool: Pool): string {
  const { last } = pool.failure;
  if (last !== undefined && pool.connected === 0) return last.message;
  const facts = [
    `${pool.activeServers.length} of ${pool.sizeMax} are in use`,
    ...(pool.pinned === 0 ? [] : [`${pool.pinned} of them kept by pinned clients (${printPins(pool)})`]),
    ...limitAbove(pool),
  ];
  return `${facts.join(', ')}, and ${waiting(pool.waiters.length)}`;
}

/** As SHOW POOLS has it: `advisory_lock=2 cursor=1`. */
export function printPins({ pins }: Pick<Pool, 'pins'>): string {
  return [...pins]
    .filter(([, count]) => count > 0)
    .map(([pin, count]) => `${pin}=${count}`)
    .join(' ');
}

/** Says in the log that only a client that is pinned could make way. Asked at each tick. */
export function tellAllPinned(pool: Pool, now: number): void {
  const { first } = pool.waiters;
  if (first === undefined || pool.pinned === 0 || now - first.waitingSince < PATIENCE_MS) return;
  if (pool.pinned < pool.servers || (pool.servers < pool.sizeMax && pool.room > 0)) return;
  if (now - pool.pinnedToldAt < PINNED_LOG_EVERY_MS) return;
  pool.pinnedToldAt = now;
  pool.context.log.warn(
    { database: pool.database.name, user: pool.user, pins: printPins(pool), waiting: pool.waiting },
    'clients wait, and pinned clients keep every server of the pool: SHOW CLIENTS has who (pins), KILL_CLIENT ends one',
  );
}

/** What keeps the pool from opening another server although its size allows it. */
function limitAbove(pool: Pool): string[] {
  if (pool.servers >= pool.sizeMax) return [];
  const { byDatabase, byUser } = pool.context;
  if (pool.roomOfDatabase <= 0)
    return [`max_db_connections is reached (${byDatabase.of(pool.database.name)} of the database)`];
  if (pool.roomOfUser <= 0) return [`max_user_connections is reached (${byUser.of(pool.user)} of the user)`];
  return [];
}

function waiting(clients: number): string {
  return clients === 1 ? '1 client waits' : `${clients} clients wait`;
}
