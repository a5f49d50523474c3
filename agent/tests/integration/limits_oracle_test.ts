// The same limits given to the agent and to a real PgBouncer, the same clients at both: what becomes of them must be the same.

import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { chownSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { pgsidecarYml, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { createNursery, makeDirectory, type Nursery, unprivilegedAccount } from '../harness/nursery.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';

const test = testNeeding(missingPrograms('pgbouncer'));
setDefaultTimeout(60_000);

/** PgBouncer refuses to be root. */
const account = unprivilegedAccount();
const authority = createCertificateAuthority();
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres({
    users: { app: '', worker: '' },
    databases: { shop: 'app', books: 'app' },
  });
}, 60_000);
afterAll(() => postgres?.stop());

/** In PgBouncer's words: times in seconds. */
interface Limits {
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Of the database `shop`. */
  readonly shop?: Readonly<Record<string, string | number>>;
  /** Of the user `worker`. */
  readonly worker?: Readonly<Record<string, string | number>>;
}

interface Pooler extends AsyncDisposable {
  url(user: string, database: string): string;
  reload(limits: Limits): Promise<void>;
}

const DATABASES = ['shop', 'books'];
const USERS = ['app', 'worker'];

async function startAgent(limits: Limits): Promise<Pooler> {
  const settingsOf = ({ settings, shop, worker }: Limits): Record<string, unknown> => ({
    ...settings,
    databases: {
      // What PgBouncer must have in quotes of its own is plain here.
      shop: plain(shop),
      books: {
        host: 'localhost',
        port: postgres.port,
        user: 'app',
        password: postgres.passwordOf('app'),
        sslmode: 'disable',
      },
    },
    users: { worker: { password: postgres.passwordOf('worker'), ...worker } },
  });
  const agent = await serve({ postgres, authority, sslmode: 'disable', settings: settingsOf(limits) });
  return {
    url: (user, database) => agent.url(user, postgres.passwordOf(user), database),
    async reload(after) {
      agent.writeFile('pgsidecar.yml', pgsidecarYml(settingsOf(after)));
      expect((await agent.reload()).code).toBe(0);
    },
    [Symbol.asyncDispose]: () => agent.stop(),
  };
}

function plain(values: Limits['shop'] = {}): Record<string, unknown> {
  const texts = Object.entries(values).map(([key, value]) => [
    key,
    typeof value === 'string' && value.startsWith("'") ? value.slice(1, -1).replaceAll("''", "'") : value,
  ]);
  return Object.fromEntries(texts);
}

const nurseries: Nursery[] = [];
afterEach(async () => {
  for (const nursery of nurseries.splice(0)) await nursery.close();
});

/** `key=value`, as PgBouncer's lines have them. */
function pairs(values: Limits['settings'] = {}, mark = '='): string[] {
  return Object.entries(values).map(([key, value]) => `${key}${mark}${value}`);
}

function iniOf({ settings, shop, worker }: Limits, paths: { socketDir: string; userlist: string }): string {
  const general = {
    listen_port: 5432,
    unix_socket_dir: paths.socketDir,
    auth_type: 'md5',
    auth_file: paths.userlist,
    admin_users: 'app',
    pool_mode: 'transaction',
    ...settings,
  };
  return [
    '[databases]',
    ...DATABASES.map((name) => {
      const own = name === 'shop' ? pairs(shop).join(' ') : '';
      return `${name} = host=127.0.0.1 port=${postgres.port} dbname=${name} ${own}`;
    }),
    '[users]',
    ...(worker === undefined ? [] : [`worker = ${pairs(worker).join(' ')}`]),
    '[pgbouncer]',
    ...pairs(general, ' = '),
    '',
  ].join('\n');
}

function writeFor(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}

/** One command at PgBouncer's console. */
async function tellConsole(url: string, command: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(command);
  await client.end();
}

async function startPgbouncer(limits: Limits): Promise<Pooler> {
  const nursery = createNursery('pgbouncer', account);
  nurseries.push(nursery);
  const socketDir = makeDirectory(join(nursery.directory, 's'), account, 0o755);
  const [ini, userlist] = [join(nursery.directory, 'pgbouncer.ini'), join(nursery.directory, 'userlist.txt')];
  const all = USERS.map((user) => `"${user}" "${postgres.passwordOf(user)}"`);
  writeFor(userlist, `${all.join('\n')}\n`);
  writeFor(ini, iniOf(limits, { socketDir, userlist }));
  nursery.spawn(['pgbouncer', '-q', ini], {
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
    cwd: nursery.directory,
    account,
    output: openSync(join(nursery.directory, 'log'), 'w'),
  });
  const url = (user: string, database: string): string =>
    `postgresql://${user}:${encodeURIComponent(postgres.passwordOf(user))}@/${database}?host=${encodeURIComponent(socketDir)}&port=5432`;
  const ask = (command: string): Promise<void> => tellConsole(url('app', 'pgbouncer'), command);
  // It cannot be asked before it listens.
  const isUp = (): Promise<boolean> =>
    ask('SHOW VERSION').then(
      () => true,
      () => false,
    );
  while (!(await isUp())) await Bun.sleep(5);
  return {
    url,
    async reload(after) {
      writeFor(ini, iniOf(after, { socketDir, userlist }));
      await ask('RELOAD');
    },
    [Symbol.asyncDispose]: () => nursery.close(),
  };
}

/** A client that keeps in mind how it ended. */
interface Client {
  readonly raw: pg.Client;
  /** The last row, `ok` where there is none, or `closed` when the connection was ended instead. */
  ask(sql: string): Promise<string>;
  readonly closed: Promise<'closed'>;
}

const clients: pg.Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
});

async function connect(pooler: Pooler, user = 'app', database = 'shop'): Promise<Client> {
  const raw = new pg.Client(pooler.url(user, database));
  const closed = new Promise<'closed'>((resolve) => {
    raw.on('end', () => resolve('closed'));
    // A client that asks for nothing is told why before the connection ends.
    raw.on('error', () => resolve('closed'));
  });
  await raw.connect();
  clients.push(raw);
  const ask = (sql: string): Promise<string> =>
    raw.query(sql).then(
      (result) => {
        const last = [result].flat().at(-1)!;
        return last.rows.length === 0 ? 'ok' : Object.values(last.rows[0]).join('|');
      },
      () => closed,
    );
  return { raw, ask, closed };
}

async function backends(where = 'true'): Promise<number> {
  const rows = await postgres.sql<{ count: number }>(
    `SELECT count(*)::int FROM pg_stat_activity WHERE usename IN ('app', 'worker') AND ${where}`,
  );
  return rows[0]!.count;
}

/** Until PostgreSQL has so many connections; the test's own limit ends a vain wait. */
async function untilBackends(count: number, where?: string): Promise<number> {
  while ((await backends(where)) !== count) await Bun.sleep(5);
  return count;
}

/** What clients of each live through, the agent's and PgBouncer's: both must come to what is `expected`. */
function both(
  title: string,
  limits: Limits,
  expected: unknown,
  live: (pooler: Pooler) => Promise<unknown>,
): void {
  for (const [name, start] of Object.entries({ pgsidecar: startAgent, PgBouncer: startPgbouncer })) {
    test(`${title} (${name})`, async () => {
      await untilBackends(0);
      await using pooler = await start(limits);
      expect(await live(pooler)).toEqual(expected);
      await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
    });
  }
}

both(
  'reserve_pool_size opens a server for a client that waited for reserve_pool_timeout',
  { settings: { default_pool_size: 1, reserve_pool_timeout: 1 }, shop: { reserve_pool: 1 } },
  ['ok', 'ok', 2],
  async (pooler) => {
    const [one, other] = [await connect(pooler), await connect(pooler)];
    return [await one.ask('BEGIN'), await other.ask('BEGIN'), await backends()];
  },
);

both(
  'no reserve_pool_timeout, no reserve',
  {
    settings: {
      default_pool_size: 1,
      reserve_pool_size: 1,
      reserve_pool_timeout: 0,
      query_wait_timeout: 2,
    },
  },
  ['ok', 'closed', 1],
  async (pooler) => {
    const [one, other] = [await connect(pooler), await connect(pooler)];
    return [await one.ask('BEGIN'), await other.ask('BEGIN'), await backends()];
  },
);

both(
  'max_db_connections takes the place of a server that rests in another user’s pool',
  { shop: { max_db_connections: 1 } },
  ['app', 'worker', 'app', 1],
  async (pooler) => {
    const [app, worker] = [await connect(pooler), await connect(pooler, 'worker')];
    const asked: unknown[] = [];
    for (const client of [app, worker, app]) asked.push(await client.ask('SELECT current_user'));
    return [...asked, await untilBackends(1)];
  },
);

both(
  'max_user_connections of a user takes the place of its server at another database',
  { settings: { default_pool_size: 2 }, worker: { max_user_connections: 1 } },
  ['shop', 'books', 'shop', 1],
  async (pooler) => {
    const shop = await connect(pooler, 'worker', 'shop');
    const books = await connect(pooler, 'worker', 'books');
    const asked: unknown[] = [];
    for (const client of [shop, books, shop]) asked.push(await client.ask('SELECT current_database()'));
    return [...asked, await untilBackends(1)];
  },
);

both(
  'connect_query has run on the server that a client gets',
  { shop: { connect_query: "'SELECT set_config(''work_mem'', ''7MB'', false)'" } },
  ['7MB'],
  async (pooler) => [await (await connect(pooler)).ask("SELECT current_setting('work_mem')")],
);

both(
  'server_reset_query_always takes what was SET from whoever comes next',
  { settings: { default_pool_size: 1, server_reset_query_always: 1 } },
  ['ok', '4MB'],
  async (pooler) => {
    const [one, other] = [await connect(pooler), await connect(pooler)];
    const set = await one.ask("SET work_mem TO '9MB'");
    return [set, await other.ask("SELECT current_setting('work_mem')")];
  },
);

both(
  'pool_mode statement refuses BEGIN and closes the client, but for a block within one query',
  { settings: { pool_mode: 'statement' } },
  ['1', 'closed', '2'],
  async (pooler) => {
    const [one, other] = [await connect(pooler), await connect(pooler)];
    const within = await one.ask('BEGIN; SELECT 1; COMMIT; SELECT 1');
    return [within, await one.ask('BEGIN'), await other.ask('SELECT 2')];
  },
);

both(
  'pool_mode of a user wins over that of the database',
  { shop: { pool_mode: 'transaction' }, worker: { pool_mode: 'statement' } },
  ['ok', 'closed'],
  async (pooler) => {
    const [app, worker] = [await connect(pooler), await connect(pooler, 'worker')];
    return [await app.ask('BEGIN'), await worker.ask('BEGIN')];
  },
);

both(
  'query_timeout ends a query, and one that waits for its server too',
  { settings: { default_pool_size: 1, query_timeout: 1 } },
  ['closed', 'closed'],
  async (pooler) => {
    const [one, other] = [await connect(pooler), await connect(pooler)];
    return await Promise.all([one.ask('SELECT pg_sleep(30)'), other.ask('SELECT pg_sleep(30)')]);
  },
);

both(
  'client_idle_timeout and idle_transaction_timeout end clients',
  { settings: { client_idle_timeout: 1, idle_transaction_timeout: 1 } },
  ['closed', 'closed'],
  async (pooler) => {
    const [idle, forgetful] = [await connect(pooler), await connect(pooler)];
    await forgetful.ask('BEGIN');
    return await Promise.all([idle.closed, forgetful.closed]);
  },
);

both(
  'a server that went away while it rested is replaced, and its client notices nothing',
  { settings: { default_pool_size: 1, server_check_delay: 0, server_check_query: 'select 1' } },
  ['1', true, '2'],
  async (pooler) => {
    const client = await connect(pooler);
    const before = await client.ask('SELECT 1');
    const [gone] = await postgres.sql<{ gone: boolean }>(
      "SELECT pg_terminate_backend(pid, 5000) AS gone FROM pg_stat_activity WHERE usename = 'app'",
    );
    return [before, gone!.gone, await client.ask('SELECT 2')];
  },
);

const fast = { settings: { pool_mode: 'session', server_fast_close: 1 } };
both(
  'server_fast_close ends sessions whose connection settings have changed, between two transactions',
  fast,
  ['closed', 'ok', 'closed'],
  async (pooler) => {
    const [idle, busy] = [await connect(pooler), await connect(pooler)];
    await idle.ask('SELECT 1');
    await busy.ask('BEGIN');
    await pooler.reload({ ...fast, shop: { host: '::1' } });
    const first = await idle.closed;
    const within = await busy.ask('SET LOCAL work_mem TO 64');
    await busy.ask('COMMIT');
    return [first, within, await busy.closed];
  },
);

both(
  'a reload that raises pool_size serves clients that wait',
  { settings: { default_pool_size: 1, query_wait_timeout: 0 } },
  ['ok', 2],
  async (pooler) => {
    const [one, other] = [await connect(pooler), await connect(pooler)];
    await one.ask('BEGIN');
    const waiting = other.ask('BEGIN');
    await pooler.reload({ settings: { default_pool_size: 2, query_wait_timeout: 0 } });
    return [await waiting, await backends()];
  },
);

both(
  'a reload that lowers pool_size closes what rests beyond it',
  { settings: { default_pool_size: 3 } },
  [3, 1],
  async (pooler) => {
    const all = await Promise.all([1, 2, 3].map(() => connect(pooler)));
    for (const each of all) await each.ask('BEGIN');
    const before = await backends();
    for (const each of all) await each.ask('COMMIT');
    await pooler.reload({ settings: { default_pool_size: 1 } });
    return [before, await untilBackends(1)];
  },
);
