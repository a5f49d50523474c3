// How sessions end, and what becomes of the server: by a goodbye, a broken connection, a lost server, a limit.

import { describe, expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { message, query, sync, terminate } from '../tests/harness/client_words.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

/** Too long to be kept until it is whole. */
const LONG = `SELECT 1 -- ${'x'.repeat(70_000)}`;

const ANSWER = [server.rowDescription('x'), server.dataRow('1'), server.complete('SELECT 1')];
const HEARD = ['RowDescription', 'Row 1', 'Complete SELECT 1'];

describe('Session ends', () => {
  test('with its goodbye, and the server is lent on', async () => {
    const { plane, pool, clients } = await sessionFixture();
    clients[0]!.says(terminate);
    expect([clients[0]!.connection.isEnded, pool.idle, plane.context.clients.count]).toEqual([true, 1, 0]);
  });

  test('with a goodbye behind its COMMIT: the server does that first', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.heard();
    clients[0]!.says(query('COMMIT'), terminate);
    expect(one.heard()).toEqual(['Query BEGIN', 'Query COMMIT']);
    one.says(server.complete('COMMIT'), server.ready());
    // And says so, as PostgreSQL does.
    expect(clients[0]!.heard()).toEqual(['Complete COMMIT', 'Ready I']);
    expect(clients[0]!.connection.isEnded).toBe(true);
    await settle();
    expect([plane.pool().idle, plane.network.servers.length]).toEqual([1, 1]);
    plane.check();
  });

  test('with a goodbye behind its only query: it is answered first', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(sync, query('SELECT 1'), terminate, query('SELECT 2'));
    clients[0]!.says(query('SELECT 3'));
    expect([one.heard(), clients[0]!.connection.isEnded]).toEqual([['Query SELECT 1'], false]);
    one.says(server.complete('SELECT 1'), server.ready());
    expect(clients[0]!.heard()).toEqual(['Ready I', 'Complete SELECT 1', 'Ready I']);
    expect([clients[0]!.connection.isEnded, pool.idle]).toEqual([true, 1]);
  });

  test('with a goodbye behind a query, and without waiting: the query is not cancelled', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('COMMIT'), terminate);
    clients[0]!.connection.closed();
    await settle();
    expect(one.heard()).toEqual(['Query COMMIT', 'Query ROLLBACK', 'Sync']);
    expect(plane.network.servers.length).toBe(1);
    // It did not come unexpectedly.
    expect(plane.log.fields.at(-1)).toMatchObject({ reason: 'client close request' });
  });

  test('in a transaction: its server is rolled back, and lent on', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.connection.closed('ECONNRESET');
    expect([one.heard(), pool.cleaningServers.length]).toEqual([['Query BEGIN', 'Query ROLLBACK'], 1]);
    clients[1]!.says(query('SELECT 1'));
    one.says(server.complete('ROLLBACK'), server.ready());
    expect(one.heard()).toEqual(['Query SELECT 1']);
    expect(clients[1]!.heard()).toEqual([]);
    plane.check();
  });

  test('in a query, without a word: the query is cancelled, and its server rolled back and lent on', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    clients[0]!.connection.closed();
    clients[1]!.says(query('SELECT 2'));
    await settle();
    const canceler = plane.network.server;
    expect([canceler.cancels, pool.cleaningServers.length, pool.waiting]).toEqual([one.pid, 1, 1]);
    one.says(
      server.errorResponse('canceling statement due to user request', 'ERROR', '57014'),
      server.ready(),
    );
    one.says(server.complete('ROLLBACK'), server.ready(), server.ready());
    one.heard();
    expect(pool.cancelingServers.length).toBe(1);
    canceler.connection.closed();
    await settle();
    expect(one.heard()).toEqual(['Query SELECT 2']);
    expect(clients[1]!.heard()).toEqual([]);
    plane.check();
  });

  test('in a query that does not stop: its server is closed after cancel_wait_timeout', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, { cancel_wait_timeout: 2_000 });
    clients[0]!.says(query('SELECT pg_sleep(100)'));
    clients[0]!.connection.closed();
    await settle();
    plane.network.server.connection.closed();
    await settle();
    // The first request may have come just before the query began, which PostgreSQL passes over.
    const first = plane.network.server;
    plane.clock.advance(1_000);
    await settle();
    expect([plane.network.server === first, plane.network.server.cancels]).toEqual([false, one.pid]);
    plane.network.server.connection.closed();
    await settle();
    plane.clock.advance(999);
    expect([one.connection.isClosed, pool.connected]).toEqual([false, 1]);
    plane.clock.advance(1);
    expect([one.connection.isClosed, pool.connected, plane.pendingTimers]).toEqual([true, 0, 0]);
  });

  test('in a query that is not to be cancelled: it runs to its end', async () => {
    const more = { cancel_abandoned_queries: false };
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, more);
    clients[0]!.says(query('SELECT work()'));
    clients[0]!.connection.closed();
    await settle();
    expect([plane.network.servers.length, pool.cleaningServers.length]).toEqual([1, 1]);
    one.says(
      server.complete('SELECT 1'),
      server.ready(),
      server.complete('ROLLBACK'),
      server.ready(),
      server.ready(),
    );
    expect(pool.idle).toBe(1);
  });

  test('while it copies in: the COPY fails, and its server is lent on', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, { pin_sequences: 'ignore' });
    clients[0]!.says(query('COPY t FROM STDIN'));
    one.says(server.copyIn());
    one.heard();
    clients[0]!.connection.closed();
    expect(one.heard()).toEqual(['CopyFail', 'Query ROLLBACK', 'Sync']);
    one.says(server.errorResponse('COPY from stdin failed', 'ERROR', '57014'), server.ready());
    one.says(server.complete('ROLLBACK'), server.ready(), server.ready());
    expect([pool.idle, pool.connected]).toEqual([1, 1]);
  });

  test('right behind the question for a COPY: nothing is copied, and its server is used again', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, { pin_sequences: 'ignore' });
    clients[0]!.says(query('COPY t FROM STDIN'), terminate);
    one.says(server.copyIn());
    expect(one.heard()).toEqual(['Query COPY t FROM STDIN', 'CopyFail', 'Query ROLLBACK', 'Sync']);
    one.says(server.errorResponse('COPY failed', 'ERROR', '57014'), server.ready());
    one.says(server.complete('ROLLBACK'), server.ready(), server.ready());
    expect([one.connection.isClosed, pool.idle]).toEqual([false, 1]);
  });

  test('without a word right behind the question for a COPY: its server is closed, for it would take our words for data', async () => {
    const { pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('COPY t FROM STDIN'));
    clients[0]!.connection.closed();
    one.says(server.copyIn());
    expect([one.connection.isClosed, pool.connected]).toEqual([true, 0]);
  });

  test('in the middle of a message: its server is closed, and what it may be at is cancelled', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(query(LONG).subarray(0, 20));
    clients[0]!.connection.closed();
    expect([one.connection.isClosed, pool.connected]).toEqual([true, 0]);
    plane.check();
  });

  test('without a word in the middle of a message, where a word would be read as its rest', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT 1'));
    const row = server.dataRow('a row');
    one.says(server.rowDescription('n'), row.subarray(0, 9));
    one.connection.closed('ECONNRESET');
    const heard = clients[0]!.connection.takeSent();
    expect(Buffer.from(heard)).toEqual(Buffer.concat([server.rowDescription('n'), row.subarray(0, 9)]));
    expect([clients[0]!.connection.isEnded, pool.connected]).toEqual([true, 0]);
    plane.check();
  });

  test('not, when its server says behind the last answer that it goes: the next one serves it', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT 1'));
    const fatal = server.errorResponse('terminating connection', 'FATAL', '57P01');
    one.says(Buffer.concat([...ANSWER, server.ready(), fatal]));
    expect([clients[0]!.heard(), pool.connected]).toEqual([[...HEARD, 'Ready I'], 0]);
    clients[0]!.says(query('SELECT 2'));
    await settle();
    expect(plane.network.server).not.toBe(one);
    expect(plane.network.server.heard()).toEqual(['Query SELECT 2']);
    plane.check();
  });

  test('not with the server that rests: it is lent to nobody once it has said that it goes', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    one.says(server.errorResponse('terminating connection', 'FATAL', '57P01'));
    expect([pool.connected, one.connection.isClosed]).toEqual([0, true]);
    clients[0]!.says(query('SELECT 2'));
    await settle();
    expect(plane.network.server.heard()).toEqual(['Query SELECT 2']);
    plane.check();
  });

  test('while it waits: it leaves the queue', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(3);
    for (const each of clients) each.says(query('SELECT 1'));
    clients[1]!.connection.closed();
    expect(pool.waiting).toBe(1);
    one.says(...ANSWER, server.ready());
    expect(clients[2]!.heard()).toEqual([]);
    one.says(...ANSWER, server.ready());
    expect(clients[2]!.heard()).toEqual([...HEARD, 'Ready I']);
    plane.check();
  });

  test('with the sentence of why, when no server comes in time', async () => {
    const { plane, pool, clients } = await sessionFixture(2, { queryWaitTimeoutMs: 2_000 });
    for (const each of clients) each.says(query('SELECT 1'));
    plane.clock.advance(2_000);
    plane.registry.tick(plane.clock.now());
    expect(clients[1]!.heard()[0]).toStartWith(
      'FATAL 08006 query_wait_timeout: no server connection became free within',
    );
    expect([clients[1]!.connection.isEnded, pool.clients]).toEqual([true, 1]);
  });

  test('when its message is no message', async () => {
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [message('?'), 'FATAL 08P01 invalid frontend message type 63'],
      [message('p', 'x\0'), 'FATAL 08P01 invalid frontend message type 112'],
      [new Uint8Array([0x51, 0, 0, 0, 3]), "a message of type 'Q' says that it is 3 bytes long"],
      [new Uint8Array([0x51, 255, 255, 255, 255]), "a message of type 'Q' says that it is -1 bytes long"],
    ];
    for (const [bytes, reason] of cases) {
      const { plane, pool, clients } = await sessionFixture();
      clients[0]!.says(bytes);
      expect(clients[0]!.heard()).toEqual([expect.stringContaining(reason)]);
      expect([clients[0]!.connection.isEnded, pool.activeServers.length]).toEqual([true, 0]);
      plane.check();
    }
  });

  test('not, when only the body of its message cannot be read: the server says what is wrong, and goes on', async () => {
    for (const broken of [message('P', 's1'), message('B', 'p1'), message('D', 'Ss1'), message('C', 'Ss1')]) {
      const { plane, clients, server: one } = await sessionFixture();
      clients[0]!.says(broken, sync);
      expect(one.heardBytes().subarray(0, broken.length)).toEqual(broken);
      one.says(server.errorResponse('invalid string in message', 'ERROR', '08P01'), server.ready());
      expect(clients[0]!.heard()).toEqual(['ERROR 08P01 invalid string in message', 'Ready I']);
      expect([clients[0]!.connection.isEnded, plane.pool().idle]).toEqual([false, 1]);
      plane.check();
    }
  });

  test('when its message is longer than max_packet_size', async () => {
    const { clients } = await sessionFixture(1, {}, { max_packet_size: 16_384 });
    clients[0]!.says(new Uint8Array([0x51, 0, 0, 0x40, 1]));
    expect(clients[0]!.heard()[0]).toContain("a message of type 'Q' says that it is 16385 bytes long");
  });

  test('with a FATAL of the server, in the server’s words only', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT 1'));
    one.says(server.errorResponse('terminating connection', 'FATAL', '57P01'));
    one.connection.closed();
    expect(clients[0]!.heard()).toEqual(['FATAL 57P01 terminating connection']);
    expect([clients[0]!.connection.isEnded, pool.connected]).toEqual([true, 0]);
    plane.check();
  });

  test('with words of ours when the server is gone without a word', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT 1'));
    one.connection.closed('ECONNRESET');
    expect(clients[0]!.heard()).toEqual([
      'FATAL 08006 server conn crashed? The connection to the server was lost: ECONNRESET',
    ]);
    plane.check();
  });

  test('with words of ours when the server speaks nonsense', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT 1'));
    one.says(server.parseComplete);
    expect(clients[0]!.heard()[0]).toStartWith(
      'FATAL 08006 server conn crashed? The connection to the server was lost: message',
    );
    plane.check();
  });

  test('not, when an idle server is lost', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    one.says(server.errorResponse('terminating connection', 'FATAL', '57P01'));
    one.connection.closed();
    expect([clients[0]!.heard(), clients[0]!.connection.isEnded]).toEqual([[], false]);
    clients[0]!.says(query('SELECT 1'));
    await settle();
    expect(plane.network.server.heard()).toEqual(['Query SELECT 1']);
  });

  test('once only, whatever comes together', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT 1'));
    const session = sessionOf(plane);
    session.fail(new AgentError('agent_shutdown'));
    session.fail(new AgentError('agent_shutdown'));
    session.end('again');
    clients[0]!.connection.closed();
    one.connection.closed();
    expect(clients[0]!.heard()).toEqual(['FATAL 57P01 terminating connection because pgsidecar is stopping']);
    expect(plane.context.clients.count).toBe(0);
    plane.check();
  });

  test('with a message that cannot be read behind one that can: that one is answered first', async () => {
    for (const [broken, reason] of [
      ['!\0\0\0\x04', 'FATAL 08P01 invalid frontend message type 33'],
      ['Q\0\0\0\x03', "FATAL 08P01 protocol violation: a message of type 'Q' says that it is 3 bytes long"],
      // Only its beginning is there.
      ['!\0\0\0\x40', 'FATAL 08P01 invalid frontend message type 33'],
    ] as const) {
      const { plane, clients, server: one } = await sessionFixture(2);
      clients[0]!.says(Buffer.concat([query('SELECT 1'), Buffer.from(broken, 'latin1')]));
      expect(clients[0]!.heard()).toEqual([]);
      one.says(server.complete('SELECT 1'), server.ready());
      expect(clients[0]!.heard()).toEqual(['Complete SELECT 1', 'Ready I', reason]);
      expect([clients[0]!.connection.isEnded, one.connection.isClosed]).toEqual([true, false]);
      clients[1]!.says(query('SELECT 2'));
      await settle();
      expect(one.heard()).toEqual(['Query SELECT 1', 'Query SELECT 2']);
      plane.check();
    }
  });
});
