// What a client keeps of its server in each pool_mode, and what the next client finds there.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import type pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { ask, psql, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres, connect } = await openShop({ users: { app: '', worker: '' } });

function start(settings: Application['settings'] = {}): Promise<Agent> {
  return serve({ postgres, authority, settings: { default_pool_size: 1, ...settings } });
}

async function only(client: pg.Client, sql: string): Promise<unknown> {
  const { rows } = await client.query({ text: sql, rowMode: 'array' });
  return rows[0]?.[0];
}

function pid(client: pg.Client): Promise<unknown> {
  return only(client, 'SELECT pg_backend_pid()');
}

/** The pool of `user`, as status shows it. */
async function poolOf(agent: Agent, user = 'app') {
  const { pools } = (await agent.status()) as {
    pools: { user: string; mode: string; clientsWaiting: number }[];
  };
  return pools.find((pool) => pool.user === user);
}

describe('transaction mode', () => {
  test('clients take turns on one server between their transactions', async () => {
    await using agent = await start();
    const [one, two] = [await connect(agent), await connect(agent)];
    expect(await pid(one)).toBe(await pid(two));
    await one.query('BEGIN');
    await one.query('CREATE TEMP TABLE mine (n int) ON COMMIT DROP');
    let answered = false;
    const waiting = only(two, "SELECT to_regclass('pg_temp.mine')").then((found) => {
      answered = true;
      return found;
    });
    while ((await poolOf(agent))?.clientsWaiting !== 1) expect(answered).toBe(false);
    await one.query('INSERT INTO mine VALUES (1)');
    await one.query('COMMIT');
    expect(await waiting).toBeNull();
    await Promise.all([one.end(), two.end()]);
  });

  test('a failed transaction stays its own until it is rolled back', async () => {
    await using agent = await start();
    const [one, two] = [await connect(agent), await connect(agent)];
    await one.query('BEGIN');
    await one.query('SELECT 1/0').catch(() => {}); // that it fails is the point
    const waiting = only(two, 'SELECT 7');
    while ((await poolOf(agent))?.clientsWaiting !== 1) await Bun.sleep(1);
    await expect(one.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
    await one.query('ROLLBACK');
    expect(await waiting).toBe(7);
    await Promise.all([one.end(), two.end()]);
  });
});

describe('session mode', () => {
  test('a client keeps its server, with everything that it left there', async () => {
    await using agent = await start({ pool_mode: 'session' });
    const client = await connect(agent);
    const first = await pid(client);
    await client.query('CREATE TEMP TABLE mine AS SELECT 42 AS n');
    await client.query('PREPARE later AS SELECT n * 2 FROM mine');
    await client.query('DECLARE held CURSOR WITH HOLD FOR SELECT n FROM mine');
    await client.query("SET search_path = 'elsewhere', pg_temp");
    await client.query('SELECT pg_advisory_lock(7)');
    expect(await only(client, 'EXECUTE later')).toBe(84);
    expect(await only(client, 'FETCH 1 FROM held')).toBe(42);
    expect(await pid(client)).toBe(first);
    await client.end();
  });

  test('the next client finds nothing of it, on the same server', async () => {
    await using agent = await start({ pool_mode: 'session' });
    const client = await connect(agent);
    const first = await pid(client);
    await client.query(
      "CREATE TEMP TABLE mine AS SELECT 42 AS n; PREPARE later AS SELECT 1; SET work_mem = '7MB'",
    );
    await client.query('DECLARE held CURSOR WITH HOLD FOR SELECT 1; LISTEN news; SELECT pg_advisory_lock(7)');
    await client.query({ name: 'named', text: 'SELECT 1' });
    // As the application's end would be: in the middle of a transaction.
    await client.query("BEGIN; SET application_name = 'gone'; SELECT 1");
    await client.end();
    const next = await connect(agent);
    const left = await next.query(`
      SELECT pg_backend_pid() AS pid, to_regclass('pg_temp.mine') AS mine, current_setting('work_mem') AS work_mem,
        current_setting('application_name') AS name,
        (SELECT count(*)::int FROM pg_prepared_statements) AS statements,
        (SELECT count(*)::int FROM pg_cursors WHERE name = 'held') AS cursors,
        (SELECT count(*)::int FROM pg_listening_channels()) AS channels,
        (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks`);
    expect(left.rows).toEqual([
      { pid: first, mine: null, work_mem: '4MB', name: '', statements: 0, cursors: 0, channels: 0, locks: 0 },
    ]);
    await next.end();
  });

  test('with one server the second client waits until the first has left', async () => {
    await using agent = await start({ pool_mode: 'session' });
    const [one, two] = [await connect(agent), await connect(agent)];
    const first = await pid(one);
    const waiting = pid(two);
    while ((await poolOf(agent))?.clientsWaiting !== 1) await Bun.sleep(1);
    await one.query('SELECT 1');
    await one.end();
    expect(await waiting).toBe(first);
    await two.end();
  });

  test('LISTEN hears NOTIFY', async () => {
    await using agent = await start({ pool_mode: 'session', default_pool_size: 2 });
    const [listener, speaker] = [await connect(agent), await connect(agent)];
    const heard = new Promise((resolve) => listener.once('notification', resolve));
    await listener.query('LISTEN news');
    await speaker.query("NOTIFY news, 'extra'");
    expect(await heard).toMatchObject({ channel: 'news', payload: 'extra' });
    await Promise.all([listener.end(), speaker.end()]);
  });

  test('server_reset_query is what is sent between two clients', async () => {
    const settings = {
      pool_mode: 'session',
      server_reset_query: "SET application_name = 'washed'; DISCARD PLANS",
    };
    await using agent = await start(settings);
    const client = await connect(agent);
    await client.query('CREATE TEMP TABLE mine AS SELECT 42 AS n');
    await client.end();
    const next = await connect(agent);
    expect(await only(next, 'SELECT n FROM mine')).toBe(42);
    await next.end();
  });
});

describe('statement mode', () => {
  test('every statement may have another server, and nobody may begin a transaction', async () => {
    await using agent = await start({ pool_mode: 'statement' });
    const login = through(agent, postgres.passwordOf('app'));
    expect(await ask(login, 'SELECT 1')).toBe('1');
    const refused = await psql(login, ['-c', 'BEGIN']);
    expect(refused.stderr).toContain(
      'FATAL:  0A000: transaction blocks not allowed in statement pooling mode',
    );
    expect(await beginningEnds(await connect(agent))).toMatchObject({ severity: 'FATAL', code: '0A000' });
    // Nothing of it is left behind.
    expect(await ask(login, 'SELECT now() = statement_timestamp()')).toBe('t');
    const sql =
      "SELECT count(*)::int AS open FROM pg_stat_activity WHERE usename = 'app' AND state LIKE 'idle in%'";
    expect(await postgres.sql(sql)).toEqual([{ open: 0 }]);
  });

  test('a query of several statements is one transaction, also with BEGIN and COMMIT within', async () => {
    await using agent = await start({ pool_mode: 'statement' });
    const login = through(agent, postgres.passwordOf('app'));
    const sql =
      'CREATE TABLE once (n int); BEGIN; INSERT INTO once VALUES (1); COMMIT; SELECT n FROM once; DROP TABLE once';
    expect(await ask(login, sql)).toBe('1');
  });

  test('named statements of the protocol live on', async () => {
    await using agent = await start({ pool_mode: 'statement', default_pool_size: 2 });
    const clients = [await connect(agent), await connect(agent), await connect(agent)];
    await Promise.all(
      clients.map(async (client, who) => {
        for (let n = 0; n < 30; n++) {
          const { rows } = await client.query({
            name: 'same',
            text: `SELECT $1::int + ${who} AS n`,
            values: [n],
          });
          expect(rows).toEqual([{ n: n + who }]);
        }
      }),
    );
    await Promise.all(clients.map((client) => client.end()));
  });
});

test('a user may have another mode than its database, and a database than the agent', async () => {
  const users = { worker: { password: postgres.passwordOf('worker'), pool_mode: 'session' } };
  const databases = { shop: { pool_mode: 'statement' } };
  await using agent = await start({ users, databases });
  const [app, worker] = [await connect(agent), await connect(agent, 'worker')];
  expect([(await poolOf(agent))?.mode, (await poolOf(agent, 'worker'))?.mode]).toEqual([
    'statement',
    'session',
  ]);
  await worker.query('CREATE TEMP TABLE mine AS SELECT 42 AS n');
  await worker.query('BEGIN; COMMIT');
  expect(await only(worker, 'SELECT n FROM mine')).toBe(42);
  expect(await beginningEnds(app)).toMatchObject({ code: '0A000' });
  await worker.end();
});

/** The error of a client that begins a transaction where there may be none. */
function beginningEnds(client: pg.Client): Promise<unknown> {
  client.on('error', () => {}); // the end of the connection is told as well
  return client.query('BEGIN').catch((error: pg.DatabaseError) => error);
}
