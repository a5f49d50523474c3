// currval() and lastval(), the first time that a database is asked for them: what is the client's own it finds, another's never.

import { expect, test } from 'bun:test';
import { query } from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

function run(client: FakeClient, one: FakeServer, sql: string, tag: string): string[] {
  client.says(query(sql));
  const heard = one.heard();
  for (const _ of heard.slice(1)) one.says(server.complete('DISCARD SEQUENCES'), server.ready());
  one.says(server.complete(tag), server.ready());
  return heard;
}

test('a client alone finds what it has advanced in the transaction before, and again', async () => {
  const { plane, clients, server: one } = await sessionFixture();
  run(clients[0]!, one, 'INSERT INTO t VALUES (1)', 'INSERT 0 1');
  for (let time = 0; time < 2; time++)
    expect(run(clients[0]!, one, 'SELECT lastval()', 'SELECT 1')).toEqual(['Query SELECT lastval()']);
  expect([...sessionOf(plane).left.pins]).toEqual(['sequence']);
});

test('where others have advanced theirs too, it finds nothing', async () => {
  const { clients, server: one } = await sessionFixture(2);
  for (const client of clients) run(client, one, 'INSERT INTO t VALUES (1)', 'INSERT 0 1');
  const heard = run(clients[1]!, one, 'SELECT lastval()', 'SELECT 1');
  expect(heard).toEqual(['Query DISCARD SEQUENCES', 'Query SELECT lastval()']);
});
