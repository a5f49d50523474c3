// Who is connected: counted by database and user, and found for a cancel request by the right key only.

import { describe, expect, test } from 'bun:test';
import { Clients } from './clients.ts';
import type { Session } from './session.ts';

function session(pid: number, key: readonly number[] = [1, 2, 3, 4], user = 'anna'): Session {
  const pool = { database: { name: 'idp' }, clients: 0 };
  return { pid, key: new Uint8Array(key), pool, user } as unknown as Session;
}

describe('Clients.newPid()', () => {
  test('is positive, whatever the random bytes', () => {
    expect(new Clients().newPid(() => new Uint8Array([255, 255, 255, 255]))).toBe(0x7fffffff);
  });

  test('is never 0, and never one that is in use', () => {
    const clients = new Clients();
    clients.add(session(7));
    const bytes = [
      [0, 0, 0, 0],
      [128, 0, 0, 0],
      [0, 0, 0, 7],
      [0, 0, 1, 0],
    ];
    expect(clients.newPid(() => new Uint8Array(bytes.shift()!))).toBe(256);
  });
});

describe('Clients.findForCancel()', () => {
  test('finds a session by its process id and its whole key', () => {
    const clients = new Clients();
    const one = session(7, [1, 2, 3, 4]);
    clients.add(one);
    clients.add(session(8, [5, 6, 7, 8]));
    expect(clients.findForCancel(7, new Uint8Array([1, 2, 3, 4]))).toBe(one);
    for (const key of [[1, 2, 3, 5], [1, 2, 3], [1, 2, 3, 4, 0], [], [5, 6, 7, 8]])
      expect(clients.findForCancel(7, new Uint8Array(key))).toBeUndefined();
    expect(clients.findForCancel(9, new Uint8Array([1, 2, 3, 4]))).toBeUndefined();
  });
});

test('Clients counts by database and user, and a session once only', () => {
  const clients = new Clients();
  const [anna, bert] = [session(1), session(2, [1, 2, 3, 4], 'bert')];
  clients.add(anna);
  clients.add(bert);
  expect([clients.count, clients.byDatabase.of('idp'), clients.byUser.of('anna'), anna.pool.clients]).toEqual(
    [2, 2, 1, 1],
  );
  clients.remove(anna);
  clients.remove(anna);
  expect([clients.count, clients.byDatabase.of('idp'), clients.byUser.of('anna'), anna.pool.clients]).toEqual(
    [1, 1, 0, 0],
  );
  expect([...clients]).toEqual([bert]);
});
