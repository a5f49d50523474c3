// What an operator has forbidden or wants to hear of: what is refused, what is told of what was left, and what ends a reason to keep a server.

import { describe, expect, test } from 'bun:test';
import { query } from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

const { complete, ready } = server;

function run(client: FakeClient, one: FakeServer, sql: string, tag: string, status?: 'I' | 'T'): void {
  client.says(query(sql));
  one.says(complete(tag), ready(status));
}

describe('refusalOf()', () => {
  for (const [sql, setting, words] of [
    ['SELECT pg_advisory_lock(1)', 'pin_advisory_locks', 'an advisory lock'],
    ['PREPARE p AS SELECT pg_advisory_lock($1)', 'pin_advisory_locks', 'an advisory lock'],
    ['SELECT 1 AS x INTO TEMP a', 'pin_temporary_objects', 'a temporary object'],
    ['CREATE TABLE pg_temp.a (n int)', 'pin_temporary_objects', 'a temporary object'],
    ['SELECT lastval()', 'pin_sequences', 'the numbers that currval() and lastval() tell'],
  ] as const) {
    test(`refuses ${sql} where ${setting} is error`, async () => {
      const { clients, server: one } = await sessionFixture(1, {}, { [setting]: 'error' });
      clients[0]!.says(query(sql));
      expect(one.heard()).not.toContain(`Query ${sql}`);
      one.says(server.errorResponse('syntax error', 'ERROR', '42601'), ready());
      expect(clients[0]!.heard().join()).toContain(
        `not allowed here (${setting} is error): it would leave ${words} in the session`,
      );
    });
  }

  for (const sql of [
    'CREATE TEMP TABLE a (n int) ON COMMIT DROP',
    'SELECT pg_advisory_xact_lock(1)',
    'PREPARE p AS SELECT 1',
  ])
    test(`lets pass ${sql}, which ends with its transaction`, async () => {
      const settings = { pin_temporary_objects: 'error', pin_advisory_locks: 'error' } as const;
      const { clients, server: one } = await sessionFixture(1, {}, settings);
      run(clients[0]!, one, 'BEGIN', 'BEGIN', 'T');
      one.heard();
      clients[0]!.says(query(sql));
      expect(one.heard().join()).toContain(sql.slice(sql.indexOf(' AS ') + 1));
    });
});

describe('Session that has left what an operator wants to hear of', () => {
  for (const [policy, sentence, code] of [
    [
      'warn',
      'an earlier statement has left an advisory lock on a server that other clients get too',
      'pin_not_kept',
    ],
    [
      'error',
      'an earlier statement has left an advisory lock in the session, which is not allowed here',
      'pin_taken_away',
    ],
  ] as const) {
    test(`is told so, and the log with database and user (${policy})`, async () => {
      const {
        plane,
        pool,
        clients,
        server: one,
      } = await sessionFixture(1, {}, { pin_advisory_locks: policy });
      run(clients[0]!, one, 'DO $$BEGIN PERFORM locks(); END$$', 'DO');
      expect(one.heard().at(-1)).toContain('pg_catalog.pg_locks');
      one.says(server.dataRow('advisory_lock', null), complete('SELECT 1'), ready());
      expect(clients[0]!.heard().join()).toContain(sentence);
      expect(plane.log.fields.at(-1)).toMatchObject({
        ...{ database: pool.database.name, user: pool.user, pin: 'advisory_lock', code },
      });
      expect(pool.pinned).toBe(0);
    });
  }

  test('is told with its answer that a number may be another’s, where pin_sequences is warn', async () => {
    const { plane, clients, server: one } = await sessionFixture(1, {}, { pin_sequences: 'warn' });
    run(clients[0]!, one, 'SELECT lastval()', 'SELECT 1');
    const [first, second] = clients[0]!.heard();
    expect([first?.includes('it may be the number of another client'), second]).toEqual([
      true,
      'Complete SELECT 1',
    ]);
    expect(plane.log.fields.at(-1)).toMatchObject({ code: 'sequence_shared' });
  });
});

test('Session that is pinned for a LISTEN which could not be followed is asked about behind an UNLISTEN', async () => {
  const { plane, clients, server: one } = await sessionFixture(1);
  run(clients[0]!, one, 'DO $$BEGIN LISTEN a; END$$', 'DO');
  one.says(server.dataRow('listen', null), complete('SELECT 1'), ready());
  expect([...sessionOf(plane).left.pins]).toEqual(['listen']);
  run(clients[0]!, one, 'UNLISTEN *', 'UNLISTEN');
  expect(one.heard().at(-1)).toContain('pg_listening_channels');
  one.says(complete('SELECT 0'), ready());
  expect([...sessionOf(plane).left.pins]).toEqual([]);
});
