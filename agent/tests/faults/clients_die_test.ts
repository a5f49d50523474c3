// Clients are killed in the middle of transactions and of COPY while a bank works with the same pool: nothing of theirs stays.

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import type { Agent } from '../harness/agent.ts';
import { type Child, createNursery } from '../harness/nursery.ts';
import { libpqEnvironment, through } from '../harness/psql.ts';
import { Bank } from './bank.ts';
import { held } from './ledger.ts';

setDefaultTimeout(60_000);

const nursery = createNursery('victims');
let bank: Bank;
beforeAll(async () => {
  bank = await Bank.open();
}, 60_000);
beforeEach(() => bank.reset());
afterAll(async () => {
  await bank?.close();
  await nursery.close();
});

/** Shell words of psql; the last one never ends by itself. */
const MIDDLES: Readonly<Record<string, readonly string[]>> = {
  'a transaction': ['BEGIN', 'INSERT INTO parcels VALUES (1, 1)', '\\! sleep 600'],
  'a transaction that holds a row of the bank': [
    'BEGIN',
    'UPDATE accounts SET balance = balance - 1 WHERE id = 3',
    '\\! sleep 600',
  ],
  'a transaction that has failed': [
    'BEGIN',
    'INSERT INTO parcels VALUES (2, 1)',
    'SELECT 1/0',
    '\\! sleep 600',
  ],
  'a COPY FROM STDIN': ['\\copy parcels from program \'yes "3\t1" | head -100000; sleep 600\''],
  'a COPY TO STDOUT': [
    "\\copy (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) to program 'sleep 600'",
  ],
  'a query': ['BEGIN; INSERT INTO parcels VALUES (4, 1); SELECT pg_sleep(600)'],
};

function psql(agent: Agent, statements: readonly string[]): Child {
  return nursery.spawn(['psql', '-X', '-q', ...statements.flatMap((sql) => ['-c', sql])], {
    output: 'pipe',
    env: libpqEnvironment(through(agent, bank.postgres.passwordOf('app'), { env: { PGAPPNAME: 'victim' } })),
  });
}

/** Each of them is where it will be killed. */
async function untilStuck(): Promise<void> {
  const sql = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'victim' AND
    (state LIKE 'idle in transaction%' OR wait_event IN ('PgSleep', 'ClientWrite')
     OR (query LIKE 'COPY  parcels%' AND wait_event = 'ClientRead'))`;
  for (;;) {
    const [row] = await bank.postgres.sql<{ n: number }>(sql);
    if (row!.n === Object.keys(MIDDLES).length) return;
    await Bun.sleep(20);
  }
}

test(`clients killed with -9 in ${Object.keys(MIDDLES).join(', in ')}, twice: the bank notices nothing`, async () => {
  // A server for everybody: those who wait for a victim's row must not keep the next victim out.
  await using agent = await bank.start({ default_pool_size: 16 });
  const ledger = await bank.underLoad({ agent }, async (load) => {
    for (let times = 0; times < 2; times++) {
      const victims = Object.values(MIDDLES).map((statements) => psql(agent, statements));
      await untilStuck();
      for (const victim of victims) victim.kill('SIGKILL');
      await Promise.all(victims.map((victim) => victim.exited));
      await load.progress(50);
    }
  });
  // Nobody else has been told of any error.
  expect(ledger.errors).toEqual([]);
  expect(await bank.postgres.sql('SELECT count(*)::int AS n FROM parcels', 'shop')).toEqual([{ n: 0 }]);
  const { clients } = (await agent.status()) as { clients: { connected: number } };
  expect(clients.connected).toBe(0);
});

test('twenty clients that come, begin and are killed, over and over, leave no server behind', async () => {
  await using agent = await bank.start();
  const ledger = await bank.underLoad({ agent }, async (load) => {
    for (let times = 0; times < 3; times++) {
      const victims = Array.from({ length: 20 }, () => psql(agent, MIDDLES['a transaction']!));
      await load.progress(5);
      for (const victim of victims) victim.kill('SIGKILL');
      await Promise.all(victims.map((victim) => victim.exited));
    }
  });
  expect(ledger.errors).toEqual([]);
  expect(await bank.postgres.sql('SELECT count(*)::int AS n FROM parcels', 'shop')).toEqual([{ n: 0 }]);
});

test('a client that is frozen in a transaction loses it after idle_transaction_timeout, and is told so when it wakes up', async () => {
  await using agent = await bank.start({ idle_transaction_timeout: '1s' });
  // The shell that psql starts stops its parent.
  const child = psql(agent, [
    'BEGIN',
    'UPDATE accounts SET balance = 0 WHERE id = 3',
    '\\! kill -STOP $PPID',
    'COMMIT',
  ]);
  await agent.waitForLog(({ code }) => code === 'idle_transaction_timeout');
  while ((await held(bank.postgres)).locks > 0) await Bun.sleep(10);
  child.kill('SIGCONT');
  const told = await new Response(child.stderr as ReadableStream).text();
  expect(told).toContain(
    'FATAL:  idle transaction timeout: it said nothing for longer than idle_transaction_timeout (1 s)',
  );
  expect(await child.exited).not.toBe(0);
  const balance = 'SELECT balance::int FROM accounts WHERE id = 3';
  expect(await bank.postgres.sql(balance, 'shop')).toEqual([{ balance: 100_000 }]);
});
