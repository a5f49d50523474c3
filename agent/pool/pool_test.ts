// A pool with scripted servers: who is lent what, who waits how long, and that the books are right at the end.

import { describe, expect, test } from 'bun:test';
import { databaseOf, settingsOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { errorResponse, ready } from '../tests/harness/server_words.ts';
import { poolFixture, shape, Waiting } from './pool_fixture.ts';

describe('Pool lends', () => {
  test('in the order in which clients came', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const clients = await ask(3);
    expect(clients.map(({ fate }) => fate)).toEqual(['leased', 'waiting', 'waiting']);
    for (let i = 0; i < 2; i++) {
      pool.release(clients[i]!.server!);
      expect(clients[i + 1]!.server).toBe(clients[i]!.server!);
    }
    expect([plane.network.tried.length, pool.statistics.leases]).toEqual([1, 3]);
    plane.check();
  });

  test('the server that came back last, so that what is not needed grows old', async () => {
    const { pool, ask } = await poolFixture({ poolSize: 3 });
    const [a, b, c] = await ask(3);
    for (const each of [b, a, c]) pool.release(each!.server!);
    const [next, other] = await ask(2);
    expect([next!.server, other!.server]).toEqual([c!.server, a!.server]);
  });

  test('at once, before request() returns, when one is idle', async () => {
    const { pool, ask } = await poolFixture();
    const [first] = await ask(1);
    pool.release(first!.server!);
    const second = new Waiting();
    pool.request(second);
    expect(second.fate).toBe('leased');
  });

  test('no more servers than its size', async () => {
    const { ask, pool, plane } = await poolFixture({ poolSize: 2 });
    await ask(9);
    expect([shape(pool), pool.waiting]).toEqual([[0, 2, 0, 0, 0], 7]);
    plane.check();
  });

  test('nothing to a client that has left the queue', async () => {
    const { pool, ask } = await poolFixture({ poolSize: 1 });
    const [first, second, third] = await ask(3);
    pool.leave(second!);
    pool.leave(second!);
    pool.release(first!.server!);
    expect([second!.fate, third!.fate]).toEqual(['waiting', 'leased']);
  });

  test('on from within onLease(), without losing anybody', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const [first] = await ask(1);
    const order: string[] = [];
    const clients = ['a', 'b', 'c'].map((name) => {
      const client = new Waiting();
      client.onServer = (server) => {
        order.push(name);
        pool.release(server);
      };
      pool.request(client);
      return client;
    });
    pool.release(first!.server!);
    expect([order, clients.map(({ fate }) => fate), shape(pool)]).toEqual([
      ['a', 'b', 'c'],
      ['leased', 'leased', 'leased'],
      [1, 0, 0, 0, 0],
    ]);
    plane.check();
  });

  test('to a client that asks again from within onLease() of its own', async () => {
    const { pool, ask } = await poolFixture({ poolSize: 1 });
    const again = new Waiting();
    const client = new Waiting();
    client.onServer = (server) => {
      pool.request(again);
      pool.release(server);
    };
    pool.request(client);
    await settle();
    expect(again.fate).toBe('leased');
    expect((await ask(1))[0]!.fate).toBe('waiting');
  });

  test('and counts how long clients waited', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const [first] = await ask(2);
    plane.clock.advance(250);
    pool.release(first!.server!);
    expect([pool.statistics.waitMs, pool.statistics.waitMsMax]).toEqual([250, 250]);
  });
});

describe('Pool and clients that wait', () => {
  test('tells them after query_wait_timeout, and not those that came later', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1, queryWaitTimeoutMs: 2_000 });
    const [, early] = await ask(2);
    plane.clock.advance(1_000);
    const [late] = await ask(1);
    plane.clock.advance(999);
    pool.tick(plane.clock.now());
    expect([early!.fate, late!.fate]).toEqual(['waiting', 'waiting']);
    plane.clock.advance(1);
    pool.tick(plane.clock.now());
    expect([early!.fate, late!.fate]).toEqual(['query_wait_timeout', 'waiting']);
    expect(early!.error!.message).toContain('within 2 s: 1 of 1 are in use, and');
  });

  test('lets them wait for ever when query_wait_timeout is 0', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1, queryWaitTimeoutMs: 0 });
    const [, client] = await ask(2);
    plane.clock.advance(10_000_000);
    pool.tick(plane.clock.now());
    expect(client!.fate).toBe('waiting');
  });

  test('says in the timeout why no server could be reached', async () => {
    const { pool, ask, plane } = await poolFixture({ queryWaitTimeoutMs: 1_000 });
    plane.network.welcome = () => new Error('connection refused');
    const [client] = await ask(1);
    plane.clock.advance(1_000);
    pool.tick(plane.clock.now());
    expect(client!.error!.message).toContain('connection refused');
  });
});

test('Pool lends each server in its turn with server_round_robin', async () => {
  const { pool, ask } = await poolFixture({ poolSize: 3 }, { server_round_robin: true });
  const three = (await ask(3)).map((client) => client.server!);
  for (const each of three) pool.release(each);
  const lent: unknown[] = [];
  for (let turn = 0; turn < 6; turn++) {
    const [client] = await ask(1);
    lent.push(client!.server);
    pool.release(client!.server!);
  }
  expect(lent).toEqual([...three, ...three]);
});

describe('Pool while it is paused', () => {
  test('lends nothing and dials nothing until it is resumed', async () => {
    const { pool, ask, plane } = await poolFixture({ minPoolSize: 2 });
    pool.paused = true;
    pool.clients = 1;
    const [client] = await ask(1);
    expect([client!.fate, plane.network.tried.length]).toEqual(['waiting', 0]);
    pool.paused = false;
    pool.resume();
    await settle();
    expect(client!.fate).toBe('leased');
  });

  test('closes what rests, what comes back and what logs in', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 3 });
    const [client, other] = await ask(2);
    pool.release(other!.server!);
    plane.network.welcome = () => 'silent';
    const [, late] = await ask(2);
    expect(shape(pool)).toEqual([0, 2, 0, 0, 1]);
    pool.pause();
    await settle();
    expect(shape(pool)).toEqual([0, 2, 0, 0, 0]);
    pool.release(client!.server!);
    expect([shape(pool), late!.fate, plane.servers.length]).toEqual([[0, 1, 0, 0, 0], 'waiting', 1]);
    plane.check();
  });
});

describe('Pool cleans', () => {
  test('a server before it is lent again', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const [first, second] = await ask(2);
    plane.network.server.heard();
    pool.clean(first!.server!, ['ROLLBACK', 'DISCARD ALL']);
    expect([shape(pool), plane.network.server.heard()]).toEqual([
      [0, 0, 1, 0, 0],
      ['Query ROLLBACK', 'Query DISCARD ALL'],
    ]);
    plane.network.server.says(ready());
    expect(second!.fate).toBe('waiting');
    plane.network.server.says(ready());
    expect(second!.server).toBe(first!.server!);
    plane.check();
  });

  test('with nothing to do at once', async () => {
    const { pool, ask } = await poolFixture({ poolSize: 1 });
    const [first, second] = await ask(2);
    pool.clean(first!.server!, []);
    expect(second!.fate).toBe('leased');
  });

  test('and closes a server that cannot be cleaned', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const [first, second] = await ask(2);
    pool.clean(first!.server!, ['DISCARD ALL']);
    const dirty = plane.network.server;
    dirty.says(errorResponse('permission denied', 'ERROR', '42501'), ready());
    await settle();
    expect([dirty.connection.isEnded, second!.fate, plane.network.tried.length]).toEqual([true, 'leased', 2]);
    expect(plane.log.fields.map(({ reason }) => reason)).toContain('cleaning it failed: permission denied');
    plane.check();
  });

  test('and closes a server that is still in a transaction', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const [first] = await ask(1);
    pool.clean(first!.server!, ['ROLLBACK']);
    plane.network.server.says(ready('T'));
    expect([plane.network.server.connection.isEnded, shape(pool)]).toEqual([true, [0, 0, 0, 0, 0]]);
  });

  test('and goes on without a server that is lost meanwhile', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const [first, second] = await ask(2);
    pool.clean(first!.server!, ['ROLLBACK']);
    plane.network.server.connection.closed('ECONNRESET');
    await settle();
    expect([second!.fate, shape(pool)]).toEqual(['leased', [0, 1, 0, 0, 0]]);
    plane.check();
  });
});

describe('Pool and cancel requests', () => {
  test('holds a server back until every request to it has ended', async () => {
    const { pool, ask } = await poolFixture({ poolSize: 1 });
    const [first, second] = await ask(2);
    const server = first!.server!;
    server.cancels = 2;
    pool.release(server);
    expect(shape(pool)).toEqual([0, 0, 0, 1, 0]);
    pool.onCancelDone(server);
    expect(second!.fate).toBe('waiting');
    pool.onCancelDone(server);
    expect([second!.server, shape(pool)]).toEqual([server, [0, 1, 0, 0, 0]]);
  });

  test('holds a cleaned server back too', async () => {
    const { pool, ask, plane } = await poolFixture({ poolSize: 1 });
    const [first] = await ask(1);
    first!.server!.cancels = 1;
    pool.clean(first!.server!, ['ROLLBACK']);
    plane.network.server.says(ready());
    expect(shape(pool)).toEqual([0, 0, 0, 1, 0]);
    pool.onCancelDone(first!.server!);
    expect(shape(pool)).toEqual([1, 0, 0, 0, 0]);
  });

  test('does not touch a server that is still in use, or gone', async () => {
    const { pool, ask, plane } = await poolFixture();
    const [client] = await ask(1);
    client!.server!.cancels = 2;
    pool.onCancelDone(client!.server!);
    expect(shape(pool)).toEqual([0, 1, 0, 0, 0]);
    plane.network.server.connection.closed();
    client!.server!.tenant.onServerClose(client!.server!, 'gone');
    pool.onCancelDone(client!.server!);
    expect(shape(pool)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('Pool.tick()', () => {
  test('closes what rested for server_idle_timeout, down to the minimum', async () => {
    const { pool, ask, plane } = await poolFixture(
      { poolSize: 3, minPoolSize: 1 },
      { server_idle_timeout: 10_000 },
    );
    pool.clients = 1;
    const clients = await ask(3);
    for (const each of clients) pool.release(each.server!);
    plane.clock.advance(9_999);
    pool.tick(plane.clock.now());
    expect(pool.idle).toBe(3);
    plane.clock.advance(1);
    pool.tick(plane.clock.now());
    expect([shape(pool), plane.servers.length]).toEqual([[1, 0, 0, 0, 0], 1]);
    plane.check();
  });

  test('closes what is older than server_lifetime when it rests, and not while it is lent', async () => {
    const { pool, ask, plane } = await poolFixture(
      { poolSize: 2, serverLifetimeMs: 5_000 },
      { server_idle_timeout: 0 },
    );
    const [one, two] = await ask(2);
    pool.release(one!.server!);
    plane.clock.advance(5_000);
    pool.tick(plane.clock.now());
    expect(shape(pool)).toEqual([0, 1, 0, 0, 0]);
    pool.release(two!.server!);
    expect([shape(pool), plane.servers.length]).toEqual([[0, 0, 0, 0, 0], 0]);
    plane.check();
  });

  test('dials for the minimum while it has clients, and only then', async () => {
    const { pool, plane } = await poolFixture({ poolSize: 3, minPoolSize: 2 });
    pool.tick(plane.clock.now());
    await settle();
    expect(plane.network.tried.length).toBe(0);
    pool.clients = 1;
    pool.tick(plane.clock.now());
    await settle();
    expect(shape(pool)).toEqual([2, 0, 0, 0, 0]);
  });
});

test('Pool opens no more servers than a size that was lowered, and closes what is too many as it comes back', async () => {
  const { pool, ask, plane } = await poolFixture({ poolSize: 3 });
  const clients = await ask(3);
  pool.database = databaseOf({ poolSize: 1 });
  for (const each of clients) pool.release(each.server!);
  expect([shape(pool), plane.servers.length]).toEqual([[1, 0, 0, 0, 0], 1]);
  plane.check();
});

test('Pool.mode is the user’s before the database’s', async () => {
  const { pool, plane } = await poolFixture({ poolMode: 'transaction' });
  expect(pool.mode).toBe('transaction');
  const { users } = settingsOf([databaseOf()]);
  plane.registry.apply({
    ...settingsOf([databaseOf()]),
    users: { idp_app: { ...users.idp_app!, poolMode: 'session' } },
  });
  expect(pool.mode).toBe('session');
});
