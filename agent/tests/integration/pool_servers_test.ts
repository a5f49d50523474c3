// What a pool's servers go through, asked of PostgreSQL itself: the reserve, checks, connect_query, resets, replacement, a full server.

import { expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, pgsidecarYml, serve } from '../harness/application.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres } = await openShop();

type Settings = NonNullable<Application['settings']>;

function start(settings: Settings): Promise<Agent> {
  return serve({ postgres, authority, settings });
}

async function reload(agent: Agent, settings: Settings): Promise<void> {
  agent.writeFile('pgsidecar.yml', pgsidecarYml(settings));
  // The watcher may have seen it first; either way it is in force when this returns.
  expect((await agent.reload()).code).toBe(0);
}

/** A client, and how its connection ends while it asks for nothing. */
async function connect(agent: Agent): Promise<{ client: pg.Client; end: Promise<string> }> {
  const client = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
  const end = new Promise<string>((resolve) => {
    client.once('error', (error) => {
      resolve(`${(error as { code?: string }).code} ${error.message}`);
      client.on('error', () => {}); // that the connection ended is told after why it did
    });
  });
  await client.connect();
  return { client, end };
}

async function pidOf(client: pg.Client): Promise<number> {
  return (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
}

async function backends(): Promise<number[]> {
  const rows = await postgres.sql<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE usename = 'app' ORDER BY backend_start",
  );
  return rows.map(({ pid }) => pid);
}

interface PoolStatus {
  readonly clientsWaiting: number;
}

async function untilWaiting(agent: Agent, count: number): Promise<void> {
  for (;;) {
    const { pools } = (await agent.status()) as { pools: PoolStatus[] };
    if (pools[0]?.clientsWaiting === count) return;
  }
}

test('the reserve serves a client that has waited for reserve_pool_timeout, and no more than its size', async () => {
  const settings = { default_pool_size: 1, reserve_pool_size: 1, reserve_pool_timeout: '1s' };
  await using agent = await start(settings);
  const all = await Promise.all(Array.from({ length: 3 }, () => connect(agent)));
  await all[0]!.client.query('BEGIN');
  await all[1]!.client.query('BEGIN');
  expect((await backends()).length).toBe(2);
  const third = all[2]!.client.query('SELECT 7 AS n');
  await untilWaiting(agent, 1);
  // A server that comes back serves whoever is next, wherever it came from.
  await all[1]!.client.query('COMMIT');
  expect((await third).rows).toEqual([{ n: 7 }]);
  expect((await backends()).length).toBe(2);
  await all[0]!.client.query('COMMIT');
  await Promise.all(all.map(({ client }) => client.end()));
});

test('a reload that raises the size of a pool, or of one user’s, serves clients that wait', async () => {
  // Nothing but the reload could bring these clients a server.
  const settings = { default_pool_size: 1, query_wait_timeout: 0 };
  await using agent = await start(settings);
  const all = await Promise.all(Array.from({ length: 3 }, () => connect(agent)));
  await all[0]!.client.query('BEGIN');
  const second = all[1]!.client.query('BEGIN');
  await untilWaiting(agent, 1);
  await reload(agent, { ...settings, default_pool_size: 2 });
  await second;
  const third = all[2]!.client.query('SELECT 8 AS n');
  await untilWaiting(agent, 1);
  await reload(agent, { ...settings, default_pool_size: 2, users: { app: { pool_size: 3 } } });
  expect((await third).rows).toEqual([{ n: 8 }]);
  await all[0]!.client.query('COMMIT');
  await all[1]!.client.query('COMMIT');
  await Promise.all(all.map(({ client }) => client.end()));
});

test('a timeout that a reload gives one user ends a session that was there before', async () => {
  await using agent = await start({});
  const { client, end } = await connect(agent);
  await client.query('BEGIN');
  await reload(agent, { users: { app: { idle_transaction_timeout: '1s' } } });
  expect(await end).toBe(
    '25P03 idle transaction timeout: it said nothing for longer than idle_transaction_timeout (1 s)',
  );
});

test('connect_query has run on every server before a client has it', async () => {
  const connect_query = "SELECT set_config('app.pooled', 'yes', false); SET work_mem TO '7MB'";
  await using agent = await start({ default_pool_size: 3, databases: { shop: { connect_query } } });
  const all = await Promise.all(Array.from({ length: 3 }, () => connect(agent)));
  const sql =
    "SELECT current_setting('app.pooled') AS pooled, current_setting('work_mem') AS mem, pg_sleep(0.05)";
  const answers = await Promise.all(all.map(({ client }) => client.query(sql)));
  for (const { rows } of answers) expect(rows[0]).toMatchObject({ pooled: 'yes', mem: '7MB' });
  await Promise.all(all.map(({ client }) => client.end()));
});

test('a connect_query that fails is told to who logs in, with PostgreSQL’s reason', async () => {
  await using agent = await start({ databases: { shop: { connect_query: 'SET ROLE nobody_here' } } });
  const refused = await connect(agent).then(
    () => 'let in',
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  );
  expect(refused).toBe(
    '08004 the connect_query of the database failed: role "nobody_here" does not exist (SQLSTATE 22023); no client gets a connection on which it has not run',
  );
  expect(await backends()).toEqual([]);
});

test('a server that rested and does not answer is replaced, and its client notices nothing', async () => {
  const settings = { default_pool_size: 1, server_check_delay: 0, server_check_timeout: '500ms' };
  await using agent = await start(settings);
  const { client } = await connect(agent);
  const first = await pidOf(client);
  // As behind a firewall that has forgotten the connection: it is open, and nobody answers.
  process.kill(first, 'SIGSTOP');
  const second = await pidOf(client).finally(() => process.kill(first, 'SIGCONT'));
  expect(second).not.toBe(first);
  await agent.waitForLog('a server that rested is replaced');
  await client.end();
});

test('a server_check_query that PostgreSQL refuses costs servers, and no client', async () => {
  await using agent = await start({
    default_pool_size: 1,
    server_check_delay: 0,
    server_check_query: 'selec',
  });
  const { client } = await connect(agent);
  const first = await pidOf(client);
  expect(await pidOf(client)).not.toBe(first);
  await client.end();
});

test('what a client has SET follows it and nobody else, whether or not servers are reset (server_reset_query_always)', async () => {
  for (const always of [true, false]) {
    await using agent = await start({ default_pool_size: 1, server_reset_query_always: always });
    const [{ client }, { client: other }] = [await connect(agent), await connect(agent)];
    await client.query("SET work_mem TO '9MB'");
    const { rows } = await other.query("SELECT current_setting('work_mem') AS mem");
    expect(rows).toEqual([{ mem: '4MB' }]);
    expect((await client.query('SHOW work_mem')).rows).toEqual([{ work_mem: '9MB' }]);
    // Named statements do so too.
    await client.query("SET statement_timeout TO '4321ms'");
    for (let n = 0; n < 3; n++) {
      const named = await client.query({ name: 'one', text: 'SHOW statement_timeout' });
      expect(named.rows).toEqual([{ statement_timeout: '4321ms' }]);
      await other.query('SELECT 1');
    }
    await Promise.all([client.end(), other.end()]);
  }
});

test('server_fast_close ends sessions whose server is replaced, between two transactions', async () => {
  const settings = { pool_mode: 'session', server_fast_close: true };
  await using agent = await start(settings);
  const [idle, busy] = [await connect(agent), await connect(agent)];
  await idle.client.query('SELECT 1');
  await busy.client.query('BEGIN');
  const pid = await pidOf(busy.client);
  await reload(agent, { ...settings, databases: { shop: { connect_query: 'SELECT 1' } } });
  const reason =
    '57P01 terminating connection because its server connection is replaced (server_fast_close): the settings of the database changed';
  expect(await idle.end).toBe(reason);
  expect(await pidOf(busy.client)).toBe(pid);
  await busy.client.query('COMMIT');
  expect(await busy.end).toBe(reason);
});

test('without server_fast_close a session keeps its server until it leaves', async () => {
  const settings = { pool_mode: 'session' };
  await using agent = await start(settings);
  const { client } = await connect(agent);
  const pid = await pidOf(client);
  await reload(agent, { ...settings, databases: { shop: { connect_query: 'SELECT 1' } } });
  await agent.status();
  expect(await pidOf(client)).toBe(pid);
  await client.end();
});

test('a server that is full (53300) serves clients by the connections that it gave', async () => {
  await using agent = await start({ default_pool_size: 5 });
  // Of those that come at once to a role with one place PostgreSQL may refuse every one: the place is taken before.
  const first = await connect(agent);
  await first.client.query('SELECT 1');
  await postgres.sql('ALTER ROLE app CONNECTION LIMIT 1');
  try {
    const all = [first, ...(await Promise.all(Array.from({ length: 5 }, () => connect(agent))))];
    const answers = await Promise.all(all.map(({ client }) => client.query('SELECT pg_sleep(0.05), 1 AS n')));
    expect(answers.map(({ rows }) => rows[0].n)).toEqual([1, 1, 1, 1, 1, 1]);
    await Promise.all(all.map(({ client }) => client.end()));
  } finally {
    await postgres.sql('ALTER ROLE app CONNECTION LIMIT -1');
  }
});

test('a server that is full and gave none fails a client that is logged in, with its own reason and SQLSTATE', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const { client, end } = await connect(agent);
  client.on('error', () => {});
  const pid = await pidOf(client);
  await postgres.sql('ALTER ROLE app CONNECTION LIMIT 0');
  try {
    await postgres.sql(`SELECT pg_terminate_backend(${pid}, 5000)`);
    await agent.waitForLog('server connection lost');
    const said = await client.query('SELECT 1').then(
      () => 'answered',
      (error: { code: string; message: string }) => `${error.code} ${error.message}`,
    );
    expect(said).toBe('53300 too many connections for role "app" (the server refused our login)');
    await end;
  } finally {
    await postgres.sql('ALTER ROLE app CONNECTION LIMIT -1');
  }
});

test('a server that is stopping (57P03) says so to who logs in, with that SQLSTATE, until it is back', async () => {
  await using agent = await start({});
  const holder = new pg.Client(postgres.superuserUrl);
  holder.on('error', () => {});
  await holder.connect();
  const outcome = (connecting: Promise<unknown>): Promise<string> =>
    connecting.then(
      () => 'let in',
      (error: { code?: string; message: string }) => `${error.code} ${error.message}`,
    );
  const direct = async (): Promise<string> => {
    const client = new pg.Client(postgres.superuserUrl);
    const said = await outcome(client.connect());
    await client.end().catch(() => {});
    return said;
  };
  // A smart shutdown waits for those who are there, and lets nobody else in.
  process.kill(postgres.pid(), 'SIGTERM');
  const stopping = '57P03 the database system is shutting down';
  while ((await direct()) !== stopping);
  expect(await outcome(connect(agent))).toBe(
    '57P03 the database system is shutting down (the server refused our login)',
  );
  await holder.end();
  await postgres.restart();
  for (;;) {
    const login = await connect(agent).catch(() => undefined);
    if (login === undefined) continue;
    expect((await login.client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await login.client.end();
    return;
  }
});
