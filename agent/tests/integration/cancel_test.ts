// Ctrl-C through the agent: it ends the query that it means, on whichever server that runs, and never another's.

import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { connect } from 'node:net';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { createNursery } from '../harness/nursery.ts';
import { ask, libpqEnvironment, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const nursery = createNursery('cancel');

const { authority, postgres, connect: connectTo } = await openShop();
afterAll(() => nursery.close());

function start(settings: Application['settings'] = {}): Promise<Agent> {
  return serve({ postgres, authority, settings: { default_pool_size: 2, ...settings } });
}

/** A CancelRequest as the protocol has it; resolves when the agent has closed the connection, without an answer. */
function cancelRequest(agent: Agent, pid: number, key: number): Promise<void> {
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(80_877_102, 4);
  packet.writeInt32BE(pid, 8);
  packet.writeInt32BE(key, 12);
  return new Promise((resolve, reject) => {
    const socket = connect(`${agent.socketDir}/.s.PGSQL.5432`, () => socket.write(packet));
    socket.on('data', () => reject(new Error('a cancel request was answered')));
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
}

function keysOf(client: pg.Client): { processID: number; secretKey: number } {
  return client as unknown as { processID: number; secretKey: number };
}

async function untilActive(sql: string): Promise<void> {
  const count = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query = '${sql}'`;
  while ((await postgres.sql<{ n: number }>(count))[0]?.n === 0) await Bun.sleep(5);
}

/** What runs until `open()`, and then answers 42: it lasts as long as the test needs it, on however busy a machine. */
async function gate(): Promise<{ sql: string; open(): Promise<void> }> {
  const keeper = new pg.Client(postgres.superuserUrl.replace('/postgres?', '/shop?'));
  await keeper.connect();
  await keeper.query('SELECT pg_advisory_lock(4711)');
  // In the database of the others: locks are by database.
  return { sql: 'SELECT pg_advisory_xact_lock(4711), 42 AS n', open: () => keeper.end() };
}

test('Ctrl-C in psql cancels what psql does, and psql goes on', async () => {
  await using agent = await start();
  const other = await connectTo(agent);
  const slow = other.query('SELECT pg_sleep(1), 42 AS n');
  const child = Bun.spawn(['psql', '-XAt', '-v', 'VERBOSITY=verbose', '-f', '-'], {
    env: libpqEnvironment(through(agent, postgres.passwordOf('app'))),
    stdin: new Blob(["SELECT 'before';\nSELECT pg_sleep(60);\nSELECT 'after';\n"]),
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  });
  await untilActive('SELECT pg_sleep(60);');
  child.kill('SIGINT');
  // A script that is interrupted ends; what counts is how.
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(stdout).toStartWith('before\n');
  expect(stderr).toMatch(/ERROR: {2}57014: canceling statement due to user request/);
  expect((await slow).rows).toMatchObject([{ n: 42 }]);
  await other.end();
});

test('a cancel request for a client that waits takes it out of the queue, and it goes on', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const [busy, waiting] = [await connectTo(agent), await connectTo(agent)];
  const slow = busy.query('SELECT pg_sleep(60)');
  slow.catch(() => {}); // it is cancelled in the end
  await untilActive('SELECT pg_sleep(60)');
  const queued = waiting.query('SELECT $1::int AS n', [2]).then(
    () => 'it ran',
    (error: { code?: string; message: string }) => `${error.code} ${error.message}`,
  );
  while (((await agent.status()) as { clients: { waiting: number } }).clients.waiting === 0)
    await Bun.sleep(5);
  const { processID, secretKey } = keysOf(waiting);
  await cancelRequest(agent, processID, secretKey);
  expect(await queued).toBe('57014 canceling statement due to user request');
  const { processID: pid, secretKey: key } = keysOf(busy);
  await cancelRequest(agent, pid, key);
  expect((await waiting.query('SELECT 3 AS n')).rows).toEqual([{ n: 3 }]);
  await Promise.all([busy.end(), waiting.end()]);
});

test('a cancel request for a client that does nothing does nothing to anybody', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const [idle, busy] = [await connectTo(agent), await connectTo(agent)];
  // The idle one had this very server last.
  await idle.query('SELECT 1');
  const { sql, open } = await gate();
  const slow = busy.query(sql);
  await untilActive(sql);
  const { processID, secretKey } = keysOf(idle);
  for (let n = 0; n < 10; n++) await cancelRequest(agent, processID, secretKey);
  await open();
  expect((await slow).rows).toMatchObject([{ n: 42 }]);
  expect((await idle.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
  await Promise.all([idle.end(), busy.end()]);
});

test('a cancel request between two statements of a transaction leaves the transaction alone', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const client = await connectTo(agent);
  await client.query('BEGIN');
  const { processID, secretKey } = keysOf(client);
  await cancelRequest(agent, processID, secretKey);
  expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  await client.query('COMMIT');
  await client.end();
});

test('a wrong key, a pid that nobody has and the key of a server do nothing', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const client = await connectTo(agent);
  const { processID, secretKey } = keysOf(client);
  const { sql, open } = await gate();
  const slow = client.query(sql);
  await untilActive(sql);
  await cancelRequest(agent, processID, secretKey ^ 1);
  await cancelRequest(agent, processID ^ 1, secretKey);
  await cancelRequest(agent, 0, 0);
  await open();
  expect((await slow).rows).toMatchObject([{ n: 42 }]);
  await client.end();
});

test('cancel requests that come too late never hit the next client of the server', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const [hasty, patient] = [await connectTo(agent), await connectTo(agent)];
  const { processID, secretKey } = keysOf(hasty);
  let over = false;
  const foreign: string[] = [];
  let served = 0;
  const neighbour = (async () => {
    while (!over) {
      await patient.query('SELECT pg_sleep(0.002)').then(
        () => served++,
        (error: pg.DatabaseError) => foreign.push(error.message),
      );
    }
  })();
  let canceled = 0;
  let rounds = 0;
  // While a cancel request is on its way nobody has the server: on a busy machine the neighbour's turns take many rounds,
  // and so does a request that comes too late.
  const isSeen = (): boolean => served > 10 && canceled > 0 && canceled < rounds;
  for (let n = 0; n < 150 || (!isSeen() && n < 10_000); n++) {
    rounds++;
    // Sent together, with queries of 0 to 29 ms: the request arrives before, while or after the query runs.
    const query = hasty.query(`SELECT pg_sleep(${(n % 30) / 1000})`).catch(({ code }: pg.DatabaseError) => {
      expect(code).toBe('57014');
      canceled++;
    });
    const request = cancelRequest(agent, processID, secretKey);
    await Promise.all([query, request]);
  }
  over = true;
  await neighbour;
  expect(foreign).toEqual([]);
  expect(served).toBeGreaterThan(10);
  expect(canceled).toBeGreaterThan(0);
  expect(canceled).toBeLessThan(rounds);
  await Promise.all([hasty.end(), patient.end()]);
});

test('a cancel request whose connection has ended never hits what the same client asks next', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const client = await connectTo(agent);
  const { processID, secretKey } = keysOf(client);
  const tally = { canceled: 0, late: 0 };
  // In a transaction, where the next query runs on the very server that the request is for.
  for (let n = 0; n < 150 || ((tally.canceled === 0 || tally.late === 0) && n < 10_000); n++) {
    await client.query('BEGIN');
    const query = client.query(`SELECT pg_sleep(${(n % 30) / 5_000})`).then(
      () => tally.late++,
      ({ code }: pg.DatabaseError) => {
        expect(code).toBe('57014');
        tally.canceled++;
      },
    );
    await Promise.all([query, cancelRequest(agent, processID, secretKey)]);
    await client.query('ROLLBACK');
    expect((await client.query('SELECT pg_sleep(0.01), $1::int AS n', [n])).rows).toMatchObject([{ n }]);
  }
  expect(tally.canceled).toBeGreaterThan(0);
  expect(tally.late).toBeGreaterThan(0);
  await client.end();
});

test('a query that was canceled leaves its server to others, in transactions as well', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const client = await connectTo(agent);
  const { processID, secretKey } = keysOf(client);
  await client.query('BEGIN');
  const slow = client.query('SELECT pg_sleep(60)').catch((error: pg.DatabaseError) => error.code);
  await untilActive('SELECT pg_sleep(60)');
  await cancelRequest(agent, processID, secretKey);
  expect(await slow).toBe('57014');
  const failed = await client.query('SELECT 1').catch((error: pg.DatabaseError) => error.code);
  expect(failed).toBe('25P02');
  await client.query('ROLLBACK');
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 7')).toBe('7');
  await client.end();
});
