// LISTEN for all clients under what an operator does and the limits that he sets: what becomes of the connection, and what clients are told.

import { describe, expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { complete, ready } from '../tests/harness/server_words.ts';
import { FIRST, Listener, listening, listeningPlane, notifies, obey, pass } from './notifications_fixture.ts';
import { Waiting } from './pool_fixture.ts';

describe('Notifications: what an operator does', () => {
  test('PAUSE closes it, and RESUME opens it anew', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    const paused = plane.registry.pause('idp');
    await pass(plane, 1);
    expect(server.heard()).toEqual(['Terminate']);
    server.connection.closed();
    await paused;
    const late = new Listener(plane);
    expect(late.listen('b')).toBe(false);
    await pass(plane, 2);
    expect(plane.network.tried.length).toBe(1);
    plane.registry.resume('idp');
    await settle();
    expect(obey(plane.network.server)).toEqual([FIRST, 'LISTEN "a"', 'LISTEN "b"']);
    expect([listener.told(), late.told()]).toEqual([['missed a'], ['ready']]);
    plane.check();
  });

  test('RECONNECT and a reload of the database replace it', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    plane.registry.reconnect();
    await pass(plane, 1);
    expect(server.heard()).toEqual(['Terminate']);
    server.connection.closed();
    obey(plane.network.server);
    expect(listener.told()).toEqual(['missed a']);
    plane.registry.apply(settingsOf([databaseOf({ dbname: 'other' })], [userOf()]));
    const before = plane.network.server;
    await pass(plane, 1);
    expect(before.heard()).toEqual(['Terminate']);
    before.connection.closed();
    await pass(plane, 1);
    expect(plane.network.server.startup?.get('database')).toBe('other');
    expect(plane.network.server.startup?.get('client_encoding')).toBe('UTF8');
    obey(plane.network.server);
    expect(listener.told()).toEqual(['missed a']);
    plane.check();
  });

  test('a reload that changes nothing of the database leaves it', async () => {
    const plane = await listeningPlane();
    const { server } = await listening(plane, 'a');
    plane.registry.apply(settingsOf([databaseOf({ poolSize: 7 })], [userOf()]));
    await pass(plane, 3);
    expect(server.heard()).toEqual([]);
  });

  test('a reload that removes the database leaves it to those who are there', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    plane.registry.apply(settingsOf([], [userOf()]));
    await pass(plane, 3);
    notifies(server, 'a', 'x');
    expect(listener.told()).toEqual(['a: x']);
    listener.leave();
    obey(server);
    await pass(plane, 1);
    expect(server.heard()).toEqual(['Terminate']);
    server.connection.closed();
    await pass(plane, 1);
    expect([...plane.registry]).toEqual([]);
  });

  test('another forced user has it made anew in his name, as soon as he has clients', async () => {
    const forced = (user: string) => databaseOf({ forceUser: true, user });
    const plane = await dataPlane(settingsOf([forced('one')], [userOf()]));
    const { listener, server } = await listening(plane, 'a');
    expect(server.startup?.get('user')).toBe('one');
    plane.registry.apply(settingsOf([forced('two')], [userOf()]));
    const next = new Listener(plane);
    next.listen('a');
    await pass(plane, 1);
    expect(server.heard()).toContain('Terminate');
    expect(plane.network.server.startup?.get('user')).toBe('two');
    obey(plane.network.server);
    expect([listener.told(), next.told()]).toEqual([['missed a'], ['ready']]);
    plane.check();
  });

  test('KILL ends it at once, and nothing comes before RESUME', async () => {
    const plane = await listeningPlane();
    const { server } = await listening(plane, 'a');
    void plane.registry.pause('idp');
    plane.registry.kill('idp', (database) => new AgentError('database_killed', { database }));
    await pass(plane, 3);
    expect(server.connection.isClosed).toBe(true);
    expect(plane.network.tried.length).toBe(1);
    plane.registry.resume('idp');
    await settle();
    expect(plane.network.tried.length).toBe(2);
    plane.check();
  });

  test('DISABLE does nothing to it', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    plane.registry.holds.disabled.add('idp');
    await pass(plane, 3);
    server.connection.closed();
    await settle();
    obey(plane.network.server);
    expect(listener.told()).toEqual(['missed a']);
  });

  test('the end of the agent is its end', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    const waiting = new Listener(plane);
    waiting.listen('b');
    plane.registry.shutDown(new AgentError('agent_shutdown'));
    server.says(complete('LISTEN'), ready());
    server.connection.closed();
    await pass(plane, 3);
    expect(plane.network.tried.length).toBe(1);
    expect(listener.listen('c')).toBe(true);
  });
});

describe('Notifications: limits', () => {
  async function waiting(plane: DataPlane, count: number): Promise<Waiting[]> {
    const all = Array.from({ length: count }, () => new Waiting());
    for (const each of all) plane.pool().request(each);
    await settle();
    return all;
  }

  test('counts against max_db_connections, and takes the place of a server that rests', async () => {
    const plane = await listeningPlane({ maxDbConnections: 2, poolSize: 5 });
    const pool = plane.pool();
    for (const { server } of await waiting(plane, 2)) pool.release(server!);
    const [oldest] = plane.servers;
    const listener = new Listener(plane);
    listener.listen('a');
    await settle();
    expect(oldest!.heard()).toEqual(['Terminate']);
    obey(plane.network.server);
    expect(listener.told()).toEqual(['ready']);
    expect(pool.context.byDatabase.of('idp')).toBe(2);
    // Its place is nobody else's.
    const clients = await waiting(plane, 2);
    expect(clients.map(({ fate }) => fate)).toEqual(['leased', 'waiting']);
    plane.check();
  });

  test('gives its place up when nobody listens, and somebody waits for one', async () => {
    const plane = await listeningPlane({ maxDbConnections: 2, poolSize: 5 });
    const { listener, server } = await listening(plane, 'a');
    const [, second] = await waiting(plane, 2);
    listener.leave();
    obey(server);
    await pass(plane, 1);
    expect(server.heard()).toEqual(['Terminate']);
    server.connection.closed();
    await settle();
    expect(second!.fate).toBe('leased');
    plane.check();
  });

  test('refuses where no client would have a server any more', async () => {
    const plane = await listeningPlane({ maxDbConnections: 1 });
    expect(() => new Listener(plane).listen('a')).toThrow(
      /LISTEN needs a server connection of its own, and max_db_connections is 1.*set it to 2/,
    );
    const users = await dataPlane(settingsOf([databaseOf()], [userOf({ maxUserConnections: 1 })]));
    expect(() => new Listener(users).listen('a')).toThrow(/max_user_connections is 1/);
    const two = await listeningPlane({ maxDbConnections: 2 });
    expect(new Listener(two).listen('a')).toBe(false);
    expect(() => new Listener(two, 'LATIN1').listen('a')).toThrow(/max_db_connections is 2.*set it to 3/);
  });

  test('refuses a channel too many of one client, or of all', async () => {
    const plane = await listeningPlane({}, { max_client_listen_channels: 2, max_listen_channels: 3 });
    const { listener } = await listening(plane, 'a', 'b');
    expect(() => listener.listen('c')).toThrow(
      'no more channels allowed (max_client_listen_channels is 2): cannot listen to "c"; UNLISTEN others, or set it higher',
    );
    const other = new Listener(plane);
    expect(other.listen('a')).toBe(false);
    other.listen('c');
    expect(() => new Listener(plane).listen('d')).toThrow(
      /\(max_listen_channels is 3\): cannot listen to "d"/,
    );
    // What it has already costs nothing.
    expect(listener.listen('a')).toBe(true);
  });
});
