// What a pool does next, as a table: each row is a pool and the one thing that is right.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Action, decide, type PoolView } from './decide.ts';

const NOW = 1_000;

const QUIET: PoolView = {
  paused: false,
  waiting: 0,
  idle: 0,
  stale: false,
  testing: 0,
  servers: 0,
  logins: 0,
  size: 5,
  reserve: 0,
  overdue: 0,
  minimum: 0,
  loginConcurrency: 2,
  retryAt: 0,
  failing: false,
  room: Number.POSITIVE_INFINITY,
};

const cases: readonly (readonly [string, Partial<PoolView>, Action])[] = [
  ['rests when nobody waits', {}, 'rest'],
  ['lends when somebody waits and a server is idle', { waiting: 1, idle: 1, servers: 1 }, 'lend'],
  ['lends although the pool is full', { waiting: 9, idle: 1, servers: 5 }, 'lend'],
  [
    'lends although the last login failed',
    { waiting: 1, idle: 1, servers: 1, failing: true, retryAt: 2_000 },
    'lend',
  ],
  ['lends although no limit leaves room', { waiting: 1, idle: 1, servers: 1, room: 0 }, 'lend'],
  [
    'checks a server that rested before it is lent',
    { waiting: 1, idle: 2, stale: true, servers: 2 },
    'check',
  ],
  [
    'checks one for each client that waits',
    { waiting: 2, idle: 1, stale: true, testing: 1, servers: 2 },
    'check',
  ],
  [
    'checks no more than clients wait, and dials for none of them',
    { waiting: 2, idle: 1, stale: true, testing: 2, servers: 3 },
    'rest',
  ],
  ['dials for those for whom none is left to check', { waiting: 3, testing: 2, servers: 2 }, 'dial'],
  ['checks nothing while nobody waits', { idle: 2, stale: true, servers: 2 }, 'rest'],
  ['checks nothing while the pool is paused', { paused: true, waiting: 1, idle: 1, stale: true }, 'rest'],
  ['dials for the first client', { waiting: 1 }, 'dial'],
  ['dials for each client that waits', { waiting: 2, servers: 1, logins: 1 }, 'dial'],
  ['dials no more than clients wait', { waiting: 1, servers: 1, logins: 1 }, 'rest'],
  ['dials no more at once than server_login_concurrency', { waiting: 9, servers: 2, logins: 2 }, 'rest'],
  ['opens no server beyond the size', { waiting: 9, servers: 5 }, 'rest'],
  ['counts logins against the size', { waiting: 9, servers: 5, logins: 1 }, 'rest'],
  ['opens no server when it is larger than its size', { waiting: 9, servers: 7 }, 'rest'],
  [
    'opens the reserve for a client that is overdue',
    { waiting: 3, servers: 5, reserve: 2, overdue: 1 },
    'dial',
  ],
  ['opens no reserve before a client is overdue', { waiting: 3, servers: 5, reserve: 2 }, 'rest'],
  [
    'opens one reserve server for each client that is overdue, and none for those who came later',
    { waiting: 3, servers: 6, logins: 1, reserve: 2, overdue: 1 },
    'rest',
  ],
  [
    'opens the reserve for several that are overdue at one time',
    { waiting: 3, servers: 6, logins: 1, reserve: 2, overdue: 2 },
    'dial',
  ],
  ['opens no more than the reserve', { waiting: 9, servers: 7, reserve: 2, overdue: 2 }, 'rest'],
  ['evicts for its reserve too', { waiting: 1, servers: 5, reserve: 1, overdue: 1, room: 0 }, 'evict'],
  [
    'opens no reserve before the retry',
    { waiting: 1, servers: 5, reserve: 1, overdue: 1, failing: true, retryAt: NOW + 1 },
    'rest',
  ],
  ['keeps no minimum out of the reserve', { minimum: 7, servers: 5, idle: 5, reserve: 2 }, 'rest'],
  ['opens no server while the pool is paused', { paused: true, waiting: 3 }, 'rest'],
  ['lends no server while the pool is paused', { paused: true, waiting: 3, idle: 2, servers: 2 }, 'rest'],
  ['keeps the minimum while nobody waits', { minimum: 2, servers: 1, idle: 1 }, 'dial'],
  ['counts logins for the minimum', { minimum: 2, servers: 2, idle: 1, logins: 1 }, 'rest'],
  ['keeps no more than the minimum', { minimum: 2, servers: 2, idle: 2 }, 'rest'],
  ['keeps no minimum while it is paused', { paused: true, minimum: 2 }, 'rest'],
  ['waits for the retry', { waiting: 1, failing: true, retryAt: NOW + 1 }, 'rest'],
  ['tries again when the time has come', { waiting: 1, failing: true, retryAt: NOW }, 'dial'],
  ['tries one at a time while it fails', { waiting: 9, failing: true, servers: 1, logins: 1 }, 'rest'],
  ['evicts when a limit above leaves no room', { waiting: 1, room: 0 }, 'evict'],
  ['evicts when a limit was lowered below what there is', { waiting: 1, room: -3 }, 'evict'],
  ['evicts nobody for its minimum', { minimum: 2, room: 0 }, 'rest'],
  ['evicts nobody before its retry', { waiting: 1, room: 0, failing: true, retryAt: NOW + 1 }, 'rest'],
  ['evicts nobody when it is full itself', { waiting: 1, room: 0, servers: 5 }, 'rest'],
];

describe('decide()', () => {
  for (const [what, pool, action] of cases) {
    test(what, () => {
      expect(decide({ ...QUIET, ...pool }, NOW)).toBe(action);
    });
  }

  test('never breaks a limit, whatever the pool', () => {
    const small = fc.nat(6);
    const view = fc.record({
      ...{ paused: fc.boolean(), failing: fc.boolean(), waiting: small, idle: small, logins: small },
      ...{ stale: fc.boolean(), testing: fc.nat(3) },
      ...{ reserve: fc.nat(3), overdue: fc.nat(3) },
      ...{ size: small, minimum: small, servers: fc.nat(12), room: fc.integer({ min: -2, max: 3 }) },
      ...{ loginConcurrency: fc.integer({ min: 1, max: 3 }), retryAt: fc.constantFrom(0, NOW, NOW + 1) },
    });
    fc.assert(
      fc.property(view, (pool) => {
        const action = decide(pool, NOW);
        if (pool.paused) expect(action).toBe('rest');
        if (action === 'check') expect([pool.stale, pool.testing < pool.waiting]).toEqual([true, true]);
        if (action === 'lend' || action === 'check')
          expect(Math.min(pool.waiting, pool.idle)).toBeGreaterThan(0);
        if (action === 'evict') expect(pool.waiting).toBeGreaterThan(0);
        if (action !== 'dial') return;
        expect(pool.servers).toBeLessThan(pool.size + (pool.overdue > 0 ? pool.reserve : 0));
        expect(pool.room).toBeGreaterThan(0);
        expect(pool.logins).toBeLessThan(pool.loginConcurrency);
        expect(pool.retryAt).toBeLessThanOrEqual(NOW);
      }),
    );
  });
});
