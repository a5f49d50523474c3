// What an operator's verbs do to clients in every state, and what is said when they cannot.

import { describe, expect, test } from 'bun:test';
import { query, startup } from '../tests/harness/client_words.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { complete, ready } from '../tests/harness/server_words.ts';
import { Suspension } from './suspension.ts';
import { Verbs } from './verbs.ts';

interface VerbFixture {
  readonly plane: DataPlane;
  readonly verbs: Verbs;
}

async function fixture(poolSize = 1): Promise<VerbFixture> {
  const databases = [databaseOf({ poolSize }), databaseOf({ name: 'jobs', dbname: 'jobs' })];
  const plane = await dataPlane(settingsOf(databases, [userOf()]));
  const { context, registry, clock, log } = plane;
  return {
    plane,
    verbs: new Verbs({ plane: { context, registry, suspension: new Suspension(context) }, clock, log }),
  };
}

/** What a verb says no with; `done` when it does not. */
async function refusal(step: () => unknown): Promise<string> {
  try {
    await step();
  } catch (error) {
    return (error as Error).message;
  }
  return 'done';
}

describe('Verbs.pause()', () => {
  test('lets what runs end, closes every server, and resolves when none is left', async () => {
    const { plane, verbs } = await fixture();
    const client = await plane.client();
    const [server] = plane.servers;
    client.says(query('SELECT 1'));
    let isDone = false;
    const done = verbs.pause().then(() => {
      isDone = true;
    });
    await settle();
    expect([isDone, verbs.mode, plane.servers.length]).toEqual([false, 'paused', 1]);
    server!.says(complete('SELECT 1'), ready());
    await done;
    expect([client.heard(), plane.servers.length]).toEqual([['Complete SELECT 1', 'Ready I'], 0]);
    client.says(query('SELECT 2'));
    await settle();
    expect([client.heard(), plane.servers.length]).toEqual([[], 0]);
    verbs.resume();
    await settle();
    expect([verbs.mode, plane.servers.length]).toEqual(['running', 1]);
  });

  test('of one database leaves the others alone, and a client that comes waits for resume()', async () => {
    const { plane, verbs } = await fixture();
    await verbs.pause('idp');
    const client = plane.accept();
    client.says(startup({ user: 'idp_app', database: 'idp' }));
    const other = plane.accept();
    other.says(startup({ user: 'idp_app', database: 'jobs' }));
    await settle();
    expect([client.heard().at(-1), other.heard().at(-1)]).toEqual([undefined, 'Ready I']);
    verbs.resume('idp');
    await settle();
    expect(client.heard().at(-1)).toBe('Ready I');
  });

  test('ends for whoever waits when resume() is said', async () => {
    const { plane, verbs } = await fixture();
    const client = await plane.client();
    client.says(query('SELECT 1'));
    const done = verbs.pause('idp');
    verbs.resume('idp');
    expect(await refusal(() => done)).toBe('done');
  });
});

test('Verbs say no in the words of PgBouncer', async () => {
  const { verbs } = await fixture();
  const said: string[] = [];
  const steps: (() => unknown)[] = [
    () => verbs.resume(),
    () => verbs.resume('idp'),
    () => verbs.pause('nosuch'),
    () => verbs.pause('pgbouncer'),
    () => verbs.pause(),
    () => verbs.pause(),
    () => verbs.pause('idp'),
    () => verbs.kill('idp'),
    () => verbs.suspend(),
    () => verbs.resume(),
    () => verbs.disable('nosuch'),
    () => verbs.enable('pgbouncer'),
    () => verbs.reconnect('pgbouncer'),
    () => verbs.waitClose('pgbouncer'),
    () => verbs.kill('pgbouncer'),
    () => verbs.killClient(12345),
  ];
  for (const step of steps) said.push(await refusal(step));
  expect(said).toEqual([
    'pooler is not paused/suspended',
    'database idp is not paused',
    'no such database: nosuch',
    'cannot pause admin db: pgbouncer',
    'done',
    'already suspended/paused',
    'already suspended/paused',
    'already suspended/paused',
    'already suspended/paused',
    'done',
    'no such database: nosuch',
    'cannot disable admin db: pgbouncer',
    'cannot reconnect admin db: pgbouncer',
    'cannot wait in admin db: pgbouncer',
    'cannot kill admin db: pgbouncer',
    'client not found',
  ]);
});

test('Verbs.disable() refuses new clients of a database until enable(), and nobody who is there', async () => {
  const { plane, verbs } = await fixture();
  const client = await plane.client();
  verbs.disable('idp');
  const late = plane.accept();
  late.says(startup({ user: 'idp_app', database: 'idp' }));
  await settle();
  expect(late.heard()).toEqual(['FATAL 57P03 database "idp" is disabled']);
  client.says(query('SELECT 1'));
  plane.network.server.says(complete('SELECT 1'), ready());
  expect(client.heard()).toEqual(['Complete SELECT 1', 'Ready I']);
  verbs.enable('idp');
  await plane.client();
});

test('Verbs.kill() drops clients in every state and all servers, and holds who comes until resume()', async () => {
  const { plane, verbs } = await fixture();
  const [running, waiting, idle] = [await plane.client(), await plane.client(), await plane.client()];
  running.says(query('SELECT 1'));
  waiting.says(query('SELECT 2'));
  verbs.kill('idp');
  const told = 'FATAL 57P01 database removed: "idp" was killed by an administrator (KILL)';
  for (const client of [running, waiting, idle]) {
    expect([client.heard(), client.connection.isEnded]).toEqual([[told], true]);
  }
  const { clients } = plane.context;
  expect([clients.count, plane.pool().servers]).toEqual([0, 0]);
  const late = plane.accept();
  late.says(startup({ user: 'idp_app', database: 'idp' }));
  await settle();
  expect(late.heard().at(-1)).toBe('Ready I');
  late.says(query('SELECT 3'));
  await settle();
  expect(plane.pool().servers).toBe(0);
  verbs.resume('idp');
  await settle();
  expect(plane.pool().activeServers.length).toBe(1);
  plane.check();
});

test('Verbs.kill() without a database drops everybody, until resume()', async () => {
  const { plane, verbs } = await fixture();
  const client = await plane.client();
  client.says(query('SELECT 1'));
  verbs.kill();
  expect([client.connection.isEnded, verbs.mode, plane.pool().servers]).toEqual([true, 'paused', 0]);
  verbs.resume();
  expect(verbs.mode).toBe('running');
});

test('Verbs.killClient() ends one client and its server', async () => {
  const { plane, verbs } = await fixture(2);
  const [one, other] = [await plane.client(), await plane.client()];
  one.says(query('SELECT 1'));
  const [session] = plane.context.clients;
  verbs.killClient(session!.pid);
  expect(one.heard()).toEqual([
    'FATAL 57P01 admin forced disconnect: an administrator has killed this client (KILL_CLIENT)',
  ]);
  expect([other.connection.isEnded, plane.context.clients.count, plane.pool().servers]).toEqual([
    false,
    1,
    0,
  ]);
  plane.check();
});

describe('Verbs.suspend()', () => {
  test('reads nothing of anybody until resume()', async () => {
    const { plane, verbs } = await fixture();
    const client = await plane.client();
    await verbs.suspend();
    client.says(query('SELECT 1'));
    expect([verbs.mode, plane.pool().activeServers.length]).toEqual(['suspended', 0]);
    verbs.resume();
    expect([verbs.mode, plane.pool().activeServers.length]).toEqual(['running', 1]);
  });

  test('lends no server to who waits for one that logs in', async () => {
    const { plane, verbs } = await fixture(2);
    const [one, other] = [await plane.client(), await plane.client()];
    one.says(query('SELECT 1'));
    plane.network.welcome = () => 'silent';
    other.says(query('SELECT 2'));
    await settle();
    await verbs.suspend();
    // Its startup packet.
    plane.network.server.heardBytes();
    plane.network.server.greets();
    await settle();
    expect([plane.network.server.heard(), plane.pool().idle]).toEqual([[], 1]);
    verbs.resume();
    expect(plane.network.server.heard()).toEqual(['Query SELECT 2']);
  });

  test('resolves when what was written has left', async () => {
    const { plane, verbs } = await fixture();
    const client = await plane.client();
    client.connection.room = 0;
    client.says(query('SELECT 1'));
    plane.network.server.says(complete('SELECT 1'), ready());
    let isDone = false;
    const done = verbs.suspend().then(() => {
      isDone = true;
    });
    plane.clock.advance(1_000);
    await settle();
    expect(isDone).toBe(false);
    client.connection.drain();
    plane.clock.advance(1_000);
    await done;
    expect([client.heard(), client.connection.isClosed]).toEqual([['Complete SELECT 1', 'Ready I'], false]);
  });

  test('cuts off who does not read within suspend_timeout', async () => {
    const { plane, verbs } = await fixture();
    const client = await plane.client();
    client.connection.room = 0;
    client.says(query('SELECT 1'));
    plane.network.server.says(complete('SELECT 1'), ready());
    const done = verbs.suspend();
    for (let second = 0; second <= 10; second++) {
      plane.clock.advance(1_000);
      await settle();
    }
    await done;
    expect([client.connection.isClosed, verbs.mode]).toEqual([true, 'suspended']);
  });
});

test('Verbs.waitClose() resolves when the servers that RECONNECT replaces have gone', async () => {
  const { plane, verbs } = await fixture();
  const client = await plane.client();
  client.says(query('SELECT 1'));
  verbs.reconnect('idp');
  let isDone = false;
  const done = verbs.waitClose('idp').then(() => {
    isDone = true;
  });
  await settle();
  expect(isDone).toBe(false);
  plane.network.server.says(complete('SELECT 1'), ready());
  await done;
  expect(await refusal(() => verbs.waitClose())).toBe('done');
});
