// PostgreSQL goes away under load, and comes back: clients learn of it, and are served again without the agent's restart.

import { beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { ask, refused, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const { authority, postgres } = await openShop();
await postgres.sql('CREATE TABLE booked (who int, n int); ALTER TABLE booked OWNER TO app', 'shop');
beforeEach(() => postgres.sql('TRUNCATE booked', 'shop'));

function start(settings: Application['settings'] = {}): Promise<Agent> {
  return serve({
    postgres,
    authority,
    settings: { default_pool_size: 3, server_login_retry: '500ms', ...settings },
  });
}

interface Worker {
  /** Transactions that PostgreSQL said it had committed. */
  committed: number;
  /** Those that ended otherwise: SQLSTATE, or what the driver has instead. */
  readonly errors: string[];
}

/** What the server said, the loss of it, that it is not there, that it is coming up; the last are the driver's, for a FATAL between two queries. */
// EPIPE: the query crossed with the agent's last words, and the driver heard of the closed socket first.
const KNOWN =
  /^(08001|08004|08006|57P0[123]|Client has encountered a connection error.*|Connection terminated.*|EPIPE)$/;

/** Books in one transaction after another; comes back after every error, as an application's pool does. */
async function work(agent: Agent, who: number, isOver: () => boolean): Promise<Worker> {
  const url = agent.url('app', postgres.passwordOf('app'), 'shop');
  const worker: Worker = { committed: 0, errors: [] };
  let client: pg.Client | undefined;
  while (!isOver()) {
    try {
      if (client === undefined) {
        client = new pg.Client(url);
        // A FATAL between two queries comes here, and the next query then only says that the connection is gone.
        client.on('error', (error) => {
          worker.errors.push((error as pg.DatabaseError).code ?? error.message);
        });
        await client.connect();
      }
      await client.query('BEGIN');
      await client.query({
        name: 'book',
        text: 'INSERT INTO booked VALUES ($1, $2)',
        values: [who, worker.committed],
      });
      await client.query('COMMIT');
      worker.committed++;
    } catch (error) {
      worker.errors.push((error as pg.DatabaseError).code ?? (error as Error).message);
      await client?.end().catch(() => {}); // it may never have connected
      client = undefined;
      await Bun.sleep(5);
    }
  }
  await client?.end();
  return worker;
}

/** Twelve workers on three servers; `act` is told how to wait for progress. */
async function underLoad(
  agent: Agent,
  act: (progress: () => Promise<void>) => Promise<void>,
): Promise<Worker[]> {
  let over = false;
  const workers = Array.from({ length: 12 }, (_, who) => work(agent, who, () => over));
  const count = async () =>
    (await postgres.sql<{ n: number }>('SELECT count(*)::int AS n FROM booked', 'shop'))[0]!.n;
  async function progress(): Promise<void> {
    const before = await count();
    while ((await count()) < before + 200) await Bun.sleep(10);
  }
  await progress();
  await act(progress);
  await progress();
  over = true;
  return Promise.all(workers);
}

/** Nothing that was committed is lost, and of what failed at most its very last step may have happened. */
async function expectNothingLost(workers: readonly Worker[]): Promise<void> {
  const rows = await postgres.sql<{ who: number; n: number }>(
    'SELECT who, count(DISTINCT n)::int AS n FROM booked GROUP BY who ORDER BY who',
    'shop',
  );
  for (const [who, { committed }] of workers.entries()) {
    const there = rows.find((row) => row.who === who)?.n ?? 0;
    expect(there).toBeGreaterThanOrEqual(committed);
    expect(there).toBeLessThanOrEqual(committed + 1);
  }
}

test('killed by the kernel and started again: clients have errors, and then their servers back', async () => {
  await using agent = await start();
  const { pid } = agent;
  const workers = await underLoad(agent, async () => {
    await postgres.kill9();
    const login = through(agent, postgres.passwordOf('app'));
    expect(await refused(login)).toMatchObject({
      sqlstate: expect.stringMatching(/^(08001|08006|57P0[123])$/),
    });
    const waited = await agent.command('wait', '--timeout', '100ms');
    expect(waited.code).toBe(75);
    await postgres.restart();
    expect((await agent.command('wait', '--timeout', '20s')).code).toBe(0);
  });
  // Those who had a server lose it; those who wait for one need not notice.
  const errors = workers.flatMap((worker) => worker.errors);
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) expect(error).toMatch(KNOWN);
  for (const { committed } of workers) expect(committed).toBeGreaterThan(0);
  await expectNothingLost(workers);
  expect(agent.pid).toBe(pid);
  expect(agent.rssBytes()).toBeGreaterThan(0);
});

test('shut down as an operator does, and started again: the server says why, and the agent passes it on', async () => {
  await using agent = await start();
  const workers = await underLoad(agent, () => postgres.restart());
  const errors = workers.flatMap((worker) => worker.errors);
  for (const error of errors) expect(error).toMatch(KNOWN);
  expect(errors).toContain('57P01');
  await expectNothingLost(workers);
});

test('restarted while nobody asks: the next query has a new server and no error', async () => {
  await using agent = await start();
  const client = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
  await client.connect();
  await client.query('SELECT 1');
  const from = agent.logLines().length;
  await postgres.restart();
  await agent.waitForLog('server connection lost', from);
  expect((await client.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
  await client.end();
});

test('clients that wait while the server is gone are served when it is back within query_wait_timeout', async () => {
  await using agent = await start();
  const clients = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const client = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
      await client.connect();
      return client;
    }),
  );
  await postgres.shutDown();
  const waiting = Promise.all(clients.map((client) => client.query('SELECT 3 AS n')));
  await agent.waitForLog(({ msg }) => msg.includes('connection refused'));
  await postgres.restart();
  for (const { rows } of await waiting) expect(rows).toEqual([{ n: 3 }]);
  await Promise.all(clients.map((client) => client.end()));
});

test('one server that is terminated costs its own client a transaction, and nobody else', async () => {
  await using agent = await start();
  const [victim, other] = await Promise.all(
    [1, 2].map(async () => {
      const client = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
      client.on('error', () => {}); // the query that fails tells it
      await client.connect();
      return client;
    }),
  );
  await other!.query('BEGIN');
  await victim!.query('BEGIN');
  const { rows } = await victim!.query('SELECT pg_backend_pid() AS pid');
  await postgres.sql(`SELECT pg_terminate_backend(${rows[0].pid})`);
  const query = victim!.query('SELECT 1');
  expect(await query.catch(({ code, message }: pg.DatabaseError) => code ?? message)).toMatch(KNOWN);
  expect((await other!.query('SELECT 4 AS n')).rows).toEqual([{ n: 4 }]);
  await other!.query('COMMIT');
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 5')).toBe('5');
  await other!.end();
});
