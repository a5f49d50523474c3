// What an operator sees of clients that keep their servers, what ends a forgotten one, and what waits for them.

import { expect, setDefaultTimeout, test } from 'bun:test';
import type pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { consoleRows } from '../harness/console_rows.ts';
import { openShop } from '../harness/shop.ts';
import { endAll, openConsole } from './clients_in_states.ts';

setDefaultTimeout(60_000);

const { authority, postgres, connect: open } = await openShop();

/** Its operators are its own user, and `app` without a password. */
function start(settings: Readonly<Record<string, unknown>> = {}): Promise<Agent> {
  return serve({
    ...{ postgres, authority },
    settings: { auth_type: 'trust', admin_users: ['app'], default_pool_size: 2, ...settings },
  });
}

async function connect(agent: Agent): Promise<pg.Client> {
  const client = await open(agent);
  // The agent ends some of them.
  client.on('error', () => {});
  return client;
}

/** Clients that hold a session advisory lock each. */
async function holders(agent: Agent, keys: readonly number[]): Promise<pg.Client[]> {
  const clients: pg.Client[] = [];
  for (const key of keys) {
    const client = await connect(agent);
    await client.query(`SELECT pg_advisory_lock(${key})`);
    clients.push(client);
  }
  return clients;
}

async function refusalOf(client: pg.Client): Promise<string> {
  return client.query('SELECT 1').then(
    () => 'it was served',
    (error: Error) => error.message,
  );
}

async function untilPaused(agent: Agent): Promise<void> {
  for (;;) {
    const { databases } = (await agent.status()) as { databases: { paused: boolean }[] };
    if (databases.some(({ paused }) => paused)) return;
    await Bun.sleep(5);
  }
}

function lockHolders(agent: Agent): Promise<string[]> {
  return consoleRows(agent, 'SHOW CLIENTS').then((rows) =>
    rows.filter(({ pins }) => pins === 'advisory_lock').map(({ id }) => String(id)),
  );
}

test('who waits in vain is told that pins are why; status and the log have it; KILL_CLIENT ends one', async () => {
  await using agent = await start({ query_wait_timeout: 4 });
  const ends: Promise<string | undefined>[] = (await holders(agent, [1, 2])).map(
    (client) => new Promise((resolve) => client.once('error', ({ code }: pg.DatabaseError) => resolve(code))),
  );
  const third = await connect(agent);
  expect(await refusalOf(third)).toBe(
    'query_wait_timeout: no server connection became free within 4 s: 2 of 2 are in use, ' +
      '2 of them kept by pinned clients (advisory_lock=2), and 1 client waits',
  );
  const line = await agent.waitForLog(({ msg }) => msg.includes('pinned clients keep every server'));
  expect(line).toMatchObject({
    level: 40,
    database: 'shop',
    user: 'app',
    pins: 'advisory_lock=2',
    waiting: 1,
  });
  const { pools } = (await agent.status()) as { pools: Record<string, unknown>[] };
  expect(pools[0]).toMatchObject({ clientsPinned: 2, pins: [{ pin: 'advisory_lock', clients: 2 }] });
  expect((await agent.command('status')).stdout).toMatch(/ 2 pinned \(advisory_lock=2\)\n/);
  const rows = await consoleRows(agent, 'SHOW POOLS');
  expect(rows.find(({ database }) => database === 'shop')).toMatchObject({
    ...{ cl_pinned: 2, pins: 'advisory_lock=2' },
  });

  const [first, second] = await lockHolders(agent);
  await consoleRows(agent, `KILL_CLIENT ${first}`);
  expect(await Promise.race(ends)).toBe('57P01');
  const late = await connect(agent);
  expect(await refusalOf(late)).toBe('it was served');
  expect(await lockHolders(agent)).toEqual([second!]);
});

test('client_idle_timeout ends a client that forgot its lock, and its server is lent on without it', async () => {
  await using agent = await start({ default_pool_size: 1, client_idle_timeout: 1 });
  await holders(agent, [7]);
  const next = await connect(agent);
  const { rows } = await next.query(
    "SELECT count(*)::int AS locks FROM pg_locks WHERE locktype = 'advisory'",
  );
  expect(rows).toEqual([{ locks: 0 }]);
});

test('PAUSE and WAIT_CLOSE wait for a pin to end, and RESUME of another console ends PAUSE', async () => {
  await using agent = await start();
  const ended: (() => unknown)[] = [];
  try {
    const [tell, other] = [await openConsole(agent, ended), await openConsole(agent, ended)];
    const [holder] = await holders(agent, [1]);
    let answered: string[] = [];
    const say = (words: string): Promise<unknown> => tell(words).then((tag) => answered.push(tag));
    const paused = say('PAUSE shop');
    await untilPaused(agent);
    // The client that is pinned is served: it is what has to come to an end.
    await holder!.query('SELECT 1');
    expect(answered).toEqual([]);
    await other('RESUME shop');
    await paused;
    expect(answered).toEqual(['PAUSE']);

    answered = [];
    const pausedAgain = say('PAUSE shop');
    await untilPaused(agent);
    await holder!.query('SELECT pg_advisory_unlock(1)');
    await pausedAgain;
    expect(answered).toEqual(['PAUSE']);
    await other('RESUME shop');

    await holder!.query('CREATE TEMP TABLE t (n int)');
    await other('RECONNECT shop');
    answered = [];
    const closed = say('WAIT_CLOSE shop');
    await holder!.query('SELECT 1');
    expect(answered).toEqual([]);
    await holder!.query('DROP TABLE t');
    await closed;
    expect(answered).toEqual(['WAIT_CLOSE']);
  } finally {
    await endAll(ended);
  }
});

test('SIGINT waits for a pin to end, and serves its client until then', async () => {
  await using agent = await start({ drain_timeout: 0 });
  const [holder] = await holders(agent, [1]);
  agent.signal('SIGINT');
  await agent.waitForLog('draining');
  await holder!.query('SELECT 1');
  await holder!.query('SELECT pg_advisory_unlock(1)');
  expect(await agent.exited).toBe(0);
});

test('a client that is pinned, and in no transaction, is told when its server is lost', async () => {
  await using agent = await start();
  const [holder] = await holders(agent, [1]);
  const told = new Promise<pg.DatabaseError>((resolve) => holder!.once('error', resolve as never));
  await postgres.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted",
  );
  const { code, message } = await told;
  expect(code).toMatch(/^(57P01|08006)$/);
  expect(message).toEndWith('terminating connection due to administrator command');
});
