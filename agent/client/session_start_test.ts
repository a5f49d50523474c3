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

  const AGAIN = `SET "statement_timeout" TO '5s'`;

  for (const sql of ['RESET ALL', 'RESET statement_timeout', 'SET statement_timeout TO DEFAULT']) {
    test(`has its own again behind ${sql}, as PostgreSQL gives it`, async () => {
      const { plane, pool, server: one } = await sessionFixture(1);
      const own = await hurried(plane, one);
      one.heard();
      own.heard();
      own.says(query(`${sql} -- why`));
      expect(one.heard()).toEqual([`Query ${sql};${AGAIN} -- why`]);
      // Nothing of that is for the client.
      one.says(complete('RESET'), complete('SET'), ready());
      expect([own.heard(), pool.idle]).toEqual([['Complete RESET', 'Ready I'], 1]);
      own.says(query('SELECT 1'));
      expect(one.heard()).toEqual(['Query SELECT 1']);
    });
  }

  test('has its own again behind a DISCARD ALL, before it is ready and before what it asks next', async () => {
    const { plane, pool, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    one.heard();
    own.heard();
    own.says(query('DISCARD ALL'), query('SELECT 1'));
    expect(one.heard()).toEqual(['Query DISCARD ALL', `Query ${AGAIN};`, 'Query SELECT 1']);
    one.says(complete('DISCARD ALL'), ready());
    expect(own.heard()).toEqual(['Complete DISCARD ALL']);
    one.says(complete('SET'), ready());
    expect(own.heard()).toEqual(['Ready I']);
    one.says(complete('SELECT 1'), ready());
    expect([own.heard(), pool.idle]).toEqual([['Complete SELECT 1', 'Ready I'], 1]);
  });

  test('has its own for a transaction behind SET LOCAL … TO DEFAULT', async () => {
    const { plane, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    one.heard();
    own.says(query('SET LOCAL statement_timeout TO DEFAULT; SHOW statement_timeout'));
    expect(one.heard()).toEqual([
      `Query SET LOCAL statement_timeout TO DEFAULT;${AGAIN.replace('SET', 'SET LOCAL')}; SHOW statement_timeout`,
    ]);
  });

  test('has its own for a NULL of set_config()', async () => {
    const { plane, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    one.heard();
    const text = (value: string): string => `SELECT 1, set_config('statement_timeout', ${value}, false)`;
    own.says(query(text('NULL')), parse('', text('NULL')), parse('a', text('NULL')), sync);
    const [simple, ...others] = one.heard();
    const parses = others.filter((each) => each.startsWith('Parse'));
    expect(parses).toHaveLength(2);
    expect(simple).toBe(`Query ${text("'5s'")}`);
    for (const each of parses) expect(each).toContain(text("'5s'"));
  });

  test('hears of an error behind a RESET with its place in its own text', async () => {
    const { plane, pool, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    one.heard();
    own.heard();
    own.says(query('RESET ALL; SELECT 1/0'));
    expect(one.heard()).toEqual([`Query RESET ALL;${AGAIN}; SELECT 1/0`]);
    one.says(complete('RESET'), complete('SET'));
    one.says(server.errorResponse('division by zero', 'ERROR', '22012'), ready());
    expect([own.heard(), one.heard(), pool.idle]).toEqual([
      ['Complete RESET', 'ERROR 22012 division by zero', 'Ready I'],
      [],
      1,
    ]);
  });

  test('is told what has become of its text, where that is stopped in what was put into it', async () => {
    const { plane, pool, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    own.heard();
    own.says(query('RESET ALL'));
    one.says(complete('RESET'), server.errorResponse('canceling statement', 'ERROR', '57014'), ready());
    expect([own.heard(), pool.idle]).toEqual([
      ['Complete RESET', 'ERROR 57014 canceling statement', 'Ready I'],
      1,
    ]);
  });

  test('has its own again right behind an Execute that has reset it', async () => {
    const { plane, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    own.heard();
    one.heard();
    own.says(parse('', 'RESET ALL'), bind(''), execute(), parse('', 'SHOW a'), sync);
    const heard = one.heard();
    expect(heard.findIndex((each) => each.includes(AGAIN))).toBeGreaterThan(heard.indexOf('Execute'));
    expect(heard.findIndex((each) => each.includes(AGAIN))).toBeLessThan(
      heard.findIndex((each) => each.includes('SHOW a')),
    );
  });

  test('has its own again, where an error has undone that behind a DISCARD ALL of the same run', async () => {
    const { plane, server: one } = await sessionFixture(1);
    const own = await hurried(plane, one);
    own.heard();
    own.says(parse('', 'DISCARD ALL'), bind(''), execute(), parse('', 'no'), sync);
    one.heard();
    const { parseComplete, bindComplete, closeComplete } = server;
    one.says(parseComplete, bindComplete, complete('DISCARD ALL'));
    one.says(closeComplete, parseComplete, bindComplete, complete('SET'));
    one.says(closeComplete, closeComplete, server.errorResponse('no', 'ERROR', '42601'), ready());
    expect(one.heard()).toEqual([`Query ${AGAIN};`]);
    expect(own.heard().at(-1)).toBe('ERROR 42601 no');
    one.says(complete('SET'), ready());
    expect(own.heard()).toEqual(['Ready I']);
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

  test('asks a server where what it had before is a part of what it has then', async () => {
    const { clients, server: one } = await sessionFixture(2);
    const [a, b] = clients;
    for (const each of clients) run(each, one, 'SELECT 1', 'SELECT 1');
    run(a!, one, 'SET DateStyle = iso', 'SET');
    one.heard();
    b!.says(query('SET DateStyle = iso'));
    expect(one.heard()).toEqual(['Query SET DateStyle = iso']);
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
