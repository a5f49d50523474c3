// What a session counts, and when: as PgBouncer counts it.

import { expect, test } from 'bun:test';
import { figuresOf } from '../pool/figures.ts';
import { bind, execute, parse, query, sync, terminate } from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture } from './session_fixture.ts';

test('Session counts transactions, queries, bytes and their times', async () => {
  const { plane, pool, clients, server: one } = await sessionFixture();
  const [client] = clients;
  const { clock } = plane;
  const before = { ...pool.statistics };
  for (const [sql, status, pauseMs] of [
    ['BEGIN', 'T', 7],
    ['SELECT 1', 'E', 20],
    ['COMMIT', 'I', 0],
  ] as const) {
    client!.says(query(sql));
    clock.advance(10);
    one.says(server.complete(sql), server.ready(status));
    clock.advance(pauseMs);
  }
  client!.says(terminate);
  const figures = figuresOf(pool.statistics);
  expect(figures).toMatchObject({
    ...{ server_assignment_count: 1, xact_count: 1, query_count: 3 },
    ...{ xact_time: 57_000, query_time: 30_000, client_login_count: 1 },
  });
  const sizeOf = (text: string): number => 6 + text.length;
  const words = ['BEGIN', 'SELECT 1', 'COMMIT'].map(sizeOf).reduce((sum, size) => sum + size);
  expect(figures.received - before.bytesReceived).toBe(words);
  expect(figures.sent - before.bytesSent).toBe(words + 3 * 6);
});

test('Session counts what is asked in one go as one query, and waiting as part of it', async () => {
  const { plane, pool, clients, server: one } = await sessionFixture(2);
  const [first, second] = clients;
  const waitedMs = pool.statistics.waitMs;
  first!.says(query('a'), query('b'));
  second!.says(query('c'));
  plane.clock.advance(10);
  for (const sql of ['a', 'b']) one.says(server.complete(sql), server.ready());
  plane.clock.advance(5);
  one.says(server.complete('c'), server.ready());
  expect(figuresOf(pool.statistics)).toMatchObject({
    ...{ server_assignment_count: 2, xact_count: 2, query_count: 2, query_time: 25_000, xact_time: 25_000 },
    wait_time: (waitedMs + 10) * 1_000,
  });
});

test('Session counts statements with a name: what clients prepare and bind, and what servers are told', async () => {
  const { pool, clients, server: one } = await sessionFixture(2);
  for (const [index, client] of clients.entries()) {
    client.says(parse('', 'SELECT 0'), bind(''), execute(), sync);
    one.says(server.parseComplete, server.bindComplete, server.complete('SELECT 1'), server.ready());
    client.says(parse('a', 'SELECT 1'), bind('a'), execute(), sync);
    const parsed = index === 0 ? [server.parseComplete] : [];
    one.says(...parsed, server.bindComplete, server.complete('SELECT 1'), server.ready());
    expect(client.heard().at(-1)).toBe('Ready I');
  }
  expect(figuresOf(pool.statistics)).toMatchObject({
    client_parse_count: 2,
    server_parse_count: 1,
    bind_count: 2,
  });
});

test('Session in session mode counts transactions, and the one time that it got its server', async () => {
  const { plane, pool, clients, server: one } = await sessionFixture(1, { poolMode: 'session' });
  for (const sql of ['a', 'b']) {
    clients[0]!.says(query(sql));
    plane.clock.advance(3);
    one.says(server.complete(sql), server.ready());
    plane.clock.advance(100);
  }
  expect(figuresOf(pool.statistics)).toMatchObject({
    ...{ server_assignment_count: 1, xact_count: 2, query_count: 2, xact_time: 6_000 },
  });
});

test('Session whose query is cancelled while it waits begins anew with the next one', async () => {
  const { plane, pool, clients, server: one } = await sessionFixture(2);
  const [first, second] = clients;
  first!.says(query('a'));
  second!.says(query('b'));
  [...plane.context.clients][1]!.cancel();
  plane.clock.advance(50);
  one.says(server.complete('a'), server.ready());
  second!.says(query('c'));
  plane.clock.advance(1);
  one.says(server.complete('c'), server.ready());
  expect(figuresOf(pool.statistics)).toMatchObject({ query_count: 3, xact_count: 3, query_time: 51_000 });
});
