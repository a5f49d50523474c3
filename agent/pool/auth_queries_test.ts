// Asking for a user's secret: on which connection, in which bytes, how many at a time, and whatever may be answered.

import { describe, expect, test } from 'bun:test';
import type { AgentError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { AuthQuerySettings, DatabaseSettings, Settings } from '../config/settings.ts';
import { bind, execute, join, parse, sync } from '../tests/harness/client_words.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import type { AuthAnswer, FoundSecret } from './auth_queries.ts';
import { shape } from './pool_fixture.ts';

const AUTH: AuthQuerySettings = { user: 'pooler', query: 'SELECT a($1)', database: 'idp' };

function settings(database: Partial<DatabaseSettings> = {}, more: Partial<Settings> = {}): Settings {
  const pooler = userOf({ name: 'pooler', secret: new Secret(crypto.randomUUID()) });
  return settingsOf([databaseOf({ auth: AUTH, ...database })], [userOf(), pooler], more);
}

/** What became of a question: the secret, why there is none, or the code of the error. */
class Asked {
  outcome = 'nothing yet';

  constructor(plane: DataPlane, user: string, auth = AUTH) {
    plane.registry.authQueries.find(auth, user).then(
      (answer: AuthAnswer) => {
        this.outcome = 'secret' in answer ? `secret ${answer.secret.open()}` : answer.missing;
      },
      (error: AgentError) => {
        this.outcome = `${error.code}: ${error.message}`;
      },
    );
  }
}

function asked(user: string): Uint8Array {
  return join(parse('', AUTH.query), bind('', '', [user]), execute('', 2), sync);
}

function answers(to: FakeServer, ...rows: readonly (readonly (string | null)[])[]): void {
  const all = rows.map((row) => server.dataRow(...row));
  to.says(server.parseComplete, server.bindComplete, ...all, server.complete('SELECT 1'), server.ready());
}

async function question(
  user = 'ann',
  database: Partial<DatabaseSettings> = {},
  more: Partial<Settings> = {},
): Promise<{ plane: DataPlane; ask: Asked; one: FakeServer }> {
  const plane = await dataPlane(settings(database, more));
  const ask = new Asked(plane, user);
  await settle();
  return { plane, ask, one: plane.network.server };
}

function foundAt(order: number): FoundSecret {
  return { secret: new Secret(crypto.randomUUID()), order };
}

describe('AuthQueries.find()', () => {
  test('asks with the name as a parameter, on a connection of its own that has no other parameters', async () => {
    const name = "ann'; DROP ROLE app; --";
    const parameters = { search_path: 'evil', work_mem: '1GB' };
    const { plane, ask, one } = await question(name, { parameters });
    expect(Object.fromEntries(one.startup!)).toEqual({ user: 'pooler', database: 'idp' });
    expect(one.heardBytes()).toEqual(asked(name));
    answers(one, [name, 'md5x']);
    await settle();
    expect(ask.outcome).toBe('secret md5x');
    expect(plane.pendingTimers).toBe(0);
    plane.check();
  });

  test('keeps its connections from clients, those of auth_user too', async () => {
    const { plane, one } = await question();
    answers(one, ['ann', 'x']);
    await settle();
    const pool = plane.registry.pool('idp', 'pooler');
    expect([pool.connected, plane.registry.pool('idp', 'pooler')]).toEqual([0, pool]);
    expect([...plane.registry].map((each) => [each.user, each.connected])).toEqual([
      ['pooler', 1],
      ['pooler', 0],
    ]);
  });

  test('asks once for clients who come at once, and anew for whoever comes later', async () => {
    const { plane, ask, one } = await question();
    const second = new Asked(plane, 'ann');
    await settle();
    expect(one.heardBytes()).toEqual(asked('ann'));
    answers(one, ['ann', 'x']);
    await settle();
    expect([ask.outcome, second.outcome]).toEqual(['secret x', 'secret x']);
    const third = new Asked(plane, 'ann');
    await settle();
    expect(one.heardBytes()).toEqual(asked('ann'));
    answers(one, ['ann', null]);
    await settle();
    expect(third.outcome).toBe('user "ann" has no password at the server, or it has expired');
  });

  test('asks on auth_query_pool_size connections at one time', async () => {
    const plane = await dataPlane(settings({}, { auth_query_pool_size: 2 }));
    const all = ['a', 'b', 'c', 'd', 'e'].map((user) => [user, new Asked(plane, user)] as const);
    await settle();
    expect(plane.servers.length).toBe(2);
    for (let turn = 0; turn < 5; turn++) {
      for (const each of plane.servers) {
        const name = /\0\0\0\x01\0\0\0\x01([a-e])/.exec(
          Buffer.from(each.heardBytes()).toString('latin1'),
        )?.[1];
        if (name !== undefined) answers(each, [name, `secret of ${name}`]);
      }
      await settle();
    }
    for (const [user, { outcome }] of all) expect(outcome).toBe(`secret secret of ${user}`);
    expect(plane.network.tried.length).toBe(2);
    plane.check();
  });

  const told: Readonly<Record<string, readonly [readonly (readonly (string | null)[])[], string]>> = {
    'no row': [[], 'user "ann" does not exist: auth_query gave no row'],
    NULL: [[['ann', null]], 'user "ann" has no password at the server, or it has expired'],
    'an empty secret': [[['ann', '']], 'user "ann" has no password at the server, or it has expired'],
    'another name': [[['pooler', 'x']], 'auth_query gave another user, "pooler"'],
    'no name': [[[null, 'x']], 'auth_query gave another user, "NULL"'],
    'two rows': [
      [
        ['ann', 'x'],
        ['ann', 'y'],
      ],
      'auth_query_unusable: the answer of auth_query cannot be used: it gave more than one row',
    ],
    'one column': [
      [['ann']],
      'auth_query_unusable: the answer of auth_query cannot be used: it gave one column, and has to give a name and a secret',
    ],
    'no column': [
      [[]],
      'auth_query_unusable: the answer of auth_query cannot be used: it gave one column, and has to give a name and a secret',
    ],
  };
  for (const [what, [rows, outcome]] of Object.entries(told)) {
    test(`lets nobody in for ${what}, and asks on`, async () => {
      const { plane, ask, one } = await question();
      answers(one, ...rows);
      await settle();
      expect(ask.outcome).toBe(outcome);
      const next = new Asked(plane, 'ann');
      await settle();
      answers(one, ['ann', 'x']);
      await settle();
      expect(next.outcome).toBe('secret x');
      plane.check();
    });
  }

  test('says what the server says of the query, and keeps the connection', async () => {
    const { plane, ask, one } = await question();
    one.says(server.errorResponse('no such function', 'ERROR', '42883'), server.ready());
    await settle();
    expect(ask.outcome).toBe(
      'auth_query_refused: the server refused auth_query: no such function (SQLSTATE 42883)',
    );
    expect(one.connection.isClosed).toBe(false);
    plane.check();
  });

  test('does not go on with a connection that is left in a transaction', async () => {
    const { plane, ask, one } = await question();
    one.says(server.parseComplete, server.bindComplete, server.complete('BEGIN'), server.ready('T'));
    await settle();
    expect(ask.outcome).toBe('user "ann" does not exist: auth_query gave no row');
    expect([...plane.registry].map(shape)).toEqual([[0, 0, 0, 0, 0]]);
    plane.check();
  });

  const ends: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'says goodbye': [server.errorResponse('shutting down', 'FATAL', '57P01'), 'auth_query_refused'],
    'cuts a row': [
      join(server.parseComplete, server.bindComplete, Buffer.from('D\0\0\0\x0a\0\x02\0\0\0\x63')),
      'server_lost',
    ],
    'answers out of turn': [server.bindComplete, 'server_lost'],
  };
  for (const [what, [bytes, code]] of Object.entries(ends)) {
    test(`ends with a server that ${what}`, async () => {
      const { plane, ask, one } = await question();
      one.says(bytes);
      if (!one.connection.isClosed) one.connection.closed();
      await settle();
      expect(ask.outcome).toStartWith(`${code}: `);
      expect([plane.servers.length, plane.pendingTimers]).toEqual([0, 0]);
      plane.check();
    });
  }

  test('gives up after auth_query_timeout, cancels what runs, and leaves the queue', async () => {
    const { plane, ask, one } = await question(
      'ann',
      {},
      { auth_query_pool_size: 1, auth_query_timeout: 2_000 },
    );
    const waiting = new Asked(plane, 'bob');
    await settle();
    plane.clock.advance(1_999);
    await settle();
    expect([ask.outcome, waiting.outcome]).toEqual(['nothing yet', 'nothing yet']);
    plane.clock.advance(1);
    await settle();
    const late = 'auth_query_timeout: auth_query was not answered within auth_query_timeout (2 s)';
    expect([ask.outcome, waiting.outcome]).toEqual([late, late]);
    expect(one.connection.isClosed).toBe(true);
    expect(plane.network.servers.map((each) => each.cancels)).toContain(one.pid);
    plane.check();
  });

  test('is told at once that the server cannot be reached, and does not try again before its time', async () => {
    const plane = await dataPlane(settings());
    plane.network.welcome = () => new Error('nobody there');
    const first = new Asked(plane, 'ann');
    await settle();
    const second = new Asked(plane, 'bob');
    await settle();
    for (const { outcome } of [first, second])
      expect(outcome).toBe('server_unreachable: cannot connect to the server: nobody there');
    expect(plane.network.tried.length).toBe(1);
  });
});

describe('PoolRegistry and auth_query', () => {
  test('keeps the connections that ask through a reload, and ends them when nobody asks any more', async () => {
    const { plane, one } = await question();
    answers(one, ['ann', 'x']);
    await settle();
    const before = plane.registry.settings;
    plane.registry.apply({ ...before, auth_query_pool_size: 7 });
    const [pool] = [...plane.registry];
    expect([shape(pool!), pool!.size, pool!.database.parameters]).toEqual([[1, 0, 0, 0, 0], 7, {}]);
    plane.registry.apply(settingsOf([databaseOf()], [userOf()]));
    expect([shape(pool!), pool!.removed]).toEqual([[0, 0, 0, 0, 0], true]);
    plane.registry.tick(plane.clock.now());
    expect([...plane.registry]).toEqual([]);
  });

  test('logs in with what was found, for this user alone, and with the newer one later', async () => {
    const plane = await dataPlane(settings());
    const [old, fresh] = [foundAt(1), foundAt(2)];
    const pool = plane.registry.pool('idp', 'ann', old);
    expect(pool.identity).toMatchObject({ user: 'ann', secrets: [old.secret] });
    expect(plane.registry.pool('idp', 'ann', fresh)).toBe(pool);
    expect(pool.identity).toMatchObject({ user: 'ann', secrets: [fresh.secret] });
    expect(() => plane.registry.pool('idp', 'bob')).toThrow('it is not among the users');
    plane.registry.apply(settings({ poolSize: 9 }));
    expect([pool.identity.secrets, pool.size]).toEqual([[fresh.secret], 9]);
  });

  test('keeps the newer secret when a login that was asked for before proves the older one after it', async () => {
    const plane = await dataPlane(settings());
    const [old, fresh] = [foundAt(1), foundAt(2)];
    const pool = plane.registry.pool('idp', 'ann', fresh);
    expect(plane.registry.pool('idp', 'ann', old)).toBe(pool);
    expect(pool.identity).toMatchObject({ user: 'ann', secrets: [fresh.secret] });
    plane.registry.apply(settings({ poolSize: 9 }));
    plane.registry.pool('idp', 'ann', old);
    expect(pool.identity.secrets).toEqual([fresh.secret]);
  });

  test('gives what was found to no other role: forced to one, its own password logs in (CVE-2015-6817)', async () => {
    const [own, found] = [new Secret(crypto.randomUUID()), foundAt(1)];
    const plane = await dataPlane(settings({ forceUser: true, password: own }));
    expect(plane.registry.pool('idp', 'ann', found).identity).toMatchObject({
      user: 'idp_app',
      secrets: [own],
    });
    const none = await dataPlane(settings({ forceUser: true }));
    expect(none.registry.pool('idp', 'ann', found).identity).toMatchObject({ user: 'idp_app', secrets: [] });
  });

  test('forgets the pool of somebody who was found when he and his servers are gone', async () => {
    const plane = await dataPlane(settings());
    plane.registry.pool('idp', 'ann', foundAt(1));
    plane.registry.pool('idp', 'idp_app');
    plane.registry.tick(plane.clock.now());
    expect([...plane.registry].map((pool) => pool.user)).toEqual(['idp_app']);
  });
});
