// What one client leaves on a server, the next one does not find: open work, statements, settings that nobody knows.

import { describe, expect, test } from 'bun:test';
import {
  bind,
  close,
  describe as describeTarget,
  execute,
  flush,
  parse,
  query,
  sync,
  terminate,
} from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture } from './session_fixture.ts';

/** Too long to be kept until it is whole. */
const LONG = `SELECT 1 -- ${'x'.repeat(70_000)}`;

describe('Session that leaves without a Sync', () => {
  test('has what it did there undone, as PostgreSQL does when a connection ends', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    clients[0]!.says(parse('', 'INSERT'), bind(''), execute(), flush);
    one.says(server.parseComplete, server.bindComplete, server.complete('INSERT 0 1'));
    one.heard();
    clients[0]!.says(terminate);
    clients[1]!.says(query('SELECT 1'));
    expect([one.heard(), pool.cleaningServers.length, pool.waiting]).toEqual([
      ['Query ROLLBACK', 'Sync'],
      1,
      1,
    ]);
    one.says(
      server.notice('there is no transaction in progress'),
      server.complete('ROLLBACK'),
      server.ready(),
    );
    expect(one.heard()).toEqual([]);
    one.says(server.ready());
    expect(one.heard()).toEqual(['Query SELECT 1']);
    one.says(server.complete('SELECT 1'), server.ready());
    expect([clients[0]!.heard().slice(-1), clients[1]!.heard()]).toEqual([
      ['Complete INSERT 0 1'],
      ['Complete SELECT 1', 'Ready I'],
    ]);
    plane.check();
  });

  test('gives its server back after an error too, which makes the server pass over the ROLLBACK', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(parse('', 'nonsense'), flush);
    one.says(server.errorResponse('syntax error', 'ERROR', '42601'));
    one.heard();
    clients[0]!.connection.closed();
    expect(one.heard()).toEqual(['Query ROLLBACK', 'Sync']);
    one.says(server.ready());
    expect([pool.idle, pool.connected]).toEqual([1, 1]);
  });

  test('in session mode has its server reset behind that', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, { poolMode: 'session' });
    clients[0]!.says(parse('', 'nonsense'), flush);
    one.says(server.errorResponse('syntax error', 'ERROR', '42601'));
    one.heard();
    clients[0]!.says(terminate);
    expect(one.heard()).toEqual(['Query ROLLBACK', 'Sync']);
    one.says(server.ready());
    expect(one.heard()).toEqual(['Query DISCARD ALL']);
    one.says(server.complete('DISCARD ALL'), server.ready());
    expect(pool.idle).toBe(1);
  });

  test('gives its server back when the Sync came after all', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(parse('', 'nonsense'), flush);
    one.says(server.errorResponse('syntax error', 'ERROR', '42601'));
    clients[0]!.says(sync);
    one.says(server.ready());
    expect(pool.idle).toBe(1);
  });

  test('says no goodbye in the middle of a message, which the goodbye would complete', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    const cut = query(LONG).subarray(0, -2);
    clients[0]!.says(cut);
    const before = one.heardBytes().length;
    [...plane.context.clients][0]!.end('the agent stops');
    expect([before, one.heardBytes().length, one.connection.isClosed, pool.connected]).toEqual([
      cut.length,
      0,
      true,
      0,
    ]);
  });
});

describe('A statement of another client', () => {
  test('without a name is gone before a client binds without having parsed', async () => {
    const { clients, server: one } = await sessionFixture(2);
    clients[0]!.says(parse('', 'SELECT 1'), sync);
    one.says(server.parseComplete, server.ready());
    one.heard();
    clients[1]!.says(bind(''), sync);
    expect(one.heard()).toEqual(['Close S', 'Bind -', 'Sync']);
    one.says(server.closeComplete, server.errorResponse('not there', 'ERROR', '26000'), server.ready());
    expect(clients[1]!.heard()).toEqual(['ERROR 26000 not there', 'Ready I']);
  });

  test('without a name is gone even when the Parse of this client is passed over', async () => {
    const { clients, server: one } = await sessionFixture(2);
    clients[0]!.says(parse('', 'SELECT 1'), sync);
    one.says(server.parseComplete, server.ready());
    one.heard();
    clients[1]!.says(bind('nobody'), parse('', 'SELECT 2'), sync, bind(''), sync);
    expect(one.heard()[0]).toBe('Close S');
  });

  test('without a name costs nothing when this client brings its own, or asks in the simple way', async () => {
    const { clients, server: one } = await sessionFixture(2);
    for (const [client, ...words] of [
      [clients[0]!, parse('', 'SELECT 1'), sync],
      [clients[1]!, parse('', 'SELECT 2'), sync],
      [clients[0]!, query('SELECT 3')],
    ] as const) {
      client.says(...words);
      expect(one.heard().some((each) => each.startsWith('Close'))).toBe(false);
      one.says(...(words.length > 1 ? [server.parseComplete] : []), server.ready());
    }
  });

  test('is not found by the name that it has on the server', async () => {
    const { clients, server: one } = await sessionFixture(2);
    clients[0]!.says(parse('mine', 'SELECT 1'), sync);
    expect(one.heard()[0]).toBe('Parse pgsidecar_1 SELECT 1');
    one.says(server.parseComplete, server.ready());
    clients[1]!.says(describeTarget('S', 'pgsidecar_1'), bind('pgsidecar_1'), sync);
    expect(one.heard()).toEqual(['Describe Spgsidecar_1 ', 'Bind pgsidecar_1 ', 'Sync']);
    one.says(server.errorResponse('not there', 'ERROR', '26000'), server.ready());
    clients[1]!.heard();
    clients[1]!.says(close('S', 'pgsidecar_1'), sync);
    expect(one.heard()).toEqual(['Sync']);
    one.says(server.ready());
    expect(clients[1]!.heard()).toEqual(['CloseComplete', 'Ready I']);
  });

  test('may have a name of ours for its own', async () => {
    const { clients, server: one } = await sessionFixture(2);
    clients[0]!.says(parse('pgsidecar_9', 'SELECT 1'), bind('pgsidecar_9'), sync);
    expect(one.heard()).toEqual(['Parse pgsidecar_1 SELECT 1', 'Bind pgsidecar_1', 'Sync']);
  });
});

test('Session that asks with Sync and never reads is not listened to any more', async () => {
  const { clients } = await sessionFixture(1, {}, { client_write_buffer: 16_384 });
  const { connection } = clients[0]!;
  connection.room = 0;
  clients[0]!.says(...new Array(2_000).fill(sync));
  expect(connection.isPaused).toBe(false);
  clients[0]!.says(...new Array(1_000).fill(sync));
  expect(connection.isPaused).toBe(true);
  connection.drain();
  expect(connection.isPaused).toBe(false);
});
