// How many servers there are, for how long, and who gets the next one: asked of PostgreSQL itself, not of the agent.

import { expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { ask, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres } = await openShop({
  users: { app: '', worker: '' },
  databases: { shop: 'app', books: 'app' },
});

function start(settings: Application['settings'], databases: Record<string, unknown> = {}): Promise<Agent> {
  const books = { host: 'localhost', port: postgres.port, user: 'app', password: postgres.passwordOf('app') };
  const users = { worker: { password: postgres.passwordOf('worker') } };
  return serve({ postgres, authority, settings: { databases: { books, ...databases }, users, ...settings } });
}

async function connect(agent: Agent, user = 'app', database = 'shop'): Promise<pg.Client> {
  const client = new pg.Client(agent.url(user, postgres.passwordOf(user), database));
  await client.connect();
  return client;
}

interface Backend {
  readonly pid: number;
  readonly usename: string;
  readonly datname: string;
}

/** The connections that PostgreSQL has, but for its superuser's. */
function backends(): Promise<Backend[]> {
  return postgres.sql<Backend & Record<string, unknown>>(
    "SELECT pid, usename, datname FROM pg_stat_activity WHERE usename IN ('app', 'worker') ORDER BY backend_start",
  );
}

/** Looks again and again until it holds; the test's own limit ends a vain wait. */
async function until(holds: (backends: readonly Backend[]) => boolean): Promise<readonly Backend[]> {
  for (;;) {
    const found = await backends();
    if (holds(found)) return found;
    await Bun.sleep(10);
  }
}

/**
 * The most that there were at any one time, while `work` went on. One that was told goodbye, to make room for another, takes
 * PostgreSQL a moment to end: what counts was there at two looks.
 */
async function mostDuring(
  work: Promise<unknown>,
  count: (backends: readonly Backend[]) => number,
): Promise<number> {
  let most = 0;
  let over = false;
  void work.finally(() => {
    over = true;
  });
  let before = new Set<number>();
  while (!over) {
    const found = await backends();
    most = Math.max(most, count(found.filter(({ pid }) => before.has(pid))));
    before = new Set(found.map(({ pid }) => pid));
    await Bun.sleep(100);
  }
  await work;
  return most;
}

test('default_pool_size is never exceeded, however many clients come at once', async () => {
  await using agent = await start({ default_pool_size: 4 });
  const work = Promise.all(
    Array.from({ length: 40 }, async () => {
      const client = await connect(agent);
      for (let n = 0; n < 20; n++) await client.query('BEGIN; SELECT pg_sleep(0.005); COMMIT');
      await client.end();
    }),
  );
  expect(await mostDuring(work, (found) => found.length)).toBe(4);
});

test('a pool is of one database and one user, and max_db_connections stands above the users', async () => {
  await using agent = await start({ default_pool_size: 4, max_db_connections: 5 });
  const work = Promise.all(
    ['app', 'worker'].flatMap((user) =>
      Array.from({ length: 15 }, async () => {
        const client = await connect(agent, user);
        for (let n = 0; n < 10; n++) await client.query('SELECT pg_sleep(0.005)');
        await client.end();
        const other = await connect(agent, user, 'books');
        await other.query('SELECT 1');
        await other.end();
      }),
    ),
  );
  let mostOfUser = 0;
  const most = await mostDuring(work, (found) => {
    for (const user of ['app', 'worker'])
      mostOfUser = Math.max(
        mostOfUser,
        found.filter((each) => each.usename === user && each.datname === 'shop').length,
      );
    return found.filter(({ datname }) => datname === 'shop').length;
  });
  expect(most).toBeLessThanOrEqual(5);
  expect(mostOfUser).toBeLessThanOrEqual(4);
  // Everybody was served, so a full pool made room for the other user's.
  const { pools } = (await agent.status()) as { pools: { statistics: { queries: number } }[] };
  expect(pools.map(({ statistics }) => statistics.queries).sort()).toEqual([15, 15, 150, 150]);
});

test('max_user_connections stands above the databases', async () => {
  const users = { app: { max_user_connections: 3 } };
  await using agent = await start({ default_pool_size: 3, users });
  const work = Promise.all(
    ['shop', 'books'].flatMap((database) =>
      Array.from({ length: 10 }, async () => {
        const client = await connect(agent, 'app', database);
        for (let n = 0; n < 10; n++) await client.query('SELECT pg_sleep(0.005)');
        await client.end();
      }),
    ),
  );
  expect(await mostDuring(work, (found) => found.length)).toBeLessThanOrEqual(3);
});

test('pool_size of a database wins over default_pool_size', async () => {
  await using agent = await start({ default_pool_size: 4 }, { shop: { pool_size: 2 } });
  const clients = await Promise.all(Array.from({ length: 6 }, () => connect(agent)));
  await Promise.all(clients.map((client) => client.query('SELECT pg_sleep(0.05)')));
  expect((await backends()).length).toBe(2);
  await Promise.all(clients.map((client) => client.end()));
});

test('min_pool_size servers are there while anybody is, though nobody asks', async () => {
  await using agent = await start({ default_pool_size: 6, min_pool_size: 3 });
  const client = await connect(agent);
  await until((found) => found.length === 3);
  // One that goes away is replaced.
  const [first] = await backends();
  await postgres.sql(`SELECT pg_terminate_backend(${first!.pid})`);
  await until((found) => found.length === 3 && !found.some(({ pid }) => pid === first!.pid));
  expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  await client.end();
});

test('server_idle_timeout closes what nobody uses, down to min_pool_size', async () => {
  await using agent = await start({ server_idle_timeout: '1s', min_pool_size: 1 });
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(agent)));
  await Promise.all(clients.map((client) => client.query('SELECT pg_sleep(0.05)')));
  expect((await backends()).length).toBe(5);
  await until((found) => found.length === 1);
  // Whoever is in a transaction is not idle.
  await clients[0]!.query('BEGIN');
  const [own] = (await clients[0]!.query('SELECT pg_backend_pid() AS pid')).rows;
  await clients[1]!.query('SELECT 1');
  await until((found) => found.length === 1 && found[0]?.pid === own.pid);
  await clients[0]!.query('COMMIT');
  await Promise.all(clients.map((client) => client.end()));
});

test('server_lifetime replaces a server between two transactions, never within one', async () => {
  await using agent = await start({ server_lifetime: '1s', default_pool_size: 1 });
  const client = await connect(agent);
  const pid = async () => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number;
  await client.query('BEGIN');
  const first = await pid();
  const age = `SELECT now() - backend_start > '1.5s' AS old FROM pg_stat_activity WHERE pid = ${first}`;
  while ((await postgres.sql<{ old: boolean }>(age))[0]?.old === false) expect(await pid()).toBe(first);
  await client.query('COMMIT');
  const second = await pid();
  expect(second).not.toBe(first);
  // One that rests is closed as well.
  await until((found) => !found.some((each) => each.pid === second));
  expect(await pid()).not.toBe(second);
  await client.end();
});

test('who has waited longest is next', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const holder = await connect(agent);
  const waiters = await Promise.all(Array.from({ length: 12 }, () => connect(agent)));
  await holder.query('BEGIN');
  const served: number[] = [];
  const work = [];
  for (const [who, client] of waiters.entries()) {
    work.push(client.query('SELECT 1').then(() => served.push(who)));
    for (;;) {
      const { pools } = (await agent.status()) as { pools: { clientsWaiting: number }[] };
      if (pools[0]?.clientsWaiting === who + 1) break;
    }
  }
  await holder.query('COMMIT');
  await Promise.all(work);
  expect(served).toEqual(waiters.map((_, who) => who));
  await Promise.all([holder, ...waiters].map((client) => client.end()));
});

test('servers are lent out youngest use first, so that a small load needs one alone', async () => {
  await using agent = await start({ default_pool_size: 5 });
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(agent)));
  await Promise.all(clients.map((client) => client.query('SELECT pg_sleep(0.05)')));
  const pids = new Set<number>();
  for (let n = 0; n < 20; n++) {
    const { rows } = await clients[n % 5]!.query('SELECT pg_backend_pid() AS pid');
    pids.add(rows[0].pid);
  }
  expect(pids.size).toBe(1);
  await Promise.all(clients.map((client) => client.end()));
});

test('a client that has only logged in, or asks for nothing, holds no server', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const idle = await Promise.all(Array.from({ length: 30 }, () => connect(agent)));
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 7')).toBe('7');
  expect((await backends()).length).toBe(1);
  await Promise.all(idle.map((client) => client.end()));
});
