// One client's conversation with a scripted server: from its first query to its end, whoever ends it.

import { describe, expect, test } from 'bun:test';
import {
  bind,
  copyData,
  describe as describeTarget,
  execute,
  functionCall,
  message,
  parse,
  query,
  sync,
} from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

/** Too long to be kept until it is whole. */
const LONG = `SELECT 1 -- ${'x'.repeat(70_000)}`;

const ANSWER = [server.rowDescription('x'), server.dataRow('1'), server.complete('SELECT 1')];
const HEARD = ['RowDescription', 'Row 1', 'Complete SELECT 1'];

test('Session refuses simple queries with disable_pqexec, without a server, and nothing else', async () => {
  const { clients, pool, server: one } = await sessionFixture(2, {}, { disable_pqexec: true });
  clients[0]!.says(query('SELECT 1'));
  expect([clients[0]!.heard(), pool.statistics.serverAssignments]).toEqual([
    ['FATAL 08P01 PQexec disallowed: simple queries are refused here (disable_pqexec)'],
    0,
  ]);
  clients[1]!.says(parse('', 'SELECT 1'), bind(''), execute(), sync);
  one.says(server.parseComplete, server.bindComplete, server.complete('SELECT 1'), server.ready());
  expect(clients[1]!.heard().at(-1)).toBe('Ready I');
});

describe('Session in transaction mode', () => {
  test('has a server from its first message to the ReadyForQuery that ends its transaction', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    const [client] = clients;
    for (const [sql, status] of [
      ['BEGIN', 'T'],
      ['SELECT 1', 'T'],
      ['fail', 'E'],
      ['ROLLBACK', 'I'],
    ] as const) {
      expect(sessionOf(plane).state).toBe(sql === 'BEGIN' ? 'idle' : 'active');
      client!.says(query(sql));
      expect(one.heard()).toEqual([`Query ${sql}`]);
      one.says(server.complete(sql), server.ready(status));
      expect(client!.heard()).toEqual([`Complete ${sql}`, `Ready ${status}`]);
    }
    expect([sessionOf(plane).state, pool.idle]).toEqual(['idle', 1]);
    expect([pool.statistics.transactions, pool.statistics.queries]).toEqual([1, 4]);
    plane.check();
  });

  test('passes chunks as they are, in one write each way', async () => {
    const { clients, server: one } = await sessionFixture();
    clients[0]!.says(parse('', 'SELECT 1'), bind(''), describeTarget('P'), execute(), sync);
    expect(one.heardBytes()).toEqual(
      new Uint8Array(Buffer.concat([parse('', 'SELECT 1'), bind(''), describeTarget('P'), execute(), sync])),
    );
    const writes = clients[0]!.connection.writes;
    one.says(server.parseComplete, server.bindComplete, ...ANSWER, server.ready());
    expect(clients[0]!.heard()).toEqual(['ParseComplete', 'BindComplete', ...HEARD, 'Ready I']);
    expect(clients[0]!.connection.writes).toBe(writes + 1);
  });

  test('keeps its server through a pipeline, up to the last Sync', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(parse('', 'a'), bind(''), execute(), sync, parse('', 'b'), bind(''), execute(), sync);
    one.says(server.parseComplete, server.bindComplete, server.complete('A'), server.ready());
    expect(pool.idle).toBe(0);
    one.says(server.parseComplete, server.bindComplete, server.complete('B'), server.ready());
    expect(pool.idle).toBe(1);
  });

  test('keeps its server while a pipeline has no Sync yet', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(parse('', 'a'), message('H'));
    one.says(server.parseComplete);
    expect([pool.idle, clients[0]!.heard()]).toEqual([0, ['ParseComplete']]);
    clients[0]!.says(bind(''), execute(), sync);
    one.says(server.bindComplete, server.complete('A'), server.ready());
    expect(pool.idle).toBe(1);
  });

  test('answers a Sync by itself when nothing is open', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(sync, sync);
    expect([clients[0]!.heard(), one.heard(), pool.idle]).toEqual([['Ready I', 'Ready I'], [], 1]);
    clients[0]!.says(sync, query('SELECT 1'));
    expect(one.heard()).toEqual(['Query SELECT 1']);
  });

  test('passes over Flush and the rest of a COPY when nothing is open', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    const long = copyData('x'.repeat(100));
    for (let at = 1; at < long.length; at++) {
      clients[0]!.connection.receive(message('H'), long.subarray(0, at), long.subarray(at), message('c'));
      clients[0]!.says(message('f', 'no\0'), sync);
      expect([clients[0]!.heard(), one.heard(), pool.idle]).toEqual([['Ready I'], [], 1]);
    }
  });

  test('passes over the rest of a COPY, and not over the query behind it', async () => {
    const all = Buffer.concat([copyData('x'.repeat(40)), query('SELECT 1')]);
    for (let at = 1; at < 50; at++) {
      const { clients, server: one } = await sessionFixture();
      clients[0]!.connection.receive(all.subarray(0, at), all.subarray(at));
      expect(one.heard()).toEqual(['Query SELECT 1']);
    }
  });

  test('passes a FunctionCall on, and asks what it has left', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(functionCall());
    one.says(server.functionCallResponse, server.ready());
    expect([clients[0]!.heard(), pool.idle]).toEqual([['FunctionCallResponse', 'Ready I'], 0]);
    one.says(server.complete('SELECT 0'), server.ready());
    expect([clients[0]!.heard(), pool.idle]).toEqual([[], 1]);
  });

  test('gives its server back only when its message has ended', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    const [first, second] = [query('SELECT 1'), query(LONG)];
    clients[0]!.says(first, second.subarray(0, 20));
    expect(one.heardBytes().length).toBe(first.length + 20);
    one.says(server.complete('A'), server.ready());
    expect(pool.idle).toBe(0);
    clients[0]!.connection.receive(second.subarray(20));
    one.says(server.complete('B'), server.ready());
    // Nobody has read the long one: the server was asked what it has left.
    expect(pool.idle).toBe(0);
    one.says(server.complete('SELECT 0'), server.ready());
    expect([pool.idle, clients[0]!.heard()]).toEqual([1, ['Complete A', 'Ready I', 'Complete B', 'Ready I']]);
  });

  test('waits for a server in the order in which clients came, keeping what they say', async () => {
    const { plane, clients, server: one } = await sessionFixture(3);
    const [a, b, c] = clients;
    a!.says(query('a'));
    b!.says(query('b1'));
    b!.says(query('b2'));
    c!.says(query('c'));
    expect([one.heard(), sessionOf(plane, 1).state]).toEqual([['Query a'], 'waiting']);
    one.says(server.complete('A'), server.ready());
    expect(one.heard()).toEqual(['Query b1', 'Query b2']);
    one.says(server.complete('B1'), server.ready(), server.complete('B2'), server.ready());
    expect(one.heard()).toEqual(['Query c']);
    one.says(server.complete('C'), server.ready());
    expect([a, b, c].map((each) => each!.heard().length)).toEqual([2, 4, 2]);
    plane.check();
  });

  test('takes part of a header while it waits, and goes on with the rest', async () => {
    const { clients, server: one } = await sessionFixture(2);
    const [a, b] = clients;
    a!.says(query('a'));
    const all = Buffer.concat([query('b'), query('c')]);
    for (const byte of all) b!.connection.receive(new Uint8Array([byte]));
    one.says(server.complete('A'), server.ready());
    expect(one.heard()).toEqual(['Query a', 'Query b', 'Query c']);
  });
});

test('Session that meets a mistake of ours ends alone, with a trace in the log', async () => {
  const { plane, clients, server: one } = await sessionFixture(2);
  Object.assign(sessionOf(plane).relay, {
    onClientData: () => {
      throw new TypeError('a mistake');
    },
  });
  clients[0]!.says(query('SELECT 1'));
  expect(clients[0]!.heard()).toEqual(['FATAL XX000 an internal error closed this session: a mistake']);
  expect(plane.log.lines).toContain('error an internal error closed a session');
  clients[1]!.says(query('SELECT 2'));
  expect(one.heard()).toEqual(['Query SELECT 2']);
  plane.check();
});

test('Session.isQuiet says whether a client can be let go without loss', async () => {
  const { plane, clients, server: one } = await sessionFixture(2);
  const [a, b] = [sessionOf(plane, 0), sessionOf(plane, 1)];
  expect(a.isQuiet).toBe(true);
  clients[0]!.says(query('SELECT 1'));
  clients[1]!.says(query('SELECT 1'));
  expect([a.isQuiet, b.isQuiet, a.state, b.state]).toEqual([false, false, 'active', 'waiting']);
  one.says(...ANSWER, server.ready());
  expect([a.isQuiet, a.state]).toEqual([true, 'idle']);
});
