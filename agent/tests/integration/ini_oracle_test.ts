// The reader of pgbouncer.ini beside PgBouncer itself: the same files, whether it starts with them, and which databases it then has.

import { afterAll, expect, setDefaultTimeout } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { namedDatabases } from '../../config/any_database.ts';
import { load } from '../../config/load.ts';
import { renderPgbouncer } from '../../render/pgbouncer.ts';
import { pgbouncerProgram } from '../bench/poolers.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { createNursery, endChild, makeDirectory, unprivilegedAccount } from '../harness/nursery.ts';
import { hasNewerPgbouncer } from '../harness/pgbouncer.ts';
import { psql } from '../harness/psql.ts';

setDefaultTimeout(120_000);
const missing = missingPrograms(pgbouncerProgram(), 'psql');
const test = testNeeding(missing);
const testNewer = testNeeding(
  missing ?? (hasNewerPgbouncer() ? undefined : 'a newer pgbouncer is needed: scripts/newer_pgbouncer'),
);

/** PgBouncer refuses to be root. */
const account = unprivilegedAccount();
const nursery = createNursery('oracle', account);
afterAll(() => nursery.close());

const PORT = 6999;
/** That of the agent, which is not started. */
const SOCKET_DIR = '/run/oracle';

/** What either has of a file: the databases that it serves, or nothing where it does not start. */
type Read = readonly string[] | undefined;

interface Case {
  /** Lines of [databases]. */
  readonly databases?: string;
  /** Lines of [pgbouncer]. */
  readonly settings?: string;
  /** What stands behind all of it: other sections. */
  readonly more?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Those of both: every line that one of the two could read otherwise. */
const ALIKE: readonly Case[] = [
  ...[
    'a = host=h1 port=5433 dbname=x',
    'a=host=h1\nb.c-d = host=h2\nG = host=h3\ng = host=h4',
    "f = host = h2   dbname =  x  port = '6000'  ",
    "b = dbname='it''s' host=x",
    'b = dbname= host=x',
    'a = host=h1\na = host=h2 port=7',
    'a = host=h1 host=h2',
    '; c\n  # d\n   a = host=h1',
    'a = host=::1,2001:db8::1',
    'a = host=/x pool_size=3 pool_mode=SESSION',
    'a = host=h user=boss password=secretive',
    "a = host=h user='b o s s'",
    'a = host=h1\r\nb = host=h2 port=7\r',
    'e =',
    '* = host=h\na = host=i',
    '__proto__ = host=h\nconstructor = host=i',
    // And these stop both.
    'a = host=h1 ; comment',
    'a = host=h1 # comment',
    'a = HOST=h1',
    'a = host=h1 fancy=1',
    'a = host=h1 sslmode=require',
    'a = host=h1 port=abc',
    'a = host=h1 port=0',
    'a = host=h1 pool_mode=foo',
    "a = host=h1 dbname='x",
    "a = host='h1'dbname=x",
    "a = dbname='' host=x",
    "a = dbname='it\\\\'s' host=x",
    'a = dbname=a\\ b host=x',
    'a = host',
    'a = host=',
    'a = host=h1\n  port=5',
    'd$ = host=h',
    'dé = host=h',
    'pgbouncer = host=h1',
    'a host=h',
  ].map((databases) => ({ databases })),
  ...[
    'pool_mode = TRANSACTION',
    'auth_type = any\npool_mode=session\npool_mode=transaction',
    'server_reset_query = a = b ; c',
    'default_pool_size = 0x10\nmax_db_connections = 010',
    'query_timeout = 0.25\nserver_lifetime = 1.5',
    'server_check_query =\nlisten_addr =',
    'ignore_startup_parameters = extra_float_digits,  options',
    'server_tls_protocols = tlsv1.2,tlsv1.3\nserver_tls_ciphers = fast',
    'pkt_buf = 8192\nsbuf_loopcnt = 0',
    '',
    'Default_Pool_Size = 7',
    'default_pool_size = 20x',
    'default_pool_size = 1.5',
    'default_pool_size =',
    'log_stats = t',
    'server_idle_timeout = -1',
    'server_lifetime =',
    'pool_mode = transaction ; x',
    'pool_mode = "transaction"',
    'check_query = select 1',
    'check_query_interval = 30',
    'reserve_pool = 5',
    'verbose',
    'pool mode = transaction',
    '%include nope.ini',
    '%INCLUDE x.ini',
    '%foo x.ini',
    '%include p.ini',
  ].map((settings) => ({ databases: 'a = host=h', settings })),
  { databases: 'a = host=h\n%include x.ini\nc = host=j', files: { 'x.ini': 'b = host=i\n' } },
  { databases: '%include sub/x.ini', files: { 'sub/x.ini': '%include y.ini\n', 'y.ini': 'b = host=i\n' } },
  { settings: '%include x.ini', files: { 'x.ini': '[databases]\nb = host=i\n' } },
  { settings: '%include x.ini\npool_mode = session', files: { 'x.ini': '[databases]\nb = host=i\n' } },
  { settings: '%include x.ini ; c', files: { 'x.ini': '' } },
  { settings: '%include "x.ini"', files: { 'x.ini': '' } },
  { more: '[users]\nbob = pool_mode=session max_user_connections=5' },
  { more: '[users]\nbob = foo=1' },
  { more: '[users]\n"bo b = pool_mode=session' },
  { more: '[users] x' },
  { more: '[ users ]' },
  { more: '[USERS]\nbob = pool_mode=session' },
  { more: '[foo]\nbar = 1' },
];

/** What only one of them takes, and why that is so. */
const NOT_ALIKE: readonly (readonly [why: string, by: 'pgbouncer' | 'pgsidecar', wanted: Case])[] = [
  ['atoi() makes 0 of it', 'pgbouncer', { databases: 'a = host=h pool_size=abc' }],
  [
    'a tab ends no value: the host would be "h1<tab>port=1"',
    'pgbouncer',
    { databases: 'a = host=h1\tport=1' },
  ],
  ['a size below 0 is none', 'pgbouncer', { settings: 'default_pool_size = -1' }],
  [
    'its manual has names in double quotes, and it cannot read them',
    'pgsidecar',
    { databases: '"a b" = host=h' },
  ],
  ['the octal of other languages is no riddle', 'pgsidecar', { settings: 'unix_socket_mode = 0o777' }],
  ['a unit says the same more plainly', 'pgsidecar', { settings: 'query_timeout = 60s' }],
];

let count = 0;

function textOf({ databases = '', settings = '', more = '' }: Case, socketDir: string): string {
  const own = `unix_socket_dir = ${socketDir}\nlisten_port = ${PORT}\nauth_type = any\nadmin_users = looker\n`;
  return `[databases]\n${databases}\n[pgbouncer]\n${own}${settings}\n${more}\n`;
}

/** `rendered`: not the file itself, but what render makes of it. */
async function asPgbouncer(wanted: Case, rendered?: 'rendered'): Promise<Read> {
  const folder = makeDirectory(join(nursery.directory, `c${count++}`), account, 0o755);
  const written = { 'p.ini': textOf(wanted, folder), ...wanted.files };
  const files = rendered === undefined ? written : await renderedFiles(written);
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    chmodSync(dirname(path), 0o755);
    writeFileSync(path, text, { mode: 0o644 });
  }
  const child = nursery.spawn([pgbouncerProgram(), '-q', 'p.ini'], {
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
    cwd: folder,
    account,
    output: openSync('/dev/null', 'w'),
  });
  while (child.exitCode === null && !existsSync(join(folder, `.s.PGSQL.${PORT}`))) await Bun.sleep(5);
  if (child.exitCode !== null) return undefined;
  try {
    const login = { host: folder, port: PORT, user: 'looker', password: '', database: 'pgbouncer' };
    const { stdout, stderr } = await psql(login, ['-F', '|', '-c', 'SHOW DATABASES']);
    if (stdout === '') throw new Error(stderr);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('|').slice(0, 6));
    return rows
      .filter(([name]) => name !== 'pgbouncer')
      .map((row) => row.join('|'))
      .sort();
  } finally {
    await endChild(child, 'SIGTERM');
  }
}

async function loadFiles(files: Readonly<Record<string, string>>, defaults: { defaults?: 'pgbouncer' } = {}) {
  const { settings } = await load(
    { configFile: 'p.ini', ...defaults },
    {
      cwd: '/app',
      env: {},
      now: () => 0,
      read: (path) => files[path.replace(/^\/app\//, '')],
      run: () => Promise.reject(new Error('there is nothing to run')),
    },
  );
  return settings;
}

async function renderedFiles(files: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const settings = await loadFiles(files, { defaults: 'pgbouncer' });
  const wishes = { directory: '', systemCaFile: '', newer: true, fromIni: true };
  const [ini] = renderPgbouncer(settings!, wishes);
  return { 'p.ini': ini!.text };
}

async function asWe(wanted: Case): Promise<Read> {
  const files = { 'p.ini': textOf(wanted, SOCKET_DIR), ...wanted.files };
  const settings = await loadFiles(files, { defaults: 'pgbouncer' });
  if (settings === undefined) return undefined;
  // `*` stands for those that are still to be asked for; neither lists it.
  return namedDatabases(settings)
    .map(({ name, hosts, dbname, user, forceUser, poolSize }) => {
      // Without a host PgBouncer shows none, and goes to where its own socket is.
      const host = hosts.map((each) => each.host).join(',');
      const shown = host === SOCKET_DIR ? '' : host;
      return [name, shown, hosts[0]!.port, dbname, forceUser ? user : '', poolSize].join('|');
    })
    .sort();
}

test('reads what PgBouncer reads, refuses what it refuses, and comes to the same databases', async () => {
  const differences: unknown[] = [];
  for (const wanted of ALIKE) {
    const [theirs, ours] = [await asPgbouncer(wanted), await asWe(wanted)];
    if (JSON.stringify(theirs) !== JSON.stringify(ours)) differences.push({ ...wanted, theirs, ours });
  }
  expect(differences).toEqual([]);
});

testNewer('PgBouncer reads what render makes of each of these files as it read the file', async () => {
  const differences: unknown[] = [];
  for (const wanted of ALIKE) {
    const theirs = await asPgbouncer(wanted);
    if (theirs === undefined) continue;
    const again = await asPgbouncer(wanted, 'rendered');
    // A host that was left out is one that is said.
    const said = (again ?? []).map((row) => row.replace(/\|[^|]*oracle[^|]*\|/, '||'));
    if (JSON.stringify(theirs) !== JSON.stringify(again && said))
      differences.push({ ...wanted, theirs, again });
  }
  expect(differences).toEqual([]);
});

test('differs from PgBouncer in these files alone, each for a reason', async () => {
  for (const [why, by, wanted] of NOT_ALIKE) {
    const [theirs, ours] = [await asPgbouncer(wanted), await asWe(wanted)];
    expect([theirs !== undefined, ours !== undefined], why).toEqual([by === 'pgbouncer', by === 'pgsidecar']);
  }
});
