// A statement whose table has changed: parsed anew and sent once more where nobody can tell the difference, and only there.

import { expect, test } from 'bun:test';
import {
  bind,
  close,
  copyData,
  describe as describeTarget,
  execute,
  message,
  parse,
  query,
  sync,
} from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import { type SessionFixture, sessionFixture } from './session_fixture.ts';

const stale = server.errorResponse(
  ...(['cached plan must not change result type', 'ERROR', '0A000', 'RevalidateCachedQuery'] as const),
);
const STALE = 'ERROR 0A000 cached plan must not change result type';
const { parseComplete, bindComplete, closeComplete } = server;

/** A client with the statement s1. */
async function prepared(clients = 1): Promise<SessionFixture> {
  const fixture = await sessionFixture(clients);
  fixture.clients[0]!.says(parse('s1', 'SELECT 1'), sync);
  fixture.server.says(parseComplete, server.ready());
  fixture.clients[0]!.heard();
  fixture.server.heard();
  return fixture;
}

const use = [bind('s1'), describeTarget('P'), execute()];

test('StaleRun parses the statement anew and sends the rest of the run again, unseen', async () => {
  const { pool, clients, server: one } = await prepared();
  clients[0]!.says(...use, sync);
  one.heard();
  one.says(stale, server.ready());
  expect(one.heard()).toEqual([
    ...['Close Spgsidecar_1', 'Parse pgsidecar_1 SELECT 1'],
    ...['Bind pgsidecar_1', 'Describe P', 'Execute', 'Sync'],
  ]);
  expect(clients[0]!.heard()).toEqual([]);
  one.says(closeComplete, parseComplete, bindComplete, server.rowDescription('n', 'm'));
  one.says(server.complete('SELECT 1'), server.ready());
  expect(clients[0]!.heard()).toEqual([
    ...['BindComplete', 'RowDescription', 'Complete SELECT 1', 'Ready I'],
  ]);
  expect([pool.idle, pool.connected]).toEqual([1, 1]);
});

test('StaleRun has every other use parse the statement anew, on whichever server', async () => {
  const { clients, server: one } = await prepared(2);
  clients[1]!.says(parse('mine', 'SELECT 1'), sync);
  one.says(server.ready());
  clients[0]!.says(bind('s1'), execute(), sync);
  one.says(stale, server.ready());
  expect(clients[0]!.heard()).toEqual([STALE, 'Ready I']);
  one.heard();
  clients[1]!.says(bind('mine'), sync);
  expect(one.heard().slice(0, 2)).toEqual(['Close Spgsidecar_1', 'Parse pgsidecar_1 SELECT 1']);
});

test('StaleRun repairs nothing for a client that relies on the columns it was told earlier', async () => {
  const { clients, server: one } = await prepared();
  clients[0]!.says(bind('s1'), execute(), sync);
  one.says(stale, server.ready());
  expect(clients[0]!.heard()).toEqual([STALE, 'Ready I']);
});

test('StaleRun repairs nothing in a transaction, which has failed', async () => {
  const { clients, server: one } = await prepared();
  clients[0]!.says(query('BEGIN'));
  one.says(server.complete('BEGIN'), server.ready('T'));
  clients[0]!.says(...use, sync);
  one.says(stale, server.ready('E'));
  expect(clients[0]!.heard().slice(-2)).toEqual([STALE, 'Ready E']);
});

test('StaleRun repairs nothing behind an Execute of the same run, whose work is undone', async () => {
  const { clients, server: one } = await prepared();
  clients[0]!.says(parse('', 'INSERT'), bind(''), execute(), ...use, sync);
  one.says(parseComplete, bindComplete, server.complete('INSERT 0 1'), stale, server.ready());
  expect(clients[0]!.heard().slice(-2)).toEqual([STALE, 'Ready I']);
});

test('StaleRun sends nothing twice that was done, whatever a client puts between its messages', async () => {
  const { clients, server: one } = await prepared();
  const noFlush = message('H', 'x');
  clients[0]!.says(parse('', 'INSERT'), bind(''), execute(), sync, ...use, ...Array(5).fill(noFlush), sync);
  one.heard();
  one.says(parseComplete, bindComplete, server.complete('INSERT 0 1'), server.ready(), stale, server.ready());
  expect(one.heard()).toEqual([]);
  expect(clients[0]!.heard().slice(-2)).toEqual([STALE, 'Ready I']);
});

test('StaleRun sends all of the run again, the data of a COPY that is none included', async () => {
  const { clients, server: one } = await prepared();
  clients[0]!.says(use[0]!, copyData('a'), copyData('b'), use[1]!, use[2]!, sync);
  one.heard();
  one.says(stale, server.ready());
  expect(one.heard()).toEqual([
    ...['Close Spgsidecar_1', 'Parse pgsidecar_1 SELECT 1'],
    ...['Bind pgsidecar_1', 'CopyData a', 'CopyData b', 'Describe P', 'Execute', 'Sync'],
  ]);
});

test('StaleRun repairs nothing when the run did not leave in one write, or another one followed it', async () => {
  for (const cut of [
    [[...use], [sync]],
    [[...use, sync, ...use, sync]],
    [[...use, close('S', 's1'), sync]],
  ]) {
    const { clients, server: one } = await prepared();
    for (const words of cut) clients[0]!.says(...words);
    one.heard();
    one.says(stale, server.ready());
    expect(clients[0]!.heard().slice(0, 2)).toEqual([STALE, 'Ready I']);
    expect(one.heard()).toEqual([]);
  }
});

test('StaleRun gives up when the server says the same again and again', async () => {
  const { clients, server: one } = await prepared();
  clients[0]!.says(...use, sync);
  for (let n = 0; n < 5; n++) {
    one.says(stale, server.ready());
    expect(clients[0]!.heard()).toEqual([]);
    one.says(closeComplete, parseComplete);
  }
  one.says(stale, server.ready());
  expect(clients[0]!.heard()).toEqual([STALE, 'Ready I']);
});
