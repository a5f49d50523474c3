// Logins to the server that fail: who is told, who goes on waiting, and when the next one is tried.

import { describe, expect, test } from 'bun:test';
import { AgentError, type ErrorCode } from '../base/errors.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { errorResponse } from '../tests/harness/server_words.ts';
import { PoolFailure } from './pool_failure.ts';
import { poolFixture, shape } from './pool_fixture.ts';

const DOWN = new Error('connection refused');

describe('Pool whose server cannot be reached', () => {
  test('refuses clients that are logging in, and lets others wait', async () => {
    const { ask, pool, plane } = await poolFixture();
    plane.network.welcome = () => DOWN;
    const [waiting, login] = [(await ask(1))[0]!, (await ask(1, true))[0]!];
    plane.clock.advance(5_000);
    await settle();
    expect([waiting.fate, login.fate]).toEqual(['waiting', 'server_unreachable']);
    expect(shape(pool)).toEqual([0, 0, 0, 0, 0]);
    plane.check();
  });

  test('lets clients that are logging in wait too while it has a server', async () => {
    const { ask, plane } = await poolFixture({ poolSize: 2 });
    await ask(1);
    plane.network.welcome = () => DOWN;
    const [login] = await ask(1, true);
    expect(login!.fate).toBe('waiting');
  });

  test('refuses everybody when waiting cannot help', async () => {
    const { ask, plane } = await poolFixture({ poolSize: 1 });
    plane.network.welcome = () => 'silent';
    const clients = await ask(2);
    plane.network.server.says(errorResponse('password authentication failed', 'FATAL', '28P01'));
    await settle();
    expect(clients.map(({ fate }) => fate)).toEqual(['server_password_wrong', 'server_password_wrong']);
    plane.check();
  });

  test('tries again after a while, one login at a time, until one succeeds', async () => {
    const { ask, plane, pool } = await poolFixture({ poolSize: 4 }, { server_login_concurrency: 3 });
    plane.network.welcome = () => DOWN;
    await ask(4);
    expect([plane.network.tried.length, pool.failure.count]).toEqual([3, 3]);
    plane.network.welcome = () => 'silent';
    plane.clock.advance(199);
    await settle();
    expect(plane.network.tried.length).toBe(3);
    plane.clock.advance(1);
    await settle();
    expect([plane.network.tried.length, pool.logins]).toEqual([4, 1]);
    plane.network.server.greets();
    await settle();
    expect([plane.network.tried.length, pool.failing]).toEqual([7, false]);
  });

  test('waits longer after each failure, and no longer than server_login_retry', async () => {
    const { ask, plane } = await poolFixture({ queryWaitTimeoutMs: 0 }, { server_login_retry: 1_000 });
    plane.network.welcome = () => DOWN;
    await ask(1);
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      waits.push(plane.clock.nextInMs);
      plane.clock.advance(plane.clock.nextInMs);
      await settle();
    }
    expect(waits).toEqual([50, 100, 200, 400, 500, 500]);
  });

  test('rests when nobody waits, without a timer', async () => {
    const { ask, plane, pool } = await poolFixture();
    plane.network.welcome = () => DOWN;
    const [client] = await ask(1);
    pool.leave(client!);
    plane.clock.advance(60_000);
    await settle();
    expect([plane.network.tried.length, plane.pendingTimers]).toEqual([1, 0]);
  });

  test('logs each failure with its code, and how many there were', async () => {
    const { ask, plane } = await poolFixture();
    plane.network.welcome = () => DOWN;
    await ask(1);
    expect(plane.log.lines).toContain('warn cannot connect to the server: connection refused');
    expect(plane.log.fields.at(-1)).toMatchObject({
      code: 'server_unreachable',
      failures: 1,
      database: 'idp',
      host: expect.stringMatching(/^\S+:\d+$/),
    });
  });

  test('gives a login server_connect_timeout, and gives up the connection', async () => {
    const { ask, plane } = await poolFixture({ connectTimeoutMs: 3_000 });
    plane.network.welcome = () => 'silent';
    const [login] = await ask(1, true);
    plane.clock.advance(2_999);
    await settle();
    expect(login!.fate).toBe('waiting');
    plane.clock.advance(1);
    await settle();
    expect([login!.fate, plane.network.server.connection.isClosed]).toEqual(['server_timeout', true]);
    plane.check();
  });

  test('goes on to the next host when one does not answer, and gives it its own time', async () => {
    const hosts = ['a', 'b'].map((host) => ({ host, port: 5432 }));
    const { ask, plane } = await poolFixture({ hosts, connectTimeoutMs: 3_000 });
    plane.network.welcome = ({ host }) => (host === 'a' ? 'silent' : 'login');
    const [client] = await ask(1);
    plane.clock.advance(3_000);
    await settle();
    expect([plane.network.tried, client!.fate]).toEqual([['a:5432', 'b:5432'], 'leased']);
    expect(client!.server!.address).toEqual({ host: 'b', port: 5432 });
  });

  test('says what the last host said when none answers', async () => {
    const hosts = ['a', 'b'].map((host) => ({ host, port: 5432 }));
    const { ask, plane } = await poolFixture({ hosts, connectTimeoutMs: 3_000 });
    plane.network.welcome = () => 'silent';
    const [login] = await ask(1, true);
    plane.clock.advance(3_000);
    await settle();
    expect(login!.fate).toBe('waiting');
    plane.clock.advance(3_000);
    await settle();
    expect(login!.error!.message).toBe('the server did not finish the login within server_connect_timeout');
  });

  test('tries no further host once it is given up', async () => {
    const hosts = ['a', 'b'].map((host) => ({ host, port: 5432 }));
    const { ask, plane, pool } = await poolFixture({ hosts });
    plane.network.welcome = () => 'silent';
    const [client] = await ask(1);
    pool.leave(client!);
    pool.retireAll('reconnect');
    await settle();
    expect(plane.network.tried).toEqual(['a:5432']);
    plane.check();
  });

  test('takes no server whose connection has ended while it logged in', async () => {
    const { ask, plane } = await poolFixture({ queryWaitTimeoutMs: 0 });
    plane.network.welcome = (_address, dialed) => (dialed === 1 ? 'silent' : 'login');
    const [client] = await ask(1);
    const { server } = plane.network;
    server.greets();
    server.connection.closed();
    await settle();
    expect(client!.fate).toBe('waiting');
    plane.clock.advance(100);
    await settle();
    expect(client!.fate).toBe('leased');
    plane.check();
  });
});

describe('Pool whose server is full (53300)', () => {
  const full = errorResponse('sorry, too many clients already', 'FATAL', '53300');

  test('lets everybody wait for the servers that it has, and does not storm', async () => {
    const { ask, plane, pool } = await poolFixture({ poolSize: 4, queryWaitTimeoutMs: 0 });
    const [holder] = await ask(1);
    plane.network.welcome = () => 'silent';
    const clients = [...(await ask(2)), ...(await ask(1, true))];
    for (const each of plane.servers.slice(1)) each.says(full);
    await settle();
    expect(clients.map(({ fate }) => fate)).toEqual(['waiting', 'waiting', 'waiting']);
    // The pause has begun: not one more is tried until it is over.
    const { length } = plane.network.tried;
    pool.resume();
    await settle();
    expect([plane.network.tried.length, pool.logins]).toEqual([length, 0]);
    pool.release(holder!.server!);
    expect(clients[0]!.fate).toBe('leased');
    plane.check();
  });

  test('tells everybody the server’s own reason and SQLSTATE when it has none', async () => {
    const { ask, plane } = await poolFixture({ queryWaitTimeoutMs: 0 });
    plane.network.welcome = () => 'silent';
    const clients = [...(await ask(1)), ...(await ask(1, true))];
    for (const each of plane.servers) each.says(full);
    await settle();
    for (const { error } of clients) {
      expect([error!.row.sqlstate, error!.message]).toEqual([
        '53300',
        'sorry, too many clients already (the server refused our login)',
      ]);
    }
    plane.check();
  });

  test('waits for all logins that are under way before it says so: some may be let in', async () => {
    const { ask, plane } = await poolFixture({ queryWaitTimeoutMs: 0 });
    plane.network.welcome = () => 'silent';
    const clients = await ask(2);
    const [one, other] = plane.servers;
    one!.says(full);
    await settle();
    expect(clients.map(({ fate }) => fate)).toEqual(['waiting', 'waiting']);
    other!.greets();
    await settle();
    expect(clients.map(({ fate }) => fate)).toEqual(['leased', 'waiting']);
    plane.check();
  });
});

describe('Pool whose server is starting or stopping (57P03)', () => {
  test('tells who logs in, lets others wait, and is back soon however often it failed', async () => {
    const { ask, plane } = await poolFixture({ queryWaitTimeoutMs: 0 }, { server_login_retry: 60_000 });
    plane.network.welcome = () => 'silent';
    const [waiting] = await ask(1);
    const [login] = await ask(1, true);
    const starting = errorResponse('the database system is starting up', 'FATAL', '57P03');
    for (const each of plane.servers) each.says(starting);
    await settle();
    expect([login!.error!.row.sqlstate, waiting!.fate]).toEqual(['57P03', 'waiting']);
    for (let i = 0; i < 20; i++) {
      expect(plane.clock.nextInMs).toBeLessThanOrEqual(500);
      plane.clock.advance(plane.clock.nextInMs);
      await settle();
      plane.network.server.says(starting);
      await settle();
    }
    plane.network.welcome = () => 'login';
    plane.clock.advance(500);
    await settle();
    expect(waiting!.fate).toBe('leased');
    plane.check();
  });
});

describe('PoolFailure', () => {
  const final: Partial<Record<ErrorCode, boolean>> = {
    server_password_wrong: true,
    server_database_missing: true,
    server_certificate_refused: true,
    server_tls_refused: true,
    server_password_missing: true,
    server_unreachable: false,
    server_timeout: false,
    server_closed: false,
    server_login_failed: false,
    server_full: false,
    server_starting: false,
    server_protocol: false,
  };
  for (const [code, isFinal] of Object.entries(final)) {
    test(`takes ${code} for ${isFinal ? 'something that waiting does not mend' : 'something that may pass'}`, () => {
      const failure = new PoolFailure();
      failure.add(new AgentError(code as ErrorCode), 1_000, 5_000, 1);
      expect([failure.isFinal, failure.count, failure.retryAt]).toEqual([isFinal, 1, 1_100]);
      failure.clear();
      expect([failure.isFinal, failure.count, failure.retryAt, failure.last]).toEqual([
        false,
        0,
        0,
        undefined,
      ]);
    });
  }
});
