// The limits of pools at their exact meaning: the reserve, the shared limits, users of their own, and a reload of each.

import { describe, expect, test } from 'bun:test';
import { Secret } from '../base/secret.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { Pool } from './pool.ts';
import { poolFixture, shape, Waiting } from './pool_fixture.ts';

const secret = new Secret(crypto.randomUUID());

async function ask(pool: Pool, count: number): Promise<Waiting[]> {
  const all = Array.from({ length: count }, () => new Waiting());
  for (const each of all) pool.request(each);
  await settle();
  return all;
}

async function tick(plane: DataPlane, ms: number): Promise<void> {
  plane.clock.advance(ms);
  plane.registry.tick(plane.clock.now());
  await settle();
}

const fates = (all: readonly Waiting[]): string[] => all.map(({ fate }) => fate);

describe('reserve_pool_size', () => {
  const reserve = { poolSize: 1, reservePoolSize: 2 };

  test('serves a client that has waited for reserve_pool_timeout, and none before', async () => {
    const { plane, pool, ask } = await poolFixture(reserve, { reserve_pool_timeout: 5_000 });
    const clients = await ask(2);
    await tick(plane, 4_999);
    expect(fates(clients)).toEqual(['leased', 'waiting']);
    await tick(plane, 1);
    expect([fates(clients), shape(pool)]).toEqual([
      ['leased', 'leased'],
      [0, 2, 0, 0, 0],
    ]);
    plane.check();
  });

  test('is opened for each one that is overdue, and not for those who came later', async () => {
    const { plane, ask } = await poolFixture(reserve, { reserve_pool_timeout: 5_000 });
    const [, second] = await ask(2);
    await tick(plane, 4_000);
    const [third] = await ask(1);
    await tick(plane, 1_000);
    expect([second!.fate, third!.fate]).toEqual(['leased', 'waiting']);
    await tick(plane, 3_999);
    expect(third!.fate).toBe('waiting');
    await tick(plane, 1);
    expect(third!.fate).toBe('leased');
  });

  test('is never exceeded', async () => {
    const { plane, pool, ask } = await poolFixture(reserve);
    const clients = await ask(6);
    await tick(plane, 20_000);
    expect(fates(clients).filter((fate) => fate === 'leased').length).toBe(3);
    expect(pool.servers).toBe(3);
  });

  test('keeps its servers when they come back: they serve everybody, and rest until server_idle_timeout', async () => {
    const { plane, pool, ask } = await poolFixture(reserve, { server_idle_timeout: 10_000 });
    const clients = await ask(2);
    await tick(plane, 5_000);
    for (const each of clients) pool.release(each.server!);
    expect(shape(pool)).toEqual([2, 0, 0, 0, 0]);
    expect(fates(await ask(3))).toEqual(['leased', 'leased', 'waiting']);
    for (const server of pool.activeServers) pool.release(server);
    await tick(plane, 10_000);
    expect(pool.servers).toBe(0);
  });

  test('is not used when reserve_pool_timeout is 0', async () => {
    const { plane, ask } = await poolFixture(reserve, { reserve_pool_timeout: 0 });
    const clients = await ask(2);
    await tick(plane, 50_000);
    expect(fates(clients)).toEqual(['leased', 'waiting']);
  });

  test('stays under max_db_connections', async () => {
    const { plane, pool, ask } = await poolFixture({ ...reserve, maxDbConnections: 2 });
    await ask(4);
    await tick(plane, 5_000);
    expect(pool.servers).toBe(2);
  });
});

function settings(
  databases: readonly Partial<DatabaseSettings>[],
  people: readonly Partial<UserSettings>[] = [{}],
  more: Partial<Settings> = {},
): Settings {
  const users = people.map((each) => userOf({ secret, ...each }));
  return settingsOf(
    databases.map((each) => databaseOf(each)),
    users,
    more,
  );
}

describe('A user’s own terms', () => {
  test('win over those of the database, which win over the general ones', async () => {
    const own = { poolSize: 3, reservePoolSize: 1, queryWaitTimeoutMs: 2_000, poolMode: 'session' } as const;
    const plane = await dataPlane(
      settings([{ poolSize: 2, reservePoolSize: 9, queryWaitTimeoutMs: 9_000 }], [own, { name: 'worker' }]),
    );
    const { terms } = plane.pool();
    expect(terms).toMatchObject({ size: 3, reserve: 1, queryWaitTimeoutMs: 2_000, mode: 'session' });
    const worker = plane.pool('idp', 'worker').terms;
    expect(worker).toMatchObject({ size: 2, reserve: 9, queryWaitTimeoutMs: 9_000, mode: 'transaction' });
  });

  test('are looked up again after a reload, for pools that are there', async () => {
    const plane = await dataPlane(settings([{ poolSize: 1 }]));
    const clients = await ask(plane.pool(), 3);
    expect(fates(clients)).toEqual(['leased', 'waiting', 'waiting']);
    plane.registry.apply(settings([{ poolSize: 1 }], [{ poolSize: 2, queryWaitTimeoutMs: 1_000 }]));
    await settle();
    expect(fates(clients)).toEqual(['leased', 'leased', 'waiting']);
    await tick(plane, 1_000);
    expect(clients[2]!.fate).toBe('query_wait_timeout');
  });

  test('let a user wait for ever, by a query_wait_timeout of 0', async () => {
    const plane = await dataPlane(settings([{ poolSize: 1 }], [{ queryWaitTimeoutMs: 0 }]));
    const clients = await ask(plane.pool(), 2);
    await tick(plane, 1_000_000);
    expect(clients[1]!.fate).toBe('waiting');
  });
});

describe('A reload', () => {
  test('that raises a limit gives clients that wait their server at once', async () => {
    for (const [before, after] of [
      [settings([{ poolSize: 1 }]), settings([{ poolSize: 2 }])],
      [settings([{ poolSize: 5, maxDbConnections: 1 }]), settings([{ poolSize: 5, maxDbConnections: 2 }])],
      [
        settings([{ poolSize: 5 }], [{ maxUserConnections: 1 }]),
        settings([{ poolSize: 5 }], [{ maxUserConnections: 2 }]),
      ],
    ] as const) {
      const plane = await dataPlane(before);
      const clients = await ask(plane.pool(), 2);
      expect(fates(clients)).toEqual(['leased', 'waiting']);
      plane.registry.apply(after);
      await settle();
      expect(fates(clients)).toEqual(['leased', 'leased']);
      plane.check();
    }
  });

  test('that lowers the size closes idle servers beyond it at once, the oldest first, and the others when they come back', async () => {
    const plane = await dataPlane(settings([{ poolSize: 4 }]));
    const pool = plane.pool();
    const clients = await ask(pool, 4);
    const servers = clients.map(({ server }) => server!);
    for (const server of servers.slice(0, 3)) pool.release(server);
    plane.registry.apply(settings([{ poolSize: 2 }]));
    expect([shape(pool), [...pool.idleServers]]).toEqual([[1, 1, 0, 0, 0], [servers[2]!]]);
    plane.registry.apply(settings([{ poolSize: 1 }]));
    expect(shape(pool)).toEqual([0, 1, 0, 0, 0]);
    plane.check();
  });

  test('that lowers the size takes no server from whoever is lent it in that moment', async () => {
    const plane = await dataPlane(settings([{ poolSize: 3 }]));
    const pool = plane.pool();
    for (const { server } of await ask(pool, 3)) pool.release(server!);
    // Whoever waits is served as soon as anything happens.
    pool.paused = true;
    const clients = await ask(pool, 2);
    pool.paused = false;
    plane.registry.apply(settings([{ poolSize: 1 }]));
    await settle();
    expect([fates(clients), shape(pool)]).toEqual([
      ['leased', 'waiting'],
      [0, 1, 0, 0, 0],
    ]);
    expect(clients[0]!.server!.connection.isClosed).toBe(false);
    plane.check();
  });

  test('that lowers one pool under a shared limit lets another have its place at once', async () => {
    const people = [{}, { name: 'worker' }];
    const plane = await dataPlane(settings([{ poolSize: 2, maxDbConnections: 2 }], people));
    const [app, worker] = [plane.pool(), plane.pool('idp', 'worker')];
    const held = await ask(app, 2);
    const [waiting] = await ask(worker, 1);
    expect(waiting!.fate).toBe('waiting');
    const smaller = settings([{ poolSize: 2, maxDbConnections: 2 }], [{ poolSize: 1 }, { name: 'worker' }]);
    plane.registry.apply(smaller);
    app.release(held[0]!.server!);
    await settle();
    expect([waiting!.fate, app.servers, worker.servers]).toEqual(['leased', 1, 1]);
    plane.check();
  });
});

describe('A pool that waits under a shared limit', () => {
  const people = [{}, { name: 'worker' }, { name: 'reader' }];

  async function full(more: Partial<DatabaseSettings> = {}) {
    const plane = await dataPlane(settings([{ poolSize: 2, maxDbConnections: 1, ...more }], people));
    const [app, worker] = [plane.pool(), plane.pool('idp', 'worker')];
    const [holder] = await ask(app, 1);
    const [waiting] = await ask(worker, 1);
    expect([holder!.fate, waiting!.fate]).toEqual(['leased', 'waiting']);
    return { plane, app, worker, holder: holder!, waiting: waiting! };
  }

  test('takes the place of a server as soon as it rests in another pool, without a tick', async () => {
    const { plane, app, holder, waiting } = await full();
    app.release(holder.server!);
    await settle();
    expect([waiting.fate, app.servers]).toEqual(['leased', 0]);
    plane.check();
  });

  test('has the place of a server that is lost or closed, without a tick', async () => {
    for (const end of ['lose', 'discard'] as const) {
      const { plane, app, holder, waiting } = await full();
      if (end === 'lose') app.onLost(holder.server!, 'a test');
      else app.discard(holder.server!, 'a test');
      await settle();
      expect(waiting.fate).toBe('leased');
      plane.check();
    }
  });

  test('has the place of a login that failed, without a tick', async () => {
    const plane = await dataPlane(settings([{ poolSize: 2, maxDbConnections: 1 }], people));
    const [app, worker] = [plane.pool(), plane.pool('idp', 'worker')];
    plane.network.welcome = () => 'silent';
    await ask(app, 1);
    const [waiting] = await ask(worker, 1);
    plane.network.welcome = () => 'login';
    plane.network.server.connection.closed('ECONNRESET');
    await settle();
    expect(waiting!.fate).toBe('leased');
    plane.check();
  });

  test('lets its own clients go first, and of the others those who have waited longest', async () => {
    const { plane, app, holder, waiting } = await full();
    plane.clock.advance(10);
    const [later] = await ask(plane.pool('idp', 'reader'), 1);
    const [own] = await ask(app, 1);
    app.release(holder.server!);
    await settle();
    expect(fates([own!, waiting, later!])).toEqual(['leased', 'waiting', 'waiting']);
    app.release(own!.server!);
    await settle();
    expect(fates([own!, waiting, later!])).toEqual(['leased', 'leased', 'waiting']);
    plane.pool('idp', 'worker').release(waiting.server!);
    await settle();
    expect(later!.fate).toBe('leased');
    plane.check();
  });

  test('takes the place of the server that has rested for longest in any of them', async () => {
    const plane = await dataPlane(settings([{ poolSize: 2, maxDbConnections: 3 }], people));
    const [app, worker, reader] = ['idp_app', 'worker', 'reader'].map((user) => plane.pool('idp', user));
    const [ofWorker] = await ask(worker!, 1);
    worker!.release(ofWorker!.server!);
    plane.clock.advance(1_000);
    for (const each of await ask(app!, 2)) app!.release(each.server!);
    const [client] = await ask(reader!, 1);
    expect([client!.fate, app!.servers, worker!.servers]).toEqual(['leased', 2, 0]);
    plane.check();
  });

  test('takes two places where the limit of the database and that of the user are both reached, or none', async () => {
    const plane = await dataPlane(
      settings([{ maxDbConnections: 1 }, { name: 'jobs' }], [{ maxUserConnections: 1 }, { name: 'worker' }]),
    );
    const [app, worker, jobs] = [plane.pool(), plane.pool('idp', 'worker'), plane.pool('jobs')];
    const [ofWorker] = await ask(worker, 1);
    const [ofJobs] = await ask(jobs, 1);
    const [waiting] = await ask(app, 1);
    worker.release(ofWorker!.server!);
    await settle();
    // The user’s other server is busy, so that closing this one would help nobody.
    expect([waiting!.fate, worker.servers]).toEqual(['waiting', 1]);
    jobs.release(ofJobs!.server!);
    await settle();
    expect([waiting!.fate, worker.servers, jobs.servers]).toEqual(['leased', 0, 0]);
    plane.check();
  });
});
