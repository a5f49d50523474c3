// What a client leaves in its session: it follows the client, it is asked for, or it keeps the server, and nobody else ever finds it.

import { describe, expect, test } from 'bun:test';
import { bind, execute, parse, query, sync } from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

const { complete, ready } = server;

/** A simple Query of the client, and the server's answer to it. */
function run(client: FakeClient, one: FakeServer, sql: string, tag: string, status?: 'I' | 'T' | 'E'): void {
  client.says(query(sql));
  one.says(complete(tag), ready(status));
}

/** Each as the server reads it, but for the client's own words. */
function asksFor(one: FakeServer): string {
  return one.heard().at(-1) ?? '';
}

/** The server's answer to the question what was left. */
function finds(one: FakeServer, ...rows: readonly (readonly [string, string | null])[]): void {
  one.says(
    server.rowDescription('what'),
    ...rows.map((row) => server.dataRow(...row)),
    complete(`SELECT ${rows.length}`),
    ready(),
  );
}

describe('Session after a SET', () => {
  test('gives its server back at once: the text has said it all', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    run(clients[0]!, one, "SET lock_timeout = '5s'", 'SET');
    expect([clients[0]!.heard(), pool.idle]).toEqual([['Complete SET', 'Ready I'], 1]);
    expect(one.heard()).toEqual(["Query SET lock_timeout = '5s'"]);
  });

  test('finds it on every server, and leaves it to nobody', async () => {
    const { clients, server: one } = await sessionFixture(2);
    const [a, b] = clients;
    run(a!, one, 'SET search_path TO app, "Odd", public', 'SET');
    one.heard();
    b!.says(query('b'));
    expect(one.heard()).toEqual(['Query RESET "search_path";']);
    one.says(complete('RESET'), ready());
    one.says(complete('B'), ready());
    one.heard();
    a!.says(query('a'));
    expect(one.heard()).toEqual([`Query SET "search_path" TO 'app', 'Odd', 'public';`, 'Query a']);
  });

  test('of several settings at once is followed for each', async () => {
    const { plane, clients, server: one } = await sessionFixture(1);
    run(clients[0]!, one, 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, DEFERRABLE', 'SET');
    expect(sessionOf(plane).parameters.current.unreported.get('default_transaction_deferrable')).toBe('on');
  });

  test('is not done again by a portal with a name', async () => {
    const { plane, clients, server: one } = await sessionFixture(1);
    clients[0]!.says(parse('', 'SET lock_timeout = 1'), bind(''), execute(), sync);
    one.says(
      server.parseComplete,
      server.bindComplete,
      server.errorResponse('no', 'ERROR', '42501'),
      ready(),
    );
    clients[0]!.says(parse('', 'SELECT 1'), bind('', 'named'), execute('named'), sync);
    one.says(server.parseComplete, server.bindComplete, complete('SELECT 1'), ready());
    expect(sessionOf(plane).parameters.current.unreported.size).toBe(0);
  });

  for (const [what, texts] of Object.entries({
    'rolled back': [
      ['BEGIN', 'BEGIN', 'T'],
      ['SET lock_timeout = 1', 'SET', 'T'],
      ['ROLLBACK', 'ROLLBACK', 'I'],
    ],
    'rolled back to a savepoint': [
      ['BEGIN', 'BEGIN', 'T'],
      ['SAVEPOINT a', 'SAVEPOINT', 'T'],
      ['SET lock_timeout = 1', 'SET', 'T'],
      ['SAVEPOINT b', 'SAVEPOINT', 'T'],
      ['RELEASE b', 'RELEASE', 'T'],
      ['ROLLBACK TO SAVEPOINT a', 'ROLLBACK', 'T'],
      ['COMMIT', 'COMMIT', 'I'],
    ],
    'undone by a COMMIT that rolls back': [
      ['BEGIN', 'BEGIN', 'T'],
      ['SET lock_timeout = 1', 'SET', 'T'],
      ['COMMIT', 'ROLLBACK', 'I'],
    ],
    'for its transaction only': [
      ['BEGIN', 'BEGIN', 'T'],
      ['SET LOCAL lock_timeout = 1', 'SET', 'T'],
      ['COMMIT', 'COMMIT', 'I'],
    ],
    'reset again': [
      ['SET lock_timeout = 1', 'SET', 'I'],
      ['RESET ALL', 'RESET', 'I'],
    ],
  } as const)) {
    test(`that is ${what} leaves nothing`, async () => {
      const { plane, pool, clients, server: one } = await sessionFixture(1);
      for (const [sql, tag, status] of texts) run(clients[0]!, one, sql, tag, status);
      expect([...sessionOf(plane).parameters.current.unreported, pool.idle]).toEqual([1]);
    });
  }

  for (const [what, texts] of Object.entries({
    'behind a savepoint that is released': ['SAVEPOINT a', 'SET lock_timeout = 1', 'RELEASE a'],
    'before a savepoint that is rolled back to': [
      'SET lock_timeout = 1',
      'SAVEPOINT a',
      'SET lock_timeout = 2',
      'ROLLBACK TO a',
    ],
    'and another LOCAL behind it': ['SET lock_timeout = 1', 'SET LOCAL lock_timeout = 2'],
  })) {
    test(`${what} counts when the transaction commits`, async () => {
      const { plane, clients, server: one } = await sessionFixture(1);
      run(clients[0]!, one, 'BEGIN', 'BEGIN', 'T');
      for (const sql of texts) run(clients[0]!, one, sql, sql.split(' ')[0]!, 'T');
      expect(sessionOf(plane).parameters.current.unreported.size).toBe(0);
      run(clients[0]!, one, 'COMMIT', 'COMMIT');
      expect([...sessionOf(plane).parameters.current.unreported]).toEqual([['lock_timeout', '1']]);
    });
  }

  test('in a text of several counts up to the COMMIT before the error', async () => {
    const { plane, clients, server: one } = await sessionFixture(1);
    clients[0]!.says(query('SET lock_timeout = 1; COMMIT; SET lock_timeout = 2; SELECT 1/0'));
    one.says(
      ...[complete('SET'), complete('COMMIT'), complete('SET')],
      ...[server.errorResponse('division by zero', 'ERROR', '22012'), ready()],
    );
    expect([...sessionOf(plane).parameters.current.unreported]).toEqual([['lock_timeout', '1']]);
  });

  test('in the extended protocol is undone by an error of the same run', async () => {
    const { plane, clients, server: one } = await sessionFixture(1);
    clients[0]!.says(parse('', 'SET lock_timeout = 1'), bind(''), execute());
    clients[0]!.says(parse('', 'SELECT 1/0'), bind(''), execute(), sync);
    one.says(...[server.parseComplete, server.bindComplete, complete('SET')]);
    one.says(server.parseComplete, server.errorResponse('division by zero', 'ERROR', '22012'), ready());
    expect(sessionOf(plane).parameters.current.unreported.size).toBe(0);
    clients[0]!.says(parse('', 'SET lock_timeout = 3'), bind(''), execute(), sync);
    one.says(server.parseComplete, server.bindComplete, complete('SET'), ready());
    expect([...sessionOf(plane).parameters.current.unreported]).toEqual([['lock_timeout', '3']]);
  });

  test('whose text nobody has read is asked for', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1);
    const long = `SET work_mem TO '64MB' -- ${'x'.repeat(70_000)}`;
    clients[0]!.says(query(long).subarray(0, 9));
    clients[0]!.says(query(long).subarray(9));
    one.says(complete('SET'), ready());
    expect([asksFor(one).includes('pg_catalog.pg_settings'), pool.idle]).toEqual([true, 0]);
    finds(one, ['set work_mem', '64MB']);
    expect([...sessionOf(plane).parameters.current.unreported, pool.idle]).toEqual([['work_mem', '64MB'], 1]);
  });
});

describe('Session that asks what was left', () => {
  const DO = 'DO $$ BEGIN PERFORM work(); END $$';

  test('shows the client nothing of it, and follows what was found', async () => {
    const { clients, server: one } = await sessionFixture(2);
    run(clients[0]!, one, DO, 'DO');
    finds(one, ['set work_mem', '64MB']);
    expect(clients[0]!.heard()).toEqual(['Complete DO', 'Ready I']);
    one.heard();
    clients[1]!.says(query('b'));
    expect(one.heard()).toEqual(['Query RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL;']);
  });

  test('asks again for what comes while it asks: the answer knows nothing of that', async () => {
    const { pool, clients, server: one } = await sessionFixture(1);
    run(clients[0]!, one, DO, 'DO');
    clients[0]!.says(query(DO));
    one.heard();
    finds(one);
    one.says(complete('DO'), ready());
    expect([asksFor(one).includes('pg_settings'), pool.idle]).toEqual([true, 0]);
    finds(one);
    expect(pool.idle).toBe(1);
  });

  test('asks at the end of a transaction that began meanwhile', async () => {
    const { pool, clients, server: one } = await sessionFixture(1);
    run(clients[0]!, one, DO, 'DO');
    clients[0]!.says(query('BEGIN'));
    finds(one);
    one.says(complete('BEGIN'), ready('T'));
    one.heard();
    run(clients[0]!, one, DO, 'DO', 'T');
    expect(one.heard()).toEqual([`Query ${DO}`]);
    run(clients[0]!, one, 'COMMIT', 'COMMIT');
    expect(asksFor(one)).toContain('pg_settings');
    finds(one);
    expect(pool.idle).toBe(1);
  });

  test('keeps its server when that does not say, and goes on', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1);
    run(clients[0]!, one, 'SELECT pg_try_advisory_lock(1)', 'SELECT 1');
    one.says(server.errorResponse('canceling statement due to statement timeout', 'ERROR', '57014'), ready());
    expect([[...sessionOf(plane).left.pins], pool.idle]).toEqual([['advisory_lock'], 0]);
    run(clients[0]!, one, 'SELECT pg_advisory_unlock(1)', 'SELECT 1');
    finds(one);
    expect([sessionOf(plane).left.pins.size, pool.idle]).toEqual([0, 1]);
  });

  test('puts the unnamed statement there again, which the question has done away with', async () => {
    const { clients, server: one } = await sessionFixture();
    clients[0]!.says(query(DO), parse('', 'SELECT 1'), sync);
    one.says(complete('DO'), ready(), server.parseComplete, ready());
    clients[0]!.says(bind(''), sync);
    expect(one.heard().slice(-3)).toEqual(['Parse - SELECT 1', 'Bind -', 'Sync']);
  });

  test('leaves a server that is made as new, when it leaves before the answer', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1);
    run(clients[0]!, one, DO, 'DO');
    one.heard();
    clients[0]!.connection.closed();
    expect(one.heard()).toEqual(['Query ROLLBACK', 'Sync']);
    finds(one, ['set work_mem', '64MB']);
    one.says(complete('ROLLBACK'), ready(), ready());
    expect(one.heard()).toEqual([
      'Query RESET SESSION AUTHORIZATION',
      'Query RESET ALL',
      'Query SELECT pg_catalog.pg_advisory_unlock_all()',
      ...['Query DISCARD TEMP', 'Query CLOSE ALL', 'Query UNLISTEN *', 'Query DEALLOCATE ALL'],
    ]);
    for (let i = 0; i < 7; i++) one.says(complete('X'), ready());
    expect([pool.idle, plane.network.servers.length]).toEqual([1, 1]);
    plane.check();
  });
});

describe('Session that is pinned', () => {
  const LOCK = 'SELECT pg_advisory_lock(1)';
  const UNLOCK = 'SELECT pg_advisory_unlock(1)';

  test('keeps its server while the server says that there is a reason', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    const [a, b] = clients;
    run(a!, one, LOCK, 'SELECT 1');
    expect(asksFor(one)).toContain('pg_catalog.pg_locks');
    finds(one, ['advisory_lock', null]);
    b!.says(query('b'));
    expect([sessionOf(plane, 0).state, sessionOf(plane, 1).state, one.heard()]).toEqual([
      'active',
      'waiting',
      [],
    ]);
    run(a!, one, 'SELECT 1', 'SELECT 1');
    expect([one.heard(), pool.idle]).toEqual([['Query SELECT 1'], 0]);
    run(a!, one, UNLOCK, 'SELECT 1');
    one.heard();
    finds(one);
    expect([[...sessionOf(plane).left.pins], one.heard()]).toEqual([[], ['Query b']]);
  });

  test('keeps it for a lock that was taken before an error, which does not undo that', async () => {
    const { plane, clients, server: one } = await sessionFixture(1);
    clients[0]!.says(query('SELECT pg_advisory_lock(1), 1/0'));
    one.says(server.errorResponse('division by zero', 'ERROR', '22012'), ready());
    finds(one, ['advisory_lock', null]);
    expect([...sessionOf(plane).left.pins]).toEqual(['advisory_lock']);
  });

  test('leaves a server that is made as new when it goes', async () => {
    const { pool, clients, server: one } = await sessionFixture(1);
    run(clients[0]!, one, LOCK, 'SELECT 1');
    finds(one, ['advisory_lock', null]);
    one.heard();
    clients[0]!.connection.closed();
    expect(one.heard()).toEqual(['Query ROLLBACK', 'Sync']);
    one.says(complete('ROLLBACK'), ready(), ready());
    expect(one.heard()).toEqual(['Query SELECT pg_catalog.pg_advisory_unlock_all()']);
    one.says(complete('SELECT 1'), ready());
    expect(pool.idle).toBe(1);
  });

  test('costs the server that has loaded a library, when it goes', async () => {
    const { pool, clients, server: one } = await sessionFixture(1);
    run(clients[0]!, one, "LOAD 'auto_explain'", 'LOAD');
    expect(pool.idle).toBe(0);
    clients[0]!.connection.closed();
    one.says(complete('ROLLBACK'), ready(), ready());
    expect([one.heard().at(-1), pool.connected]).toEqual(['Terminate', 0]);
  });
});
