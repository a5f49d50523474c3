// THE table of settings that clients change: every kind of value, as SQL writes it, and what each can be seen by.

export interface Setting {
  readonly name: string;
  /** As they stand behind TO. */
  readonly written: readonly string[];
  /** As set_config() takes them. */
  readonly values: readonly string[];
}

const BOOLEANS = ['on', 'off', 'true', "'f'", "'yes'", '0', '1', 'FALSE', 'DEFAULT'];

/** No value here ends a statement, a connection or a wait in the time that a run takes. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'work_mem',
    written: ["'4MB'", '5120', "'1GB'", "'64kB'", "' 128 kB '"],
    values: ['3MB', '77kB', '65'],
  },
  { name: 'maintenance_work_mem', written: ["'32MB'", '2048'], values: ['3MB'] },
  { name: 'statement_timeout', written: ["'10min'", '900000', "'2h'", '0'], values: ['1d', '700s'] },
  { name: 'lock_timeout', written: ["'11min'", '0'], values: ['601s'] },
  { name: 'idle_in_transaction_session_timeout', written: ["'12min'", '0'], values: ['602s'] },
  { name: 'random_page_cost', written: ['1.5', '2', '1e1', "'3.25'", '.5'], values: ['7', '1.25'] },
  { name: 'cursor_tuple_fraction', written: ['0.5', '1'], values: ['0.125'] },
  { name: 'extra_float_digits', written: ['-3', '0', '+2', "'-1'"], values: ['3', '-2'] },
  { name: 'enable_seqscan', written: BOOLEANS, values: ['on', 'of', 'no'] },
  { name: 'enable_hashjoin', written: BOOLEANS, values: ['off', 'tr'] },
  { name: 'bytea_output', written: ['hex', "'escape'", 'ESCAPE'], values: ['escape', 'hex'] },
  {
    name: 'IntervalStyle',
    written: ['postgres', 'iso_8601', "'sql_standard'"],
    values: ['postgres_verbose'],
  },
  { name: 'client_min_messages', written: ['notice', 'warning', "'error'", 'info'], values: ['log'] },
  { name: 'xmloption', written: ['content', 'document'], values: ['document'] },
  { name: 'synchronous_commit', written: ['off', 'on', 'local'], values: ['remote_write'] },
  {
    name: 'default_transaction_isolation',
    written: ["'repeatable read'", "'read committed'"],
    values: ['read uncommitted'],
  },
  { name: 'default_transaction_read_only', written: ['off', 'off', 'on'], values: ['off'] },
  { name: 'default_transaction_deferrable', written: BOOLEANS, values: ['on'] },
  {
    name: 'application_name',
    written: ["'a b'", "E'tab\\tquote\\''", "'Ümläut'", '$$dol;lar$$', "''", "'it''s'", 'ident'],
    values: ['x, y', 'back\\slash', "quo'te", ''],
  },
  {
    name: 'search_path',
    written: [
      'a',
      'a, b',
      '"$user", public',
      '"odd "" name", a',
      "'a, b'",
      "''",
      'pg_catalog, b',
      'B',
      '"B", a',
    ],
    values: ['b', '"odd "" name", b', 'a,b', ''],
  },
  {
    name: 'DateStyle',
    written: ['ISO, DMY', 'German', "'SQL, MDY'", 'Postgres, YMD', 'iso'],
    values: ['German, DMY', 'SQL', 'ymd'],
  },
  {
    name: 'TimeZone',
    written: [
      "'Europe/Berlin'",
      "'America/New_York'",
      '-7',
      "'UTC'",
      "INTERVAL '-08:30' HOUR TO MINUTE",
      'LOCAL',
    ],
    values: ['Asia/Tokyo', '<+03>-03', 'utc'],
  },
  {
    name: 'client_encoding',
    written: ["'UTF8'", "'UTF8'", 'LATIN1', "'SQL_ASCII'", 'win1252'],
    values: ['utf-8', 'LATIN1'],
  },
  { name: 'standard_conforming_strings', written: ['on', 'on', 'off'], values: ['on', 'off'] },
  {
    name: 'app.user_id',
    written: ["'42'", '17', "''", "'a\\b'", 'ident, "Two", \'three\'', 'on', '-1.5'],
    values: ['43', 'ü', ''],
  },
  { name: 'app."Odd;Name"', written: ["'1'", "'x;y'"], values: ['2'] },
  { name: 'lc_monetary', written: ["'C'", "'POSIX'"], values: ['C'] },
  { name: 'temp_tablespaces', written: ["''", 'pg_default'], values: ['"pg_default"'] },
  { name: 'gin_fuzzy_search_limit', written: ['0x10', '1_0'], values: ['012'] },
];

/** What must be refused, with PostgreSQL's own words. */
export const REFUSED: readonly string[] = [
  "SET work_mem TO 'banana'",
  'SET nosuch TO 1',
  'SET shared_buffers TO 1',
  "SET log_statement TO 'all'",
  'SET search_path = 1/0',
  "SET default_tablespace TO 'nosuch'",
  "SET TimeZone TO 'Nowhere/Here'",
  'SET random_page_cost TO -1',
  'RESET nosuch',
  'SHOW nosuch',
  "SELECT set_config('work_mem', 'banana', false)",
  "SELECT set_config('nosuch', 'banana', false)",
  "SET client_encoding TO 'nosuch'",
  'SET work_mem',
  'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'SET "work mem" TO 1',
];
