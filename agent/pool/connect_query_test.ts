// connect_query: nobody gets a server on which it has not run, and a failure says why.

import { describe, expect, test } from 'bun:test';
import { settle } from '../tests/harness/fake_clock.ts';
import { complete, errorResponse, notice, parameterStatus, ready } from '../tests/harness/server_words.ts';
import { poolFixture, shape } from './pool_fixture.ts';

const database = { connectQuery: 'SET ROLE reader', connectTimeoutMs: 3_000, poolSize: 2 };

describe('connect_query', () => {
  test('runs once on each new server, before a client gets it, and its answer is nobody’s', async () => {
    const { plane, pool, ask } = await poolFixture(database);
    const [client] = await ask(1);
    const { server } = plane.network;
    expect([client!.fate, shape(pool), server.heard()]).toEqual([
      'waiting',
      [0, 0, 0, 0, 1],
      ['Query SET ROLE reader'],
    ]);
    server.says(notice('hello'), parameterStatus('TimeZone', 'Asia/Tokyo'), complete('SET'), ready());
    await settle();
    expect([client!.fate, shape(pool), pool.failing]).toEqual(['leased', [0, 1, 0, 0, 0], false]);
    expect(client!.server!.parameters.reported.get('TimeZone')).toBe('Asia/Tokyo');
    pool.release(client!.server!);
    await ask(1);
    expect(server.heard()).toEqual([]);
    plane.check();
  });

  test('that fails closes the connection, and its reason is told to who logs in', async () => {
    const { plane, pool, ask } = await poolFixture(database);
    const [login] = await ask(1, true);
    plane.network.server.says(errorResponse('role "reader" does not exist', 'ERROR', '22023'), ready());
    await settle();
    expect([login!.fate, shape(pool), plane.servers.length]).toEqual([
      'connect_query_failed',
      [0, 0, 0, 0, 0],
      0,
    ]);
    expect(login!.error!.message).toBe(
      'the connect_query of the database failed: role "reader" does not exist (SQLSTATE 22023); no client gets a connection on which it has not run',
    );
    expect(plane.log.lines).toContain(`warn ${login!.error!.message}`);
    plane.check();
  });

  test('that leaves a transaction open has failed', async () => {
    const { plane, ask } = await poolFixture(database);
    const [login] = await ask(1, true);
    plane.network.server.says(complete('BEGIN'), ready('T'));
    await settle();
    expect(login!.error?.message).toContain('it leaves a transaction open');
  });

  test('has the time of the login, and no more', async () => {
    const { plane, ask } = await poolFixture(database);
    const [login] = await ask(1, true);
    plane.clock.advance(3_000);
    await settle();
    expect(login!.error?.message).toBe(
      'the server did not finish the connect_query within server_connect_timeout',
    );
    expect(plane.network.server.connection.isClosed).toBe(true);
    plane.check();
  });

  test('in which the server goes away says the server’s last words', async () => {
    const { plane, pool, ask } = await poolFixture(database);
    const [login] = await ask(1, true);
    const { server } = plane.network;
    server.says(errorResponse('terminating connection', 'FATAL', '57P01'));
    server.connection.closed();
    await settle();
    expect(login!.error?.message).toBe(
      'the server closed the connection: at the connect_query: terminating connection',
    );
    expect(shape(pool)).toEqual([0, 0, 0, 0, 0]);
    plane.check();
  });
});
