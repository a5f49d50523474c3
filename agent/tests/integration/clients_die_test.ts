// Clients that vanish without a word: their transactions are rolled back, and their servers serve others.

import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { type Child, createNursery } from '../harness/nursery.ts';
import { ask, libpqEnvironment, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const nursery = createNursery('die');

const { authority, postgres } = await openShop();
await postgres.sql('CREATE TABLE stock (n int); ALTER TABLE stock OWNER TO app', 'shop');
afterAll(() => nursery.close());

function start(): Promise<Agent> {
  // Plain, because slow_client.ts speaks the protocol itself.
  return serve({ postgres, authority, settings: { default_pool_size: 1, auth_type: 'plain' } });
}

/** psql that runs a script of shell words; it is killed in the middle of it. */
function psql(agent: Agent, ...statements: string[]): Child {
  const words = statements.flatMap((sql) => ['-c', sql]);
  return nursery.spawn(['psql', '-X', '-q', ...words], {
    output: 'pipe',
    env: libpqEnvironment(through(agent, postgres.passwordOf('app'))),
  });
}

/** Waits until PostgreSQL shows somebody at this. */
async function untilSeen(condition: string): Promise<number> {
  const sql = `SELECT pid FROM pg_stat_activity WHERE usename = 'app' AND ${condition}`;
  for (;;) {
    const [row] = await postgres.sql<{ pid: number }>(sql);
    if (row !== undefined) return row.pid;
    await Bun.sleep(5);
  }
}

async function kill(child: Child): Promise<void> {
  child.kill('SIGKILL');
  await child.exited;
}

test('killed in a transaction: it is rolled back, and the same server serves the next client', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  const child = psql(agent, 'BEGIN', 'INSERT INTO stock VALUES (1)', '\\! sleep 60');
  const pid = await untilSeen("state = 'idle in transaction' AND query LIKE 'INSERT%'");
  await kill(child);
  expect(await ask(login, 'SELECT count(*), pg_backend_pid() FROM stock')).toBe(`0|${pid}`);
  expect(await ask(login, "SELECT count(*) FROM pg_locks WHERE relation = 'stock'::regclass")).toBe('0');
});

test('killed in a failed transaction: likewise', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  const child = psql(agent, 'BEGIN', 'INSERT INTO stock VALUES (1)', 'SELECT 1/0', '\\! sleep 60');
  const pid = await untilSeen("state = 'idle in transaction (aborted)'");
  await kill(child);
  expect(await ask(login, 'SELECT count(*), pg_backend_pid() FROM stock')).toBe(`0|${pid}`);
});

test('killed while it is idle: nothing happens at all', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  const child = psql(agent, 'SELECT 1', '\\! sleep 60');
  const pid = await untilSeen("query = 'SELECT 1' AND state = 'idle'");
  await kill(child);
  expect(await ask(login, 'SELECT pg_backend_pid()')).toBe(String(pid));
});

test('killed in a query: it is cancelled and undone, and the same server serves the next client', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  const child = psql(agent, 'BEGIN; INSERT INTO stock VALUES (1); SELECT pg_sleep(60); SELECT 1');
  const pid = await untilSeen("state = 'active' AND wait_event = 'PgSleep'");
  await kill(child);
  expect(await ask(login, 'SELECT count(*), pg_backend_pid() FROM stock')).toBe(`0|${pid}`);
});

test('killed in a query that cancel_abandoned_queries leaves alone: it runs to its end', async () => {
  const settings = { default_pool_size: 1, cancel_abandoned_queries: false };
  await using agent = await serve({ postgres, authority, settings });
  const login = through(agent, postgres.passwordOf('app'));
  const child = psql(agent, 'INSERT INTO stock SELECT 1 FROM pg_sleep(1)');
  const pid = await untilSeen("state = 'active' AND wait_event = 'PgSleep'");
  await kill(child);
  expect(await ask(login, 'SELECT count(*), pg_backend_pid() FROM stock')).toBe(`1|${pid}`);
  await ask(login, 'DELETE FROM stock');
});

test('killed while a large result comes: it is cancelled, and the same server serves others', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  // One that takes a little and then nothing, so that the server has to wait for it.
  const sql = "SELECT repeat('x', 1000) FROM generate_series(1, 100000000)";
  const words = [`${agent.socketDir}/.s.PGSQL.5432`, 'app', login.password, 'shop', '0', sql];
  const script = join(import.meta.dir, 'slow_client.ts');
  const child = nursery.spawn([process.execPath, script, ...words], { output: 'pipe' });
  const pid = await untilSeen("state = 'active' AND wait_event = 'ClientWrite'");
  await kill(child);
  expect(await ask(login, 'SELECT pg_backend_pid()')).toBe(String(pid));
});

test('killed in a COPY FROM STDIN: nothing of it stays', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  const child = psql(agent, "\\copy stock from program 'seq 1 1000; sleep 60'");
  const pid = await untilSeen("query LIKE 'COPY%' AND wait_event = 'ClientRead'");
  await kill(child);
  expect(await ask(login, 'SELECT count(*), pg_backend_pid() FROM stock')).toBe(`0|${pid}`);
  expect(postgres.logText()).toContain(
    'COPY from stdin failed: the client left while the server worked for it',
  );
});

test('a client that says goodbye in a transaction is rolled back as well', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  const child = psql(agent, 'BEGIN', 'INSERT INTO stock VALUES (1)');
  expect(await child.exited).toBe(0);
  expect(await ask(login, 'SELECT count(*) FROM stock')).toBe('0');
});

test('forty that are killed at once leave a pool that works, and no client behind', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  const children = Array.from({ length: 40 }, (_, who) =>
    psql(agent, ...(who % 2 === 0 ? ['BEGIN', 'SELECT 1'] : []), 'SELECT pg_sleep(30)'),
  );
  for (;;) {
    const { clients } = (await agent.status()) as { clients: { connected: number } };
    if (clients.connected === 40) break;
  }
  await Promise.all(children.map(kill));
  expect(await ask(login, 'SELECT 7')).toBe('7');
  expect((await agent.status()).clients).toMatchObject({ connected: 0, loggingIn: 0 });
});
