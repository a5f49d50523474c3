// What a client can make of names, and of replication: pools whose failures are nobody else's, and that leave nothing behind.

import { describe, expect, test } from 'bun:test';
import { ClientKey } from '../auth/client_key.ts';
import { Secret } from '../base/secret.ts';
import type { ReplicationSettings, Settings } from '../config/settings.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { errorResponse } from '../tests/harness/server_words.ts';
import { lookForServers } from './first_login.ts';
import type { Pool } from './pool.ts';
import { Waiting } from './pool_fixture.ts';
import { PoolIdentity } from './pool_identity.ts';
import { RECORDS_MAX, ReplicationRecords } from './replication_records.ts';

const DOWN = new Error('connection refused');
const LOGICAL: ReplicationSettings = { kind: 'logical', parameters: {} };
const any = databaseOf({ name: '*', dbname: '', user: '' });

function settings(more: Partial<Settings> = {}, anyMore: Partial<typeof any> = {}): Settings {
  return settingsOf([databaseOf(), { ...any, ...anyMore }], [userOf(), userOf({ name: 'worker' })], more);
}

async function ask(pool: Pool): Promise<Waiting> {
  const client = new Waiting(true);
  pool.request(client);
  await settle();
  return client;
}

/** As a login does it, which is refused at once by a failure that is fresh. */
async function replicates(plane: DataPlane, user = 'worker'): Promise<string> {
  const pool = plane.registry.dedicatedPool('idp', user, LOGICAL);
  pool.learn(new ClientKey(new Uint8Array(32)), user);
  return (await ask(pool)).fate;
}

/** Each login is told that its database is not there. */
async function saysMissing(plane: DataPlane): Promise<void> {
  plane.network.server.says(errorResponse('database "x" does not exist', 'FATAL', '3D000'));
  await settle();
}

describe('Pools that are there because somebody asked', () => {
  test('are those of names that only * serves, and those of clients that replicate', async () => {
    const AUTH = { user: 'worker', query: 'q' };
    const { registry } = await dataPlane(settings({}, { auth: { ...AUTH, database: '' } }));
    const found = (): boolean[] => [...registry].map(({ isIncidental }) => isIncidental);
    registry.pool('idp', 'worker');
    registry.pool('made_up', 'worker');
    registry.dedicatedPool('idp', 'worker', LOGICAL);
    expect(found()).toEqual([false, true, true]);
  });

  for (const [written, isIncidental] of [
    ['', true],
    ['directory', false],
  ] as const) {
    test(`are those that ask auth_query where auth_dbname is "${written}": ${isIncidental}`, async () => {
      const auth = { user: 'worker', query: 'q', database: written };
      const plane = await dataPlane(settings({}, { auth }));
      plane.network.welcome = () => DOWN;
      const asked = { ...auth, database: written || 'made_up' };
      await plane.registry.authQueries.find(asked, 'ann').catch(() => {});
      expect([...plane.registry].map((pool) => [pool.failing, pool.isIncidental])).toEqual([
        [true, isIncidental],
      ]);
    });
  }

  test('are not tried again for whoever asks how the agent is', async () => {
    const plane = await dataPlane(settings());
    plane.network.welcome = () => DOWN;
    await ask(plane.registry.pool('made_up', 'worker'));
    await replicates(plane);
    const before = plane.network.tried.length;
    plane.registry.tryAgain();
    await settle();
    expect([before, plane.network.tried.length]).toEqual([2, 2]);
    await ask(plane.registry.pool('idp', 'worker'));
    plane.registry.tryAgain();
    plane.clock.advance(100);
    plane.registry.tryAgain();
    await settle();
    expect(plane.network.tried.length).toBe(4);
  });

  test('are not made of * itself, by nobody', async () => {
    const plane = await dataPlane(settings({}, { user: 'worker', forceUser: true, minPoolSize: 1 }));
    plane.registry.tick(plane.clock.now());
    lookForServers(plane.registry);
    await settle();
    expect([...plane.registry].map(({ database }) => database.name)).toEqual(['idp']);
  });
});

describe('A database that * serves and that the server does not have', () => {
  test('is forgotten at once', async () => {
    const plane = await dataPlane(settings());
    plane.network.welcome = () => 'silent';
    const asked = plane.registry.pool('made_up', 'worker');
    const client = await ask(asked);
    expect([...plane.registry]).toEqual([asked]);
    await saysMissing(plane);
    expect([client.fate, [...plane.registry].length]).toEqual(['server_database_missing', 0]);
    plane.clock.advance(60_000);
    await settle();
    expect([plane.network.tried.length, plane.pendingTimers]).toEqual([1, 0]);
  });

  test('stays while somebody is in it, as does one that is listed', async () => {
    const plane = await dataPlane(settings());
    plane.network.welcome = () => 'silent';
    const used = plane.registry.pool('late', 'worker');
    used.clients = 1;
    await ask(used);
    await saysMissing(plane);
    const listed = plane.registry.pool('idp', 'worker');
    await ask(listed);
    await saysMissing(plane);
    expect([...plane.registry]).toEqual([used, listed]);
  });
});

describe('Logins to replicate that fail', () => {
  test('hold off the next one of the same user, who has a pool of his own again, and nobody else', async () => {
    const plane = await dataPlane(settings());
    plane.network.welcome = () => DOWN;
    expect(await replicates(plane)).toBe('server_unreachable');
    // What is left of it goes, and takes nothing along.
    plane.registry.tick(plane.clock.now());
    expect([...plane.registry].length).toBe(0);
    const second = plane.registry.dedicatedPool('idp', 'worker', LOGICAL);
    second.learn(new ClientKey(new Uint8Array(32)), 'worker');
    expect([second.failure.last?.code, second.failure.count]).toEqual(['server_unreachable', 1]);
    expect([await replicates(plane), plane.network.tried.length]).toEqual(['waiting', 1]);
    await replicates(plane, 'idp_app');
    expect(plane.network.tried.length).toBe(2);
    expect(plane.registry.pool('idp', 'worker').failing).toBe(false);
  });

  test('are forgiven by one that succeeds', async () => {
    const plane = await dataPlane(settings());
    plane.network.welcome = () => DOWN;
    await replicates(plane);
    plane.network.welcome = () => 'login';
    plane.clock.advance(100);
    expect(await replicates(plane)).toBe('leased');
    expect(await replicates(plane)).toBe('leased');
  });

  test('are forgiven where another password may have another answer', async () => {
    const plane = await dataPlane(settings());
    plane.network.welcome = () => DOWN;
    await replicates(plane);
    const worker = userOf({ name: 'worker', secret: new Secret(crypto.randomUUID()) });
    plane.registry.apply(settingsOf([databaseOf()], [worker]));
    plane.network.welcome = () => 'login';
    expect(plane.registry.dedicatedPool('idp', 'worker', LOGICAL).failing).toBe(false);
  });
});

describe('ReplicationRecords', () => {
  const identity = (): PoolIdentity => new PoolIdentity('worker', []);

  test('lets go of what nobody has used for a minute after its next try', () => {
    const records = new ReplicationRecords();
    records.failureFor('a', identity(), 0).retryAt = 5_000;
    records.tick(64_999);
    expect(records.size).toBe(1);
    records.tick(65_000);
    expect(records.size).toBe(0);
  });

  test('keeps no more than its limit, and those that were used last', () => {
    const records = new ReplicationRecords();
    const first = records.failureFor('0', identity(), 0);
    for (let at = 1; at < RECORDS_MAX; at++) records.failureFor(`${at}`, identity(), at);
    expect(records.failureFor('0', identity(), RECORDS_MAX)).toBe(first);
    records.failureFor('one more', identity(), RECORDS_MAX);
    expect(records.size).toBe(RECORDS_MAX);
    expect(records.failureFor('0', identity(), RECORDS_MAX)).toBe(first);
  });
});

describe('PoolRegistry.dedicatedPool()', () => {
  test('has no server for a database that is disabled', async () => {
    const { registry } = await dataPlane(settings());
    registry.holds.disabled.add('idp');
    expect(() => registry.dedicatedPool('idp', 'worker', LOGICAL)).toThrow('database "idp" is disabled');
    registry.holds.disabled.delete('idp');
    expect(registry.dedicatedPool('idp', 'worker', LOGICAL).user).toBe('worker');
  });

  test('counts its server under the role that is forced, and logs in with nothing that a client has', async () => {
    const forced = databaseOf({ user: 'boss', password: new Secret('made up'), forceUser: true });
    const plane = await dataPlane(settingsOf([forced], [userOf()], { max_user_connections: 1 }));
    const found = { secret: new Secret('of the client'), order: 1 };
    const pool = plane.registry.dedicatedPool('idp', 'idp_app', LOGICAL, found);
    expect([pool.user, pool.identity.user, pool.identity.secrets]).toEqual([
      'boss',
      'boss',
      [forced.password!],
    ]);
    expect((await ask(pool)).fate).toBe('leased');
    expect((await ask(plane.registry.pool('idp', 'idp_app'))).fate).toBe('waiting');
    expect(plane.network.tried.length).toBe(1);
  });
});
