// Prepared statements in transaction mode: one name for all clients, put on whichever server a client has.

import { describe, expect, test } from 'bun:test';
import type { Settings } from '../config/settings.ts';
import {
  bind,
  close,
  describe as describeTarget,
  execute,
  join,
  message,
  parse,
  query,
  sync,
} from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { type SessionFixture, sessionFixture, sessionOf } from './session_fixture.ts';

const { parseComplete, bindComplete, closeComplete } = server;
const DONE = [bindComplete, server.complete('SELECT 1'), server.ready()];
const READ = ['BindComplete', 'Complete SELECT 1', 'Ready I'];

/** Two servers, each with a client that keeps it busy until `free()`. */
async function twoServers(
  more: Partial<Settings> = {},
): Promise<SessionFixture & { free(one: FakeServer): void }> {
  const fixture = await sessionFixture(3, { poolSize: 2 }, more);
  return { ...fixture, free: (one) => one.says(server.complete('SELECT 1'), server.ready()) };
}

/** Prepares `SELECT 1` as s1, and reads the answer. */
function prepare(client: FakeClient, one: FakeServer, name = 's1', sql = 'SELECT 1'): void {
  client.says(parse(name, sql), sync);
  one.says(parseComplete, server.ready());
  client.heard();
  one.heard();
}

describe('Session and a named statement', () => {
  test('gives it a name of its own on the server', async () => {
    const { clients, server: one } = await sessionFixture();
    clients[0]!.says(
      parse('s1', 'SELECT $1'),
      describeTarget('S', 's1'),
      bind('s1', 'p1', ['7']),
      execute('p1'),
      sync,
    );
    expect(one.heard()).toEqual([
      ...['Parse pgsidecar_1 SELECT $1', 'Describe Spgsidecar_1', 'Bind pgsidecar_1', 'Execute', 'Sync'],
    ]);
    one.says(parseComplete, server.parameterDescription(), server.noData, ...DONE);
    expect(clients[0]!.heard()).toEqual(['ParseComplete', 'ParameterDescription', 'NoData', ...READ]);
  });

  test('changes nothing of the Bind but the name', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(bind('s1', 'portal', ['a', 'b']), sync);
    expect(one.heardBytes()).toEqual(join(bind('pgsidecar_1', 'portal', ['a', 'b']), sync));
  });

  test('sends it once for two clients that prepare the same', async () => {
    const { pool, clients, server: one } = await sessionFixture(2);
    prepare(clients[0]!, one);
    clients[1]!.says(parse('other_name', 'SELECT 1'), bind('other_name'), execute(), sync);
    expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Execute', 'Sync']);
    expect(clients[1]!.heard()).toEqual(['ParseComplete']);
    one.says(...DONE);
    expect([clients[1]!.heard(), pool.idle]).toEqual([READ, 1]);
  });

  test('answers in order when a known one is prepared in the middle of a pipeline', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(
      parse('', 'SELECT 2'),
      bind(''),
      parse('s2', 'SELECT 1'),
      execute(),
      close('S', 's2'),
      sync,
    );
    expect(one.heard()).toEqual(['Parse - SELECT 2', 'Bind -', 'Execute', 'Sync']);
    one.says(parseComplete, bindComplete, server.complete('SELECT 1'), server.ready());
    expect(clients[0]!.heard()).toEqual([
      ...['ParseComplete', 'BindComplete', 'ParseComplete', 'Complete SELECT 1', 'CloseComplete', 'Ready I'],
    ]);
  });

  test('puts it on another server when it is needed there, unseen', async () => {
    const { plane, clients, server: one, free } = await twoServers();
    const [a, b] = clients;
    prepare(a!, one);
    b!.says(query('busy'));
    a!.says(bind('s1'), execute(), sync);
    await settle();
    const two = plane.network.server;
    expect(two.heard()).toEqual(['Parse pgsidecar_1 SELECT 1', 'Bind pgsidecar_1', 'Execute', 'Sync']);
    two.says(parseComplete, ...DONE);
    expect(a!.heard()).toEqual(READ);
    a!.says(describeTarget('S', 's1'), sync);
    expect(two.heard()).toEqual(['Describe Spgsidecar_1', 'Sync']);
    two.says(server.parameterDescription(), server.noData, server.ready());
    free(one);
  });

  test('lets the server refuse a name that is taken, and tells it with the client’s own', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(parse('s1', 'SELECT 2'), sync);
    expect(one.heard()).toEqual(['Parse pgsidecar_taken ', 'Parse pgsidecar_taken SELECT 2', 'Sync']);
    const refused = 'prepared statement "pgsidecar_taken" already exists';
    one.says(parseComplete, server.errorResponse(refused, 'ERROR', '42P05'), server.ready());
    expect(clients[0]!.heard()).toEqual(['ERROR 42P05 prepared statement "s1" already exists', 'Ready I']);
    clients[0]!.says(parse('s1', 'SELECT broken'), bind('s1'), sync);
    expect(one.heard()).toEqual(['Parse pgsidecar_taken SELECT broken', 'Bind pgsidecar_1', 'Sync']);
  });

  test('keeps names apart that are not UTF-8', async () => {
    const { clients, server: one } = await sessionFixture();
    const named = (byte: number, sql: string): Uint8Array =>
      message('P', Buffer.concat([Buffer.from([byte]), Buffer.from(`\0${sql}\0\0\0`)]));
    const bindTo = (byte: number): Uint8Array => message('B', Buffer.from([0, byte, 0, 0, 0, 0, 0, 0, 0]));
    clients[0]!.says(named(0xe9, 'SELECT 1'), named(0xe8, 'SELECT 2'), bindTo(0xe9), sync);
    expect(one.heard().at(-2)).toBe('Bind pgsidecar_1');
  });

  test('passes on a name that the client never prepared: the server says so', async () => {
    const { clients, server: one } = await sessionFixture();
    clients[0]!.says(bind('nothing'), describeTarget('S', 'nothing'), sync);
    expect(one.heard()).toEqual(['Bind nothing', 'Describe Snothing', 'Sync']);
    one.says(server.errorResponse('does not exist', 'ERROR', '26000'), server.ready());
    expect(clients[0]!.heard()).toEqual(['ERROR 26000 does not exist', 'Ready I']);
  });

  test('is rewritten the same wherever the network cuts the messages', async () => {
    const all = join(
      parse('s1', 'SELECT $1'),
      describeTarget('S', 's1'),
      bind('s1', '', ['x'.repeat(50)]),
      execute(),
      sync,
    );
    const wanted = join(
      ...[parse('pgsidecar_1', 'SELECT $1'), describeTarget('S', 'pgsidecar_1')],
      ...[bind('pgsidecar_1', '', ['x'.repeat(50)]), execute(), sync],
    );
    for (let at = 0; at <= all.length; at++) {
      const { clients, server: one } = await sessionFixture();
      clients[0]!.connection.receive(all.subarray(0, at), all.subarray(at));
      expect(one.heardBytes()).toEqual(wanted);
    }
    const { clients, server: one } = await sessionFixture();
    for (const byte of all) clients[0]!.connection.receive(new Uint8Array([byte]));
    expect(one.heardBytes()).toEqual(wanted);
  });

  test('is refused when its Parse is longer than what may be kept', async () => {
    const { clients } = await sessionFixture(1, {}, { max_message_held: 16_384 });
    clients[0]!.says(parse('s1', 'x'.repeat(20_000)).subarray(0, 100));
    expect(clients[0]!.heard()[0]).toStartWith('FATAL 54000 a message of 20');
  });

  test('is passed as it is when max_prepared_statements is 0', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, { max_prepared_statements: 0 });
    clients[0]!.says(parse('s1', 'SELECT 1'), bind('s1'), close('S', 's1'), sync);
    expect(one.heard()).toEqual(['Parse s1 SELECT 1', 'Bind s1', 'Close Ss1', 'Sync']);
  });
});

describe('Session and Close', () => {
  test('keeps the statement on the server for others, and answers by itself', async () => {
    const { plane, clients, server: one } = await sessionFixture(2);
    prepare(clients[0]!, one);
    clients[0]!.says(close('S', 's1'), sync);
    expect(one.heard()).toEqual(['Sync']);
    one.says(server.ready());
    expect(clients[0]!.heard()).toEqual(['CloseComplete', 'Ready I']);
    expect([sessionOf(plane).relay.statementCount, plane.context.statements.size]).toEqual([0, 0]);
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard()).toEqual(['Bind s1', 'Sync']);
  });

  test('passes on one of a portal', async () => {
    const { clients, server: one } = await sessionFixture();
    clients[0]!.says(close('P', 'p1'), sync);
    expect(one.heard()).toEqual(['Close Pp1', 'Sync']);
    one.says(closeComplete, server.ready());
    expect(clients[0]!.heard()).toEqual(['CloseComplete', 'Ready I']);
  });

  test('forgets a client’s statements when it leaves', async () => {
    const { plane, clients, server: one } = await sessionFixture(2);
    prepare(clients[0]!, one);
    clients[1]!.says(parse('s1', 'SELECT 1'), sync);
    one.says(server.ready());
    expect(plane.context.statements.size).toBe(1);
    clients[0]!.connection.closed();
    expect(plane.context.statements.size).toBe(1);
    clients[1]!.connection.closed();
    expect(plane.context.statements.size).toBe(0);
  });
});

describe('Session and the statement without a name', () => {
  test('is put on another server when a Bind comes for it there', async () => {
    const { plane, clients, server: one, free } = await twoServers();
    const [a, b] = clients;
    prepare(a!, one, '', 'SELECT 1');
    b!.says(query('busy'));
    a!.says(bind(''), execute(), sync);
    await settle();
    const two = plane.network.server;
    expect(two.heard()).toEqual(['Parse - SELECT 1', 'Bind -', 'Execute', 'Sync']);
    two.says(parseComplete, ...DONE);
    expect(a!.heard()).toEqual(READ);
    free(one);
  });

  test('is put there again for a Describe, although the same server may have it', async () => {
    const { clients, server: one } = await sessionFixture(2);
    prepare(clients[0]!, one, '', 'SELECT 1');
    clients[1]!.says(query('SELECT 2'));
    one.says(server.complete('SELECT 2'), server.ready());
    one.heard();
    clients[0]!.says(describeTarget('S', ''), sync);
    expect(one.heard()).toEqual(['Parse - SELECT 1', 'Describe S', 'Sync']);
    one.says(parseComplete, server.parameterDescription(), server.noData, server.ready());
    expect(clients[0]!.heard()).toEqual(['ParameterDescription', 'NoData', 'Ready I']);
  });

  test('is not put there twice in one transaction', async () => {
    const { clients, server: one } = await sessionFixture(2);
    prepare(clients[0]!, one, '', 'SELECT 1');
    clients[1]!.says(query('SELECT 2'));
    one.says(server.complete('SELECT 2'), server.ready());
    one.heard();
    clients[0]!.says(bind(''), execute(), bind(''), execute(), sync);
    expect(one.heard().filter((each) => each.startsWith('Parse')).length).toBe(1);
  });

  test('is gone after a simple Query, and after its Close', async () => {
    for (const end of [query('SELECT 2'), join(close('S', ''), sync)]) {
      const { clients, server: one } = await sessionFixture();
      prepare(clients[0]!, one, '', 'SELECT 1');
      clients[0]!.says(end);
      one.says(...(end[0] === 0x51 ? [server.complete('SELECT 2')] : [closeComplete]), server.ready());
      one.heard();
      clients[0]!.says(bind(''), sync);
      // The server may still have it: what has ended it may have been said to another one.
      expect(one.heard()).toEqual(['Close S', 'Bind -', 'Sync']);
    }
  });

  test('is remembered wherever the network cuts its Parse', async () => {
    const all = join(parse('', 'SELECT 1'), sync);
    for (let at = 0; at <= all.length; at++) {
      const { clients, server: one } = await sessionFixture(2);
      clients[0]!.connection.receive(all.subarray(0, at), all.subarray(at));
      one.says(parseComplete, server.ready());
      clients[1]!.says(query('SELECT 2'));
      one.says(server.complete('SELECT 2'), server.ready());
      one.heard();
      clients[0]!.says(bind(''), sync);
      expect(one.heard()).toEqual(['Parse - SELECT 1', 'Bind -', 'Sync']);
    }
  });

  test('that is too long to be kept passes all the same', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, { max_message_held: 16_384 });
    const long = parse('', 'x'.repeat(20_000));
    clients[0]!.connection.receive(long.subarray(0, 100), long.subarray(100), bind(''), sync);
    expect(one.heard().slice(1)).toEqual(['Bind -', 'Sync']);
  });
});

describe('Session and max_prepared_statements', () => {
  test('closes the one that was not used for the longest time, unseen', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, { max_prepared_statements: 2 });
    for (const name of ['a', 'b']) prepare(clients[0]!, one, name, `SELECT '${name}'`);
    clients[0]!.says(bind('a'), parse('c', "SELECT 'c'"), sync);
    expect(one.heard()).toEqual([
      'Bind pgsidecar_1',
      "Parse pgsidecar_3 SELECT 'c'",
      'Close Spgsidecar_2',
      'Sync',
    ]);
    one.says(bindComplete, parseComplete, closeComplete, server.ready());
    expect(clients[0]!.heard()).toEqual(['BindComplete', 'ParseComplete', 'Ready I']);
    clients[0]!.says(bind('b'), sync);
    expect(one.heard()).toEqual([
      "Parse pgsidecar_2 SELECT 'b'",
      'Close Spgsidecar_1',
      'Bind pgsidecar_2',
      'Sync',
    ]);
  });

  test('knows that a Close which an error passed over has closed nothing', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, { max_prepared_statements: 1 });
    prepare(clients[0]!, one, 'a', 'SELECT 1');
    clients[0]!.says(bind('nothing'), parse('b', 'SELECT 2'), sync);
    one.says(server.errorResponse('no', 'ERROR', '26000'), server.ready());
    one.heard();
    clients[0]!.says(bind('a'), sync);
    expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Sync']);
  });

  test('is satisfied with a statement that alone is too many', async () => {
    const { clients, server: one } = await sessionFixture(1, {}, { max_prepared_statements: 1 });
    clients[0]!.says(parse('a', 'SELECT 1'), parse('b', 'SELECT 2'), bind('a'), bind('b'), sync);
    expect(one.heard().filter((each) => each.startsWith('Bind'))).toEqual([
      'Bind pgsidecar_1',
      'Bind pgsidecar_2',
    ]);
  });
});
