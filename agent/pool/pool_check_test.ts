// server_check_query: a server that rested is asked before it is lent, and its client notices nothing, whatever it answers.

import { describe, expect, test } from 'bun:test';
import type { Settings } from '../config/settings.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { complete, errorResponse, ready } from '../tests/harness/server_words.ts';
import { poolFixture, type Waiting } from './pool_fixture.ts';

const CHECK = { server_check_query: 'select 1', server_check_delay: 30_000, server_check_timeout: 5_000 };

/** So many servers that have rested for `restedMs`. */
async function rested(count: number, restedMs: number, more: Partial<Settings> = {}) {
  const fixture = await poolFixture({ poolSize: count, queryWaitTimeoutMs: 0 }, { ...CHECK, ...more });
  const { pool, plane, ask } = fixture;
  for (const each of await ask(count)) pool.release(each.server!);
  plane.clock.advance(restedMs);
  for (const each of plane.servers) each.heard();
  return { ...fixture, servers: plane.servers };
}

const fates = (all: readonly Waiting[]): string[] => all.map(({ fate }) => fate);
const answer = [complete('SELECT 1'), ready()] as const;

describe('server_check_query', () => {
  test('is not asked of a server that was in use within server_check_delay', async () => {
    const { ask, servers } = await rested(1, 30_000);
    expect([fates(await ask(1)), servers[0]!.heard()]).toEqual([['leased'], []]);
  });

  test('is asked of one that rested for longer, which is lent when it has answered', async () => {
    const { plane, pool, ask, servers } = await rested(1, 30_001);
    const [client] = await ask(1);
    expect([client!.fate, servers[0]!.heard(), pool.testing, pool.logins]).toEqual([
      'waiting',
      ['Query select 1'],
      1,
      0,
    ]);
    servers[0]!.says(...answer);
    expect([client!.fate, pool.testing, plane.pendingTimers]).toEqual(['leased', 0, 0]);
    pool.release(client!.server!);
    expect(fates(await ask(1))).toEqual(['leased']);
    expect(servers[0]!.heard()).toEqual([]);
    plane.check();
  });

  test('is asked of as many as clients wait, and no other server is opened for them', async () => {
    const { plane, pool, ask, servers } = await rested(3, 60_000);
    const clients = await ask(2);
    expect([pool.testing, pool.idle, plane.network.tried.length]).toEqual([2, 1, 3]);
    for (const each of servers) if (each.heard().length > 0) each.says(...answer);
    expect([fates(clients), pool.idle]).toEqual([['leased', 'leased'], 1]);
    plane.check();
  });

  test('that fails costs the server, and the client gets another one', async () => {
    const { plane, pool, ask, servers } = await rested(1, 60_000);
    const [client] = await ask(1);
    servers[0]!.says(errorResponse('no more'), ready());
    await settle();
    expect([client!.fate, servers[0]!.connection.isEnded, pool.servers]).toEqual(['leased', true, 1]);
    expect(client!.server!.pid).toBe(plane.network.server.pid);
    expect(plane.log.lines).toContain('warn a server that rested is replaced');
    plane.check();
  });

  test('of a server that has gone meanwhile costs the client nothing either', async () => {
    const { plane, ask, servers } = await rested(1, 60_000);
    const [client] = await ask(1);
    servers[0]!.says(errorResponse('terminating connection', 'FATAL', '57P01'));
    servers[0]!.connection.closed('ECONNRESET');
    await settle();
    expect([client!.fate, plane.pendingTimers]).toEqual(['leased', 0]);
    plane.check();
  });

  test('without an answer costs all that have rested as long, at once', async () => {
    const { plane, pool, ask, servers } = await rested(3, 60_000);
    const [client] = await ask(1);
    plane.clock.advance(4_999);
    await settle();
    expect([client!.fate, pool.servers]).toEqual(['waiting', 3]);
    plane.clock.advance(1);
    await settle();
    expect([client!.fate, pool.servers, plane.network.tried.length]).toEqual(['leased', 1, 4]);
    expect(servers.map(({ connection }) => connection.isClosed)).toEqual([true, true, true]);
    // None of them was asked in the moment before it was closed, and is waited for.
    expect([servers.flatMap((each) => each.heard()), plane.pendingTimers]).toEqual([['Query select 1'], 0]);
    plane.clock.advance(60_000);
    expect([pool.isGone, plane.network.tried.length]).toEqual([false, 4]);
    pool.release(client!.server!);
    pool.pause();
    expect(pool.isGone).toBe(true);
    plane.check();
  });

  test('leaves the server to whoever comes next when its client has gone', async () => {
    const { pool, ask, servers } = await rested(1, 60_000);
    const [client] = await ask(1);
    pool.leave(client!);
    servers[0]!.says(...answer);
    expect([pool.idle, client!.fate]).toEqual([1, 'waiting']);
    expect(fates(await ask(1))).toEqual(['leased']);
  });

  test('with a server_check_delay of 0 is asked each time, but not of one that has just logged in or answered', async () => {
    const { pool, ask, servers } = await rested(1, 0, { server_check_delay: 0 });
    const [client] = await ask(1);
    expect([client!.fate, servers[0]!.heard()]).toEqual(['waiting', ['Query select 1']]);
    servers[0]!.says(...answer);
    expect(client!.fate).toBe('leased');
    pool.release(client!.server!);
    await ask(1);
    expect(servers[0]!.heard()).toEqual(['Query select 1']);
  });

  test('that is empty is never asked; `<empty>` is a query without a word', async () => {
    const none = await rested(1, 100_000, { server_check_query: '' });
    expect([fates(await none.ask(1)), none.servers[0]!.heard()]).toEqual([['leased'], []]);
    const empty = await rested(1, 100_000, { server_check_query: '<empty>' });
    await empty.ask(1);
    expect(empty.servers[0]!.heard()).toEqual(['Query ']);
  });

  test('of a server that is to be replaced does not bring it back', async () => {
    const { plane, pool, ask, servers } = await rested(1, 60_000);
    const [client] = await ask(1);
    pool.retireAll('RECONNECT');
    servers[0]!.says(...answer);
    await settle();
    expect([client!.fate, servers[0]!.connection.isEnded]).toEqual(['leased', true]);
    expect(client!.server!.pid).not.toBe(servers[0]!.pid);
    plane.check();
  });
});
