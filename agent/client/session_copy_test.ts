// COPY in both directions, in both protocols, and what is left of one that failed.

import { describe, expect, test } from 'bun:test';
import {
  bind,
  copyData,
  copyDone,
  copyFail,
  execute,
  message,
  parse,
  query,
  sync,
} from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

/** A COPY may advance a sequence: whoever asks for its number next would find it there. Not here. */
const LENT_AT_ONCE = { pin_sequences: 'ignore' } as const;

describe('Session and COPY FROM STDIN', () => {
  test('gives its server back at the end of it', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, LENT_AT_ONCE);
    clients[0]!.says(query('COPY t FROM STDIN'));
    one.says(server.copyIn());
    clients[0]!.says(copyData('1\n'), copyData('2\n'), copyDone);
    expect([one.heard().slice(1), pool.idle]).toEqual([['CopyData 1\n', 'CopyData 2\n', 'CopyDone'], 0]);
    one.says(server.complete('COPY 2'), server.ready());
    expect([clients[0]!.heard(), pool.idle]).toEqual([['CopyIn', 'Complete COPY 2', 'Ready I'], 1]);
    plane.check();
  });

  test('gives its server back when the client gives up', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, LENT_AT_ONCE);
    clients[0]!.says(query('COPY t FROM STDIN'));
    one.says(server.copyIn());
    clients[0]!.says(copyFail('no more'));
    one.says(server.errorResponse('COPY failed'), server.ready());
    expect([clients[0]!.heard().length, pool.idle]).toEqual([3, 1]);
  });

  test('by the extended protocol has its first Sync swallowed, and the second answered', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, LENT_AT_ONCE);
    clients[0]!.says(parse('', 'COPY t FROM STDIN'), bind(''), execute(), sync);
    one.says(server.parseComplete, server.bindComplete, server.copyIn());
    clients[0]!.says(copyData('1\n'), copyDone, sync);
    expect(pool.idle).toBe(0);
    one.says(server.complete('COPY 1'), server.ready());
    expect([clients[0]!.heard().slice(-2), pool.idle]).toEqual([['Complete COPY 1', 'Ready I'], 1]);
  });

  test('that fails while the data goes is left behind, wherever the client is in it', async () => {
    const long = copyData('x'.repeat(60));
    for (let at = 0; at <= long.length; at++) {
      const { plane, pool, clients, server: one } = await sessionFixture(2, {}, LENT_AT_ONCE);
      const [a, b] = clients;
      a!.says(query('COPY t FROM STDIN'));
      one.says(server.copyIn());
      a!.connection.receive(long.subarray(0, at));
      one.says(server.errorResponse('bad data'), server.ready());
      a!.connection.receive(long.subarray(at));
      expect([at, pool.idle, sessionOf(plane).state]).toEqual([at, 1, 'idle']);
      a!.says(copyData('more'), copyDone);
      one.heard();
      a!.says(query('SELECT 1'));
      expect(one.heard()).toEqual(['Query SELECT 1']);
      b!.says(query('SELECT 2'));
      one.says(server.complete('SELECT 1'), server.ready());
      expect([a!.heard().slice(-2), one.heard()]).toEqual([
        ['Complete SELECT 1', 'Ready I'],
        ['Query SELECT 2'],
      ]);
      plane.check();
    }
  });

  test('that fails keeps its server when more was asked right behind it', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, LENT_AT_ONCE);
    const long = copyData('x'.repeat(60));
    clients[0]!.says(query('COPY t FROM STDIN'));
    one.says(server.copyIn());
    clients[0]!.connection.receive(long.subarray(0, 30));
    one.says(server.errorResponse('bad data'), server.ready());
    clients[0]!.says(long.subarray(30), copyDone, parse('', 'SELECT 1'), message('H'));
    one.says(server.parseComplete);
    clients[0]!.says(bind('').subarray(0, 3));
    expect(pool.idle).toBe(0);
    clients[0]!.says(bind('').subarray(3), execute(), sync);
    one.says(server.bindComplete, server.complete('SELECT 1'), server.ready());
    expect(pool.idle).toBe(1);
  });

  test('that fails in a transaction lets the client roll back, and be rolled back', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, LENT_AT_ONCE);
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.says(query('COPY t FROM STDIN'));
    one.says(server.copyIn());
    clients[0]!.says(copyData('bad'));
    one.says(server.errorResponse('bad data'), server.ready('E'));
    clients[0]!.says(copyDone);
    clients[0]!.connection.closed();
    expect([one.heard().at(-1), pool.cleaningServers.length]).toEqual(['Query ROLLBACK', 1]);
  });
});

test('Session passes COPY TO STDOUT whole, at every split', async () => {
  const all = new Uint8Array(
    Buffer.concat([
      ...[server.copyOut(), message('d', '1\n'), message('d', '2\n'), server.copyDoneByServer],
      ...[server.complete('COPY 2'), server.ready()],
    ]),
  );
  for (let at = 0; at <= all.length; at++) {
    const { pool, clients, server: one } = await sessionFixture(1, {}, LENT_AT_ONCE);
    clients[0]!.says(query('COPY t TO STDOUT'));
    one.connection.receive(all.subarray(0, at), all.subarray(at));
    expect(clients[0]!.heard()).toEqual([
      'CopyOut',
      'CopyData 1\n',
      'CopyData 2\n',
      'CopyDone',
      'Complete COPY 2',
      'Ready I',
    ]);
    expect(pool.idle).toBe(1);
  }
});
