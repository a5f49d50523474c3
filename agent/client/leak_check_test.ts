// A lease that is looked at: the server is asked once, what nobody announced is given to its client, and its text is learned.

import { describe, expect, test } from 'bun:test';
import { bind, execute, parse, query, sync, terminate } from '../tests/harness/client_words.ts';
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

  test('takes back what may be another’s from a server that its client keeps, as often as it is found, and gives it to nobody', async () => {
    const {
      plane,
      pool,
      clients,
      server: one,
    } = await sessionFixture(2, {}, { leak_check_every: 1_000_000 });
    const [a, b] = clients;
    run(a!, one, QUIET, 'SELECT 1');
    run(b!, one, 'SET work_mem = 1', 'SET');
    plane.context.settings = { ...plane.context.settings, ...ALWAYS };
    for (const times of [1, 2]) {
      run(b!, one, 'INSERT INTO t VALUES (1)', 'INSERT 0 1');
      finds(one, ['set role', 'clerk'], ['set work_mem', '1'], ['advisory_lock', null]);
      expect(one.heard()).toEqual([
        'Query SELECT pg_catalog.pg_advisory_unlock_all()',
        `Query RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL;SET "work_mem" TO '1';`,
      ]);
      one.says(server.dataRow(''), complete('SELECT 1'), ready(), complete('SET'), ready());
      const { left, parameters } = sessionOf(plane, 1);
      expect([[...left.pins], [...parameters.current.unreported]]).toEqual([
        ['sequence'],
        [['work_mem', '1']],
      ]);
      expect([plane.context.effects.lessons.size, pool.statistics.leaks]).toEqual([0, times]);
    }
    expect(JSON.stringify(plane.log.fields)).not.toContain('texts');
    expect(sessionOf(plane, 1).server?.retired).toBeDefined();
  });

  test('holds a client to have done what it leaves on a server that had nothing when it was looked at, and none of its texts before', async () => {
    const { plane, clients, server: one } = await sessionFixture(1, {}, ALWAYS);
    const [a] = clients;
    run(a!, one, 'INSERT INTO t VALUES (1)', 'INSERT 0 1');
    finds(one);
    plane.context.settings = { ...plane.context.settings, leak_check_every: 1_000_000 };
    // This one is still looked at, the next is not.
    run(a!, one, 'INSERT INTO t VALUES (2)', 'INSERT 0 1');
    finds(one);
    run(a!, one, QUIET, 'SELECT 1');
    plane.context.settings = { ...plane.context.settings, ...ALWAYS };
    run(a!, one, 'SELECT f()', 'SELECT 1');
    run(a!, one, 'SELECT g()', 'SELECT 1');
    finds(one, ['set work_mem', '64MB']);
    expect([...sessionOf(plane).parameters.current.unreported]).toEqual([['work_mem', '64MB']]);
    expect(plane.context.effects.lessons.size).toBe(0);
  });

  test('holds nobody to have done what a client has left that went on behind the look at its server', async () => {
    const { plane, clients, server: one } = await sessionFixture(2, {}, ALWAYS);
    const [a, b] = clients;
    run(a!, one, QUIET, 'SELECT 1');
    finds(one, ['advisory_lock', null]);
    run(a!, one, "SELECT other('hidden')", 'SELECT 1');
    one.says(complete('SELECT 0'), ready());
    one.heard();
    run(b!, one, 'SELECT f()', 'SELECT 1');
    finds(one, ['set role', 'clerk']);
    expect([sessionOf(plane, 1).parameters.current.unreported.size, one.heard()]).toEqual([0, ['Terminate']]);
    expect(plane.context.effects.lessons.size).toBe(1);
  });

  test('holds nobody to have done what a client has left that went without a look', async () => {
    const { plane, clients, server: one } = await sessionFixture(2, {}, ALWAYS);
    const [a, b] = clients;
    run(a!, one, QUIET, 'SELECT 1');
    finds(one, ['advisory_lock', null]);
    a!.says(query("SELECT other('hidden')"), terminate);
    one.says(complete('SELECT 1'), ready());
    one.says(complete('ROLLBACK'), ready(), ready());
    one.says(server.dataRow(''), complete('SELECT 1'), ready());
    one.heard();
    run(b!, one, 'SELECT f()', 'SELECT 1');
    finds(one, ['set role', 'clerk']);
    expect([sessionOf(plane, 0).parameters.current.unreported.size, one.heard()]).toEqual([0, ['Terminate']]);
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
