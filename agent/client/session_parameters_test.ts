// Parameters that follow their client from server to server, and never reach another one.

import { describe, expect, test } from 'bun:test';
import type { Settings } from '../config/settings.ts';
import { query, startup, sync } from '../tests/harness/client_words.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import * as server from '../tests/harness/server_words.ts';
import { sessionFixture } from './session_fixture.ts';

const set = (name: string, value: string): string => `SET "${name}" TO '${value}';`;

/** The server's answer to that, with what it reports by it. */
function took(...reported: readonly Uint8Array[]): Uint8Array[] {
  return [server.complete('SET'), ...reported, server.ready()];
}

async function planeWith(more: Partial<Settings> = {}): Promise<DataPlane> {
  return dataPlane(settingsOf([databaseOf({ poolSize: 1 })], [userOf()], more));
}

describe('Session gives a server its parameters', () => {
  test('before its first query goes there', async () => {
    const plane = await planeWith();
    const client = await plane.client({ application_name: 'rails', options: '-c search_path=app' });
    const one = plane.network.server;
    one.heard();
    client.says(query('SELECT 1'));
    expect(one.heard()).toEqual([`Query ${set('application_name', 'rails')}${set('search_path', 'app')}`]);
    one.says(...took(server.parameterStatus('application_name', 'rails')));
    expect([one.heard(), client.heard()]).toEqual([['Query SELECT 1'], []]);
    one.says(server.complete('SELECT 1'), server.ready());
    expect(client.heard()).toEqual(['Complete SELECT 1', 'Ready I']);
    client.says(query('SELECT 2'));
    expect(one.heard()).toEqual(['Query SELECT 2']);
  });

  test('and nothing of the client’s to a server that does not take them', async () => {
    const plane = await planeWith();
    const client = await plane.client({ role: 'nobody' });
    const one = plane.network.server;
    one.heard();
    client.says(query('DELETE FROM t'));
    one.says(server.errorResponse('role "nobody" does not exist', 'ERROR', '22023'), server.ready());
    expect(client.heard()).toEqual([
      'FATAL 22023 invalid server parameter: cannot set those of the startup packet: role "nobody" does not exist',
    ]);
    expect(one.heard()).not.toContain('Query DELETE FROM t');
    plane.check();
  });

  test('and takes nothing back from a server that has not taken it', async () => {
    const plane = await planeWith();
    const client = await plane.client({ no_such_parameter: '1' });
    const one = plane.network.server;
    client.says(query('SELECT 1'));
    one.says(server.errorResponse('no such parameter', 'ERROR', '42704'), server.ready());
    one.says(server.complete('ROLLBACK'), server.ready(), server.ready());
    expect(client.connection.isEnded).toBe(true);
    one.heard();
    const next = await plane.client();
    next.says(query('SELECT 2'));
    expect(one.heard()).toEqual(['Query SELECT 2']);
    plane.check();
  });

  test('and tells the client how the server spells them, so that they are not set again', async () => {
    const plane = await planeWith();
    const client = await plane.client({ DateStyle: 'ISO', client_encoding: 'utf8', TimeZone: 'CET' });
    const one = plane.network.server;
    one.heard();
    client.says(query('SELECT 1'));
    one.says(...took(server.parameterStatus('TimeZone', 'CET')));
    one.says(server.complete('SELECT 1'), server.ready());
    expect(client.heard()).toEqual([
      ...['Parameter client_encoding=UTF8', 'Parameter DateStyle=ISO, MDY', 'Complete SELECT 1', 'Ready I'],
    ]);
    one.heard();
    client.says(query('SELECT 2'));
    expect(one.heard()).toEqual(['Query SELECT 2']);
  });

  test('without asking first, when it took the same from another client, and greets as it spells them', async () => {
    const plane = await planeWith();
    const asked = { DateStyle: 'ISO', TimeZone: 'CET' };
    const first = await plane.client(asked);
    const one = plane.network.server;
    one.heard();
    first.says(query('SELECT 1'));
    one.says(...took(server.parameterStatus('TimeZone', 'CET')));
    one.says(server.complete('SELECT 1'), server.ready());
    const other = await plane.client();
    other.says(query('other'));
    one.says(...took(server.parameterStatus('TimeZone', 'UTC')));
    one.says(server.complete('SELECT 1'), server.ready());
    one.heard();
    const second = plane.accept();
    second.says(startup({ user: 'idp_app', database: 'idp', ...asked }));
    await settle();
    const greeting = second.heard();
    expect(greeting).toContain('Parameter DateStyle=ISO, MDY');
    expect(greeting).toContain('Parameter TimeZone=CET');
    second.says(query('SELECT 2'));
    expect(one.heard()).toEqual([`Query ${set('TimeZone', 'CET')}`, 'Query SELECT 2']);
    one.says(...took(server.parameterStatus('TimeZone', 'CET')));
    one.says(server.complete('SELECT 1'), server.ready());
    expect(second.heard()).toEqual(['Complete SELECT 1', 'Ready I']);
    plane.check();
  });

  test('and asks first again where they say whose rights a query has', async () => {
    const plane = await planeWith();
    const first = await plane.client({ role: 'reader' });
    const one = plane.network.server;
    one.heard();
    first.says(query('SELECT 1'));
    one.says(...took());
    one.says(server.complete('SELECT 1'), server.ready());
    const other = await plane.client();
    other.says(query('other'));
    one.says(server.complete('RESET'), server.ready());
    one.says(server.complete('SELECT 1'), server.ready());
    one.heard();
    const second = await plane.client({ role: 'reader' });
    second.says(query('SELECT 2'));
    expect(one.heard()).toEqual([`Query ${set('role', 'reader')}`]);
    plane.check();
  });

  test('in one write with the query, once a server has taken them', async () => {
    const plane = await planeWith();
    const [a, b] = [await plane.client({ TimeZone: 'CET' }), await plane.client()];
    const one = plane.network.server;
    a.says(query('a1'));
    one.says(...took(server.parameterStatus('TimeZone', 'CET')));
    one.says(server.complete('A'), server.ready());
    b.says(query('b'));
    one.says(...took(server.parameterStatus('TimeZone', 'Etc/UTC')));
    one.says(server.complete('B'), server.ready());
    for (const each of [a, b]) each.heard();
    one.heard();
    const writes = one.connection.writes;
    a.says(query('a2'));
    expect([one.heard(), one.connection.writes]).toEqual([
      [`Query ${set('TimeZone', 'CET')}`, 'Query a2'],
      writes + 1,
    ]);
    one.says(...took(server.parameterStatus('TimeZone', 'CET')), server.complete('A'), server.ready());
    expect(a.heard()).toEqual(['Complete A', 'Ready I']);
  });

  test('when it waited for the server, too', async () => {
    const plane = await planeWith();
    const [a, b] = [await plane.client(), await plane.client({ TimeZone: 'CET' })];
    const one = plane.network.server;
    one.heard();
    a.says(query('a'));
    b.says(query('b1'), sync);
    b.says(query('b2'));
    one.says(server.complete('A'), server.ready());
    expect(one.heard()).toEqual(['Query a', `Query ${set('TimeZone', 'CET')}`]);
    b.says(query('b3'));
    one.says(...took(server.parameterStatus('TimeZone', 'CET')));
    expect(one.heard()).toEqual(['Query b1', 'Sync', 'Query b2', 'Query b3']);
  });

  test('not, when it says what the server says already', async () => {
    const plane = await planeWith();
    const client = await plane.client({ timezone: 'Etc/UTC' });
    const one = plane.network.server;
    one.heard();
    client.says(query('SELECT 1'));
    expect(one.heard()).toEqual(['Query SELECT 1']);
  });

  test('and takes them from the next client that did not ask for them', async () => {
    const plane = await planeWith();
    const [a, b] = [await plane.client({ search_path: 'app', TimeZone: 'CET' }), await plane.client()];
    const one = plane.network.server;
    a.says(query('a'));
    one.says(...took(server.parameterStatus('TimeZone', 'CET')));
    one.says(server.complete('A'), server.ready());
    one.heard();
    b.says(query('b'));
    expect(one.heard()).toEqual([`Query ${set('TimeZone', 'Etc/UTC')}RESET "search_path";`]);
    one.says(
      server.dataRow('Etc/UTC'),
      server.complete('RESET'),
      server.parameterStatus('TimeZone', 'Etc/UTC'),
      server.ready(),
    );
    expect(one.heard()).toEqual(['Query b']);
    one.says(server.complete('B'), server.ready());
    expect([b.heard(), one.heard()]).toEqual([['Complete B', 'Ready I'], []]);
  });

  test('and closes a client that leaves meanwhile without its query having run', async () => {
    const plane = await planeWith();
    const client = await plane.client({ search_path: 'app' });
    const one = plane.network.server;
    one.heard();
    client.says(query('DELETE FROM t'));
    client.connection.closed();
    expect(one.heard()).toEqual([`Query ${set('search_path', 'app')}`, 'Query ROLLBACK', 'Sync']);
    one.says(...took(), server.complete('ROLLBACK'), server.ready(), server.ready());
    expect([plane.pool().idle, one.heard()]).toEqual([1, []]);
    plane.check();
  });
});

describe('Login and the parameters of the startup packet', () => {
  const greetings: readonly (readonly [Readonly<Record<string, string>>, Partial<Settings>, string])[] = [
    [{ application_name: 'rails' }, {}, 'Parameter application_name=rails'],
    [{ options: '-c application_name=x' }, {}, 'Parameter application_name=x'],
    [{ options: '-c application_name=x', application_name: 'y' }, {}, 'Parameter application_name=y'],
    [{ Application_Name: 'y', options: '-c APPLICATION_NAME=x' }, {}, 'Parameter application_name=y'],
    [
      { application_name: 'x' },
      { ignore_startup_parameters: ['application_name'] },
      'Parameter application_name=',
    ],
    [
      { APPLICATION_NAME: 'x' },
      { ignore_startup_parameters: ['application_name'] },
      'Parameter application_name=',
    ],
    [{ application_name: 'x' }, { application_name_add_host: true }, 'Parameter application_name=x - unix'],
    [{}, { application_name_add_host: true }, 'Parameter application_name=app - unix'],
  ];
  for (const [asked, more, told] of greetings) {
    test(`tells ${told} for ${JSON.stringify(asked)} ${JSON.stringify(more)}`, async () => {
      const plane = await planeWith(more);
      await plane.client();
      const client = plane.accept();
      client.says(startup({ user: 'idp_app', database: 'idp', ...asked }));
      expect(client.heard()).toContain(told);
    });
  }

  test('tells a client its own name as session_authorization', async () => {
    const plane = await dataPlane(
      settingsOf([databaseOf({ forceUser: true, user: 'boss' })], [userOf({ name: 'anna' })]),
    );
    const client = plane.accept();
    client.says(startup({ user: 'anna', database: 'idp' }));
    await settle();
    expect(client.heard()).toContain('Parameter session_authorization=anna');
  });
});

describe('Session tells its client', () => {
  test('of every parameter that its own query changed, and remembers', async () => {
    const { plane, clients, server: one } = await sessionFixture(2);
    clients[0]!.says(query("SET TimeZone = 'CET'"));
    one.says(server.complete('SET'), server.parameterStatus('TimeZone', 'CET'), server.ready());
    expect(clients[0]!.heard()).toContain('Parameter TimeZone=CET');
    one.heard();
    clients[1]!.says(query('SELECT 1'));
    expect(one.heard()[0]).toContain('SET "TimeZone" TO \'Etc/UTC\'');
    plane.check();
  });

  test('nothing of a parameter that is as it believes', async () => {
    const { clients, server: one } = await sessionFixture();
    clients[0]!.says(query('SELECT 1'));
    one.says(server.parameterStatus('TimeZone', 'Etc/UTC'), server.complete('SELECT 1'), server.ready());
    expect(clients[0]!.heard()).toEqual(['Complete SELECT 1', 'Ready I']);
  });
});
