// Temporary tables, views, sequences and functions: made, used, emptied at COMMIT, dropped, undone.

import type { Random } from '../../../simulation/random.ts';
import type { Row } from '../row.ts';

/**
 * None hides a table that is there for all: PostgreSQL itself does not plan a prepared statement anew for that, unless it has
 * something else to do.
 */
const NAMES = ['tmp1', 'tmp2', '"Tmp 3"'];

/**
 * A server that does not have a statement can take it no more when its table is gone, and says no more than that. PostgreSQL has it,
 * tells its parameters before it says so, and where it gives no rows it looks for no table (NoData). Bind and Execute fail at both.
 */
const DESCRIBES_NAMED = /^Describe S "[^"]/m;

export const temporary: Row = {
  name: 'temporary objects',
  servers: 3,
  isShared: false,
  hears: false,
  statement: temporaryObject,
  leavesOut: DESCRIBES_NAMED,
  look,
};

export function temporaryObject(random: Random): string {
  const name = random.pick(NAMES);
  const kind = random.next();
  if (kind < 0.35) return make(random, name);
  if (kind < 0.6) return use(random, name);
  if (kind < 0.75)
    return random.pick([
      `DROP TABLE pg_temp.${name}`,
      `DROP TABLE IF EXISTS pg_temp.${name} CASCADE`,
      `DROP VIEW IF EXISTS pg_temp.${name}`,
      `DROP SEQUENCE pg_temp.${name}`,
      `DROP TABLE IF EXISTS tmp1, tmp2`,
    ]);
  if (kind < 0.85) return random.pick(['DISCARD TEMP', 'DISCARD TEMPORARY', 'DISCARD ALL', 'RESET ALL']);
  return look(random);
}

/** DISTINCT, so that nobody writes through a view into a table of all: the clients act at the same time. */
function make(random: Random, name: string): string {
  const temp = random.pick(['TEMP', 'TEMPORARY', 'temp', 'LOCAL TEMPORARY']);
  const atCommit = random.pick([
    '',
    '',
    ' ON COMMIT DROP',
    ' ON COMMIT DELETE ROWS',
    ' ON COMMIT PRESERVE ROWS',
  ]);
  return random.pick([
    () => `CREATE ${temp} TABLE ${name} (id int, word text)${atCommit}`,
    () => `CREATE ${temp} TABLE IF NOT EXISTS ${name} (id serial, word text)${atCommit}`,
    () => `CREATE ${temp} TABLE ${name}${atCommit} AS SELECT id, word FROM a.t`,
    () => `CREATE TABLE pg_temp.${name} (id int, word text)`,
    () => `SELECT id, word INTO ${temp} ${name} FROM a.t`,
    () => `SELECT id, word INTO TEMP TABLE ${name} FROM a.t WHERE id > 1`,
    () => `CREATE ${temp} VIEW ${name} AS SELECT DISTINCT id, word FROM a.t`,
    () => `CREATE OR REPLACE ${temp} VIEW ${name} AS SELECT DISTINCT id, word FROM b.t`,
    () => `CREATE VIEW pg_temp.${name} AS SELECT 1 AS id, 'x'::text AS word`,
    () => `CREATE ${temp} SEQUENCE ${name}`,
    () => `CREATE OR REPLACE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 7'`,
    () => `CREATE TYPE pg_temp.pair AS (one int, two int)`,
    () => `DO $$ BEGIN CREATE TEMP TABLE ${name} (id int, word text); END $$`,
    () => `CREATE ${temp} TABLE ${name} AS SELECT 1/0 AS id`,
  ])();
}

function use(random: Random, name: string): string {
  return random.pick([
    `INSERT INTO pg_temp.${name} (id, word) VALUES (1, 'one')`,
    `INSERT INTO pg_temp.${name} SELECT id, word FROM a.t RETURNING id`,
    `SELECT id, word FROM ${name} ORDER BY 1, 2`,
    `SELECT id, word FROM pg_temp.${name} ORDER BY 1, 2`,
    `SELECT nextval('pg_temp.${name}')`,
    `DELETE FROM pg_temp.${name} WHERE id < 3`,
    `TRUNCATE pg_temp.${name}`,
    'SELECT pg_temp.f()',
    'DROP FUNCTION IF EXISTS pg_temp.f()',
    'DROP TYPE pg_temp.pair',
    `ALTER TABLE pg_temp.${name} RENAME TO tmp2`,
    `CREATE INDEX ON pg_temp.${name} (id)`,
  ]);
}

function look(random: Random): string {
  return random.pick([
    'SELECT relname, relkind FROM pg_class WHERE relnamespace = pg_my_temp_schema() ORDER BY 1, 2',
    'SELECT proname FROM pg_proc WHERE pronamespace = pg_my_temp_schema()',
    'SELECT id, word FROM a.t ORDER BY id',
    "SELECT to_regclass('tmp1') IS NULL, to_regclass('tmp2') IS NULL",
    'SELECT word FROM public.t ORDER BY id LIMIT 1',
  ]);
}
