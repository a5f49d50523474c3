// The end of servers: retired for a reload, closed at the agent's own end, and what was under way meanwhile.

import { describe, expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { poolFixture, shape, Waiting } from './pool_fixture.ts';

const SHUTDOWN = new AgentError('agent_shutdown');

describe('Pool.retireAll()', () => {
  test('closes what rests, and the rest when it comes back', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 3 });
    const [one, two, three] = await ask(3);
    pool.release(one!.server!);
    three!.server!.cancels = 1;
    pool.release(three!.server!);
    pool.retireAll('the settings of the database changed');
    expect(shape(pool)).toEqual([0, 1, 0, 1, 0]);
    pool.release(two!.server!);
    pool.onCancelDone(three!.server!);
    expect([shape(pool), plane.servers.length]).toEqual([[0, 0, 0, 0, 0], 0]);
    plane.check();
  });

  test('gives up logins without taking them for failed, and dials anew', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    plane.network.welcome = (_address, dialed) => (dialed === 1 ? 'silent' : 'login');
    const [client] = await ask(1, true);
    expect(pool.logins).toBe(1);
    pool.retireAll('new certificates');
    await settle();
    expect([client!.fate, pool.failure.count, pool.statistics.serverLoginFailures]).toEqual(['leased', 0, 0]);
    expect(plane.network.servers[0]!.connection.isClosed).toBe(true);
    plane.check();
  });

  test('lets a login live that it made necessary itself', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 2, minPoolSize: 2 });
    pool.clients = 1;
    for (const each of await ask(2)) pool.release(each.server!);
    pool.retireAll('new certificates');
    await settle();
    expect([shape(pool), pool.failure.count, plane.servers.length]).toEqual([[2, 0, 0, 0, 0], 0, 2]);
    plane.check();
  });

  test('forgets failures: what was wrong may be right now', async () => {
    const { pool, ask, plane } = await poolFixture();
    plane.network.welcome = () => new Error('connection refused');
    await ask(1);
    expect(pool.failing).toBe(true);
    pool.retireAll('reconnect');
    expect([pool.failing, pool.logins, plane.network.tried.length]).toEqual([false, 1, 2]);
  });

  test('never takes a server that comes although it was given up', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const client = new Waiting();
    pool.request(client);
    pool.retireAll('the settings of the database changed');
    await settle();
    expect([client.fate, plane.servers.length, (await ask(1))[0]!.fate]).toEqual(['leased', 1, 'waiting']);
    plane.check();
  });
});

describe('Pool.shutDown()', () => {
  test('tells those that wait, gives up logins, and closes every server', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 2 });
    const [one, two, three] = await ask(3);
    pool.clean(two!.server!, ['ROLLBACK']);
    pool.shutDown(SHUTDOWN);
    expect([one!.fate, three!.fate]).toEqual(['leased', 'agent_shutdown']);
    expect(plane.servers.length).toBe(0);
    for (const { connection } of plane.network.servers) connection.closed();
    expect([shape(pool), pool.waiting]).toEqual([[0, 0, 0, 0, 0], 0]);
    plane.check();
  });

  test('leaves no timer behind', async () => {
    const { pool, ask, plane } = await poolFixture({}, {});
    plane.network.welcome = () => new Error('connection refused');
    await ask(1);
    pool.shutDown(SHUTDOWN);
    await settle();
    expect(plane.pendingTimers).toBe(0);
  });
});

describe('Pool whose server has been told to go', () => {
  test('counts it against max_db_connections until PostgreSQL has ended it, and asks for no second one', async () => {
    const limits = { poolSize: 2, maxDbConnections: 1 };
    const users = ['idp_app', 'worker'].map((name) => userOf({ name }));
    const plane = await dataPlane(settingsOf([databaseOf(limits)], users));
    const [app, worker] = users.map(({ name }) => plane.registry.pool('idp', name));
    const [first, second] = [new Waiting(), new Waiting()];
    app!.request(first);
    await settle();
    const [old] = plane.servers;
    old!.connection.lingers = true;
    app!.release(first.server!);
    worker!.request(second);
    await settle();
    expect([app!.leavingServers.length, worker!.logins, plane.servers.length, second.fate]).toEqual([
      ...[1, 0, 0],
      'waiting',
    ]);
    worker!.resume();
    expect(plane.network.tried.length).toBe(1);
    old!.connection.closed();
    await settle();
    expect([app!.leavingServers.length, second.fate, plane.servers.length]).toEqual([0, 'leased', 1]);
    plane.check();
  });

  test('is not empty, for PAUSE, until PostgreSQL has ended it', async () => {
    const { plane, pool, ask } = await poolFixture();
    const [client] = await ask(1);
    pool.release(client!.server!);
    const [server] = plane.servers;
    server!.connection.lingers = true;
    let isDone = false;
    const done = plane.registry.pause().then(() => {
      isDone = true;
    });
    await settle();
    expect([isDone, shape(pool)]).toEqual([false, [0, 0, 0, 0, 0]]);
    server!.connection.closed();
    await done;
    expect(isDone).toBe(true);
  });
});
