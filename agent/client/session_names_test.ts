// A client’s names for its statements follow what the server has done: not what it refused, and not what it passed over.

import { describe, expect, test } from 'bun:test';
import { bind, close, execute, flush, parse, query, sync } from '../tests/harness/client_words.ts';
import type { FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

const { parseComplete, closeComplete } = server;

/** Prepares `SELECT 1` as s1, and reads the answer. */
function prepare(client: FakeClient, one: FakeServer, name = 's1', sql = 'SELECT 1'): void {
  client.says(parse(name, sql), sync);
  one.says(parseComplete, server.ready());
  client.heard();
  one.heard();
}

describe('Session and errors around statements', () => {
  test('prepares again what the server refused', async () => {
    const { clients, server: one } = await sessionFixture();
    clients[0]!.says(parse('s1', 'SELECT broken'), sync);
    one.says(server.errorResponse('syntax error'), server.ready());
    expect(clients[0]!.heard()).toEqual(['ERROR 42601 syntax error', 'Ready I']);
    one.heard();
    clients[0]!.says(parse('s1', 'SELECT broken'), sync);
    expect(one.heard()).toEqual(['Parse pgsidecar_2 SELECT broken', 'Sync']);
  });

  test('takes no name for a Parse that the server refused', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    clients[0]!.says(parse('s1', 'SELECT broken'), sync);
    one.says(server.errorResponse('syntax error'), server.ready());
    one.heard();
    clients[0]!.says(bind('s1'), sync);
    expect([one.heard(), plane.context.statements.size]).toEqual([['Bind s1', 'Sync'], 0]);
  });

  test('takes no name for a Parse that an error passed over', async () => {
    const { clients, server: one } = await sessionFixture();
    clients[0]!.says(bind('nothing'), parse('s1', 'SELECT 1'), sync);
    one.says(server.errorResponse('no', 'ERROR', '26000'), server.ready());
    one.heard();
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard()).toEqual(['Bind s1', 'Sync']);
  });

  test('frees no name for a Close that an error passed over', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(bind('nothing'), close('S', 's1'), sync);
    one.says(server.errorResponse('no', 'ERROR', '26000'), server.ready());
    expect(clients[0]!.heard()).toEqual(['ERROR 26000 no', 'Ready I']);
    one.heard();
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Sync']);
  });

  test('asks the server for a Parse that it knows, where the transaction may have failed', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(query('BEGIN'), query('broken'), parse('s2', 'SELECT 1'), sync);
    expect(one.heard().slice(2)).toEqual(['Close Spgsidecar_1', 'Parse pgsidecar_1 SELECT 1', 'Sync']);
    one.says(server.complete('BEGIN'), server.ready('T'), server.errorResponse('no'), server.ready('E'));
    one.says(closeComplete, server.errorResponse('aborted', 'ERROR', '25P02'), server.ready('E'));
    expect(clients[0]!.heard().slice(4)).toEqual(['ERROR 25P02 aborted', 'Ready E']);
    clients[0]!.says(bind('s2'), parse('s3', 'SELECT 1'), sync);
    expect(one.heard()).toEqual(['Bind s2', 'Parse pgsidecar_1 SELECT 1', 'Sync']);
  });

  test('keeps what a server has, where its transaction has failed and would not take it again', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(query('BEGIN'), query('broken'));
    one.says(server.complete('BEGIN'), server.ready('T'), server.errorResponse('no'), server.ready('E'));
    one.heard();
    clients[0]!.says(parse('s2', 'SELECT 1'), sync);
    const scratch = 'pgsidecar_preparing';
    expect(one.heard()).toEqual([
      `Close S${scratch}`,
      `Parse ${scratch} SELECT 1`,
      `Close S${scratch}`,
      'Sync',
    ]);
    clients[0]!.heard();
    one.says(closeComplete, server.errorResponse('aborted', 'ERROR', '25P02'), server.ready('E'));
    expect(clients[0]!.heard()).toEqual(['ERROR 25P02 aborted', 'Ready E']);
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Sync']);
  });

  test('keeps the statement without a name that an error left alone', async () => {
    const { clients, server: one } = await sessionFixture(2);
    prepare(clients[0]!, one, '', 'SELECT 1');
    clients[0]!.says(bind('nothing'), parse('', 'SELECT 2'), sync);
    one.says(server.errorResponse('no', 'ERROR', '26000'), server.ready());
    clients[1]!.says(query('SELECT 3'));
    one.says(server.complete('SELECT 3'), server.ready());
    one.heard();
    clients[0]!.says(bind(''), sync);
    expect(one.heard()).toEqual(['Parse - SELECT 1', 'Bind -', 'Sync']);
  });

  test('fakes nothing between an error and its Sync', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(bind('nothing'), flush);
    one.says(server.errorResponse('no', 'ERROR', '26000'));
    clients[0]!.says(parse('s2', 'SELECT 1'), close('S', 's1'), bind('s1'));
    clients[0]!.says(sync);
    one.says(server.ready());
    expect(clients[0]!.heard()).toEqual(['ERROR 26000 no', 'Ready I']);
    one.heard();
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Sync']);
  });
});

describe('Session and DEALLOCATE by SQL', () => {
  const gone = [server.complete('DEALLOCATE'), server.ready()];

  test('frees the name, and leaves the statement to others', async () => {
    for (const [sql, told] of [
      ['DEALLOCATE s1', 'DEALLOCATE "pgsidecar_taken"'],
      ['deallocate prepare "s1" ;', 'deallocate prepare "pgsidecar_taken" ;'],
    ]) {
      const { plane, clients, server: one } = await sessionFixture();
      prepare(clients[0]!, one);
      clients[0]!.says(query(sql!));
      expect(one.heard()).toEqual(['Parse pgsidecar_taken ', 'Sync', `Query ${told}`]);
      one.says(parseComplete, server.ready(), ...gone);
      expect(clients[0]!.heard()).toEqual(['Complete DEALLOCATE', 'Ready I']);
      expect([sessionOf(plane).relay.statementCount, plane.context.statements.size]).toEqual([0, 0]);
      clients[0]!.says(bind('s1'), sync);
      expect(one.heard()).toEqual(['Bind s1', 'Sync']);
    }
  });

  test('knows it wherever the network cuts it', async () => {
    const bytes = query('DEALLOCATE s1');
    for (let at = 1; at < bytes.length; at++) {
      const { clients, server: one } = await sessionFixture();
      prepare(clients[0]!, one);
      clients[0]!.connection.receive(bytes.slice(0, at));
      clients[0]!.connection.receive(bytes.slice(at));
      expect(one.heard()).toEqual([
        ...['Parse pgsidecar_taken ', 'Sync', 'Query DEALLOCATE "pgsidecar_taken"'],
      ]);
    }
  });

  test('needs its stand-in each time, and never relies on one that is on its way out', async () => {
    const { clients, server: one } = await sessionFixture();
    for (const name of ['a', 'b']) prepare(clients[0]!, one, name, `SELECT '${name}'`);
    clients[0]!.says(query('DEALLOCATE a; DEALLOCATE b'), query('DEALLOCATE a'));
    expect(one.heard()).toEqual([
      ...['Parse pgsidecar_taken ', 'Parse pgsidecar_taken_2 ', 'Sync'],
      'Query DEALLOCATE "pgsidecar_taken"; DEALLOCATE "pgsidecar_taken_2"',
    ]);
    one.says(parseComplete, parseComplete, server.ready());
    one.says(server.complete('DEALLOCATE'), server.complete('DEALLOCATE'), server.ready());
    expect(one.heard()).toEqual(['Query DEALLOCATE a']);
  });

  test('keeps the name when the server refuses it', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(query('BEGIN'), query('broken'));
    one.says(server.complete('BEGIN'), server.ready('T'), server.errorResponse('no'), server.ready('E'));
    clients[0]!.says(query('DEALLOCATE s1'));
    one.says(parseComplete, server.ready('E'), server.errorResponse('aborted', 'ERROR', '25P02'));
    one.says(server.ready('E'));
    clients[0]!.says(query('ROLLBACK'));
    one.says(server.complete('ROLLBACK'), server.ready());
    one.heard();
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Sync']);
  });

  test('does the same in the extended protocol, when it is executed', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(parse('', 'DEALLOCATE s1'), bind(''));
    expect(one.heard()).toEqual([
      ...['Parse - DEALLOCATE s1', 'Parse pgsidecar_taken '],
      ...['Close Spgsidecar running', 'Parse pgsidecar running DEALLOCATE "pgsidecar_taken"'],
      'Bind pgsidecar running',
    ]);
    clients[0]!.says(execute(), bind('s1'), sync);
    expect(one.heard()).toEqual(['Execute', 'Bind s1', 'Sync']);
  });

  test('of a name that it does not have passes as it is', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(query('DEALLOCATE nothing'));
    expect(one.heard()).toEqual(['Query DEALLOCATE nothing']);
    one.says(server.errorResponse('no', 'ERROR', '26000'), server.ready());
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Sync']);
  });

  test('does not reach a statement of others by the name that it has on the server', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(query('DEALLOCATE pgsidecar_1'));
    expect(one.heard()).toEqual(['Query DEALLOCATE "pgsidecar_1 "']);
    one.says(server.errorResponse('"pgsidecar_1 " is not there', 'ERROR', '26000'), server.ready());
    expect(clients[0]!.heard()).toEqual(['ERROR 26000 "pgsidecar_1" is not there', 'Ready I']);
  });
});

describe('Session and prepared_statements_memory', () => {
  test('lets the server refuse what is too much, and says why', async () => {
    const { clients, server: one } = await sessionFixture(2, {}, { prepared_statements_memory: 65_536 });
    prepare(clients[0]!, one, 'large', `SELECT '${'x'.repeat(20_000)}'`);
    clients[0]!.says(parse('s2', 'SELECT 2'), sync);
    expect(one.heard()).toEqual(['Parse pgsidecar_taken ', 'Parse pgsidecar_taken SELECT 2', 'Sync']);
    one.says(parseComplete, server.errorResponse('already exists', 'ERROR', '42P05'), server.ready());
    expect(clients[0]!.heard()).toEqual([
      expect.stringMatching(/^ERROR 53200 the prepared statements of this client take \d+ bytes/),
      'Ready I',
    ]);
    // Another one has its own half, and what is closed makes room.
    prepare(clients[1]!, one, 's2', 'SELECT 2');
    clients[0]!.says(close('S', 'large'), sync);
    one.says(server.ready());
    one.heard();
    clients[0]!.says(parse('s3', 'SELECT 3'), sync);
    expect(one.heard()).toEqual(['Parse pgsidecar_3 SELECT 3', 'Sync']);
  });
});

describe('Session after DISCARD ALL', () => {
  for (const tag of ['DISCARD ALL', 'DEALLOCATE ALL']) {
    test(`has no names any more, and the server no statements (${tag})`, async () => {
      const { plane, clients, server: one } = await sessionFixture(2, {}, { track_extra_parameters: [] });
      prepare(clients[0]!, one);
      clients[1]!.says(parse('s1', 'SELECT 1'), sync);
      one.says(server.ready());
      clients[0]!.says(query(tag));
      one.says(server.complete(tag), server.ready());
      one.heard();
      clients[0]!.says(bind('s1'), sync);
      expect(one.heard()).toEqual(['Bind s1', 'Sync']);
      one.says(server.errorResponse('no', 'ERROR', '26000'), server.ready());
      // Another client's name is its own.
      clients[1]!.says(bind('s1'), sync);
      expect(one.heard()).toEqual(['Parse pgsidecar_1 SELECT 1', 'Bind pgsidecar_1', 'Sync']);
      expect(plane.context.statements.size).toBe(1);
    });

    test(`relies on nothing that was there before, in the same write (${tag})`, async () => {
      const { clients, server: one } = await sessionFixture(1, {}, { track_extra_parameters: [] });
      prepare(clients[0]!, one);
      clients[0]!.says(query(tag), bind('s1'), sync, parse('s1', 'SELECT 1'), sync);
      expect(one.heard().slice(1)).toEqual([
        ...['Bind s1', 'Sync', 'Close Spgsidecar_1', 'Parse pgsidecar_1 SELECT 1', 'Sync'],
      ]);
    });
  }

  test('keeps its names when the server refuses it', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(query('DISCARD ALL'));
    one.says(server.errorResponse('in a transaction block', 'ERROR', '25001'), server.ready());
    one.heard();
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard().at(-2)).toBe('Bind pgsidecar_1');
  });

  test('relies on what the server had when it was refused: a transaction that has failed takes no Parse', async () => {
    const { clients, server: one } = await sessionFixture();
    prepare(clients[0]!, one);
    clients[0]!.says(query('BEGIN'));
    one.says(server.complete('BEGIN'), server.ready('T'));
    clients[0]!.says(parse('', 'DISCARD ALL'), bind(''), execute(), sync);
    one.says(parseComplete, server.bindComplete);
    one.says(server.errorResponse('in a transaction block', 'ERROR', '25001'), server.ready('E'));
    one.heard();
    clients[0]!.says(bind('s1'), sync);
    expect(one.heard()).toEqual(['Bind pgsidecar_1', 'Sync']);
  });
});
