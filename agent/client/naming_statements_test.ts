// PREPARE, EXECUTE and DEALLOCATE under names of the protocol: what they name is looked for whenever they are used.

import { expect, test } from 'bun:test';
import {
  bind,
  describe as describeTarget,
  execute,
  parse,
  query,
  sync,
} from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture } from './session_fixture.ts';

const { parseComplete, bindComplete, closeComplete } = server;

function say(client: FakeClient, one: FakeServer, sql: string, tag: string): string[] {
  client.says(query(sql));
  const heard = one.heard();
  one.says(server.complete(tag), server.ready());
  client.heard();
  return heard;
}

test('an EXECUTE under a name means what its client means at that moment', async () => {
  const { plane, clients, server: one } = await sessionFixture(2);
  const [client, other] = clients as [FakeClient, FakeClient];
  expect(say(client, one, 'PREPARE d AS SELECT 1', 'PREPARE')).toEqual([
    'Query PREPARE "pgsidecar_1" AS SELECT 1',
  ]);
  say(other, one, 'PREPARE d AS SELECT 2', 'PREPARE');
  for (const each of clients) {
    each.says(parse('s1', 'EXECUTE d'), sync);
    one.heard();
    one.says(closeComplete, parseComplete, server.ready());
    expect(each.heard()).toEqual(['ParseComplete', 'Ready I']);
  }
  const run = (who: FakeClient): string[] => {
    who.says(bind('s1'), execute(), sync);
    const heard = one.heard();
    one.says(closeComplete, parseComplete, bindComplete, server.complete('SELECT 1'), server.ready());
    expect(who.heard()).toEqual(['BindComplete', 'Complete SELECT 1', 'Ready I']);
    return heard.filter((words) => words.startsWith('Parse'));
  };
  expect(run(client)).toEqual(['Parse pgsidecar naming EXECUTE "pgsidecar_1"']);
  expect(run(other)).toEqual(['Parse pgsidecar naming EXECUTE "pgsidecar_2"']);
  client.says(query('DEALLOCATE d'));
  one.says(parseComplete, server.ready(), server.complete('DEALLOCATE'), server.ready());
  expect(client.heard()).toEqual(['Complete DEALLOCATE', 'Ready I']);
  one.heard();
  say(client, one, 'PREPARE d AS SELECT 3', 'PREPARE');
  expect(run(client)).toEqual(['Parse pgsidecar naming EXECUTE "pgsidecar_4"']);
  plane.check();
});

test('an EXECUTE under a name of what there is not any more is told so in the client’s own words', async () => {
  const { clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  client.says(parse('s1', 'EXECUTE d'), describeTarget('S', 's1'), sync);
  expect(one.heard().at(-2)).toBe('Describe Spgsidecar naming');
  one.says(closeComplete, parseComplete, closeComplete, parseComplete);
  one.says(server.errorResponse('prepared statement "d" does not exist', 'ERROR', '26000'), server.ready());
  expect(client.heard()).toEqual([
    'ParseComplete',
    'ERROR 26000 prepared statement "d" does not exist',
    'Ready I',
  ]);
});

test('a PREPARE under a name makes what its client executes, and is given back when it never runs', async () => {
  const { plane, clients, server: one } = await sessionFixture();
  const client = clients[0]!;
  client.says(parse('s1', 'PREPARE d AS SELECT 1'), describeTarget('S', 's1'), bind('s1'), sync);
  const texts = one.heard().filter((words) => words.startsWith('Parse'));
  expect(texts).toEqual([
    'Parse pgsidecar naming PREPARE d AS SELECT 1',
    'Parse pgsidecar naming PREPARE d AS SELECT 1',
    'Parse pgsidecar naming PREPARE "pgsidecar_2" AS SELECT 1',
  ]);
  one.says(closeComplete, parseComplete, closeComplete, parseComplete, server.noData);
  one.says(closeComplete, parseComplete, bindComplete, server.ready());
  client.heard();
  client.says(bind('s1'), execute(), sync);
  expect(one.heard()).toContain('Parse pgsidecar naming PREPARE "pgsidecar_3" AS SELECT 1');
  one.says(closeComplete, parseComplete, bindComplete, server.complete('PREPARE'), server.ready());
  client.heard();
  expect(say(client, one, 'EXECUTE d', 'SELECT 1')).toEqual(['Query EXECUTE "pgsidecar_3"']);
  // Bound once more, and never executed.
  client.says(bind('s1'), sync);
  one.says(closeComplete, parseComplete, bindComplete, server.ready());
  client.connection.closed();
  expect(plane.context.statements.size).toBe(0);
  plane.check();
});
