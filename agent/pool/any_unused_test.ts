// Databases that `*` serves: made when they are asked for, changed with it by a reload, forgotten when nobody uses them.

import { expect, test } from 'bun:test';
import { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { ANY_UNUSED_MAX } from './any_unused.ts';

const any = databaseOf({ name: '*', dbname: '', user: '' });
const user = userOf({ name: 'worker' });

function settings(more: Partial<Settings> = {}, changes: Partial<typeof any> = {}): Settings {
  return settingsOf([databaseOf(), { ...any, ...changes }], [user], more);
}

test('PoolRegistry serves a name that is not listed by *, and a listed one by itself', async () => {
  const { registry } = await dataPlane(settings());
  expect(registry.pool('late', 'worker').database).toMatchObject({
    name: 'late',
    dbname: 'late',
    isAny: true,
  });
  expect(registry.pool('idp', 'worker').database.isAny).toBeUndefined();
});

test('PoolRegistry.tick() forgets such a database after autodb_idle_timeout, and no other', async () => {
  const { registry, clock } = await dataPlane(settings({ autodb_idle_timeout: 10_000 }));
  const late = registry.pool('late', 'worker');
  const used = registry.pool('used', 'worker');
  registry.pool('idp', 'worker');
  used.clients = 1;
  const names = () => [...registry].map(({ database }) => database.name).sort();
  const start = clock.now();
  registry.tick(start);
  registry.tick(start + 9_999);
  expect(names()).toContain('late');
  registry.tick(start + 10_000);
  expect(names()).not.toContain('late');
  expect(names()).toEqual(expect.arrayContaining(['idp', 'used']));
  expect(registry.pool('late', 'worker')).not.toBe(late);
  // It is counted from when it was last used.
  used.clients = 0;
  registry.tick(start + 20_000);
  expect(names()).toContain('used');
  registry.tick(start + 30_000);
  expect(names()).not.toContain('used');
});

test('PoolRegistry.tick() keeps a thousand of them, and with autodb_idle_timeout 0 these for ever', async () => {
  const { registry, clock } = await dataPlane(settings({ autodb_idle_timeout: 0 }));
  for (let count = 0; count < ANY_UNUSED_MAX + 5; count++) registry.pool(`any${count}`, 'worker');
  registry.tick(clock.now());
  registry.tick(clock.now() + 86_400_000);
  const names = [...registry].filter(({ database }) => database.isAny).map(({ database }) => database.name);
  expect(names).toHaveLength(ANY_UNUSED_MAX);
  expect(names).not.toContain('any4');
  expect(names).toContain('any5');
});

test('PoolRegistry.apply() changes those databases with *, and lets them go with it', async () => {
  const { registry } = await dataPlane(settings());
  const pool = registry.pool('late', 'worker');
  registry.apply(settings({}, { poolSize: 3, hosts: [{ host: '10.9.9.9', port: 5432 }] }));
  expect(pool.database).toMatchObject({ name: 'late', poolSize: 3, hosts: [{ host: '10.9.9.9' }] });
  registry.apply(settingsOf([databaseOf(), databaseOf({ name: 'late' })], [user]));
  expect(pool.database.isAny).toBeUndefined();
  expect(pool.removed).toBe(false);
  registry.apply(settingsOf([databaseOf()], [user]));
  expect(pool.removed).toBe(true);
});

test('PoolRegistry logs in with the password that a role has at *, for every name that it serves', async () => {
  const [own, there] = [crypto.randomUUID(), crypto.randomUUID()].map((each) => new Secret(each));
  const worker = userOf({ name: 'worker', secret: own!, databaseSecrets: { '*': there! } });
  const { registry } = await dataPlane(settingsOf([databaseOf(), any], [worker]));
  expect(registry.pool('late', 'worker').identity.secrets).toEqual([there!]);
  expect(registry.pool('idp', 'worker').identity.secrets).toEqual([own!]);
});
