// Settings: SET in every form, RESET, DISCARD, set_config() with constants and with expressions; and what shows them.

import type { Random } from '../../../simulation/random.ts';
import { ALL_SETTINGS, OWN_SETTING } from '../compared.ts';
import type { Prepared, Row } from '../row.ts';
import { REFUSED, SETTINGS, type Setting } from './table_of_settings.ts';

export const settings: Row = {
  name: 'settings',
  servers: 1,
  isShared: false,
  hears: false,
  statement: change,
  look: lookAtSetting,
  startup: startupParameters,
  prepared: preparedChange,
};

export function change(random: Random): string {
  const kind = random.next();
  if (kind < 0.45) return set(random);
  if (kind < 0.65) return config(random);
  if (kind < 0.75) return random.pick(['RESET ', 'reset ']) + nameOf(random, random.pick(SETTINGS));
  if (kind < 0.79) return random.pick(['RESET ALL', 'RESET ALL', 'DISCARD ALL', 'DISCARD PLANS']);
  if (kind < 0.9) return special(random);
  if (kind < 0.95) return random.pick(REFUSED);
  return hidden(random);
}

/** What applications set most, and what has the most ways to go wrong. */
const FAVOURITES = SETTINGS.filter(({ name }) =>
  /^(?:search_path|app\.user_id|TimeZone|work_mem)$/.test(name),
);

function set(random: Random): string {
  const setting = random.pick(random.chance(0.4) ? FAVOURITES : SETTINGS);
  const scope = random.pick(['', '', '', 'SESSION ', 'LOCAL ', 'LOCAL ']);
  const sign = random.pick([' TO ', ' = ', '=', '\tto\n']);
  return `${random.pick(['SET', 'SET', 'set'])} ${scope}${nameOf(random, setting)}${sign}${random.pick(setting.written)}`;
}

/** PostgreSQL folds it, in quotes too: names of settings have no case. */
function nameOf(random: Random, { name }: Setting): string {
  if (name.includes('"') || random.chance(0.8)) return name;
  if (name.includes('.')) return random.pick(['App.User_ID', 'app . user_id', '"app".user_id']);
  return random.pick([name.toUpperCase(), `"${name}"`, `"${name.toUpperCase()}"`]);
}

/** What is no SET x TO y, and sets all the same. */
function special(random: Random): string {
  return random.pick([
    "SET TIME ZONE 'Europe/Paris'",
    'SET TIME ZONE -3.5',
    'SET TIME ZONE LOCAL',
    'SET SESSION TIME ZONE DEFAULT',
    "SET LOCAL TIME ZONE 'UTC'",
    "SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE",
    "SET NAMES 'LATIN1'",
    "SET NAMES 'UTF8'",
    'SET NAMES DEFAULT',
    'SET NAMES',
    "SET SCHEMA 'a'",
    "SET LOCAL SCHEMA 'b'",
    'SET XML OPTION DOCUMENT',
    'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE, NOT DEFERRABLE',
    'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE, DEFERRABLE',
    'SET TRANSACTION READ ONLY',
    'SET CONSTRAINTS ALL DEFERRED',
    'RESET TIME ZONE',
    'SET work_mem FROM CURRENT',
    'RESET SESSION AUTHORIZATION',
    'RESET TRANSACTION ISOLATION LEVEL',
    'SET SESSION AUTHORIZATION DEFAULT',
    'SET ROLE NONE',
  ]);
}

function config(random: Random): string {
  const { name, value } = pair(random);
  const isLocal = random.pick(['false', 'false', 'false', 'true', "'f'", 'NULL']);
  return random.pick([
    () => `SELECT set_config('${name}', ${value}, ${isLocal})`,
    () => `SELECT set_config('${name}', ${value}, ${isLocal})`,
    () => `SELECT pg_catalog.set_config('${name}'::text, ${value}, ${isLocal}) AS x`,
    () => `SELECT "set_config" ('${name}', ${value} || '', false), 1`,
    () => `SELECT set_config('${name}', NULL, false)`,
    () => `SELECT set_config('${name}', ${value}, false), set_config('work_mem', '99kB', ${isLocal})`,
    () => `SELECT set_config('app.user_id', x::text, false) FROM generate_series(1, 3) AS x`,
    () => `WITH s AS MATERIALIZED (SELECT set_config('${name}', ${value}, false)) SELECT * FROM s`,
    () => `SELECT count(*) FROM a.t WHERE set_config('app.user_id', id::text, false) = '2'`,
    () => "SELECT set_config('work_mem', (3 * 32)::text || 'kB', 1 > 2)",
  ])();
}

function pair(random: Random): { readonly name: string; readonly value: string } {
  const { name, values } = random.pick(SETTINGS.filter((each) => !each.name.includes('"')));
  const value = random.pick(values);
  const quoted = `'${value.replaceAll("'", "''")}'`;
  const escaped = `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return { name, value: random.pick([quoted, escaped, `$x$${value}$x$`]) };
}

/** The text shows that something is set, though not what. */
function hidden(random: Random): string {
  return random.pick([
    "DO $$ BEGIN PERFORM set_config('work_mem', '555kB', false); END $$",
    "DO 'BEGIN SET statement_timeout TO 777000; END'",
    "DO $$ BEGIN SET search_path TO b; PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN SET work_mem TO '9MB'; END $$",
    "UPDATE pg_settings SET setting = '778000' WHERE name = 'lock_timeout'",
    "DO $$ BEGIN EXECUTE 'SET work_mem TO ''888kB'''; END $$",
  ]);
}

function preparedChange(random: Random): Prepared {
  const { name, values } = random.pick(SETTINGS.filter((each) => !each.name.includes('"')));
  return random.pick([
    { text: 'SELECT set_config($1, $2, false)', values: [name, random.pick(values)] },
    { text: 'SELECT set_config($1, $2, $3)', values: [name, random.pick(values), random.pick(['f', 't'])] },
    { text: change(random), values: [] },
    { text: change(random), values: [] },
    { text: lookAtSetting(random), values: [] },
  ]);
}

/** What is changed here at all, in one row. */
const ALL_CHANGED = `SELECT ${SETTINGS.filter(({ name }) => !name.includes('.'))
  .map(({ name }) => `current_setting('${name}') AS ${name.toLowerCase()}`)
  .join(', ')}, coalesce(current_setting('app.user_id', true), '')`;

export function lookAtSetting(random: Random): string {
  const { name } = random.pick(SETTINGS);
  if (random.chance(0.02)) return ALL_SETTINGS;
  if (random.chance(0.35)) return ALL_CHANGED;
  if (random.chance(0.5))
    return name.includes('.')
      ? OWN_SETTING
      : random.pick([`SHOW ${name}`, `SELECT current_setting('${name}')`]);
  return random.pick([
    "SELECT name, setting FROM pg_settings WHERE name IN ('work_mem', 'lock_timeout', 'TimeZone') ORDER BY 1",
    "SELECT date '2024-02-01', interval '1 day 2 hours', 1.1::float8 / 3",
    "SELECT timestamptz '2024-07-01 12:00:00+00', '\\x41ff'::bytea, 'a\\b'",
    'SELECT * FROM t ORDER BY id',
    'SELECT current_schema(), current_schemas(false)',
    "SELECT 'üÄ', length('üÄ')",
    'SHOW TIME ZONE',
    'SHOW TRANSACTION ISOLATION LEVEL',
    'SHOW transaction_read_only',
    OWN_SETTING,
  ]);
}

export function startupParameters(random: Random): Record<string, string> {
  const some: Record<string, string> = {};
  if (random.chance(0.5)) some.application_name = random.pick(['web', 'a b', 'job\\x']);
  if (random.chance(0.3)) some.TimeZone = random.pick(['Asia/Tokyo', 'America/Lima']);
  if (random.chance(0.3)) some.DateStyle = random.pick(['German', 'SQL, DMY']);
  if (random.chance(0.3)) some.search_path = random.pick(['a', 'b, a', '"odd "" name"']);
  if (random.chance(0.3)) some.client_encoding = random.pick(['UTF8', 'LATIN1']);
  if (random.chance(0.4))
    some.options = random.pick([
      '-c work_mem=7MB',
      '-c statement_timeout=1000s -c enable_seqscan=off',
      '--search-path=b,a -c app.user_id=9',
      '-c extra_float_digits=0 -c DateStyle=German',
    ]);
  return some;
}
