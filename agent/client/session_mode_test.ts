// The two other pool modes: a server for a whole session, and for a single statement.

import { describe, expect, test } from 'bun:test';
import { bind, execute, parse, query, sync, terminate } from '../tests/harness/client_words.ts';
import { databaseOf, settingsOf } from '../tests/harness/data_plane.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture } from './session_fixture.ts';

describe('server_reset_query_always', () => {
  test('resets a server behind each transaction, before anybody else gets it, and forgets its statements', async () => {
    const {
      plane,
      pool,
      clients,
      server: one,
    } = await sessionFixture(2, { poolSize: 1 }, { server_reset_query_always: true });
    clients[0]!.says(parse('s1', 'SELECT 1'), bind('s1'), execute(), sync);
    clients[1]!.says(query('SELECT 2'));
    one.heard();
    one.says(server.parseComplete, server.bindComplete, server.complete('SELECT 1'), server.ready());
    expect([one.heard(), pool.cleaningServers.length]).toEqual([['Query DISCARD ALL'], 1]);
    one.says(server.complete('DISCARD ALL'), server.ready());
    expect(one.heard()).toEqual(['Query SELECT 2']);
    one.says(server.complete('SELECT 2'), server.ready());
    one.says(server.complete('DISCARD ALL'), server.ready());
    one.heard();
    clients[0]!.says(bind('s1'), execute(), sync);
    expect(one.heard().some((word) => word.startsWith('Parse pgsidecar_'))).toBe(true);
    plane.check();
  });

  test('leaves a transaction alone until it has ended', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, { server_reset_query_always: true });
    clients[0]!.says(query('BEGIN'));
    one.heard();
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.says(query('COMMIT'));
    expect(one.heard()).toEqual(['Query COMMIT']);
    one.says(server.complete('COMMIT'), server.ready());
    expect(one.heard()).toEqual(['Query DISCARD ALL']);
  });

  test('resets behind a client that left in a transaction', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, { server_reset_query_always: true });
    clients[0]!.says(query('BEGIN'));
    one.heard();
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.connection.closed();
    expect(one.heard()).toEqual(['Query ROLLBACK', 'Query DISCARD ALL']);
  });
});

describe('Session in session mode', () => {
  const MODE = { poolMode: 'session' } as const;

  test('keeps its server until it leaves, then has it reset', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, MODE);
    clients[0]!.says(query('SELECT 1'));
    one.says(server.complete('SELECT 1'), server.ready());
    expect(pool.activeServers.length).toBe(1);
    one.heard();
    clients[0]!.says(terminate);
    expect([one.heard(), pool.cleaningServers.length]).toEqual([['Query DISCARD ALL'], 1]);
    one.says(server.complete('DISCARD ALL'), server.ready());
    expect(pool.idle).toBe(1);
    plane.check();
  });

  test('has its server reset also when the pool’s mode is another by then', async () => {
    const { plane, clients, server: one } = await sessionFixture(1, MODE);
    clients[0]!.says(query('SELECT 1'));
    one.says(server.complete('SELECT 1'), server.ready());
    one.heard();
    plane.registry.apply(settingsOf([databaseOf({ poolMode: 'transaction' })]));
    clients[0]!.says(terminate);
    expect(one.heard()).toEqual(['Query DISCARD ALL']);
  });

  test('rolls back first when it leaves in a transaction', async () => {
    const { clients, server: one } = await sessionFixture(1, MODE);
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    one.heard();
    clients[0]!.connection.closed();
    expect(one.heard()).toEqual(['Query ROLLBACK', 'Query DISCARD ALL']);
  });

  test('gives its server back as it is when server_reset_query is empty', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, MODE, { server_reset_query: '' });
    clients[0]!.says(query('SELECT 1'));
    one.says(server.complete('SELECT 1'), server.ready());
    one.heard();
    clients[0]!.says(terminate);
    expect([one.heard(), pool.idle]).toEqual([[], 1]);
  });

  test('takes the next client nothing for granted that was set before a reset of our own', async () => {
    const { plane, clients, server: one } = await sessionFixture(1, MODE, { server_reset_query: '' });
    const own = await plane.client({ search_path: 'app' });
    own.says(query('SELECT 1'));
    one.says(server.dataRow('app'), server.complete('SELECT 1'), server.ready());
    one.says(server.complete('SELECT 1'), server.ready());
    own.says(terminate);
    one.heard();
    clients[0]!.says(query('SELECT 1'));
    expect(one.heard()).toEqual(['Query RESET "search_path";']);
  });

  test('passes names of prepared statements as they are', async () => {
    const { clients, server: one } = await sessionFixture(1, MODE);
    clients[0]!.says(parse('s1', 'SELECT 1'), bind('s1'), sync);
    expect(one.heard()).toEqual(['Parse s1 SELECT 1', 'Bind s1', 'Sync']);
  });

  test('answers a Sync itself before it has a server, and asks the server afterwards', async () => {
    const { clients, server: one } = await sessionFixture(1, MODE);
    clients[0]!.says(sync);
    expect([clients[0]!.heard(), one.heard()]).toEqual([['Ready I'], []]);
    clients[0]!.says(query('SELECT 1'));
    one.says(server.complete('SELECT 1'), server.ready());
    one.heard();
    clients[0]!.says(sync);
    expect(one.heard()).toEqual(['Sync']);
  });
});

describe('Session in statement mode', () => {
  const MODE = { poolMode: 'statement' } as const;

  test('gives its server back after each statement', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, MODE);
    clients[0]!.says(query('SELECT 1'));
    one.says(server.complete('SELECT 1'), server.ready());
    expect([clients[0]!.heard(), pool.idle]).toEqual([['Complete SELECT 1', 'Ready I'], 1]);
  });

  test('ends a client that begins a transaction, which is rolled back', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, MODE);
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    const heard = clients[0]!.heard();
    expect(heard.at(-1)).toBe('FATAL 0A000 transaction blocks not allowed in statement pooling mode');
    expect(heard).not.toContain('Ready T');
    expect([clients[0]!.connection.isEnded, one.heard()]).toEqual([true, ['Query BEGIN', 'Query ROLLBACK']]);
    one.says(server.complete('ROLLBACK'), server.ready());
    expect(pool.idle).toBe(1);
    plane.check();
  });
});
