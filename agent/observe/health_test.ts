// What a supervisor is told, from snapshots of an agent that is well, and of one that is not.

import { expect, test } from 'bun:test';
import type { InternalErrorPath } from '../base/internal_errors.ts';
import { liveness, readiness } from './health.ts';
import type { Snapshot } from './snapshot.ts';

function snapshot(more: Partial<Snapshot> = {}): Snapshot {
  const nothing = {
    state: 'running',
    clients: { connected: 0, loggingIn: 0, limit: 100 },
    pools: [],
    internalErrors: { total: 0, paths: [] },
  };
  return { ...nothing, ...more } as unknown as Snapshot;
}

function path(repeats: boolean): InternalErrorPath {
  return { path: 'tick (agent/pool/pool.ts)', count: 2, lastAt: 0, message: 'it cannot be', repeats };
}

test('readiness() is no while a mistake of our own happens again and again, and yes when it is an accident or over', () => {
  expect(readiness(snapshot()).ok).toBe(true);
  expect(readiness(snapshot({ internalErrors: { total: 2, paths: [path(false)] } })).ok).toBe(true);
  const broken = snapshot({ internalErrors: { total: 3, paths: [path(false), path(true)] } });
  expect(readiness(broken)).toEqual({
    ok: false,
    reason:
      'an internal error happened 2 times at tick (agent/pool/pool.ts), and again within a minute; see the log',
  });
  // It runs, and a restart is somebody else's decision.
  expect(liveness(broken).ok).toBe(true);
});

const POOL = {
  ...{ database: 'idp', serversActive: 0, serversIdle: 0, serversTested: 0, serversCleaning: 0 },
  ...{ serversBeingCanceled: 0, serversLogin: 1, clientsWaiting: 0, hadServer: false },
};

function pools(...all: readonly object[]): Snapshot {
  return snapshot({ pools: all.map((more) => ({ ...POOL, ...more })) as unknown as Snapshot['pools'] });
}

test('readiness() is no while the first login of a database is under way, and yes when nothing is', () => {
  expect(readiness(pools({})).reason).toBe('no server for database "idp" yet: the first login is under way');
  expect(readiness(pools({ serversLogin: 0 })).ok).toBe(true);
  expect(readiness(pools({ hadServer: true })).ok).toBe(true);
  // Where it is there because somebody asked for it, nobody else is sent away.
  expect(readiness(pools({ incidental: true })).ok).toBe(true);
  const failed = { serversLogin: 0, lastError: 'it is down' };
  expect(readiness(pools(failed)).ok).toBe(false);
  expect(readiness(pools({ ...failed, incidental: true })).ok).toBe(true);
});

test('readiness() is yes as long as one database serves, and tells which do not; no when none does', () => {
  const works = { database: 'shop', serversIdle: 1, serversLogin: 0, hadServer: true };
  const refused = { serversLogin: 0, lastError: 'the server refused user "idp_app"' };
  const told = 'no server for database "idp": the server refused user "idp_app"';
  expect(readiness(pools(works, refused))).toEqual({ ok: true, reason: `clients are served; ${told}` });
  // Its servers rested for long enough, and nothing says that there would be no new one.
  expect(readiness(pools(refused, { ...works, serversIdle: 0 })).ok).toBe(true);
  const down = { ...works, serversIdle: 0, lastError: 'it is down' };
  expect(readiness(pools(refused, down))).toEqual({
    ok: false,
    reason: `${told}; no server for database "shop": it is down`,
  });
  // A new one that hangs, or a second role of one that serves.
  expect(readiness(pools(works, { serversLogin: 1 })).ok).toBe(true);
  expect(readiness(pools(works, { ...refused, database: 'shop' }))).toEqual({
    ok: true,
    reason: 'clients are served',
  });
  // A name that `*` serves, where it does.
  expect(readiness(pools(refused, { ...works, incidental: true })).ok).toBe(true);
  // These say nothing of what clients get: who asks for users, what is gone, what nobody has tried.
  for (const more of [{ forAuthQuery: true }, { removed: true }, { hadServer: false, serversIdle: 0 }])
    expect(readiness(pools(refused, { ...works, ...more })).ok).toBe(false);
  expect(readiness(pools({ ...refused, forAuthQuery: true })).ok).toBe(false);
});

test('readiness() says that every place for clients is taken', () => {
  const full = snapshot({ clients: { connected: 100, loggingIn: 0, limit: 100 } });
  expect(readiness(full).reason).toBe('all 100 client connections are taken (max_client_conn)');
});
