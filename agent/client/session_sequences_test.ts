// currval() and lastval(): what is the client's own it finds, another's never; and how long a client keeps its server for that.

import { describe, expect, test } from 'bun:test';
import { query } from '../tests/harness/client_words.ts';
import type { DataPlane, FakeClient } from '../tests/harness/data_plane.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture, sessionOf } from './session_fixture.ts';

const INSERT = 'INSERT INTO t VALUES (1)';
const ASK = 'SELECT lastval()';

/** What the server was told, and is answered for. */
function run(client: FakeClient, one: FakeServer, sql: string): string[] {
  client.says(query(sql));
  return answer(one);
}

function answer(one: FakeServer): string[] {
  const heard = one.heard();
  for (const said of heard) one.says(server.complete(said.split(' ')[1]!), server.ready());
  return heard;
}

function pinsOf(plane: DataPlane, index = 0): string[] {
  return [...sessionOf(plane, index).left.pins];
}

/** As the plane does by itself, some times a second. */
function pass(plane: DataPlane, ms: number): void {
  plane.clock.advance(ms);
  plane.registry.tick(plane.clock.now());
}

describe('a client that has advanced a sequence', () => {
  test('finds its number in the next transaction, and again', async () => {
    const { plane, clients, server: one } = await sessionFixture();
    run(clients[0]!, one, INSERT);
    expect(pinsOf(plane)).toEqual(['sequence']);
    for (let time = 0; time < 2; time++) expect(run(clients[0]!, one, ASK)).toEqual([`Query ${ASK}`]);
    expect(pinsOf(plane)).toEqual(['sequence']);
  });

  test('keeps its server for a second where nobody has ever asked, and for good where somebody has', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    run(clients[0]!, one, INSERT);
    pass(plane, 999);
    expect(pool.idle).toBe(0);
    pass(plane, 1);
    expect([pool.idle, pool.pinned]).toEqual([1, 0]);
    run(clients[0]!, one, INSERT);
    run(clients[0]!, one, ASK);
    pass(plane, 600_000);
    expect([pool.idle, pool.pinned]).toEqual([0, 1]);
    run(clients[0]!, one, 'DISCARD SEQUENCES');
    expect([pool.idle, pool.pinned]).toEqual([1, 0]);
  });

  test('gives way to others a second after it has used its numbers last, and neither finds the other’s', async () => {
    const { plane, clients, server: one } = await sessionFixture(2);
    run(clients[0]!, one, INSERT);
    run(clients[0]!, one, ASK);
    clients[1]!.says(query(INSERT));
    pass(plane, 999);
    expect(one.heard()).toEqual([]);
    pass(plane, 1);
    expect(answer(one)).toEqual(['Query DISCARD SEQUENCES', `Query ${INSERT}`]);
    expect(run(clients[1]!, one, ASK)).toEqual([`Query ${ASK}`]);
    clients[0]!.says(query(ASK));
    pass(plane, 1_000);
    expect(answer(one)).toEqual(['Query DISCARD SEQUENCES', `Query ${ASK}`]);
  });

  test('goes on using them for five seconds while others wait, and gives way when it has asked', async () => {
    const { plane, clients, server: one } = await sessionFixture(2);
    run(clients[0]!, one, INSERT);
    clients[1]!.says(query('SELECT 1'));
    for (let time = 0; time < 6; time++) {
      expect(run(clients[0]!, one, ASK)).toEqual([`Query ${ASK}`]);
      run(clients[0]!, one, INSERT);
      pass(plane, 900);
    }
    clients[0]!.says(query(ASK));
    one.heard();
    one.says(server.complete('SELECT'), server.ready());
    expect(one.heard()).toEqual(['Query SELECT 1']);
  });

  test('gives way to a PAUSE, and to the end of its server', async () => {
    for (const stop of ['pause', 'retireAll'] as const) {
      const { plane, pool, clients, server: one } = await sessionFixture();
      run(clients[0]!, one, INSERT);
      run(clients[0]!, one, ASK);
      pool[stop]('it is replaced');
      pass(plane, 1_000);
      expect([pool.pinned, pool.activeServers.length]).toEqual([0, 0]);
    }
  });

  test('and is in a transaction, or in the middle of a message, is left alone', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    run(clients[0]!, one, INSERT);
    clients[0]!.says(query('SELECT pg_sleep(9)'));
    pass(plane, 9_000);
    expect(pool.pinned).toBe(1);
    one.heard();
    one.says(server.complete('SELECT'), server.ready());
    expect([pool.pinned, pool.idle]).toEqual([0, 1]);
  });
});

describe('clients that never ask', () => {
  test('give way to others after a fifth of a second, two times for each text, and once for those behind the eighth', async () => {
    const { plane, clients, server: one } = await sessionFixture(2, {}, { leak_check_every: 0 });
    const hold = (sql: string): number => {
      run(clients[0]!, one, sql);
      clients[1]!.says(query('SELECT 1'));
      let waited = 0;
      for (; one.heard().length === 0; waited += 50) pass(plane, 50);
      one.says(server.complete('SELECT'), server.ready());
      return waited;
    };
    for (let text = 0; text < 8; text++)
      expect([0, 1, 2].map(() => hold(`INSERT INTO t${'x'.repeat(text)} VALUES (1)`))).toEqual([200, 200, 0]);
    expect([0, 1].map(() => hold('INSERT INTO another VALUES (1)'))).toEqual([200, 0]);
  });

  test('are known by what they do beside it, too: a text of several, a statement that another text has prepared', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    for (let time = 0; time < 2; time++) {
      clients[0]!.says(query("INSERT INTO t VALUES (1); SET work_mem TO '4MB'"));
      one.heard();
      one.says(server.complete('INSERT 0 1'), server.complete('SET'), server.ready());
      expect(pool.pinned).toBe(1);
      pass(plane, 1_000);
      expect(pool.pinned).toBe(0);
    }
    clients[0]!.says(query("INSERT INTO t VALUES (2); SET work_mem TO '4MB'"));
    one.heard();
    one.says(server.complete('INSERT 0 1'), server.complete('SET'), server.ready());
    expect(pool.pinned).toBe(0);
  });

  test('keep no server after a text behind which nobody has asked eight times, and one after another text', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    for (let time = 0; time < 8; time++) run(clients[0]!, one, INSERT);
    expect([pool.idle, pinsOf(plane)]).toEqual([0, ['sequence']]);
    run(clients[0]!, one, INSERT);
    expect([pool.idle, pinsOf(plane)]).toEqual([1, []]);
    run(clients[0]!, one, 'INSERT INTO t VALUES (2)');
    expect(pool.idle).toBe(1);
    run(clients[0]!, one, 'INSERT INTO u VALUES (2)');
    expect(pool.idle).toBe(0);
  });

  test('keep none after a second behind which nobody has asked twice', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture();
    for (let time = 0; time < 2; time++) {
      run(clients[0]!, one, INSERT);
      expect(pool.idle).toBe(0);
      pass(plane, 1_000);
    }
    run(clients[0]!, one, INSERT);
    expect(pool.idle).toBe(1);
  });

  test('give way to others after eight transactions', async () => {
    const { clients, server: one } = await sessionFixture(2);
    run(clients[0]!, one, INSERT);
    clients[1]!.says(query('SELECT 1'));
    for (let time = 0; time < 7; time++) expect(run(clients[0]!, one, INSERT)).toEqual([`Query ${INSERT}`]);
    clients[0]!.says(query(INSERT));
    expect(answer(one)).toEqual([`Query ${INSERT}`]);
    expect(one.heard()).toEqual(['Query SELECT 1']);
  });

  test('keep none behind a text after 64 times, where others ask, until somebody asks behind it', async () => {
    const { plane, pool, clients, server: one } = await sessionFixture(2);
    run(clients[0]!, one, ASK);
    for (let time = 0; time < 64; time++) run(clients[1]!, one, INSERT);
    expect(pinsOf(plane, 1)).toEqual(['sequence']);
    run(clients[1]!, one, INSERT);
    expect([pinsOf(plane, 1), pool.idle]).toEqual([[], 1]);
    run(clients[1]!, one, INSERT);
    expect(pool.idle).toBe(1);
    run(clients[1]!, one, ASK);
    run(clients[1]!, one, 'DISCARD SEQUENCES');
    expect(pool.idle).toBe(1);
    run(clients[1]!, one, INSERT);
    expect(pinsOf(plane, 1)).toEqual(['sequence']);
  });

  test('keep none where an operator says so, and nobody tells them of it', async () => {
    for (const policy of ['error', 'warn', 'ignore'] as const) {
      const { pool, clients, server: one } = await sessionFixture(1, {}, { pin_sequences: policy });
      run(clients[0]!, one, INSERT);
      expect([pool.idle, pool.pinned]).toEqual([1, 0]);
    }
  });
});

test('the first who asks, in a pool that has stopped counting, finds what only it has advanced there', async () => {
  const { plane, clients, server: one } = await sessionFixture();
  for (let time = 0; time < 40; time++) run(clients[0]!, one, INSERT);
  expect(run(clients[0]!, one, ASK)).toEqual([`Query ${ASK}`]);
  expect(pinsOf(plane)).toEqual(['sequence']);
});
