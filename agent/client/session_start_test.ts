// What a client began with, and what its servers have been told before: a RESET gives the one back, the other costs no server.

import { describe, expect, test } from 'bun:test';
import { bind, execute, parse, query, sync } from '../tests/harness/client_words.ts';
import type { DataPlane, FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

const { complete, ready } = server;

/** A simple Query of the client, and the server's answer to it. */
function run(client: FakeClient, one: FakeServer, sql: string, tag: string, status?: 'I' | 'T' | 'E'): void {
  client.says(query(sql));
  one.says(complete(tag), ready(status));
}

/** A client that asked for a statement_timeout at its start; a server has taken it, and rests. */
async function hurried(plane: DataPlane, one: FakeServer): Promise<FakeClient> {
  const own = await plane.client({ statement_timeout: '5s' });
  own.says(query('SELECT 1'));
  one.says(complete('SET'), ready());
  one.says(complete('SELECT 1'), ready());
  return own;
}

describe('Session that asked for something at its start', () => {
  test('leaves nothing of that to the next client', async () => {
    const { plane, clients, server: one } = await sessionFixture(1);
    const own = await plane.client({ statement_timeout: '5s' });
    own.says(query('SET lock_timeout = 1'));
    one.says(complete('SET'), ready());
    one.says(complete('SET'), ready());
    one.heard();
    clients[0]!.says(query('SELECT 1'));
    expect(one.heard()).toEqual(['Query RESET "statement_timeout";RESET "lock_timeout";']);
  });

  for (const sql of [
    'RESET ALL',
    'RESET statement_timeout',
    'SET statement_timeout TO DEFAULT',
    'DISCARD ALL',
  ]) {
    test(`has its own again behind ${sql}, as PostgreSQL gives it`, async () => {
      const { plane, pool, server: one } = await sessionFixture(1);
      const own = await hurried(plane, one);
      one.heard();
      own.says(query(sql));
      own.heard();
      one.says(complete(sql.startsWith('DISCARD') ? sql : 'RESET'), ready());
      // It is not ready before that is done.
      expect(own.heard()).toEqual([`Complete ${sql.startsWith('DISCARD') ? sql : 'RESET'}`]);
      expect(one.heard()).toEqual([`Query ${sql}`, `Query SET "statement_timeout" TO '5s';`]);
      one.says(complete('SET'), ready());
      expect([own.heard(), pool.idle]).toEqual([['Ready I'], 1]);
      own.says(query('SELECT 1'));
      expect(one.heard()).toEqual(['Query SELECT 1']);
    });
  }

  test('has what it has set, where a RESET has failed', async () => {
    const { plane, pool, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    one.heard();
    own.says(query('RESET ALL; SELECT 1/0'));
    one.says(complete('RESET'), server.errorResponse('division by zero', 'ERROR', '22012'), ready());
    expect([one.heard(), pool.idle]).toEqual([['Query RESET ALL; SELECT 1/0'], 1]);
  });

  test('hears nothing of what a RESET leaves in between, and keeps what is set behind it', async () => {
    const { plane, server: one } = await sessionFixture(1);
    const own = await plane.client({ TimeZone: 'CET', statement_timeout: '5s' });
    own.says(query('SELECT 1'));
    one.says(complete('SET'), complete('SET'), server.parameterStatus('TimeZone', 'CET'), ready());
    one.says(complete('SELECT 1'), ready());
    one.heard();
    own.heard();
    own.says(query('RESET ALL; SET statement_timeout = 1'));
    one.says(complete('RESET'), complete('SET'), server.parameterStatus('TimeZone', 'Etc/UTC'), ready());
    own.says(query('SELECT 2'));
    expect(one.heard()).toEqual([
      'Query RESET ALL; SET statement_timeout = 1',
      `Query SET "timezone" TO 'CET';`,
    ]);
    one.says(complete('SET'), server.parameterStatus('TimeZone', 'CET'), ready());
    expect([own.heard(), one.heard()]).toEqual([
      ['Complete RESET', 'Complete SET', 'Ready I'],
      ['Query SELECT 2'],
    ]);
  });

  test('has its own again behind the Sync of a run that has reset it', async () => {
    const { plane, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    own.heard();
    own.says(parse('', 'RESET ALL'), bind(''), execute(), sync);
    one.heard();
    one.says(server.parseComplete, server.bindComplete, complete('RESET'), ready());
    expect(one.heard()).toEqual([`Query SET "statement_timeout" TO '5s';`]);
    one.says(complete('SET'), ready());
    expect(own.heard()).toEqual(['ParseComplete', 'BindComplete', 'Complete RESET', 'Ready I']);
  });
});

describe('Session whose SET a server has taken before', () => {
  test('needs no server for it, from whichever client', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    const [a, b] = clients;
    for (const each of clients) run(each, one, 'SELECT 1', 'SELECT 1');
    run(a!, one, "SET lock_timeout = '5s'", 'SET');
    one.heard();
    a!.heard();
    b!.heard();
    const { leases } = pool.statistics;
    for (const each of clients) {
      each.says(query("SET SESSION lock_timeout TO '5s';"));
      expect(each.heard()).toEqual(['Complete SET', 'Ready I']);
    }
    expect([one.heard(), pool.statistics.leases]).toEqual([[], leases]);
    b!.says(query('b'));
    // It has it already, from the first client.
    expect(one.heard()).toEqual(['Query b']);
    expect(sessionOf(plane, 1).parameters.current.unreported.get('lock_timeout')).toBe('5s');
  });

  test('is told what a server reports of it', async () => {
    const { clients, server: one } = await sessionFixture(2);
    const [a, b] = clients;
    for (const each of clients) run(each, one, 'SELECT 1', 'SELECT 1');
    a!.says(query('SET TimeZone = gmt'));
    one.says(complete('SET'), server.parameterStatus('TimeZone', 'GMT'), ready());
    one.heard();
    b!.heard();
    b!.says(query('SET timezone TO gmt'));
    expect([b!.heard(), one.heard()]).toEqual([['Complete SET', 'Parameter TimeZone=GMT', 'Ready I'], []]);
  });

  test('asks a server all the same in a transaction, for another value, and as another role', async () => {
    const { clients, server: one } = await sessionFixture(1);
    const [a] = clients;
    run(a!, one, 'SET lock_timeout = 1', 'SET');
    one.heard();
    run(a!, one, 'SET lock_timeout = 2', 'SET');
    run(a!, one, 'BEGIN', 'BEGIN', 'T');
    run(a!, one, 'SET lock_timeout = 1', 'SET', 'T');
    run(a!, one, 'COMMIT', 'COMMIT');
    run(a!, one, 'SET ROLE boss', 'SET');
    run(a!, one, 'SET lock_timeout = 2', 'SET');
    expect(one.heard().filter((each) => each.includes('lock_timeout'))).toEqual([
      'Query SET lock_timeout = 2',
      'Query SET lock_timeout = 1',
      'Query SET lock_timeout = 2',
    ]);
  });
});
