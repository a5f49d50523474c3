// LISTEN for all clients over one connection: who hears what, when each is told that he listens, and what the server is told.

import { describe, expect, test } from 'bun:test';
import { settle } from '../tests/harness/fake_clock.ts';
import { complete, emptyQuery, notification, ready } from '../tests/harness/server_words.ts';
import { FIRST, Listener, listening, listeningPlane, notifies, obey, pass } from './notifications_fixture.ts';
import { shape } from './pool_fixture.ts';

describe('Notifications', () => {
  test('opens one connection for all, and tells each client when the server listens', async () => {
    const plane = await listeningPlane();
    const [one, two] = [new Listener(plane), new Listener(plane)];
    expect(one.listen('a', 'b')).toBe(false);
    expect(two.listen('a')).toBe(false);
    await settle();
    expect(plane.network.tried.length).toBe(1);
    expect([...one.told(), ...two.told()]).toEqual([]);
    expect(obey(plane.network.server)).toEqual([FIRST, 'LISTEN "a"', 'LISTEN "b"']);
    expect([one.told(), two.told()]).toEqual([['ready'], ['ready']]);
    plane.check();
  });

  test('gives each what it listens to, in its order, and nothing else', async () => {
    const plane = await listeningPlane();
    const { listener: one, server } = await listening(plane, 'a', 'b');
    const two = new Listener(plane);
    expect(two.listen('b')).toBe(false);
    // What was committed before is not for him.
    notifies(server, 'b', '0');
    expect(obey(server)).toEqual(['']);
    expect([one.told(), two.told()]).toEqual([['b: 0'], ['ready']]);
    server.says(
      notification('a', '1'),
      notification('b', '2'),
      notification('c', '3'),
      notification('a', '4'),
    );
    expect(one.told()).toEqual(['a: 1', 'b: 2', 'a: 4']);
    expect(two.told()).toEqual(['b: 2']);
  });

  test('gives nothing to who has not committed', async () => {
    const plane = await listeningPlane();
    const { server } = await listening(plane, 'a');
    const late = new Listener(plane);
    late.commits = false;
    expect(late.listen('a')).toBe(false);
    obey(server);
    notifies(server, 'a', 'before');
    late.commit();
    notifies(server, 'a', 'behind');
    expect(late.told()).toEqual(['ready', 'a: behind']);
    expect(late.listen('a')).toBe(true);
  });

  test('hears a notification that comes in two pieces, and one between the answers', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    const whole = notification('a', 'ü'.repeat(4000));
    for (const cut of [1, 5, 9, 12, 4000]) {
      server.connection.receive(whole.subarray(0, cut));
      expect(listener.told()).toEqual([]);
      server.connection.receive(whole.subarray(cut));
      expect(listener.told()).toEqual([`a: ${'ü'.repeat(4000)}`]);
    }
    new Listener(plane).listen('b');
    server.connection.receive(whole.subarray(0, 7));
    server.connection.receive(whole.subarray(7));
    expect(listener.told()).toEqual([`a: ${'ü'.repeat(4000)}`]);
    expect(obey(server)).toEqual(['LISTEN "b"']);
  });

  test('tells the client’s own process id where it is handed one', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    plane.registry.notifications.pidOf = (pid) => (pid === 7 ? 4711 : undefined);
    const message = notification('a', 'x');
    message[8] = 7;
    server.says(message);
    message[8] = 9;
    server.says(message);
    expect(listener.told()).toEqual(['a: x by 4711', 'a: x by 9']);
  });

  test('has a connection for each client_encoding, which is asked for at the login', async () => {
    const plane = await listeningPlane({ parameters: { search_path: 'app' } });
    await listening(plane, 'a');
    const other = new Listener(plane, 'LATIN1');
    expect(other.listen('a')).toBe(false);
    await settle();
    expect(plane.network.tried.length).toBe(2);
    expect(plane.network.server.startup?.get('client_encoding')).toBe('LATIN1');
    expect(plane.network.server.startup?.get('search_path')).toBe('app');
    obey(plane.network.server);
    notifies(plane.network.server, 'a', 'x');
    expect(other.told()).toEqual(['ready', 'a: x']);
  });

  test('quotes names, and passes over those that PostgreSQL refuses by itself', async () => {
    const plane = await listeningPlane();
    const listener = new Listener(plane);
    expect(listener.listen('')).toBe(true);
    expect(listener.listen('x'.repeat(64))).toBe(true);
    listener.listen('a"; DROP TABLE a');
    await settle();
    expect(plane.network.server.heard()).toEqual([`Query ${FIRST}; LISTEN "a""; DROP TABLE a"`]);
  });

  test('refuses a name that cannot be quoted byte by byte', async () => {
    const plane = await listeningPlane();
    const listener = new Listener(plane, 'SJIS');
    expect(() => listener.listen('ä')).toThrow(/channel "ä" with client_encoding SJIS/);
    expect(listener.listen('a')).toBe(false);
  });
});

describe('Notifications: who leaves', () => {
  test('UNLISTENs when the last one has gone, and listens anew for the next', async () => {
    const plane = await listeningPlane();
    const { listener: one, server } = await listening(plane, 'a', 'b');
    const two = new Listener(plane);
    two.listen('a');
    obey(server);
    one.unlisten('a');
    expect(obey(server)).toEqual([]);
    one.leave();
    expect(obey(server)).toEqual(['UNLISTEN "b"']);
    two.leave();
    expect(server.heard()).toEqual(['Query UNLISTEN "a"']);
    // While the server is at that, somebody comes.
    expect(one.listen('a')).toBe(false);
    expect(one.told()).toEqual([]);
    server.says(complete('UNLISTEN'), ready());
    expect(obey(server)).toEqual(['LISTEN "a"']);
    expect(one.told()).toEqual(['ready']);
  });

  test('tells nothing to who has gone while it waited', async () => {
    const plane = await listeningPlane();
    const { server } = await listening(plane, 'a');
    const gone = new Listener(plane);
    gone.listen('b', 'c');
    gone.leave();
    expect(obey(server)).toEqual(['LISTEN "b"', 'UNLISTEN "b"']);
    notifies(server, 'b', 'x');
    expect(gone.told()).toEqual([]);
  });

  test('holds what was not committed for a minute', async () => {
    const plane = await listeningPlane();
    const { server } = await listening(plane, 'a');
    const slow = new Listener(plane);
    slow.commits = false;
    slow.listen('b');
    expect(obey(server)).toEqual(['LISTEN "b"']);
    await pass(plane, 59);
    expect(obey(server)).toEqual([]);
    await pass(plane, 1);
    expect(obey(server)).toEqual(['UNLISTEN "b"']);
    // It commits all the same: that is late, and it is told so.
    expect(slow.told()).toEqual(['ready']);
    slow.commit();
    expect(obey(server)).toEqual(['LISTEN "b"']);
    expect(slow.told()).toEqual(['missed b']);
  });

  test('holds it for a minute more when it is prepared once more, before the COMMIT', async () => {
    const plane = await listeningPlane();
    const { server } = await listening(plane, 'a');
    const slow = new Listener(plane);
    slow.commits = false;
    slow.listen('b');
    obey(server);
    await pass(plane, 59);
    expect(slow.listen('b')).toBe(false);
    notifies(server, 'b', 'before');
    expect(obey(server)).toEqual(['']);
    await pass(plane, 59);
    slow.commit();
    notifies(server, 'b', 'behind');
    expect(slow.told()).toEqual(['ready', 'ready', 'b: behind']);
  });

  test('closes the connection when nobody has listened for listen_idle_timeout', async () => {
    const plane = await listeningPlane({}, { listen_idle_timeout: 30_000 });
    const { listener, server } = await listening(plane, 'a');
    listener.leave();
    obey(server);
    await pass(plane, 30);
    expect(server.connection.isEnded).toBe(false);
    await pass(plane, 2);
    expect(server.heard()).toEqual(['Terminate']);
    server.connection.closed();
    await pass(plane, 1);
    expect([...plane.registry].map(({ database }) => database.listensIn)).toEqual([undefined]);
    plane.check();
    // The next one opens another.
    expect(listener.listen('a')).toBe(false);
    await settle();
    expect(plane.network.tried.length).toBe(2);
  });
});

describe('Notifications.settle()', () => {
  test('waits for an answer behind all that came before it', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    expect(new Listener(plane).settle()).toBe(true);
    expect(listener.settle()).toBe(false);
    notifies(server, 'a', 'own');
    expect(listener.told()).toEqual(['a: own']);
    expect(obey(server)).toEqual(['']);
    expect(listener.told()).toEqual(['ready']);
  });

  test('asks once for all who come while the server is at something, and not what was sent before', async () => {
    const plane = await listeningPlane();
    const { listener: one, server } = await listening(plane, 'a');
    const two = new Listener(plane);
    two.listen('a');
    obey(server);
    two.told();
    expect(one.settle()).toBe(false);
    expect(server.heard()).toEqual(['Query ']);
    // Committed behind that query: it says nothing of them.
    expect([two.settle(), one.settle()]).toEqual([false, false]);
    server.says(emptyQuery, ready());
    expect([one.told(), two.told()]).toEqual([[], []]);
    expect(obey(server)).toEqual(['']);
    expect([one.told(), two.told()]).toEqual([['ready'], ['ready']]);
  });

  test('is over when the connection is lost', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    listener.settle();
    server.connection.closed();
    expect(listener.told()).toEqual(['ready']);
    expect(listener.settle()).toBe(true);
  });
});

test('Notifications takes its place among the servers of the pool', async () => {
  const plane = await listeningPlane();
  await listening(plane, 'a');
  const pool = [...plane.registry].find(({ database }) => database.listensIn === 'UTF8')!;
  expect(shape(pool)).toEqual([0, 1, 0, 0, 0]);
  expect(pool.context.byDatabase.of('idp')).toBe(1);
  expect(pool.isIncidental).toBe(true);
});
