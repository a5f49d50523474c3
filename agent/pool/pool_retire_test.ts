// The end of servers: retired for a reload, closed at the agent's own end, and what was under way meanwhile.

import { describe, expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
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
    expect([pool.failing, plane.pendingTimers]).toEqual([false, 0]);
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
