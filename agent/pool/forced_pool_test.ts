// Where a database has a forced user, all its clients have one pool, which may be there before they are.

import { expect, test } from 'bun:test';
import { ClientKey } from '../auth/client_key.ts';
import { Secret } from '../base/secret.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { Waiting } from './pool_fixture.ts';

const FORCED = databaseOf({ name: 'jobs', user: 'boss', password: new Secret('made up'), forceUser: true });
const PEOPLE = ['ann', 'bob'].map((name) => userOf({ name }));

test('PoolRegistry.pool() gives all clients of a forced user the same servers', async () => {
  const { registry } = await dataPlane(settingsOf([FORCED], PEOPLE));
  const [ann, bob] = PEOPLE.map(({ name }) => registry.pool('jobs', name));
  expect([ann === bob, ann!.user, ann!.identity.user]).toEqual([true, 'boss', 'boss']);
});

test('PoolRegistry.pool() does not log in as a forced user with what a client has', async () => {
  const own = databaseOf({ ...FORCED, password: undefined });
  const { registry } = await dataPlane(settingsOf([own], PEOPLE));
  const pool = registry.pool('jobs', 'ann', { secret: new Secret('of ann'), order: 1 });
  pool.learn(new ClientKey(new Uint8Array(32)), 'ann');
  expect([pool.identity.secrets, pool.identity.clientKeys]).toEqual([[], []]);
});

test('PoolRegistry opens min_pool_size of a forced user although nobody has come', async () => {
  const other = databaseOf({ minPoolSize: 2 });
  const plane = await dataPlane(settingsOf([{ ...FORCED, minPoolSize: 2 }, other], PEOPLE));
  plane.registry.tick(plane.clock.now());
  await settle();
  expect([...plane.registry].map(({ user, idle }) => [user, idle])).toEqual([['boss', 2]]);
  plane.clock.advance(24 * 3_600_000);
  plane.registry.tick(plane.clock.now());
  await settle();
  expect(plane.registry.pool('jobs', 'boss').idle).toBe(2);
});

const LATER = {
  'is withdrawn': databaseOf({ ...FORCED, user: 'boss', forceUser: false }),
  'is another one': databaseOf({ ...FORCED, user: 'chief' }),
};
for (const [what, later] of Object.entries(LATER)) {
  test(`PoolRegistry.apply() lets the pool go whose forced user ${what}, for good`, async () => {
    const people = [...PEOPLE, userOf({ name: 'boss', secret: new Secret('of boss') })];
    const plane = await dataPlane(settingsOf([FORCED], people));
    const { registry } = plane;
    const old = registry.pool('jobs', 'ann');
    old.clients = 1;
    const busy = new Waiting();
    old.request(busy);
    await settle();
    for (const database of [later, FORCED, later]) {
      registry.apply(settingsOf([database], people));
      expect([old.removed, old.identity.user, busy.server!.retired]).toEqual([
        ...[true, 'boss', 'the forced user of the database changed'],
      ]);
    }
    for (const name of ['ann', 'boss']) {
      const own = registry.pool('jobs', name);
      expect(own).not.toBe(old);
      expect(own.identity.user).toBe(later.forceUser ? later.user : name);
    }
    // It is looked after until its last client has gone.
    expect([...registry]).toContain(old);
    old.release(busy.server!);
    old.clients = 0;
    await settle();
    for (const { connection } of plane.servers) connection.close();
    await settle();
    registry.tick(plane.clock.now());
    expect([...registry]).not.toContain(old);
  });
}

test('PoolRegistry.apply() lets nobody in as the forced user that a reload took away', async () => {
  const plane = await dataPlane(settingsOf([FORCED], PEOPLE));
  plane.network.welcome = () => 'silent';
  const login = new Waiting(true);
  plane.registry.pool('jobs', 'ann').request(login);
  await settle();
  plane.registry.apply(settingsOf([LATER['is withdrawn']], PEOPLE));
  await settle();
  expect([login.fate, plane.network.tried.length]).toEqual(['pool_withdrawn', 1]);
});

test('PoolRegistry.apply() keeps the pool whose forced user stays', async () => {
  const { registry } = await dataPlane(settingsOf([FORCED], PEOPLE));
  const pool = registry.pool('jobs', 'ann');
  registry.apply(settingsOf([{ ...FORCED, poolSize: 9 }], PEOPLE));
  expect([registry.pool('jobs', 'bob'), pool.removed]).toEqual([pool, false]);
});
