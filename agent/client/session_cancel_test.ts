// Cancel requests: to the server that works for the client, and to nobody else, however late they are.

import { describe, expect, test } from 'bun:test';
import {
  bind,
  cancelRequest,
  execute,
  parse,
  query,
  sync,
  terminate,
} from '../tests/harness/client_words.ts';
import type { DataPlane } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

/** Somebody with the right key asks; gives the connection that was dialed for it. */
async function cancel(plane: DataPlane, index = 0): Promise<FakeServer> {
  const { pid, key } = sessionOf(plane, index);
  plane.accept().says(cancelRequest(pid, key));
  await settle();
  return plane.network.server;
}

describe('Session.cancel()', () => {
  test('names the server process that works for the client', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    const canceler = await cancel(plane);
    expect([canceler.cancels, canceler.address]).toEqual([one.pid, one.address]);
  });

  test('takes a client that waits out of the queue, and tells it as PostgreSQL would', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    clients[0]!.says(query('SELECT 1'));
    clients[1]!.says(query('SELECT 2'), query('SELECT 3'));
    await cancel(plane, 1);
    expect(clients[1]!.heard()).toEqual(['ERROR 57014 canceling statement due to user request', 'Ready I']);
    expect([plane.network.servers.length, pool.waiting]).toEqual([1, 1]);
    one.heard();
    one.says(server.complete('SELECT 1'), server.ready());
    expect(one.heard()).toEqual(['Query SELECT 3']);
    one.says(server.complete('SELECT 3'), server.ready());
    expect(clients[1]!.heard()).toEqual(['Complete SELECT 3', 'Ready I']);
    plane.check();
  });

  test('passes over a pipeline that waits, up to its Sync, whenever that comes', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    clients[0]!.says(query('SELECT 1'));
    clients[1]!.says(parse('s', 'SELECT 2'), bind('s'), execute());
    await cancel(plane, 1);
    expect(clients[1]!.heard()).toEqual(['ERROR 57014 canceling statement due to user request']);
    clients[1]!.says(query('SELECT 3'), bind('s'), execute(), sync);
    expect([clients[1]!.heard(), pool.waiting]).toEqual([['Ready I'], 0]);
    one.says(server.complete('SELECT 1'), server.ready());
    one.heard();
    clients[1]!.says(query('SELECT 4'));
    expect(one.heard()).toEqual(['Query SELECT 4']);
    plane.check();
  });

  test('cuts no message that waits in part, and hears a goodbye behind it', async () => {
    const { plane, clients } = await sessionFixture(2);
    clients[0]!.says(query('SELECT 1'));
    const long = query(`SELECT ${'x'.repeat(100)}`);
    clients[1]!.says(long.subarray(0, 20));
    await cancel(plane, 1);
    clients[1]!.says(long.subarray(20), terminate);
    expect(clients[1]!.heard()).toEqual(['ERROR 57014 canceling statement due to user request', 'Ready I']);
    expect([clients[1]!.connection.isEnded, plane.context.clients.count]).toEqual([true, 1]);
    plane.check();
  });

  test('asks no server for a client that is idle or between its statements', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    await cancel(plane);
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    await cancel(plane);
    expect(plane.network.servers.length).toBe(1);
  });

  test('holds the server back until the request has ended, so that it never hits another client', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    clients[1]!.says(query('SELECT 2'));
    const canceler = await cancel(plane);
    one.says(server.complete('SELECT 1'), server.ready());
    one.heard();
    expect([clients[0]!.heard().at(-1), pool.cancelingServers.length]).toEqual(['Ready I', 1]);
    canceler.connection.closed();
    await settle();
    expect([one.heard(), pool.cancelingServers.length]).toEqual([['Query SELECT 2'], 0]);
    plane.check();
  });

  test('lets its sender go when nothing can be hit any more, and not before', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    const { pid, key } = sessionOf(plane);
    const sender = plane.accept();
    sender.says(cancelRequest(pid, key));
    await settle();
    const canceler = plane.network.server;
    // The query ended by itself: what the client asks next would be hit now.
    one.says(server.complete('SELECT 1'), server.ready('T'));
    await settle();
    expect([canceler.cancels, sender.connection.isEnded]).toEqual([one.pid, false]);
    // It has proved that it may, and takes no place of those who log in; nor is it closed as one who says nothing.
    expect([plane.context.clients.logins, plane.context.loginDeadlines.size]).toEqual([0, 0]);
    canceler.connection.closed();
    await settle();
    expect([sender.connection.isEnded, sender.heard()]).toEqual([true, []]);
    plane.check();
  });

  test('holds its sender no longer than cancel_wait_timeout, nor when the server cannot be reached', async () => {
    const { plane, clients } = await sessionFixture(1, {}, { cancel_wait_timeout: 3_000 });
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    const { pid, key } = sessionOf(plane);
    const [late, lost] = [plane.accept(), plane.accept()];
    late.says(cancelRequest(pid, key));
    await settle();
    plane.clock.advance(2_999);
    await settle();
    expect(late.connection.isEnded).toBe(false);
    plane.clock.advance(1);
    await settle();
    expect(late.connection.isEnded).toBe(true);
    plane.network.welcome = () => new Error('connection refused');
    lost.says(cancelRequest(pid, key));
    await settle();
    expect(lost.connection.isEnded).toBe(true);
  });

  test('holds the sender of one more too, up to a limit, and lets go at once whoever comes when nothing is under way', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    const { pid, key } = sessionOf(plane);
    const senders = Array.from({ length: 20 }, () => plane.accept());
    for (const sender of senders) {
      sender.says(cancelRequest(pid, key));
      await settle();
    }
    const ended = (): number => senders.filter(({ connection }) => connection.isEnded).length;
    // Four are passed on, twelve more wait for those.
    expect([plane.network.servers.length, ended()]).toEqual([1 + 4, 4]);
    const cancelers = plane.network.servers.slice(1);
    for (const canceler of cancelers.slice(0, 3)) canceler.connection.closed();
    await settle();
    // A query that they would hit is held back as long as one of them is under way: so is everybody who came later.
    expect(ended()).toBe(4 + 3);
    cancelers[3]!.connection.closed();
    await settle();
    expect(ended()).toBe(20);
    one.says(server.complete('SELECT 1'), server.ready());
    const late = plane.accept();
    late.says(cancelRequest(pid, key));
    expect([late.connection.isEnded, sessionOf(plane).cancelSenders]).toEqual([true, 0]);
    plane.check();
  });

  test('that is never answered costs the server after cancel_wait_timeout, because it may still reach it', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, { cancel_wait_timeout: 3_000 });
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    const canceler = await cancel(plane);
    one.says(server.complete('SELECT 1'), server.ready());
    plane.clock.advance(2_999);
    await settle();
    expect(pool.cancelingServers.length).toBe(1);
    plane.clock.advance(1);
    await settle();
    expect([pool.connected, canceler.connection.isClosed, plane.pendingTimers]).toEqual([0, true, 0]);
  });

  test('dials a few times only, however often it is asked for', async () => {
    const { plane, clients } = await sessionFixture();
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    for (let i = 0; i < 20; i++) await cancel(plane);
    expect(plane.network.servers.length).toBe(1 + 4);
  });

  test('that cannot reach the server is logged, and lets it go', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    plane.network.welcome = () => new Error('connection refused');
    await cancel(plane);
    expect(plane.log.lines).toContain('warn a cancel request did not reach the server');
    one.says(server.complete('SELECT 1'), server.ready());
    expect(shapeOf(pool)).toEqual([1, 0]);
  });

  test('twice holds the server back until both have ended', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    const cancelers = [await cancel(plane), await cancel(plane)];
    one.says(server.errorResponse('canceled', 'ERROR', '57014'), server.ready());
    cancelers[0]!.connection.closed();
    await settle();
    expect(shapeOf(pool)).toEqual([0, 1]);
    cancelers[1]!.connection.closed();
    await settle();
    expect(shapeOf(pool)).toEqual([1, 0]);
  });

  test('does nothing to the books of a server that is lost meanwhile', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    const canceler = await cancel(plane);
    one.connection.closed();
    canceler.connection.closed();
    await settle();
    expect(shapeOf(pool)).toEqual([0, 0]);
    plane.check();
  });
});

function shapeOf(pool: Awaited<ReturnType<typeof sessionFixture>>['pool']): number[] {
  return [pool.idle, pool.cancelingServers.length];
}
