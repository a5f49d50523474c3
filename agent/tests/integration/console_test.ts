// The console of a running agent, as operators and their programs use it: psql and drivers, with clients in every state.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import postgresJs from 'postgres';
import { SHOWS } from '../../admin/shows.ts';
import { missingModule } from '../drivers/python_checks.ts';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { testNeeding } from '../harness/needs.ts';
import { ask, psql, refused, runProgram, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const { authority, postgres } = await openShop();
const [boss, guest] = [crypto.randomUUID(), crypto.randomUUID()];
let agent: Agent;
let port: number;

function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}

beforeAll(async () => {
  port = freePort();
  agent = await serve(
    {
      ...{ postgres, authority },
      settings: {
        ...{ auth_type: 'md5', auth_file: 'userlist.txt', listen_addr: '127.0.0.1', listen_port: port },
        ...{ admin_users: 'boss', stats_users: 'guest', default_pool_size: 1 },
      },
    },
    { files: { 'userlist.txt': `"boss" "${boss}"\n"guest" "${guest}"\n` } },
  );
});
afterAll(() => agent?.stop());

const atConsole = () => through(agent, boss, { user: 'boss', database: 'pgbouncer', port });

/** What ends it is told to whoever asks it something then. */
async function connected(client: pg.Client): Promise<pg.Client> {
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A connection of its own at the console, which the test ends. */
async function console_(): Promise<pg.Client> {
  const client = new pg.Client({
    host: agent.socketDir,
    port,
    user: 'boss',
    password: boss,
    database: 'pgbouncer',
  });
  return connected(client);
}

async function atShop(): Promise<pg.Client> {
  const password = postgres.passwordOf('app');
  const client = new pg.Client({ host: agent.socketDir, port, user: 'app', password, database: 'shop' });
  return connected(client);
}

async function rows(client: pg.Client, sql: string): Promise<Record<string, unknown>[]> {
  return (await client.query(sql)).rows as Record<string, unknown>[];
}

/** Looks until it is so. */
async function until(client: pg.Client, sql: string, holds: (rows: Record<string, unknown>[]) => boolean) {
  for (;;) {
    const found = await rows(client, sql);
    if (holds(found)) return found;
    await Bun.sleep(5);
  }
}

describe('The console', () => {
  test('answers psql on every listener, to those who may come', async () => {
    expect(await ask(atConsole(), 'SHOW VERSION')).toStartWith('PgBouncer 1.25.2 (pgsidecar ');
    const overTcp = { ...atConsole(), host: '127.0.0.1' };
    expect(await ask(overTcp, 'show state;')).toBe('active|yes\npaused|no\nsuspended|no');
    const own = through(agent, '', { user: 'pgbouncer', database: 'pgbouncer', port });
    expect(await ask(own, 'SHOW STATE')).toStartWith('active|yes');
    expect((await refused({ ...own, host: '127.0.0.1', password: 'x' })).sqlstate).toBe('28P01');
    const app = through(agent, postgres.passwordOf('app'), { database: 'pgbouncer', port });
    const { sqlstate, text } = await refused(app);
    expect([sqlstate, text]).toEqual(['28000', expect.stringContaining('FATAL:  not allowed')]);
  });

  test('answers every SHOW to a stats user, in psql and by the extended protocol alike', async () => {
    const login = through(agent, guest, { user: 'guest', database: 'pgbouncer', port });
    const client = new pg.Client({
      host: agent.socketDir,
      port,
      user: 'guest',
      password: guest,
      database: 'pgbouncer',
    });
    await client.connect();
    for (const { name, columns, isForAdmins } of SHOWS) {
      const sql = `SHOW ${name}`;
      if (isForAdmins === true) {
        expect((await psql(login, ['-c', sql])).stderr).toContain('42501: admin access needed');
        continue;
      }
      const { stdout, code } = await runProgram(login, ['psql', '-X', '-A', '-c', sql]);
      expect([code, stdout.split('\n')[0]]).toEqual([0, columns.map((column) => column.name).join('|')]);
      const { fields } = await client.query({ text: sql, name: `show ${name}` });
      expect(fields.map((field) => field.name)).toEqual(columns.map((column) => column.name));
    }
    await client.end();
  });

  test('shows no secret, not even to an admin', async () => {
    const secrets = [boss, guest, postgres.passwordOf('app')];
    const verifiers = await postgres.sql(
      "SELECT rolpassword AS secret FROM pg_authid WHERE rolpassword <> ''",
    );
    const worker = await atShop();
    await worker.query('BEGIN');
    for (const { name } of SHOWS) {
      const said = await ask(atConsole(), `SHOW ${name}`);
      for (const secret of [...secrets, ...verifiers.map((row) => String(row.secret))])
        expect(said.includes(secret)).toBe(false);
    }
    const fds = await ask(atConsole(), 'SHOW FDS');
    for (const line of fds.split('\n')) expect(line).toMatch(/\|0\|\d+\|[^|]*\|[^|]*\|[^|]*\|[^|]*\|\|\|$/);
    await worker.end();
  });

  test('says to psql what it can do, and what it cannot', async () => {
    const { stderr } = await psql(atConsole(), ['-c', 'SHOW HELP']);
    for (const word of [
      'SHOW HELP|',
      'PAUSE [<db>]',
      'KILL_CLIENT <client_id>',
      'WAIT_CLOSE [<db>]',
      'SET key = arg',
    ])
      expect(stderr).toContain(word);
    expect((await psql(atConsole(), ['-c', 'DROP TABLE x'])).stderr).toContain(
      "42601: invalid command 'DROP TABLE x', use SHOW HELP;",
    );
    expect((await psql(atConsole(), ['-c', 'PAUSE nothing'])).stderr).toContain('no such database: nothing');
    expect((await psql(atConsole(), ['-c', 'PAUSE pgbouncer'])).stderr).toContain(
      'cannot pause admin db: pgbouncer',
    );
  });
});

describe('SHOW CLIENTS, SERVERS and POOLS', () => {
  test('tell what each client is at: idle, in a transaction, waiting, at the console', async () => {
    const operator = await console_();
    const [idle, active, waiting] = [await atShop(), await atShop(), await atShop()];
    await idle.query("SET application_name = 'resting'");
    await active.query("SET application_name = 'busy'");
    await active.query('BEGIN');
    const answer = waiting.query('SELECT 42 AS answer');
    await until(operator, 'SHOW POOLS', (found) => found.some((row) => row.cl_waiting === 1));
    const clients = await rows(operator, 'SHOW CLIENTS');
    const states = clients
      .filter(({ database }) => database === 'shop')
      .map((row) => [row.application_name, row.state]);
    expect(states).toEqual([
      ['resting', 'idle'],
      ['busy', 'active'],
      ['', 'waiting'],
    ]);
    expect(clients.filter(({ database }) => database === 'pgbouncer')).toMatchObject([
      { type: 'C', user: 'boss', state: 'active', addr: 'unix', tls: '' },
    ]);
    const [server] = await rows(operator, 'SHOW SERVERS');
    const busy = clients.find((row) => row.application_name === 'busy')!;
    const { rows: pids } = await active.query('SELECT pg_backend_pid() AS pid');
    expect(server).toMatchObject({
      ...{ type: 'S', state: 'active', user: 'app' },
      remote_pid: pids[0]!.pid,
    });
    expect([server!.link, busy.link]).toEqual([busy.ptr, server!.ptr]);
    expect(server!.tls).toStartWith('TLSv1.3/');
    const pools = await rows(operator, 'SHOW POOLS');
    expect(pools.find(({ database }) => database === 'shop')).toMatchObject({
      ...{ user: 'app', cl_active: 2, cl_waiting: 1, sv_active: 1, sv_idle: 0, pool_mode: 'transaction' },
    });
    await active.query('COMMIT');
    expect((await answer).rows).toEqual([{ answer: 42 }]);
    await Promise.all([idle, active, waiting, operator].map((client) => client.end()));
  });
});

describe('Commands', () => {
  test('PAUSE waits for what runs, clients wait, RESUME lets them on', async () => {
    const [operator, other] = [await console_(), await console_()];
    const [busy, next] = [await atShop(), await atShop()];
    await busy.query('BEGIN');
    const paused = operator.query('PAUSE');
    await until(other, 'SHOW STATE', ([, row]) => row!.value === 'yes');
    const answer = next.query('SELECT 1 AS one');
    await until(other, 'SHOW POOLS', (found) => found.some((row) => row.cl_waiting === 1));
    expect(await rows(busy, 'SELECT 2 AS two')).toEqual([{ two: 2 }]);
    await busy.query('COMMIT');
    expect((await paused).command).toBe('PAUSE');
    expect(await rows(other, 'SHOW SERVERS')).toEqual([]);
    await expect(other.query('PAUSE')).rejects.toThrow('already suspended/paused');
    expect((await other.query('RESUME')).command).toBe('RESUME');
    expect((await answer).rows).toEqual([{ one: 1 }]);
    await expect(other.query('RESUME')).rejects.toThrow('pooler is not paused/suspended');
    await Promise.all([operator, other, busy, next].map((client) => client.end()));
  });

  test('RESUME of another console answers a PAUSE that waits', async () => {
    const [operator, other] = [await console_(), await console_()];
    const busy = await atShop();
    await busy.query('BEGIN');
    const paused = operator.query('PAUSE');
    await until(other, 'SHOW STATE', ([, row]) => row!.value === 'yes');
    await other.query('RESUME');
    expect((await paused).command).toBe('PAUSE');
    await busy.query('COMMIT');
    await Promise.all([operator, other, busy].map((client) => client.end()));
  });

  test('PAUSE, KILL, DISABLE and RECONNECT of one database show in SHOW DATABASES, and end', async () => {
    const operator = await console_();
    const shown = async () =>
      (await rows(operator, 'SHOW DATABASES')).find(({ name }) => name === 'shop') as Record<string, unknown>;
    await operator.query('PAUSE shop');
    expect(await shown()).toMatchObject({ paused: 1, disabled: 0, current_connections: 0 });
    await operator.query('RESUME shop');
    const client = await atShop();
    const dropped = client.query('SELECT pg_sleep(60)').catch((error: Error) => error.message);
    await until(operator, 'SHOW POOLS', (found) => found.some((row) => row.sv_active === 1));
    await operator.query('KILL shop');
    expect(await dropped).toContain('killed by an administrator');
    expect(await shown()).toMatchObject({ paused: 1, current_client_connections: 0 });
    await operator.query('RESUME shop');
    await operator.query('DISABLE shop');
    expect((await shown()).disabled).toBe(1);
    await expect(atShop()).rejects.toThrow('disabled');
    await operator.query('ENABLE shop');
    const again = await atShop();
    const pid = async () => (await rows(again, 'SELECT pg_backend_pid() AS pid'))[0]!.pid;
    const before = await pid();
    await operator.query('RECONNECT shop');
    await operator.query('WAIT_CLOSE shop');
    expect(await pid()).not.toBe(before);
    await Promise.all([again, operator].map((each) => each.end()));
  });

  test('KILL_CLIENT drops the one that is meant', async () => {
    const operator = await console_();
    const [victim, neighbour] = [await atShop(), await atShop()];
    await victim.query("SET application_name = 'victim'");
    const [{ id } = {}] = (await rows(operator, 'SHOW CLIENTS')).filter(
      (row) => row.application_name === 'victim',
    );
    await operator.query(`KILL_CLIENT ${id}`);
    await expect(victim.query('SELECT 1')).rejects.toThrow();
    expect(await rows(neighbour, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(operator.query(`KILL_CLIENT ${id}`)).rejects.toThrow('client not found');
    await Promise.all([neighbour, operator].map((client) => client.end()));
  });

  test('SET takes effect at once, survives RELOAD, and ends with DEFAULT', async () => {
    const operator = await console_();
    const shown = async () =>
      (await rows(operator, 'SHOW CONFIG')).find(({ key }) => key === 'max_user_client_connections')!.value;
    expect((await operator.query('SET max_user_client_connections = 1')).command).toBe('SET');
    const first = await atShop();
    await expect(atShop()).rejects.toThrow('(max_user_client_connections)');
    expect((await operator.query('RELOAD')).command).toBe('RELOAD');
    expect(await shown()).toBe('1');
    expect((await agent.status()).warnings).toContainEqual(expect.stringContaining('by SET at the console'));
    await expect(operator.query("SET max_user_client_connections = 'many'")).rejects.toThrow(
      'SET failed: Cannot use max_user_client_connections "many" at SET at the console: expected a whole number',
    );
    await operator.query('SET max_user_client_connections TO DEFAULT');
    expect(await shown()).toBe('0');
    const second = await atShop();
    await Promise.all([first, second, operator].map((client) => client.end()));
  });

  test('SET works while a file is broken, with the settings that are in force', async () => {
    const operator = await console_();
    agent.writeFile('userlist.txt', '"boss');
    await expect(operator.query('RELOAD')).rejects.toThrow('RELOAD failed');
    await operator.query('SET query_wait_timeout = 33');
    expect((await rows(operator, 'SHOW CONFIG')).find(({ key }) => key === 'query_wait_timeout')!.value).toBe(
      '33',
    );
    agent.writeFile('userlist.txt', `"boss" "${boss}"\n"guest" "${guest}"\n`);
    await until(operator, 'RELOAD', () => true);
    await operator.query('SET query_wait_timeout TO DEFAULT');
    await operator.end();
  });
});

describe('Drivers at the console', () => {
  test('postgres.js reads rows by prepared statements', async () => {
    const sql = postgresJs({
      ...{ host: agent.socketDir, port, user: 'boss', password: boss, database: 'pgbouncer' },
      ...{ max: 1, fetch_types: false },
    });
    for (let i = 0; i < 2; i++) {
      const lists = await sql`SHOW LISTS`;
      expect(lists.find((row) => row.list === 'databases')).toEqual({ list: 'databases', items: '2' });
    }
    await sql.end();
  });

  const missing = missingModule('psycopg', 'python3-psycopg');
  testNeeding(missing)('psycopg reads the same in text and in binary', async () => {
    const script = [
      'import json, psycopg',
      'connection = psycopg.connect("", autocommit=True)',
      'def read(binary, sql):',
      '    cursor = connection.cursor(binary=binary)',
      '    return [[str(value) for value in row] for row in cursor.execute(sql, prepare=True).fetchall()]',
      'shows = ["SHOW DATABASES", "SHOW USERS", "SHOW CONFIG", "SHOW POOLS", "SHOW STATS_AVERAGES"]',
      // Averages fall as time goes by: once in a while one does between the two.
      'def same(sql): return any(read(False, sql) == read(True, sql) != [] for _ in range(20))',
      'print(json.dumps([same(sql) for sql in shows]))',
    ];
    const { stdout, stderr } = await runProgram(atConsole(), ['/usr/bin/python3', '-c', script.join('\n')]);
    expect([stderr, stdout.trim()]).toEqual(['', '[true, true, true, true, true]']);
  });
});

test('A database that is called pgbouncer is refused at the start, with what to do', async () => {
  await using broken = await serve({ postgres, authority, database: 'pgbouncer' }, { expectFailure: true });
  expect(await broken.exited).toBe(78);
  const { code, stdout, stderr } = await broken.command('check');
  expect(code).toBe(78);
  expect(stdout + stderr).toContain('the name is that of the console');
});
