// PREPARE, EXECUTE and DEALLOCATE by the protocol and in texts of several: what they name is looked for whenever they are used.

import { expect, test } from 'bun:test';
import {
  bind,
  describe as describeTarget,
  execute,
  parse,
  query,
  sync,
} from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

const { parseComplete, bindComplete, closeComplete } = server;
const LONG = `long_${'x'.repeat(70)}`;

function say(client: FakeClient, one: FakeServer, sql: string, tag: string): string[] {
  client.says(query(sql));
  const heard = one.heard();
  one.says(server.complete(tag), server.ready());
  client.heard();
  return heard;
}

test('an EXECUTE under a name means what its client means at that moment', async () => {
  const { plane, clients, server: one } = await sessionFixture(2);
  const [client, other] = clients as [FakeClient, FakeClient];
  expect(say(client, one, 'PREPARE d AS SELECT 1', 'PREPARE')).toEqual([
    'Query PREPARE "pgsidecar_1" AS SELECT 1',
  ]);
  say(other, one, 'PREPARE d AS SELECT 2', 'PREPARE');
  for (const [i, each] of clients.entries()) {
    each.says(parse('s1', 'EXECUTE d'), sync);
    expect(one.heard()).toEqual([`Parse pgsidecar_${i + 3} EXECUTE "pgsidecar_${i + 1}"`, 'Sync']);
    one.says(parseComplete, server.ready());
    expect(each.heard()).toEqual(['ParseComplete', 'Ready I']);
  }
  const run = (who: FakeClient, ...before: Uint8Array[]): string[] => {
    who.says(bind('s1'), execute(), sync);
    const heard = one.heard();
    one.says(...before, bindComplete, server.complete('SELECT 1'), server.ready());
    expect(who.heard()).toEqual(['BindComplete', 'Complete SELECT 1', 'Ready I']);
    return heard.slice(0, -2);
  };
  expect(run(client)).toEqual(['Bind pgsidecar_3']);
  expect(run(other)).toEqual(['Bind pgsidecar_4']);
  client.says(query('DEALLOCATE d'));
  one.says(parseComplete, server.ready(), server.complete('DEALLOCATE'), server.ready());
  expect(client.heard()).toEqual(['Complete DEALLOCATE', 'Ready I']);
  one.heard();
  say(client, one, 'PREPARE d AS SELECT 3', 'PREPARE');
  expect(run(client, closeComplete, parseComplete)).toEqual([
    ...[
      'Close Spgsidecar running',
      'Parse pgsidecar running EXECUTE "pgsidecar_5"',
      'Bind pgsidecar running',
    ],
  ]);
  plane.check();
});

test('an EXECUTE that was described is told of what is there no more in the client’s own words', async () => {
  const { clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  say(client, one, 'PREPARE d AS SELECT 1', 'PREPARE');
  client.says(parse('s1', 'EXECUTE d'), sync);
  one.says(parseComplete, server.ready());
  client.says(query('DEALLOCATE d'));
  one.says(parseComplete, server.ready(), server.complete('DEALLOCATE'), server.ready());
  client.heard();
  one.heard();
  client.says(describeTarget('S', 's1'), sync);
  expect(one.heard()).toEqual(['Close Spgsidecar_1', 'Describe Spgsidecar_2', 'Sync']);
  const gone = 'prepared statement "pgsidecar_1" does not exist';
  one.says(closeComplete, server.errorResponse(gone, 'ERROR', '26000'), server.ready());
  expect(client.heard()).toEqual(['ERROR 26000 prepared statement "d" does not exist', 'Ready I']);
});

test('a PREPARE under a name makes what its client executes, and is given back when it never runs', async () => {
  const { plane, clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  client.says(parse('s1', 'PREPARE d AS SELECT 1'), describeTarget('S', 's1'), bind('s1'), sync);
  expect(one.heard().filter((words) => words.startsWith('Parse'))).toEqual([
    'Parse pgsidecar_1 PREPARE d AS SELECT 1',
    'Parse pgsidecar running PREPARE "pgsidecar_2" AS SELECT 1',
  ]);
  one.says(parseComplete, server.noData, closeComplete, parseComplete, bindComplete, server.ready());
  client.heard();
  client.says(bind('s1'), execute(), sync);
  expect(one.heard()).toContain('Parse pgsidecar running PREPARE "pgsidecar_3" AS SELECT 1');
  one.says(closeComplete, parseComplete, bindComplete, server.complete('PREPARE'), server.ready());
  client.heard();
  expect(say(client, one, 'EXECUTE d', 'SELECT 1')).toEqual(['Query EXECUTE "pgsidecar_3"']);
  // Bound once more, and never executed.
  client.says(bind('s1'), sync);
  one.says(closeComplete, parseComplete, bindComplete, server.ready());
  client.connection.closed();
  expect(plane.context.statements.size).toBe(0);
  plane.check();
});

test('a text may prepare, execute, end and prepare a name again, and what was done of it stays', async () => {
  const { plane, clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  client.says(
    query('PREPARE d AS SELECT 1; EXECUTE d; DEALLOCATE d; PREPARE "d" AS SELECT 2; EXECUTE d; SELECT 1/0'),
  );
  expect(one.heard()).toEqual([
    'Query PREPARE "pgsidecar_1" AS SELECT 1; EXECUTE "pgsidecar_1"; DEALLOCATE "pgsidecar_1"; ' +
      'PREPARE "pgsidecar_2" AS SELECT 2; EXECUTE "pgsidecar_2"; SELECT 1/0',
  ]);
  one.says(...['PREPARE', 'SELECT 1', 'DEALLOCATE', 'PREPARE'].map(server.complete));
  one.says(server.errorResponse('division by zero', 'ERROR', '22012'), server.ready());
  client.heard();
  expect(sessionOf(plane).relay.statementCount).toBe(1);
  expect(say(client, one, 'EXECUTE d', 'SELECT 1')).toEqual(['Query EXECUTE "pgsidecar_2"']);
  plane.check();
});

test('a name is looked for when all that may still change it has been answered', async () => {
  const { plane, clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  client.says(query('PREPARE d AS SELECT nosuch'), query('PREPARE d AS SELECT 1'), query('EXECUTE d'));
  expect(one.heard()).toEqual(['Query PREPARE "pgsidecar_1" AS SELECT nosuch']);
  one.says(server.errorResponse('no', 'ERROR', '42703'), server.ready());
  expect(one.heard()).toEqual(['Query PREPARE "pgsidecar_2" AS SELECT 1']);
  one.says(server.complete('PREPARE'), server.ready());
  expect(one.heard()).toEqual(['Query EXECUTE "pgsidecar_2"']);
  one.says(server.complete('SELECT 1'), server.ready());
  expect(client.heard().filter((words) => !words.startsWith('Ready'))).toEqual([
    ...['ERROR 42703 no', 'Complete PREPARE', 'Complete SELECT 1'],
  ]);
  plane.check();
});

test('what cannot be put there before a Query is told in the place of that Query, once', async () => {
  const { clients, server: one } = await sessionFixture(2);
  const [client, other] = clients as [FakeClient, FakeClient];
  client.says(parse('s1', 'SELECT * FROM t'), sync);
  one.says(parseComplete, server.ready());
  one.heard();
  say(other, one, 'DISCARD ALL', 'DISCARD ALL');
  client.heard();
  client.says(query('EXECUTE s1'));
  expect(one.heard()).toEqual(['Parse pgsidecar_1 SELECT * FROM t', 'Sync', 'Query EXECUTE "pgsidecar_1"']);
  one.says(server.errorResponse('no table', 'ERROR', '42P01'), server.ready());
  one.says(server.errorResponse('not there', 'ERROR', '26000'), server.ready());
  expect(client.heard()).toEqual(['ERROR 42P01 no table', 'Ready I']);
});

test('the server itself says that it cuts a name, which it is not told then', async () => {
  const { clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  client.says(query(`PREPARE ${LONG} AS SELECT 1`));
  expect(one.heard()).toEqual([
    ...['Close Spgsidecar reading', `Parse pgsidecar reading PREPARE ${LONG} AS SELECT 1`, 'Sync'],
    'Query PREPARE "pgsidecar_1" AS SELECT 1',
  ]);
  const cut = server.notice('will be truncated', '42622');
  one.says(closeComplete, cut, parseComplete, server.ready(), server.complete('PREPARE'), server.ready());
  expect(client.heard()).toEqual(['NOTICE 42622 will be truncated', 'Complete PREPARE', 'Ready I']);
  // By the protocol the rest of a name is not looked at.
  client.says(bind(LONG), sync);
  expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Sync']);
});

test('a failed transaction is told first that a Bind has too few values', async () => {
  const { clients, server: one } = await sessionFixture(2);
  const [client, other] = clients as [FakeClient, FakeClient];
  client.says(parse('s1', 'SELECT $1, $2'), sync);
  one.says(parseComplete, server.ready());
  say(other, one, 'DISCARD ALL', 'DISCARD ALL');
  client.says(query('BEGIN; broken'));
  one.says(server.errorResponse('no'), server.ready('E'));
  client.heard();
  one.heard();
  client.says(bind('s1'), sync);
  expect(one.heard()).toEqual([
    'Close Spgsidecar refused',
    'Parse pgsidecar refused ',
    'Bind pgsidecar refused',
    'Sync',
  ]);
  const few = 'bind message supplies 0 parameters, but prepared statement "pgsidecar refused" requires 2';
  one.says(closeComplete, parseComplete, server.errorResponse(few, 'ERROR', '08P01'), server.ready('E'));
  expect(client.heard()[0]).toBe(
    'ERROR 08P01 bind message supplies 0 parameters, but prepared statement "s1" requires 2',
  );
});

test('a long EXECUTE is known wherever the network cuts it; any other long text goes on as it comes', async () => {
  const { clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  say(client, one, 'PREPARE d AS SELECT $1', 'PREPARE');
  const value = 'x'.repeat(100_000);
  const bytes = query(`/* c */ EXECUTE d('${value}')`);
  for (const [from, to] of [
    [0, 9],
    [9, 2_000],
    [2_000, 90_000],
  ] as const) {
    client.connection.receive(bytes.slice(from, to));
    expect(one.heard()).toEqual([]);
  }
  client.connection.receive(bytes.slice(90_000));
  expect(one.heard()).toEqual([`Query /* c */ EXECUTE "pgsidecar_1"('${value}')`]);
  one.says(server.complete('SELECT 1'), server.ready());
  const other = query(`SELECT '${value}'`);
  client.connection.receive(other.slice(0, 50_000));
  expect(one.heardBytes().length).toBe(50_000);
  client.connection.receive(other.slice(50_000));
  expect(one.heardBytes().length).toBe(other.length - 50_000);
});

test('an EXPLAIN of what is no query leaves nothing of it', async () => {
  const { plane, clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  say(client, one, 'PREPARE d AS SELECT 1', 'PREPARE');
  client.says(parse('s1', 'DEALLOCATE d'), sync);
  one.says(parseComplete, server.ready());
  client.heard();
  one.heard();
  expect(say(client, one, 'EXPLAIN EXECUTE s1', 'EXPLAIN')).toEqual(['Query EXPLAIN EXECUTE "pgsidecar_2"']);
  expect(say(client, one, 'EXECUTE d', 'SELECT 1')).toEqual(['Query EXECUTE "pgsidecar_1"']);
  plane.check();
});
