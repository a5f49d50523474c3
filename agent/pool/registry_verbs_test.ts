// What an operator says to the pools of a running agent: pause, resume, reconnect, try again, stop.

import { describe, expect, test } from 'bun:test';
import { mockVerifier, printVerifier } from '../auth/scram_verifier.ts';
import { AgentError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { notice, parameterStatus } from '../tests/harness/server_words.ts';
import { tryFirst } from './first_login.ts';
import type { Pool } from './pool.ts';
import { shape, Waiting } from './pool_fixture.ts';

async function twoDatabases(): Promise<readonly [DataPlane, Pool, Pool]> {
  const plane = await dataPlane(
    settingsOf(
      ['idp', 'jobs'].map((name) => databaseOf({ name })),
      [userOf()],
    ),
  );
  return [plane, plane.registry.pool('idp', 'idp_app'), plane.registry.pool('jobs', 'idp_app')];
}

async function ask(pool: Pool, count: number): Promise<Waiting[]> {
  const all = Array.from({ length: count }, () => new Waiting());
  for (const each of all) pool.request(each);
  await settle();
  return all;
}

describe('PoolRegistry.pause()', () => {
  test('holds clients of one database until resume(), and nobody else', async () => {
    const [plane, idp, jobs] = await twoDatabases();
    plane.registry.pause('idp');
    const [one, other] = [(await ask(idp, 1))[0]!, (await ask(jobs, 1))[0]!];
    expect([one.fate, other.fate]).toEqual(['waiting', 'leased']);
    plane.registry.resume('idp');
    await settle();
    expect(one.fate).toBe('leased');
  });

  test('holds everybody, those of pools that are still to come too', async () => {
    const plane = await dataPlane(settingsOf([databaseOf()], [userOf()]));
    plane.registry.pause();
    const [client] = await ask(plane.pool(), 1);
    expect(client!.fate).toBe('waiting');
    plane.registry.resume();
    await settle();
    expect(client!.fate).toBe('leased');
  });
});

test('PoolRegistry.reconnect() replaces the servers of one database as they come free', async () => {
  const [plane, idp, jobs] = await twoDatabases();
  const [a, b] = await ask(idp, 2);
  for (const each of await ask(jobs, 1)) jobs.release(each.server!);
  idp.release(a!.server!);
  plane.registry.reconnect('idp');
  expect([shape(idp), shape(jobs)]).toEqual([
    [0, 1, 0, 0, 0],
    [1, 0, 0, 0, 0],
  ]);
  idp.release(b!.server!);
  expect(shape(idp)).toEqual([0, 0, 0, 0, 0]);
});

test('Resting and Cleaner keep the books of a server that speaks by itself, and tell nobody', async () => {
  const [plane, idp] = await twoDatabases();
  const [client] = await ask(idp, 1);
  const { server } = plane.network;
  idp.clean(client!.server!, ['ROLLBACK']);
  server.says(notice('cleaning'), parameterStatus('TimeZone', 'CET'));
  expect(client!.server!.parameters.reported.get('TimeZone')).toBe('CET');
  server.connection.room = 0;
  client!.server!.write(new Uint8Array([0]));
  server.connection.drain();
  server.says(new Uint8Array(Buffer.from('C\0\0\0\x0dROLLBACK\0Z\0\0\0\x05I')));
  server.says(notice('resting'), parameterStatus('TimeZone', 'UTC'));
  server.connection.room = 0;
  client!.server!.write(new Uint8Array([0]));
  server.connection.drain();
  expect([client!.server!.parameters.reported.get('TimeZone'), shape(idp)]).toEqual(['UTC', [1, 0, 0, 0, 0]]);
  plane.check();
});

test('PoolRegistry.retireAll() replaces every server as it comes free, of every pool', async () => {
  const [plane, ...pools] = await twoDatabases();
  for (const pool of pools) for (const each of await ask(pool, 1)) pool.release(each.server!);
  plane.registry.retireAll('certificates changed');
  expect(pools.map(shape)).toEqual([
    [0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
  ]);
});

test('PoolRegistry.tick() removes a pool that has had no client for pool_idle_timeout', async () => {
  const plane = await dataPlane(settingsOf([databaseOf()], [userOf()], { pool_idle_timeout: 60_000 }));
  const { registry, clock } = plane;
  const client = await plane.client();
  const pools = (): number => [...registry].length;
  const pass = (ms: number): void => {
    clock.advance(ms);
    registry.tick(clock.now());
  };
  pass(90_000);
  expect(pools()).toBe(1);
  client.connection.closed();
  pass(59_000);
  expect([pools(), plane.servers.length]).toEqual([1, 1]);
  pass(1_000);
  expect([pools(), plane.servers.length]).toEqual([0, 0]);
  const again = await plane.client();
  expect([pools(), again.connection.isClosed]).toEqual([1, false]);
});

test('PoolRegistry.shutDown() tells everybody that waits', async () => {
  const plane = await dataPlane(settingsOf([databaseOf({ poolSize: 1 })], [userOf()]));
  const [, waiting] = await ask(plane.pool(), 2);
  plane.registry.shutDown(new AgentError('agent_shutdown'));
  expect([waiting!.fate, plane.servers.length]).toEqual(['agent_shutdown', 0]);
});

describe('PoolRegistry.tryAgain()', () => {
  test('makes a pool that failed look again when its pause is over, although nobody wants a server', async () => {
    const plane = await dataPlane(settingsOf([databaseOf()], [userOf()]));
    const { registry, network, clock } = plane;
    const pool = registry.pool('idp', 'idp_app');
    network.welcome = () => new Error('connection refused');
    const client = new Waiting(true);
    pool.request(client);
    await settle();
    expect([client.fate, pool.failing]).toEqual(['server_unreachable', true]);

    registry.tryAgain();
    registry.tryAgain();
    await settle();
    expect([network.tried.length, pool.waiting]).toEqual([1, 1]);
    clock.advance(10_000);
    await settle();
    expect([network.tried.length, pool.waiting, pool.failing]).toEqual([2, 0, true]);

    network.welcome = () => 'login';
    registry.tryAgain();
    clock.advance(10_000);
    await settle();
    expect([pool.failing, ...shape(pool)]).toEqual([false, 1, 0, 0, 0, 0]);
    registry.tryAgain();
    await settle();
    expect(network.tried.length).toBe(3);
  });

  test('leaves alone what works, what is paused and what was never asked for', async () => {
    const { registry, network } = await dataPlane(settingsOf([databaseOf()], [userOf()]));
    const pool = registry.pool('idp', 'idp_app');
    registry.tryAgain();
    pool.paused = true;
    pool.failure.add(new AgentError('server_unreachable', { reason: 'x' }), 0, 100, 0);
    registry.tryAgain();
    await settle();
    expect([network.tried.length, pool.waiting]).toEqual([0, 0]);
  });
});

describe('tryFirst()', () => {
  test('logs in once to each writer that nobody has asked for, in the name of its own user', async () => {
    const databases = [databaseOf(), databaseOf({ name: 'replica', role: 'replica' })];
    const { registry, network } = await dataPlane(settingsOf(databases, [userOf()]));
    tryFirst(registry);
    tryFirst(registry);
    await settle();
    tryFirst(registry);
    await settle();
    const pools = [...registry];
    expect(pools.map((pool) => [pool.database.name, pool.user])).toEqual([['idp', 'idp_app']]);
    expect([network.tried.length, ...shape(pools[0]!)]).toEqual([1, 1, 0, 0, 0, 0]);
  });

  test('leaves alone what is paused, and what can log in only with what a client brings', async () => {
    const verifier = printVerifier(mockVerifier(new Uint8Array(32), 'idp_app', 4096));
    const secret = new Secret(verifier);
    const { registry, network } = await dataPlane(settingsOf([databaseOf({ password: secret })], [userOf()]));
    tryFirst(registry);
    await settle();
    const other = await dataPlane(settingsOf([databaseOf()], [userOf()]));
    void other.registry.pause();
    tryFirst(other.registry);
    await settle();
    expect([network.tried.length, other.network.tried.length]).toEqual([0, 0]);
  });
});
