// Totals do not fall, averages are made as PgBouncer makes them, and the line of the log has its words.

import { expect, test } from 'bun:test';
import { type Counted, DatabaseStatistics } from './database_statistics.ts';
import { averageOf, figuresOf, NOTHING, statsLine } from './figures.ts';
import { newPoolStatistics, type PoolStatistics } from './statistics.ts';

function pool(name: string, more: Partial<PoolStatistics> = {}): Counted {
  return { database: { name }, statistics: { ...newPoolStatistics(), ...more } };
}

test('averageOf() is by the second, and of times by transaction, query and client that got a server', () => {
  const now = figuresOf({
    ...newPoolStatistics(),
    ...{ serverAssignments: 10, transactions: 10, queries: 25, bytesReceived: 999, clientLogins: 1 },
    ...{ transactionMs: 30, queryMs: 20.5, waitMs: 5 },
  });
  expect(averageOf(now, NOTHING, 2_000)).toEqual({
    ...NOTHING,
    ...{ server_assignment_count: 5, xact_count: 5, query_count: 12, received: 499 },
    ...{ xact_time: 3_000, query_time: 820, wait_time: 500 },
  });
  expect(averageOf(now, NOTHING, 0)).toEqual(NOTHING);
  expect(averageOf(now, now, 1_000)).toEqual(NOTHING);
});

test('DatabaseStatistics adds up the pools of a database, those that are gone too', () => {
  const pools = [pool('idp', { queries: 3 }), pool('idp', { queries: 4 }), pool('jobs', { queries: 5 })];
  const statistics = new DatabaseStatistics(pools, 0);
  const totals = () =>
    Object.fromEntries(statistics.read(1_000).map(({ database, totals }) => [database, totals.query_count]));
  expect(totals()).toEqual({ idp: 7, jobs: 5 });
  statistics.onGone(pools.shift()!, true);
  expect(totals()).toEqual({ idp: 7, jobs: 5 });
  statistics.onGone(pools.shift()!, false);
  expect(totals()).toEqual({ jobs: 5 });
});

test('DatabaseStatistics takes averages over the last whole period and the one that runs', () => {
  const counted = pool('idp', { transactions: 60 });
  const statistics = new DatabaseStatistics([counted], 0);
  const average = (now: number): number => statistics.read(now)[0]!.averages.xact_count;
  expect([average(30_000), statistics.tick(59_999, 60_000)]).toEqual([2, undefined]);
  expect(statistics.tick(60_000, 60_000)!.xact_count).toBe(1);
  counted.statistics.transactions += 300;
  // 360 in 90 s: it reaches back to the beginning of the last period.
  expect(average(90_000)).toBe(4);
  expect(statistics.tick(120_000, 60_000)!.xact_count).toBe(5);
  expect(average(120_000)).toBe(5);
  expect(statistics.tick(180_000, 60_000)!.xact_count).toBe(0);
  expect(average(180_000)).toBe(0);
});

test('statsLine() has the words of PgBouncer', () => {
  expect(statsLine({ ...NOTHING, xact_count: 5, received: 100, sent: 200, xact_time: 1_000 })).toBe(
    'stats: 5 xacts/s, 0 queries/s, 0 client parses/s, 0 server parses/s, 0 binds/s, in 100 B/s, out 200 B/s, xact 1000 us, query 0 us, wait 0 us',
  );
});
