// SHOW CONFIG row by row beside PgBouncer's own, on the same ini: name, value, default, and whether SET takes it.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { NOT_NEEDED } from '../../config/sources/pgbouncer_names.ts';
import { pgsidecarProgram } from '../harness/agent.ts';
import { testNeeding } from '../harness/needs.ts';
import { createNursery, unprivilegedAccount } from '../harness/nursery.ts';
import {
  DEBIAN_PGBOUNCER,
  hasNewerPgbouncer,
  NEWER_PGBOUNCER,
  startPgbouncerProcess,
  writeForPgbouncer,
} from '../harness/pgbouncer.ts';
import { freePort } from '../harness/postgres.ts';
import { ask } from '../harness/psql.ts';

setDefaultTimeout(30_000);

/** Nothing else of PgBouncer's is said: what is not here stands at its default in both. */
const LINES = ['auth_type = any', 'admin_users = app', 'query_timeout = 2.5', 'syslog_facility = local3'];

/** `value|default|changeable` by the key. */
async function configOf(program: string | readonly string[]): Promise<ReadonlyMap<string, string>> {
  const nursery = createNursery('show-config', unprivilegedAccount());
  try {
    const port = await freePort();
    const said = [`listen_port = ${port}`, `unix_socket_dir = ${nursery.directory}`, ...LINES];
    const ini = writeForPgbouncer(
      nursery,
      'pgbouncer.ini',
      ['[databases]', '* = host=127.0.0.1', '[pgbouncer]', ...said, ''].join('\n'),
    );
    await startPgbouncerProcess(nursery, program, ini);
    const login = { host: nursery.directory, port, user: 'app', password: '', database: 'pgbouncer' };
    const text = (await ask(login, 'SHOW CONFIG')).replaceAll(nursery.directory, 'HERE');
    const rows = text.replaceAll(String(port), 'PORT').split('\n');
    return new Map(rows.map((row) => [row.slice(0, row.indexOf('|')), row.slice(row.indexOf('|') + 1)]));
  } finally {
    await nursery.close();
  }
}

const FILES = 'what the agent reads and writes is only for the file to say, and not for the console';
const LIVE = 'a reload moves it, so SET does too';

interface Intended {
  readonly keys: readonly string[];
  /** `PgBouncer's / ours`. */
  readonly rows: string;
  readonly why: string;
  readonly only?: '1.18' | '1.24';
}

/** All that is meant to be otherwise. What does not occur any more fails as well. */
const INTENDED: readonly Intended[] = [
  {
    keys: [
      ...['auth_file', 'auth_hba_file', 'client_tls_ca_file', 'client_tls_cert_file', 'client_tls_key_file'],
      ...['logfile', 'server_tls_cert_file', 'server_tls_key_file'],
    ],
    rows: '||yes / ||no',
    why: FILES,
  },
  { keys: ['auth_ident_file'], rows: '||yes / ||no', why: FILES, only: '1.24' },
  {
    keys: ['server_tls_ca_file'],
    rows: '||yes / system|system|no',
    why: `what empty means here has a word; ${FILES}`,
  },
  { keys: ['disable_pqexec', 'so_reuseport'], rows: '0|0|no / 0|0|yes', why: LIVE },
  { keys: ['listen_addr', 'unix_socket_group'], rows: '||no / ||yes', why: LIVE },
  { keys: ['listen_port'], rows: 'PORT|6432|no / PORT|6432|yes', why: LIVE },
  {
    keys: ['track_extra_parameters'],
    rows: 'IntervalStyle|IntervalStyle|no / IntervalStyle|IntervalStyle|yes',
    why: LIVE,
    only: '1.24',
  },
  {
    keys: ['unix_socket_mode'],
    rows: '511|0777|no / 0777|0777|yes',
    why: `a mode is written as it is read; ${LIVE}`,
  },
  { keys: ['verbose'], rows: '0||yes / 0|0|yes', why: 'it has a default' },
  {
    keys: ['client_tls_ciphers', 'server_tls_ciphers'],
    rows: 'fast|fast|yes / ||yes',
    why: 'suites are the runtime’s unless some are written; PgBouncer’s word for it has changed',
    only: '1.18',
  },
  {
    keys: ['client_tls_ciphers', 'server_tls_ciphers'],
    rows: 'default|default|yes / ||yes',
    why: 'suites are the runtime’s unless some are written; PgBouncer’s word for it has changed',
    only: '1.24',
  },
  {
    keys: ['server_tls_sslmode'],
    rows: 'disable|disable|yes / prefer|prefer|yes',
    why: 'the defaults are those of PgBouncer 1.24; this one is since 1.20',
    only: '1.18',
  },
];

async function compareWith(program: string, version: '1.18' | '1.24'): Promise<void> {
  const [theirs, ours] = [await configOf(program), await configOf([...pgsidecarProgram(), 'pgbouncer'])];
  const known = [...theirs].filter(([key]) => !Object.hasOwn(NOT_NEEDED, key));
  // An answer that was cut would make everything alike.
  expect(known.length).toBeGreaterThan(60);
  const differing = known.flatMap(([key, row]) =>
    row === ours.get(key) ? [] : [`${key}: ${row} / ${ours.get(key)}`],
  );
  const intended = INTENDED.filter(({ only }) => only === undefined || only === version);
  const expected = intended.flatMap(({ keys, rows }) => keys.map((key) => `${key}: ${rows}`));
  expect(differing.sort()).toEqual(expected.sort());
}

test('SHOW CONFIG under `pgsidecar pgbouncer` says what that of PgBouncer 1.18 says', () =>
  compareWith(DEBIAN_PGBOUNCER, '1.18'));

testNeeding(hasNewerPgbouncer() ? undefined : 'scripts/newer_pgbouncer has not fetched it')(
  'SHOW CONFIG under `pgsidecar pgbouncer` says what that of PgBouncer 1.24 says',
  () => compareWith(NEWER_PGBOUNCER, '1.24'),
);
