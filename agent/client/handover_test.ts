// A server goes from one client to another: what it might refuse is answered before anything of the client's goes there.

import { describe, expect, test } from 'bun:test';
import { close, parse, query, sync } from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture } from './session_fixture.ts';

const FEW = { leak_check_every: 0 };

function run(client: FakeClient, one: FakeServer, sql: string, tag: string): void {
  client.says(query(sql));
  for (let heard = one.heard(); heard.length > 0; heard = one.heard())
    for (const said of heard)
      one.says(
        ...said
          .split(';')
          .slice(1)
          .map(() => server.complete('RESET')),
        server.complete(tag),
        server.ready(),
      );
  client.heard();
}

describe('Handover', () => {
  test('sends what is sure in one write with the query', async () => {
    const { clients, server: one } = await sessionFixture(2, {}, FEW);
    run(clients[1]!, one, 'SELECT 1', 'SELECT 1');
    run(clients[0]!, one, "SET work_mem TO '4MB'", 'SET');
    clients[1]!.says(query('DELETE FROM t'));
    expect(one.heard()).toEqual(['Query RESET "work_mem";', 'Query DELETE FROM t']);
  });

  test('waits for the answer to what may be refused, whatever the client has sent behind its query', async () => {
    const { clients, server: one } = await sessionFixture(2, {}, FEW);
    run(clients[0]!, one, "SET app.tenant TO '7'", 'SET');
    clients[1]!.says(query('ROLLBACK; DELETE FROM t'), query('SELECT 1'));
    expect(one.heard()).toEqual(['Query RESET "app"."tenant";']);
    one.says(server.complete('RESET'), server.ready());
    expect(one.heard()).toEqual(['Query ROLLBACK; DELETE FROM t', 'Query SELECT 1']);
  });

  test('leaves nothing to be closed that a Query has ended', async () => {
    const { clients, server: one } = await sessionFixture(2, {}, FEW);
    run(clients[0]!, one, "SET app.tenant TO '7'", 'SET');
    clients[0]!.says(parse('', 'SELECT 1'), sync);
    one.says(server.parseComplete, server.ready());
    one.heard();
    clients[1]!.says(close('S', 'p'), sync);
    expect(one.heard()).toEqual(['Query RESET "app"."tenant";']);
    one.says(server.complete('RESET'), server.ready());
    expect(one.heard().filter((said) => said.startsWith('Close S') && !said.includes('p'))).toEqual([]);
  });

  test('gives a client another server where one keeps what another client has left there', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2, {}, FEW);
    run(clients[0]!, one, "SET plpgsql.foo TO 'x'", 'SET');
    clients[1]!.says(query('DELETE FROM t'));
    expect(one.heard()).toEqual(['Query RESET "plpgsql"."foo";']);
    one.says(server.errorResponse('unrecognized configuration parameter', 'ERROR', '42704'), server.ready());
    expect(one.heard()).toEqual(['Terminate']);
    await settle();
    const two = plane.network.server;
    expect(two).not.toBe(one);
    expect(two.heard().slice(-1)).toEqual(['Query DELETE FROM t']);
    two.says(server.complete('DELETE 1'), server.ready());
    expect([clients[1]!.heard(), pool.idle]).toEqual([['Complete DELETE 1', 'Ready I'], 1]);
    plane.check();
  });

  test('ends a client whose own no server takes any more, after some of them', async () => {
    const { plane, clients, server: one } = await sessionFixture(2, {}, FEW);
    run(clients[0]!, one, "SET plpgsql.foo TO 'x'", 'SET');
    run(clients[1]!, one, 'SELECT 1', 'SELECT 1');
    let tried = 0;
    clients[0]!.says(query('DELETE FROM t'));
    for (; !clients[0]!.connection.isEnded && tried < 9; tried++) {
      const now = plane.network.server;
      expect(now.heard().slice(-1)).toEqual([`Query SET "plpgsql"."foo" TO 'x';`]);
      now.says(
        server.errorResponse('invalid configuration parameter name', 'ERROR', '42602'),
        server.ready(),
      );
      await settle();
    }
    expect(tried).toBe(4);
    expect(clients[0]!.heard().join()).toContain(
      'no server takes any more what this session has set: invalid configuration parameter name',
    );
    plane.check();
  });
});
