// A lease that is looked at: the server is asked once, what nobody announced is given to its client, and its text is learned.

import { describe, expect, test } from 'bun:test';
import { bind, execute, parse, query, sync } from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

const { complete, ready } = server;

const ALWAYS = { leak_check_every: 1 };
const QUIET = "SELECT quiet('hidden')";

function run(client: FakeClient, one: FakeServer, sql: string, tag: string, status?: 'I' | 'T' | 'E'): void {
  client.says(query(sql));
  one.says(complete(tag), ready(status));
}

/** The server was asked, and says this. */
function finds(one: FakeServer, ...rows: readonly (readonly [string, string | null])[]): void {
  expect(one.heard().at(-1)).toContain('pg_catalog.pg_settings');
  one.says(...rows.map((row) => server.dataRow(...row)), complete(`SELECT ${rows.length}`), ready());
}

describe('Session whose lease is looked at', () => {
  test('asks the server once, shows the client nothing, and gives it back when nothing was left', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, ALWAYS);
    run(clients[0]!, one, 'SELECT 1', 'SELECT 1');
    expect(pool.idle).toBe(0);
    finds(one);
    expect([clients[0]!.heard(), pool.idle, pool.statistics.leaks]).toEqual([
      ['Complete SELECT 1', 'Ready I'],
      ...[1, 0],
    ]);
    expect(plane.context.effects.lessons.size).toBe(0);
  });

  test('asks nothing inside of a transaction, nor while it keeps its server for what it has announced', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, ALWAYS);
    run(clients[0]!, one, 'BEGIN', 'BEGIN', 'T');
    run(clients[0]!, one, QUIET, 'SELECT 1', 'T');
    expect(one.heard()).toEqual(['Query BEGIN', `Query ${QUIET}`]);
    run(clients[0]!, one, 'COMMIT', 'COMMIT');
    finds(one);
    expect(pool.idle).toBe(1);
    run(clients[0]!, one, 'SELECT pg_advisory_lock(1)', 'SELECT 1');
    one.heard();
    one.says(server.dataRow('advisory_lock', null), complete('SELECT 1'), ready());
    run(clients[0]!, one, 'SELECT 1', 'SELECT 1');
    expect([one.heard(), pool.pinned]).toEqual([['Query SELECT 1'], 1]);
  });

  test('follows and pins what was found, counts and tells it without any value, and asks behind that text from then on', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2, {}, ALWAYS);
    const [a, b] = clients;
    run(a!, one, QUIET, 'SELECT 1');
    finds(one, ['set work_mem', '64MB'], ['cursor', null]);
    expect([[...sessionOf(plane).left.pins], pool.statistics.leaks]).toEqual([['cursor'], 1]);
    expect([...sessionOf(plane).parameters.current.unreported]).toEqual([['work_mem', '64MB']]);
    const told = JSON.stringify([plane.log.fields, plane.log.lines]);
    expect([
      told.includes('select quiet ( ? )'),
      told.includes('set work_mem'),
      told.includes('hidden'),
      told.includes('64MB'),
    ]).toEqual([...[true, true, false, false]]);
    a!.connection.closed();
    one.says(complete('ROLLBACK'), ready(), ready());
    one.says(complete('CLOSE CURSOR'), ready());
    plane.context.settings = { ...plane.context.settings, leak_check_every: 0 };
    one.heard();
    run(b!, one, "/*b*/ select quiet('other')", 'SELECT 1');
    one.says(complete('SELECT 1'), ready());
    expect(one.heard().at(-1)).toContain('pg_catalog.pg_locks');
  });

  test('asks again behind each transaction of a client that keeps its server for what it did not announce', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, ALWAYS);
    run(clients[0]!, one, QUIET, 'SELECT 1');
    finds(one, ['advisory_lock', null]);
    expect([pool.pinned, pool.idle]).toEqual([1, 0]);
    run(clients[0]!, one, 'SELECT unquiet()', 'SELECT 1');
    expect(one.heard().at(-1)).toContain('pg_catalog.pg_locks');
    one.says(complete('SELECT 0'), ready());
    expect([pool.pinned]).toEqual([0]);
  });

  test('learns the text of a prepared statement, and reads the one that it knew anew', async () => {
    const { plane, clients, server: one } = await sessionFixture(1, {}, ALWAYS);
    const [a] = clients;
    a!.says(parse('p', 'SELECT quiet($1)'), bind('p'), execute(), sync);
    one.says(server.parseComplete, server.bindComplete, complete('SELECT 1'), ready());
    finds(one, ['set work_mem', '64MB'], ['shared', '1']);
    expect(plane.context.effects.lessons.size).toBe(1);
    plane.context.settings = { ...plane.context.settings, leak_check_every: 0 };
    a!.says(bind('p'), execute(), sync);
    one.says(server.bindComplete, complete('SELECT 1'), ready());
    finds(one, ['set work_mem', '4MB'], ['shared', '1']);
    expect([...sessionOf(plane).parameters.current.unreported]).toEqual([['work_mem', '4MB']]);
  });

  test('replaces a server that has what nobody knows whose it is, gives it to nobody, and looks at those that follow', async () => {
    const {
      plane,
      pool,
      clients,
      server: one,
    } = await sessionFixture(1, {}, { leak_check_every: 1_000_000 });
    const [a] = clients;
    run(a!, one, QUIET, 'SELECT 1');
    expect([one.heard(), pool.idle]).toEqual([[`Query ${QUIET}`], 1]);
    plane.context.settings = { ...plane.context.settings, ...ALWAYS };
    run(a!, one, 'SELECT f()', 'SELECT 1');
    finds(one, ['set work_mem', '64MB']);
    expect([sessionOf(plane).parameters.current.unreported.size, one.heard(), pool.idle]).toEqual([
      0,
      ['Terminate'],
      0,
    ]);
    expect([plane.context.effects.lessons.size, pool.statistics.leaks]).toEqual([0, 1]);
  });

  test('lets a question that fails be: nothing was announced', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, ALWAYS);
    run(clients[0]!, one, QUIET, 'SELECT 1');
    one.says(server.errorResponse('canceling statement due to statement timeout', 'ERROR', '57014'), ready());
    expect([clients[0]!.heard(), pool.idle, pool.pinned]).toEqual([['Complete SELECT 1', 'Ready I'], 1, 0]);
  });

  test('asks about nothing that an operator ignores', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, { ...ALWAYS, pin_cursors: 'ignore' });
    run(clients[0]!, one, QUIET, 'SELECT 1');
    const asked = one.heard().at(-1)!;
    expect(['pg_locks', 'pg_cursors', 'pg_settings'].map((each) => asked.includes(each))).toEqual([
      ...[true, false, true],
    ]);
  });
});
