// LISTEN for all clients when the connection is lost, refused, silent or held back: what clients are told, and how they hear again.

import { describe, expect, test } from 'bun:test';
import { settle } from '../tests/harness/fake_clock.ts';
import { complete, emptyQuery, errorResponse, ready } from '../tests/harness/server_words.ts';
import { FIRST, Listener, listening, listeningPlane, notifies, obey, pass } from './notifications_fixture.ts';

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

  test('is nothing to a client that listens no longer when it is back', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a', 'b');
    const waiting = new Listener(plane);
    server.connection.closed();
    waiting.listen('c');
    listener.unlisten('a');
    waiting.unlisten('c');
    expect(waiting.told()).toEqual(['ready']);
    waiting.leave();
    await settle();
    obey(plane.network.server);
    expect([listener.told(), waiting.told()]).toEqual([['missed b'], []]);
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

  test('is waited for, and the minute in which to commit begins behind that', async () => {
    const plane = await listeningPlane({ queryWaitTimeoutMs: 0 });
    plane.network.welcome = () => new Error('refused');
    const slow = new Listener(plane);
    slow.commits = false;
    slow.listen('a');
    await pass(plane, 90);
    plane.network.welcome = () => 'login';
    await pass(plane, 20);
    obey(plane.network.server);
    expect(slow.told()).toEqual(['ready']);
    await pass(plane, 59);
    slow.commit();
    notifies(plane.network.server, 'a', 'x');
    expect(slow.told()).toEqual(['a: x']);
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

  test('is not what it says when it ends, behind an answer in the same piece', async () => {
    const plane = await listeningPlane();
    const { listener, server } = await listening(plane, 'a');
    listener.listen('b');
    const [answer, last] = [complete('LISTEN'), errorResponse('the end', 'FATAL', '57P01')];
    server.says(answer, ready(), last);
    expect(listener.told()).toEqual(['ready']);
    server.connection.closed();
    await settle();
    obey(plane.network.server);
    expect(listener.told()).toEqual(['missed a b']);
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
