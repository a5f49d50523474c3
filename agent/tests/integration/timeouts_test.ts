// Clients that take too long, as a driver sees it: the reason with its SQLSTATE, and nothing left behind at PostgreSQL.

import { expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { ask, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres } = await openShop();
await postgres.sql('CREATE TABLE stock (n int); ALTER TABLE stock OWNER TO app', 'shop');

function start(settings: Application['settings']): Promise<Agent> {
  return serve({ postgres, authority, settings: { default_pool_size: 1, ...settings } });
}

interface Told {
  readonly client: pg.Client;
  /** SQLSTATE and sentence of what ends the connection while nothing is asked. */
  readonly end: Promise<string>;
  readonly notices: string[];
}

async function connect(agent: Agent): Promise<Told> {
  const client = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
  const notices: string[] = [];
  client.on('notice', ({ message }) => notices.push(message ?? ''));
  const end = new Promise<string>((resolve) => {
    client.once('error', (error) => {
      resolve(`${(error as { code?: string }).code} ${error.message}`);
      client.on('error', () => {}); // that the connection ended is told after why it did
    });
  });
  await client.connect();
  return { client, end, notices };
}

async function pidOf(agent: Agent): Promise<string> {
  return ask(through(agent, postgres.passwordOf('app')), 'SELECT pg_backend_pid()');
}

test('query_timeout cancels the query at PostgreSQL, and the server serves the next client', async () => {
  await using agent = await start({ query_timeout: '1s' });
  const before = await pidOf(agent);
  const { client } = await connect(agent);
  client.on('error', () => {}); // the query is told first
  const said = await client
    .query('SELECT pg_sleep(60)')
    .catch((error: { code: string; message: string }) => error);
  expect(said).toMatchObject({
    code: '57014',
    message: 'query timeout: it ran for longer than query_timeout (1 s)',
  });
  expect(await pidOf(agent)).toBe(before);
});

test('idle_transaction_timeout rolls back what a client has forgotten', async () => {
  await using agent = await start({ idle_transaction_timeout: '1s' });
  const { client, end } = await connect(agent);
  await client.query('BEGIN');
  await client.query('INSERT INTO stock VALUES (1)');
  expect(await end).toBe(
    '25P03 idle transaction timeout: it said nothing for longer than idle_transaction_timeout (1 s)',
  );
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT count(*) FROM stock')).toBe('0');
});

test('transaction_timeout ends a transaction that is kept busy', async () => {
  await using agent = await start({ transaction_timeout: '2s' });
  const { client, end } = await connect(agent);
  await client.query('BEGIN');
  const busy = (async () => {
    for (;;) await client.query('SELECT pg_sleep(0.05)');
  })().catch((error: { code?: string; message: string }) => `${error.code} ${error.message}`);
  const first = await Promise.race([busy, end]);
  expect(first).toBe('25P04 transaction timeout: it took longer than transaction_timeout (2 s)');
});

test('client_idle_timeout closes a client that does nothing, and no other', async () => {
  await using agent = await start({ client_idle_timeout: '1s' });
  const [idle, busy] = [await connect(agent), await connect(agent)];
  const work = busy.client.query('SELECT pg_sleep(2), 7 AS n');
  expect(await idle.end).toBe('57P05 client_idle_timeout: it said nothing for 1 s');
  expect((await work).rows[0].n).toBe(7);
  await busy.client.end();
});

test('query_wait_notify tells a client that it waits, and it is served all the same', async () => {
  await using agent = await start({ query_wait_notify: '1s' });
  const [busy, waiting] = [await connect(agent), await connect(agent)];
  const slow = busy.client.query('SELECT pg_sleep(2)');
  const isBusy = "SELECT FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(2)'";
  while ((await postgres.sql(isBusy)).length === 0) await Bun.sleep(5);
  expect((await waiting.client.query('SELECT 8 AS n')).rows).toEqual([{ n: 8 }]);
  expect(waiting.notices).toEqual([
    'No server connection available in postgres backend, client being queued (since 1 s, 1 in the queue)',
  ]);
  await slow;
  await Promise.all([busy.client.end(), waiting.client.end()]);
});
