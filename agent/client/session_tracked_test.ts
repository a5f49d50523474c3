// What a SET did that no server reports: it is asked for, it follows the client, and later SETs are not missed.

import { describe, expect, test } from 'bun:test';
import { bind, parse, query, sync } from '../tests/harness/client_words.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';
import { TrackedParameters } from './tracked_parameters.ts';

const LOOK = "Query SELECT pg_catalog.unnest(ARRAY[pg_catalog.current_setting('search_path', true)])";
const SETTINGS = { track_extra_parameters: ['search_path'] };

/** The server's answer to LOOK. */
function says(one: FakeServer, value: string | null): void {
  one.says(
    server.rowDescription('unnest'),
    server.dataRow(value),
    server.complete('SELECT 1'),
    server.ready(),
  );
}

const SET_DONE = [server.complete('SET'), server.ready()];

describe('Session after a SET', () => {
  test('asks for what is tracked before it gives its server back, and shows the client nothing of it', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, SETTINGS);
    clients[0]!.says(query("SET search_path = 'app'"));
    one.says(...SET_DONE);
    expect([clients[0]!.heard(), one.heard().at(-1), pool.idle]).toEqual([
      ['Complete SET', 'Ready I'],
      LOOK,
      0,
    ]);
    says(one, 'app');
    expect([clients[0]!.heard(), pool.idle]).toEqual([[], 1]);
  });

  test('brings it to the next server, and takes it from the next client', async () => {
    const { clients, server: one } = await sessionFixture(2, {}, SETTINGS);
    const [a, b] = clients;
    a!.says(query("SET search_path = 'app'"));
    one.says(...SET_DONE);
    says(one, 'app');
    one.heard();
    b!.says(query('b'));
    expect(one.heard()).toEqual(['Query RESET "search_path";']);
    one.says(server.complete('RESET'), server.ready());
    one.says(server.complete('B'), server.ready());
    one.heard();
    a!.says(query('a'));
    expect(one.heard()).toEqual([
      "Query SELECT pg_catalog.set_config('search_path', 'app', false);",
      'Query a',
    ]);
  });

  test('that comes while it asks, asks again: the answer knows nothing of it', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, SETTINGS);
    clients[0]!.says(query("SET search_path = 'a'"));
    one.says(...SET_DONE);
    clients[0]!.says(query("SET search_path = 'b'"));
    expect(one.heard()).toEqual(["Query SET search_path = 'a'", LOOK, "Query SET search_path = 'b'"]);
    says(one, 'a');
    one.says(...SET_DONE);
    expect(one.heard()).toEqual([LOOK]);
    says(one, 'b');
    expect([pool.idle, sessionOf(plane).parameters.current.unreported.get('search_path')]).toEqual([1, 'b']);
    expect(clients[0]!.heard()).toEqual(['Complete SET', 'Ready I', 'Complete SET', 'Ready I']);
  });

  test('that comes in a transaction which begins while it asks, asks at its end', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, SETTINGS);
    clients[0]!.says(query("SET search_path = 'a'"));
    one.says(...SET_DONE);
    clients[0]!.says(query('BEGIN'));
    says(one, 'a');
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.says(query("SET search_path = 'b'"));
    one.says(server.complete('SET'), server.ready('T'));
    clients[0]!.says(query('COMMIT'));
    one.heard();
    one.says(server.complete('COMMIT'), server.ready());
    expect(one.heard()).toEqual([LOOK]);
    says(one, 'b');
    expect([pool.idle, sessionOf(plane).parameters.current.unreported.get('search_path')]).toEqual([1, 'b']);
  });

  test('that the server will not tell about lets the client go on, and costs the server, once', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, SETTINGS);
    clients[0]!.says(query('SET x = 1'));
    one.says(...SET_DONE);
    one.says(server.errorResponse('permission denied', 'ERROR', '42501'), server.ready());
    expect([one.heard(), pool.connected]).toEqual([['Query SET x = 1', LOOK, 'Terminate'], 0]);
    expect(clients[0]!.heard()).toEqual(['Complete SET', 'Ready I']);
  });

  test('puts the unnamed statement there again, which the question has done away with', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, SETTINGS);
    clients[0]!.says(query('SET x = 1'), parse('', 'SELECT 1'), sync);
    one.says(...SET_DONE, server.parseComplete, server.ready());
    clients[0]!.says(bind(''), sync);
    expect(one.heard().slice(-4)).toEqual([LOOK, 'Parse - SELECT 1', 'Bind -', 'Sync']);
  });

  test('asks nothing when nothing is tracked that the server does not report by itself', async () => {
    const {
      pool,
      clients,
      server: one,
    } = await sessionFixture(1, {}, { track_extra_parameters: ['timezone'] });
    clients[0]!.says(query('SET x = 1'));
    one.says(...SET_DONE);
    expect([one.heard(), pool.idle]).toEqual([['Query SET x = 1'], 1]);
  });

  test('sees RESET and DISCARD ALL too', async () => {
    for (const tag of ['RESET', 'DISCARD ALL']) {
      const { clients, server: one } = await sessionFixture(1, {}, SETTINGS);
      clients[0]!.says(query(tag));
      one.says(server.complete(tag), server.ready());
      expect(one.heard()).toEqual([`Query ${tag}`, LOOK]);
    }
  });

  test('leaves a server that is reset, when it leaves while the agent asks what was set', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, SETTINGS);
    clients[0]!.says(query('SET x = 1'));
    one.says(...SET_DONE);
    one.heard();
    clients[0]!.connection.closed();
    expect(one.heard()).toEqual(['Query ROLLBACK', 'Sync']);
    one.says(
      server.rowDescription('unnest'),
      server.dataRow('1'),
      server.complete('SELECT 1'),
      server.ready(),
    );
    one.says(server.complete('ROLLBACK'), server.ready(), server.ready());
    expect(one.heard()).toEqual(['Query RESET SESSION AUTHORIZATION', 'Query RESET ALL']);
    one.says(server.complete('RESET'), server.ready(), server.complete('RESET'), server.ready());
    expect([pool.idle, plane.network.servers.length]).toEqual([1, 1]);
    plane.check();
  });

  test('leaves a server that is reset, when it leaves in a transaction that it began meanwhile', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, SETTINGS);
    clients[0]!.says(query('SET x = 1'));
    one.says(...SET_DONE);
    clients[0]!.says(query('BEGIN'));
    one.says(
      server.rowDescription('unnest'),
      server.dataRow('1'),
      server.complete('SELECT 1'),
      server.ready(),
    );
    one.says(server.complete('BEGIN'), server.ready('T'));
    one.heard();
    clients[0]!.connection.closed();
    expect(one.heard()).toEqual(['Query ROLLBACK', 'Sync']);
    one.says(server.complete('ROLLBACK'), server.ready(), server.ready());
    expect(one.heard()).toEqual(['Query RESET SESSION AUTHORIZATION', 'Query RESET ALL']);
    one.says(server.complete('RESET'), server.ready(), server.complete('RESET'), server.ready());
    expect(pool.idle).toBe(1);
    plane.check();
  });
});

describe('Session whose client set something untracked', () => {
  test('leaves nothing of its own startup packet to the next client', async () => {
    const { plane, clients, server: one } = await sessionFixture(1, {}, { track_extra_parameters: [] });
    const own = await plane.client({ statement_timeout: '5s' });
    own.says(query('SET x = 1'));
    one.says(server.dataRow('5s'), server.complete('SELECT 1'), server.ready());
    one.says(...SET_DONE);
    one.heard();
    clients[0]!.says(query('SELECT 1'));
    expect(one.heard()).toEqual(['Query RESET "statement_timeout";']);
  });

  test('has its own again after a RESET ALL, as PostgreSQL gives it', async () => {
    const { plane, server: one } = await sessionFixture(1, {}, { track_extra_parameters: [] });
    const own = await plane.client({ statement_timeout: '5s' });
    own.says(query('RESET ALL'));
    one.says(server.dataRow('5s'), server.complete('SELECT 1'), server.ready());
    one.says(server.complete('RESET'), server.ready());
    one.heard();
    own.says(query('SELECT 1'));
    expect(one.heard()).toEqual([
      "Query SELECT pg_catalog.set_config('statement_timeout', '5s', false);",
      'Query SELECT 1',
    ]);
  });
});

test('TrackedParameters asks for each name once, quoted', () => {
  expect(new TrackedParameters(["o'x", 'role']).sql).toBe(
    "SELECT pg_catalog.unnest(ARRAY[pg_catalog.current_setting('o''x', true), pg_catalog.current_setting('role', true)])",
  );
});

test('TrackedParameters keeps what it was told nothing of', async () => {
  const { plane } = await sessionFixture();
  const tracked = new TrackedParameters(['Search_Path', 'role']);
  tracked.onRow(server.dataRow('app').subarray(5));
  tracked.onRow(server.dataRow(null).subarray(5));
  const before = sessionOf(plane).parameters.current.withUnreported(new Map([['role', 'boss']]));
  expect(Object.fromEntries(tracked.applyTo(before).unreported)).toEqual({
    role: 'boss',
    search_path: 'app',
  });
});
