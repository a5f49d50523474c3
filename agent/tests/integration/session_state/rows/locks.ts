// Advisory locks of the session: by count and key, shared and not, beside those of transactions.

import type { Random } from '../../../simulation/random.ts';
import type { Prepared, Row } from '../row.ts';

export const locks: Row = {
  name: 'advisory locks',
  servers: 3,
  // What one has locked another can not.
  isShared: true,
  hears: false,
  statement: lock,
  look,
  prepared,
};

/** Keys that only this client takes: these may be waited for. */
function ownKey(random: Random, client: number): string {
  const key = 10 + client * 10 + random.below(3);
  return random.pick([`${key}`, `${key}, 1`, `-${key}`]);
}

export function lock(random: Random, client: number): string {
  const own = ownKey(random, client);
  // Everybody tries these, and nobody waits.
  const common = random.pick(['1', '2', '1, 2', '9223372036854775807']);
  const kind = random.next();
  if (kind < 0.25) return `SELECT pg_advisory_lock(${own})`;
  if (kind < 0.4) return `SELECT pg_try_advisory_lock(${common}) AS locked`;
  if (kind < 0.45) return `SELECT pg_try_advisory_lock_shared(${common})`;
  if (kind < 0.5) return `SELECT pg_advisory_lock_shared(${own})`;
  if (kind < 0.65) return `SELECT pg_advisory_unlock(${random.pick([own, common])})`;
  if (kind < 0.7) return `SELECT pg_advisory_unlock_shared(${random.pick([own, common])})`;
  if (kind < 0.77) return random.pick(['SELECT pg_advisory_unlock_all()', 'DISCARD ALL']);
  return random.pick([
    () => `SELECT pg_advisory_xact_lock(${own})`,
    () => `SELECT pg_try_advisory_xact_lock(${common})`,
    () => `SELECT PG_CATALOG.Pg_Try_Advisory_Lock(${common}), 1/1`,
    () => `SELECT "pg_try_advisory_lock" /* x */ (${common}) WHERE false`,
    () => `SELECT pg_try_advisory_lock(id) FROM generate_series(100, 102) AS id`,
    () => `SELECT pg_advisory_unlock(id) FROM generate_series(100, 102) AS id`,
    () => `WITH l AS MATERIALIZED (SELECT pg_try_advisory_lock(${common}) AS ok) SELECT ok FROM l`,
    () => `DO $$ BEGIN PERFORM pg_advisory_lock(${own}); END $$`,
    () => `DO $$ BEGIN PERFORM pg_advisory_unlock_all(); END $$`,
    () => `SELECT pg_advisory_lock(${own}), 1/0`,
    () => `SELECT pg_advisory_lock(${own}), pg_advisory_unlock(${own})`,
  ])();
}

/** Its own, as PostgreSQL has them: the same backend, or another one that holds nothing. */
const HELD = `SELECT classid, objid, objsubid, mode, granted FROM pg_locks
  WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY 1, 2, 3, 4`;
/** Everybody's of this database. */
const ALL_HELD = `SELECT classid, objid, objsubid, mode, count(*) FROM pg_locks
  WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;

function look(random: Random): string {
  return random.pick([HELD, HELD, ALL_HELD, 'SELECT 1']);
}

function prepared(random: Random, client: number): Prepared {
  const own = String(10 + client * 10);
  return random.pick<Prepared>([
    // Other values than these may come to it, and must not make it wait.
    { text: `SELECT pg_advisory_lock(${own} + 0 * $1::int)`, values: ['1'] },
    { text: 'SELECT pg_try_advisory_lock($1)', values: ['1'] },
    { text: 'SELECT pg_advisory_unlock($1)', values: [random.pick([own, '1'])] },
    { text: lock(random, client), values: [] },
    { text: look(random), values: [] },
  ]);
}
