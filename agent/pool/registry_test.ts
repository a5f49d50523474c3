// Pools by database and user: made when asked for, changed by a reload, kept under the limits above them, gone in the end.

import { describe, expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { Pool } from './pool.ts';
import { shape, Waiting } from './pool_fixture.ts';

const users = ['idp_app', 'worker'].map((name) => userOf({ name, secret: new Secret(crypto.randomUUID()) }));

function settings(
  databases: readonly Partial<DatabaseSettings>[],
  more: Partial<Settings> = {},
  people: readonly UserSettings[] = users,
): Settings {
  return settingsOf(
    databases.map((database) => databaseOf(database)),
    people,
    more,
  );
}

async function ask(pool: Pool, count: number): Promise<Waiting[]> {
  const all = Array.from({ length: count }, () => new Waiting());
  for (const each of all) pool.request(each);
  await settle();
  return all;
}

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AgentError) return `${error.code}: ${error.message}`;
  }
  throw new Error('it did not fail');
}

describe('PoolRegistry.pool()', () => {
  test('gives one pool to each pair of database and user', async () => {
    const { registry } = await dataPlane(settings([{}, { name: 'jobs' }]));
    const pool = registry.pool('idp', 'idp_app');
    expect(registry.pool('idp', 'idp_app')).toBe(pool);
    expect(registry.pool('idp', 'worker')).not.toBe(pool);
    expect(registry.pool('jobs', 'idp_app')).not.toBe(pool);
    expect([...registry].length).toBe(3);
  });

  test('says which databases are served when one is asked for that is not', async () => {
    const { registry } = await dataPlane(settings([{}, { name: 'jobs' }]));
    for (const name of ['nothing', 'constructor', '__proto__', 'toString'])
      expect(failure(() => registry.pool(name, 'idp_app'))).toStartWith('database_unknown: ');
    expect(failure(() => registry.pool('x', 'idp_app'))).toContain('idp, jobs');
  });

  test('logs in with the application’s own password, the user’s, or the one that is forced', async () => {
    const [own, forced] = [new Secret('own'), new Secret('forced')];
    const { registry } = await dataPlane(
      settings([{ password: own }, { name: 'jobs', user: 'boss', password: forced, forceUser: true }]),
    );
    expect(registry.pool('idp', 'idp_app').identity).toMatchObject({ user: 'idp_app', secrets: [own] });
    expect(registry.pool('idp', 'worker').identity).toMatchObject({
      user: 'worker',
      secrets: [users[1]!.secret!],
    });
    expect(registry.pool('jobs', 'worker').identity).toMatchObject({ user: 'boss', secrets: [forced] });
    expect(registry.pool('jobs', 'nobody').identity.user).toBe('boss');
  });

  test('takes the password that a role has at this one database', async () => {
    const there = new Secret(crypto.randomUUID());
    const people = [userOf({ name: 'worker', secret: users[1]!.secret, databaseSecrets: { jobs: there } })];
    const { registry } = await dataPlane(settings([{}, { name: 'jobs' }], {}, people));
    expect(registry.pool('idp', 'worker').identity.secrets).toEqual([users[1]!.secret!]);
    expect(registry.pool('jobs', 'worker').identity.secrets).toEqual([there]);
  });

  test('refuses a user whose password nobody knows', async () => {
    const { registry } = await dataPlane(settings([{}]));
    for (const user of ['stranger', 'constructor'])
      expect(failure(() => registry.pool('idp', user))).toStartWith('login_unusable: ');
  });
});

describe('PoolRegistry.apply()', () => {
  test('keeps servers whose identity did not change', async () => {
    const plane = await dataPlane(settings([{}]));
    const pool = plane.pool();
    const [one, two] = await ask(pool, 2);
    pool.release(one!.server!);
    plane.registry.apply(settings([{ poolSize: 7, queryWaitTimeoutMs: 1 }]));
    expect([shape(pool), pool.size, two!.server!.retired]).toEqual([[1, 1, 0, 0, 0], 7, undefined]);
    expect(pool.welcome).toBeDefined();
  });

  const changes: Readonly<Record<string, Partial<DatabaseSettings>>> = {
    'the host': { hosts: [{ host: '10.0.0.9', port: 5432 }] },
    'the password': { password: new Secret(crypto.randomUUID()) },
    sslmode: { sslmode: 'disable', sslrootcert: '/etc/other.pem' },
    'the parameters': { parameters: { search_path: 'app' } },
  };
  for (const [what, change] of Object.entries(changes)) {
    test(`replaces servers as they come free when ${what} changed`, async () => {
      const plane = await dataPlane(settings([{}]));
      const pool = plane.pool();
      const [one, two] = await ask(pool, 2);
      pool.release(one!.server!);
      plane.registry.apply(settings([change]));
      expect(shape(pool)).toEqual([0, 1, 0, 0, 0]);
      expect(pool.welcome).toBeUndefined();
      pool.release(two!.server!);
      expect(shape(pool)).toEqual([0, 0, 0, 0, 0]);
      plane.check();
    });
  }

  test('gives up a login to the old server, and dials the new one', async () => {
    const plane = await dataPlane(settings([{}]));
    plane.network.welcome = ({ host }) => (host === '10.0.0.1' ? 'silent' : 'login');
    const [client] = await ask(plane.pool(), 1);
    plane.registry.apply(settings([{ hosts: [{ host: '10.0.0.9', port: 5432 }] }]));
    await settle();
    expect([client!.server!.address.host, plane.pool().failure.count]).toEqual(['10.0.0.9', 0]);
    plane.check();
  });

  test('never greets with what an old server said', async () => {
    const plane = await dataPlane(settings([{}]));
    plane.network.welcome = ({ host }) => (host === '10.0.0.1' ? 'silent' : 'login');
    const [client] = await ask(plane.pool(), 1);
    plane.network.server.greets({ server_version: '9.6' });
    plane.registry.apply(settings([{ hosts: [{ host: '10.0.0.9', port: 5432 }] }]));
    await settle();
    expect(client!.server!.address.host).toBe('10.0.0.9');
    expect(plane.pool().welcome!.reported.get('server_version')).toBe('18.1');
    plane.check();
  });

  const at = (...names: string[]) => ({ hosts: names.map((host) => ({ host, port: 5432 })) });

  test('replaces servers of a host that is gone from the list, and leaves those of the others', async () => {
    const inTurn = { loadBalanceHosts: 'round-robin', poolSize: 4 } as const;
    const plane = await dataPlane(settings([{ ...at('one', 'two'), ...inTurn }]));
    const pool = plane.pool();
    const clients = await ask(pool, 4);
    for (const client of clients.slice(2)) pool.release(client.server!);
    plane.registry.apply(settings([{ ...at('three', 'two', 'four'), ...inTurn }]));
    expect(clients.slice(0, 2).map(({ server }) => [server!.address.host, server!.retired])).toEqual([
      ['one', 'its host is no longer one of the database'],
      ['two', undefined],
    ]);
    expect([...pool.idleServers].map(({ address }) => address.host)).toEqual(['two']);
    expect(pool.welcome).toBeDefined();
    for (const client of clients.slice(0, 2)) pool.release(client.server!);
    expect(shape(pool)).toEqual([2, 0, 0, 0, 0]);
    plane.check();
  });

  test('keeps every server when hosts are added or put into another order', async () => {
    const plane = await dataPlane(settings([at('one')]));
    const pool = plane.pool();
    const [client] = await ask(pool, 1);
    plane.registry.apply(settings([at('two', 'one')]));
    expect([client!.server!.retired, shape(pool)]).toEqual([undefined, [0, 1, 0, 0, 0]]);
    plane.check();
  });

  test('gives up a login to a host that is gone, and tries one that is new', async () => {
    const plane = await dataPlane(settings([at('dead', 'silent')]));
    plane.network.welcome = ({ host }) =>
      host === 'dead' ? new Error('connection refused') : host === 'silent' ? 'silent' : 'login';
    const [client] = await ask(plane.pool(), 1);
    plane.registry.apply(settings([at('dead', 'new')]));
    await settle();
    expect([client!.server!.address.host, plane.network.tried]).toEqual([
      'new',
      ['dead:5432', 'silent:5432', 'dead:5432', 'new:5432'],
    ]);
    plane.check();
  });

  test('drains a database that is gone, and forgets it when its last client has gone', async () => {
    const plane = await dataPlane(settings([{}, { name: 'jobs' }]));
    const pool = plane.registry.pool('jobs', 'idp_app');
    pool.clients = 1;
    const [client] = await ask(pool, 1);
    plane.registry.apply(settings([{}]));
    expect([pool.removed, failure(() => plane.registry.pool('jobs', 'idp_app')).split(':')[0]]).toEqual([
      true,
      'database_unknown',
    ]);
    plane.registry.tick(plane.clock.now());
    expect([...plane.registry]).toContain(pool);
    pool.release(client!.server!);
    pool.clients = 0;
    plane.registry.tick(plane.clock.now());
    expect([...plane.registry]).toEqual([]);
  });

  test('backs off from a server that is gone, although its database is too', async () => {
    const plane = await dataPlane(settings([{ name: 'jobs' }]));
    plane.network.welcome = () => new Error('connection refused');
    const pool = plane.registry.pool('jobs', 'idp_app');
    await ask(pool, 1);
    plane.registry.apply(settings([{}]));
    pool.resume();
    await settle();
    await settle();
    expect([plane.network.tried.length, pool.failing]).toEqual([2, true]);
    plane.check();
  });

  test('takes a database back that comes back', async () => {
    const plane = await dataPlane(settings([{ name: 'jobs' }]));
    const pool = plane.registry.pool('jobs', 'idp_app');
    plane.registry.apply(settings([{}]));
    plane.registry.apply(settings([{ name: 'jobs' }]));
    expect([pool.removed, plane.registry.pool('jobs', 'idp_app')]).toEqual([false, pool]);
  });

  test('leaves a user that is gone what it had, for the clients that are there', async () => {
    const plane = await dataPlane(settings([{}]));
    const pool = plane.registry.pool('idp', 'worker');
    plane.registry.apply(settings([{}], {}, [users[0]!]));
    expect(pool.identity).toMatchObject({ user: 'worker', secrets: [users[1]!.secret!] });
  });
});

describe('PoolRegistry and the limits above its pools', () => {
  async function twoPools(
    database: Partial<DatabaseSettings>,
    more: Partial<Settings> = {},
  ): Promise<[DataPlane, Pool, Pool]> {
    const plane = await dataPlane(
      settings(
        [
          { poolSize: 5, ...database },
          { name: 'jobs', poolSize: 5 },
        ],
        more,
      ),
    );
    return [plane, plane.registry.pool('idp', 'idp_app'), plane.registry.pool('idp', 'worker')];
  }

  test('max_db_connections holds over all users of a database', async () => {
    const [plane, app, worker] = await twoPools({ maxDbConnections: 3 });
    await ask(app, 2);
    const rest = await ask(worker, 2);
    expect([rest.map(({ fate }) => fate), worker.room]).toEqual([['leased', 'waiting'], 0]);
    plane.check();
  });

  test('max_user_connections holds over all databases of a user', async () => {
    const people = [userOf({ maxUserConnections: 2 })];
    const plane = await dataPlane(settings([{ poolSize: 5 }, { name: 'jobs', poolSize: 5 }], {}, people));
    const app = plane.pool();
    await ask(app, 1);
    const rest = await ask(plane.registry.pool('jobs', 'idp_app'), 2);
    expect(rest.map(({ fate }) => fate)).toEqual(['leased', 'waiting']);
  });

  test('a pool that needs a place takes that of an idle server of another pool', async () => {
    const [plane, app, worker] = await twoPools({ maxDbConnections: 2 });
    for (const each of await ask(app, 2)) app.release(each.server!);
    const [client] = await ask(worker, 1);
    expect([client!.fate, shape(app), shape(worker)]).toEqual(['leased', [1, 0, 0, 0, 0], [0, 1, 0, 0, 0]]);
    plane.check();
  });

  test('a pool closes nobody’s server that would not help', async () => {
    const [plane, app, worker] = await twoPools({ maxDbConnections: 1 });
    const jobs = plane.registry.pool('jobs', 'worker');
    for (const each of await ask(jobs, 1)) jobs.release(each.server!);
    await ask(app, 1);
    const [client] = await ask(worker, 1);
    worker.resume();
    expect([client!.fate, shape(jobs)]).toEqual(['waiting', [1, 0, 0, 0, 0]]);
  });

  test('a pool that reached the limit of its user takes no place of another user', async () => {
    const people = [userOf({ maxUserConnections: 1 }), users[1]!];
    const plane = await dataPlane(settings([{}, { name: 'jobs' }], {}, people));
    const [app, worker] = [plane.pool(), plane.registry.pool('idp', 'worker')];
    for (const each of await ask(worker, 1)) worker.release(each.server!);
    await ask(plane.registry.pool('jobs', 'idp_app'), 1);
    const [client] = await ask(app, 1);
    app.resume();
    expect([client!.fate, shape(worker)]).toEqual(['waiting', [1, 0, 0, 0, 0]]);
  });

  test('a pool leaves another one its minimum', async () => {
    const [, app, worker] = await twoPools({ maxDbConnections: 1, minPoolSize: 1 });
    app.clients = 1;
    for (const each of await ask(app, 1)) app.release(each.server!);
    const [client] = await ask(worker, 1);
    expect([client!.fate, shape(app)]).toEqual(['waiting', [1, 0, 0, 0, 0]]);
  });

  test('a login that fails gives its place back', async () => {
    const [plane, app] = await twoPools({ maxDbConnections: 1 });
    plane.network.welcome = () => new Error('connection refused');
    await ask(app, 3);
    expect(app.room).toBe(1);
    plane.check();
  });
});
