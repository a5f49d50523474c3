// Timeouts of clients: each counts its own phase, from when that began, and never a moment too early.

import { describe, expect, test } from 'bun:test';
import type { Settings } from '../config/settings.ts';
import { bind, execute, flush, parse, query, sync } from '../tests/harness/client_words.ts';
import type { DataPlane } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture } from './session_fixture.ts';
import { endLateClients } from './timeouts.ts';

const LOOK_MS = 100;

/** As the janitor does, some times a second. */
function pass(plane: DataPlane, ms: number): void {
  for (let at = 0; at < ms; at += LOOK_MS) {
    plane.clock.advance(LOOK_MS);
    endLateClients(plane.context, plane.clock.now());
  }
}

async function world(
  settings: Partial<Settings>,
  clients = 1,
  database: Parameters<typeof sessionFixture>[1] = {},
) {
  const fixture = await sessionFixture(clients, database, { query_wait_notify: 0, ...settings });
  endLateClients(fixture.plane.context, fixture.plane.clock.now());
  return fixture;
}

describe('endLateClients()', () => {
  test('ends a query after query_timeout, cancels it, and lends its server on', async () => {
    const more = { query_timeout: 2_000, cancel_abandoned_queries: false };
    const { plane, pool, clients, server: one } = await world(more, 2);
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    clients[1]!.says(query('SELECT 2'));
    pass(plane, 2_000);
    expect(clients[0]!.heard()).toEqual([]);
    pass(plane, LOOK_MS);
    expect(clients[0]!.heard()).toEqual([
      'FATAL 57014 query timeout: it ran for longer than query_timeout (2 s)',
    ]);
    await settle();
    expect([plane.network.server.cancels, pool.cleaningServers.length]).toEqual([one.pid, 1]);
  });

  test('counts each query of a pipeline of transactions by itself', async () => {
    const { plane, clients, server: one } = await world({ query_timeout: 1_000 });
    for (let i = 0; i < 10; i++) {
      clients[0]!.says(query('SELECT pg_sleep(0.9)'));
      pass(plane, 900);
      one.says(server.complete('SELECT 1'), server.ready());
    }
    expect(clients[0]!.connection.isEnded).toBe(false);
  });

  test('ends a transaction in which nothing is done, after idle_transaction_timeout', async () => {
    const { plane, pool, clients, server: one } = await world({ idle_transaction_timeout: 1_000 });
    clients[0]!.says(query('BEGIN'));
    pass(plane, 3_000);
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.heard();
    pass(plane, 1_000);
    expect(clients[0]!.heard()).toEqual([]);
    pass(plane, LOOK_MS);
    expect(clients[0]!.heard()).toEqual([
      'FATAL 25P03 idle transaction timeout: it said nothing for longer than idle_transaction_timeout (1 s)',
    ]);
    expect(one.heard().at(-1)).toBe('Query ROLLBACK');
    one.says(server.complete('ROLLBACK'), server.ready());
    expect(pool.idle).toBe(1);
  });

  test('takes a run of the extended protocol without its Sync for a transaction', async () => {
    const { plane, clients, server: one } = await world({ idle_transaction_timeout: 1_000 });
    clients[0]!.says(parse('', 'SELECT 1'), bind(''), execute(), flush);
    one.says(server.parseComplete, server.bindComplete, server.complete('SELECT 1'));
    clients[0]!.heard();
    pass(plane, 1_200);
    expect(clients[0]!.heard()[0]).toStartWith('FATAL 25P03');
  });

  test('ends a transaction that goes on and on, after transaction_timeout', async () => {
    const { plane, clients, server: one } = await world({ transaction_timeout: 2_000 });
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    for (let i = 0; i < 4; i++) {
      clients[0]!.says(query('SELECT 1'));
      pass(plane, 500);
      one.says(server.complete('SELECT 1'), server.ready('T'));
    }
    expect(clients[0]!.connection.isEnded).toBe(false);
    pass(plane, 200);
    expect(clients[0]!.heard().at(-1)).toBe(
      'FATAL 25P04 transaction timeout: it took longer than transaction_timeout (2 s)',
    );
  });

  test('counts a transaction anew when another has begun between two looks', async () => {
    const { plane, clients, server: one } = await world({ transaction_timeout: 1_000 });
    for (let i = 0; i < 10; i++) {
      clients[0]!.says(query('BEGIN'));
      one.says(server.complete('BEGIN'), server.ready('T'));
      pass(plane, 500);
      clients[0]!.says(query('COMMIT'));
      one.says(server.complete('COMMIT'), server.ready());
    }
    expect(clients[0]!.connection.isEnded).toBe(false);
  });

  test('ends a client that does nothing, after client_idle_timeout, and not one that waits or works', async () => {
    const { plane, clients } = await world({ client_idle_timeout: 1_000 }, 3);
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    clients[1]!.says(query('SELECT 1'));
    pass(plane, 900);
    clients[2]!.says(sync);
    clients[2]!.heard();
    pass(plane, 1_000);
    expect(clients[2]!.connection.isEnded).toBe(false);
    pass(plane, 2 * LOOK_MS);
    expect(clients.map(({ connection }) => connection.isEnded)).toEqual([false, false, true]);
    expect(clients[2]!.heard()).toEqual(['FATAL 57P05 client_idle_timeout: it said nothing for 1 s']);
    plane.check();
  });

  test('tells a client once that it waits, after query_wait_notify, and each time anew', async () => {
    const { plane, clients, server: one } = await world({ query_wait_notify: 1_000 }, 2);
    const notice =
      'NOTICE 00000 No server connection available in postgres backend, client being queued (since 1 s, 1 in the queue)';
    for (let i = 0; i < 2; i++) {
      clients[0]!.says(query('SELECT 1'));
      clients[1]!.says(query('SELECT 2'));
      pass(plane, 3_000);
      expect(clients[1]!.heard()).toEqual([notice]);
      one.says(server.complete('SELECT 1'), server.ready());
      one.says(server.complete('SELECT 2'), server.ready());
      expect(clients[1]!.heard()).toEqual(['Complete SELECT 2', 'Ready I']);
      pass(plane, 200);
    }
  });

  test('counts the time that a query waited for its server, and ends it while it waits', async () => {
    const { plane, clients, server: one } = await world({ query_timeout: 2_000 }, 3);
    clients[0]!.says(query('SELECT 1'));
    clients[1]!.says(query('SELECT 2'));
    clients[2]!.says(query('SELECT 3'));
    pass(plane, 1_500);
    one.says(server.complete('SELECT 1'), server.ready());
    expect(clients[0]!.heard()).toEqual(['Complete SELECT 1', 'Ready I']);
    pass(plane, 500);
    expect(clients.map(({ connection }) => connection.isEnded)).toEqual([false, false, false]);
    pass(plane, LOOK_MS);
    const told = 'FATAL 57014 query timeout: it ran for longer than query_timeout (2 s)';
    expect(clients.map((client) => client.heard())).toEqual([[], [told], [told]]);
  });

  test('takes what is said of a user for its clients, and 0 for no limit, also after a reload', async () => {
    const { plane, clients } = await world({ idle_transaction_timeout: 1_000 });
    const { context } = plane;
    const own = (ms: number | undefined): Settings => ({
      ...context.settings,
      users: { idp_app: { ...context.settings.users.idp_app!, idleTransactionTimeoutMs: ms } },
    });
    context.settings = own(0);
    clients[0]!.says(query('BEGIN'));
    plane.network.server.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.heard();
    pass(plane, 10_000);
    expect(clients[0]!.heard()).toEqual([]);
    context.settings = { ...own(20_000), idle_transaction_timeout: 0 };
    pass(plane, 9_000);
    expect(clients[0]!.heard()).toEqual([]);
    pass(plane, 2_000);
    expect(clients[0]!.heard()).toEqual([
      'FATAL 25P03 idle transaction timeout: it said nothing for longer than idle_transaction_timeout (20 s)',
    ]);
  });

  test('ends a session between two transactions whose server is to be replaced, by server_fast_close', async () => {
    const session = { poolMode: 'session' } as const;
    const { plane, pool, clients, server: one } = await world({ server_fast_close: true }, 1, session);
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    pool.retireAll('RECONNECT');
    clients[0]!.heard();
    pass(plane, 1_000);
    expect(clients[0]!.heard()).toEqual([]);
    clients[0]!.says(query('COMMIT'));
    pass(plane, 1_000);
    expect(clients[0]!.heard()).toEqual([]);
    one.says(server.complete('COMMIT'), server.ready());
    clients[0]!.heard();
    pass(plane, LOOK_MS);
    expect(clients[0]!.heard()).toEqual([
      'FATAL 57P01 terminating connection because its server connection is replaced (server_fast_close): RECONNECT',
    ]);
    one.says(server.complete('DISCARD ALL'), server.ready());
    expect([one.connection.isEnded, pool.servers]).toEqual([true, 0]);
    plane.check();
  });

  test('leaves such a session its server without server_fast_close, and one whose server is to stay', async () => {
    const session = { poolMode: 'session' } as const;
    for (const fast of [false, true]) {
      const { plane, pool, clients, server: one } = await world({ server_fast_close: fast }, 1, session);
      clients[0]!.says(query('SELECT 1'));
      one.says(server.complete('SELECT 1'), server.ready());
      if (!fast) pool.retireAll('RECONNECT');
      pass(plane, 10_000);
      expect(clients[0]!.connection.isEnded).toBe(false);
    }
  });

  test('does nothing to anybody while no timeout is set', async () => {
    const { plane, clients } = await world({});
    clients[0]!.says(query('BEGIN'));
    pass(plane, 100_000);
    expect(clients[0]!.connection.isEnded).toBe(false);
  });
});
