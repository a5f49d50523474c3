// A side that does not read stops the other one from sending, and everybody goes on when it reads again.

import { describe, expect, test } from 'bun:test';
import { copyData, query } from '../tests/harness/client_words.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

const LIMITS = { client_write_buffer: 16_384, server_write_buffer: 16_384, pin_sequences: 'ignore' } as const;
const ROW = server.dataRow('x'.repeat(10_000));

describe('Session whose client does not read', () => {
  test('stops the server and the client at client_write_buffer, and lets both go on when all has left', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, LIMITS);
    const [client] = clients;
    client!.says(query('SELECT'));
    client!.connection.room = 0;
    one.says(ROW);
    expect([one.connection.isPaused, client!.connection.isPaused]).toEqual([false, false]);
    one.says(ROW);
    expect([one.connection.isPaused, client!.connection.isPaused]).toEqual([true, true]);
    one.says(ROW, server.complete('SELECT 3'), server.ready());
    client!.connection.drain(5_000);
    expect(one.connection.isPaused).toBe(true);
    client!.connection.drain();
    expect([one.connection.isPaused, client!.connection.isPaused]).toEqual([false, false]);
    one.connection.deliver();
    expect([client!.heard().length, pool.idle]).toEqual([5, 1]);
  });

  test('does not hold back the next client of its server', async () => {
    const { clients, server: one } = await sessionFixture(2, {}, LIMITS);
    const [slow, other] = clients;
    slow!.says(query('SELECT'));
    slow!.connection.room = 0;
    one.says(ROW, ROW, server.complete('SELECT 2'), server.ready());
    expect([one.connection.isPaused, slow!.connection.isPaused]).toEqual([false, true]);
    other!.says(query('SELECT 1'));
    one.says(server.complete('SELECT 1'), server.ready());
    expect(other!.heard()).toEqual(['Complete SELECT 1', 'Ready I']);
    slow!.connection.drain();
    expect(slow!.connection.isPaused).toBe(false);
  });

  test('leaves a server that is read again, up to the end of what it was saying', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(1, {}, LIMITS);
    clients[0]!.says(query('SELECT'));
    clients[0]!.connection.room = 0;
    one.says(ROW, ROW);
    expect(one.connection.isPaused).toBe(true);
    clients[0]!.connection.closed();
    expect(one.connection.isPaused).toBe(false);
    one.says(ROW, server.complete('SELECT 3'), server.ready());
    one.says(server.complete('ROLLBACK'), server.ready(), server.ready());
    await settle();
    plane.network.server.connection.closed();
    await settle();
    expect([pool.idle, one.connection.isClosed]).toEqual([1, false]);
    plane.check();
  });
});

describe('Session whose server does not read', () => {
  test('stops the client at server_write_buffer, and lets it go on when all has left', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, LIMITS);
    const [client] = clients;
    client!.says(query('COPY t FROM STDIN'));
    one.says(server.copyIn());
    one.connection.room = 0;
    client!.says(copyData('x'.repeat(10_000)));
    expect(client!.connection.isPaused).toBe(false);
    client!.says(copyData('x'.repeat(10_000)));
    expect(client!.connection.isPaused).toBe(true);
    one.connection.drain();
    expect(client!.connection.isPaused).toBe(false);
  });

  test('reads the client again when the COPY that it was stopped for has failed', async () => {
    const { pool, clients, server: one } = await sessionFixture(1, {}, LIMITS);
    const [client] = clients;
    client!.says(query('COPY t FROM STDIN'));
    one.says(server.copyIn());
    one.connection.room = 0;
    client!.says(copyData('x'.repeat(30_000)));
    expect(client!.connection.isPaused).toBe(true);
    one.says(server.errorResponse('disk full', 'ERROR', '53100'), server.ready());
    expect([pool.idle, client!.connection.isPaused]).toEqual([1, false]);
    one.connection.drain();
    client!.says(query('SELECT 1'));
    expect(one.heard().at(-1)).toBe('Query SELECT 1');
  });
});

describe('Session that waits for a server', () => {
  test('stops its client when too much is kept, and reads on when the server is there', async () => {
    const { plane, clients, server: one } = await sessionFixture(2, {}, LIMITS);
    const [first, second] = clients;
    first!.says(query('SELECT'));
    second!.says(query(`-- ${'x'.repeat(10_000)}`));
    expect(second!.connection.isPaused).toBe(false);
    second!.says(query(`-- ${'x'.repeat(10_000)}`));
    expect([second!.connection.isPaused, sessionOf(plane, 1).relay.heldBytes > 16_384]).toEqual([true, true]);
    one.says(server.complete('SELECT 1'), server.ready());
    expect([second!.connection.isPaused, sessionOf(plane, 1).relay.heldBytes]).toEqual([false, 0]);
    expect(one.heard().length).toBe(3);
  });
});
