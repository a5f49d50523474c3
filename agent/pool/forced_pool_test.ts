// Where a database has a forced user, all its clients have one pool, which may be there before they are.

import { expect, test } from 'bun:test';
import { ClientKey } from '../auth/client_key.ts';
import { Secret } from '../base/secret.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';

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
