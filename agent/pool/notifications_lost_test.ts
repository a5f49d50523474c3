// LISTEN for all clients when the connection is lost, refused, silent or held back: what clients are told, and how they hear again.

import { describe, expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { complete, emptyQuery, errorResponse, ready } from '../tests/harness/server_words.ts';
import { FIRST, Listener, listening, listeningPlane, notifies, obey, pass } from './notifications_fixture.ts';
import { Waiting } from './pool_fixture.ts';

describe('Notifications: a lost connection', () => {
  test('is made again at once, and clients are told when all is listened to again', async () => {
    const plane = await listeningPlane();
    const { listener: one, server } = await listening(plane, 'a', 'b');
    const two = new Listener(plane);
    two.listen('b');
    obey(server);
    expect(two.told()).toEqual(['ready']);
    server.connection.closed('reset');
    await settle();
    expect([one.told(), two.told()]).toEqual([[], []]);
    expect(plane.network.tried.length).toBe(2);
    const again = plane.network.server;
    expect(obey(again)).toEqual([FIRST, 'LISTEN "a"', 'LISTEN "b"']);
    expect([one.told(), two.told()]).toEqual([['missed a b'], ['missed b']]);
    notifies(again, 'b', 'x');
    expect([one.told(), two.told()]).toEqual([['b: x'], ['b: x']]);
    plane.check();
  });

  test('is waited for by who comes meanwhile, who has missed nothing', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    plane.network.welcome = () => new Error('refused');
    server.connection.closed();
    await settle();
    const late = new Listener(plane);
    expect(late.listen('a')).toBe(false);
    await pass(plane, 3);
    expect(late.told()).toEqual([]);
    plane.network.welcome = () => 'login';
    await pass(plane, 20);
    expect(obey(plane.network.server)).toEqual([FIRST, 'LISTEN "a"']);
    expect(late.told()).toEqual(['ready']);
    expect(listener.told()).toEqual(['missed a']);
    plane.check();
  });

  test('is waited for no longer than query_wait_timeout', async () => {
    const plane = await listeningPlane({ queryWaitTimeoutMs: 5_000 });
    plane.network.welcome = () => new Error('nobody there');
    const listener = new Listener(plane);
    listener.listen('a');
    await pass(plane, 4);
    expect(listener.told()).toEqual([]);
    await pass(plane, 1);
    expect(listener.told().join()).toMatch(
      /^query_wait_timeout: the server connection that listens .* within 5 s: .*nobody there/,
    );
    await pass(plane, 2);
    plane.network.welcome = () => 'login';
    const { tried } = plane.network;
    const before = tried.length;
    await pass(plane, 60);
    expect(tried.length).toBe(before);
    plane.check();
  });

  test('is told at once where waiting is in vain', async () => {
    const plane = await listeningPlane();
    plane.network.welcome = () => 'silent';
    const listener = new Listener(plane);
    listener.listen('a');
    await settle();
    plane.network.server.says(errorResponse('password authentication failed', 'FATAL', '28P01'));
    await settle();
    expect(listener.told().join()).toMatch(/password authentication failed/);
  });

  test('that is lost again and again is made again more and more slowly', async () => {
    const plane = await listeningPlane({}, { server_login_retry: 15_000 });
    await listening(plane, 'a');
    const dials: number[] = [];
    for (let second = 0; second < 60; second++) {
      const { server } = plane.network;
      if (!server.connection.isEnded) {
        dials.push(second);
        obey(server);
        server.connection.closed('again');
      }
      await pass(plane, 1);
    }
    expect(dials.length).toBeLessThan(20);
    expect(dials.at(-1)! - dials.at(-2)!).toBeGreaterThan(dials[1]! - dials[0]!);
  });

  test('ends one that says what it has not the length for', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    // While an answer is due, what comes before it is not held back by the server's own walk.
    new Listener(plane).listen('b');
    server.connection.receive(new Uint8Array([0x41, 0x7f, 0, 0, 0, 0, 0, 0, 0]));
    expect(server.connection.isClosed).toBe(true);
    await settle();
    obey(plane.network.server);
    expect(listener.told()).toEqual(['missed a']);
    plane.check();
  });

  test('is found out by asking it, and by how long it takes to answer', async () => {
    const plane = await listeningPlane({}, { server_check_query: 'select 1', server_check_delay: 30_000 });
    const { listener, server } = await listening(plane, 'a');
    await pass(plane, 30);
    expect(server.heard()).toEqual(['Query ']);
    server.says(emptyQuery, ready());
    await pass(plane, 29);
    notifies(server, 'a', 'x');
    await pass(plane, 29);
    expect(server.heard()).toEqual([]);
    await pass(plane, 1);
    expect(server.heard()).toEqual(['Query ']);
    await pass(plane, 6);
    expect(server.connection.isEnded).toBe(true);
    expect(obey(plane.network.server)).toEqual([FIRST, 'LISTEN "a"']);
    expect(listener.told()).toEqual(['a: x', 'missed a']);
  });

  test('is not late while nobody was listened to (SUSPEND)', async () => {
    const plane = await listeningPlane({}, { server_check_query: 'select 1', server_check_delay: 30_000 });
    const { server } = await listening(plane, 'a');
    await pass(plane, 30);
    plane.clock.advance(60_000);
    await pass(plane, 1);
    expect(server.connection.isEnded).toBe(false);
    expect(obey(server)).toEqual(['']);
  });
});

describe('Notifications: what the server refuses', () => {
  test('is told to who waited, in the server’s words', async () => {
    const plane = await listeningPlane();
    const listener = new Listener(plane);
    listener.listen('a');
    await settle();
    // Once more without the setting, which older ones do not know.
    expect(obey(plane.network.server, 'LISTEN')).toEqual([FIRST, 'LISTEN "a"', 'LISTEN "a"']);
    expect(listener.told()).toEqual(['the server refused LISTEN: no (SQLSTATE 25006)']);
    expect(obey(plane.network.server)).toEqual([]);
  });

  test('costs a name nobody but him who wants it', async () => {
    const plane = await listeningPlane();
    const { server } = await listening(plane, 'a');
    const clients = ['b', 'bad', 'c'].map((channel) => {
      const client = new Listener(plane);
      client.listen(channel);
      return client;
    });
    // b goes alone, as nothing else was to be said at that moment.
    expect(obey(server, 'LISTEN "bad"', '42602')).toEqual([
      ...['LISTEN "b"', 'LISTEN "bad"', 'LISTEN "c"', 'LISTEN "bad"', 'LISTEN "c"'],
    ]);
    expect(clients.map((each) => each.told())).toEqual([
      ['ready'],
      ['the server refused LISTEN: no (SQLSTATE 42602)'],
      ['ready'],
    ]);
  });

  test('to those who listened before: the next connection may be at the writer', async () => {
    const plane = await listeningPlane({
      hosts: [
        { host: '10.0.0.1', port: 5432 },
        { host: '10.0.0.2', port: 5432 },
      ],
      loadBalanceHosts: 'round-robin',
    });
    const { listener, server } = await listening(plane, 'a');
    server.connection.closed();
    await settle();
    expect(plane.network.server.address.host).toBe('10.0.0.2');
    expect(obey(plane.network.server, 'LISTEN')).toEqual([FIRST, 'LISTEN "a"', 'LISTEN "a"', 'Terminate']);
    plane.network.server.connection.closed();
    expect(listener.told()).toEqual([]);
    await pass(plane, 1);
    expect(plane.network.server.address.host).toBe('10.0.0.1');
    obey(plane.network.server);
    expect(listener.told()).toEqual(['missed a']);
    plane.check();
  });
});

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
