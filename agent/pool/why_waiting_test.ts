// What a client that waited too long is told of why, and when the log says that pinned clients keep every server.

import { describe, expect, test } from 'bun:test';
import { userOf } from '../tests/harness/data_plane.ts';
import { type PoolFixture, poolFixture } from './pool_fixture.ts';

const SIZE = 2;

function pin({ pool }: PoolFixture, count = 1): void {
  pool.pinned += count;
  pool.pins.set('advisory_lock', count + (pool.pins.get('advisory_lock') ?? 0));
}

function pass(fixture: PoolFixture, ms: number): string[] {
  const { clock, log } = fixture.plane;
  clock.advance(ms);
  fixture.pool.tick(clock.now());
  return log.lines.filter((line) => line.includes('pinned clients'));
}

async function refusal(fixture: PoolFixture): Promise<string> {
  const [late] = await fixture.ask(1);
  pass(fixture, fixture.pool.terms.queryWaitTimeoutMs);
  return late!.error!.message;
}

describe('query_wait_timeout', () => {
  test('names the pins that keep servers, behind the words of PgBouncer', async () => {
    const fixture = await poolFixture({ poolSize: SIZE, queryWaitTimeoutMs: 6_000 });
    await fixture.ask(SIZE);
    const plain = 'query_wait_timeout: no server connection became free within 6 s: 2 of 2 are in use';
    expect(await refusal(fixture)).toBe(`${plain}, and 1 client waits`);
    pin(fixture, 2);
    fixture.pool.pins.set('cursor', 1).set('library', 0);
    expect(await refusal(fixture)).toBe(
      `${plain}, 2 of them kept by pinned clients (advisory_lock=2 cursor=1), and 1 client waits`,
    );
  });

  test.each([
    [{ poolSize: 3, maxDbConnections: 1 }, {}, 'max_db_connections is reached (1 of the database)'],
    [
      { poolSize: 3 },
      { users: { idp_app: userOf({ maxUserConnections: 1 }) } },
      'max_user_connections is reached (1 of the user)',
    ],
  ])('names the limit above a pool that is not full: %o %o', async (database, settings, reason) => {
    const fixture = await poolFixture({ ...database, queryWaitTimeoutMs: 1_000 }, settings);
    await fixture.ask(1);
    expect(await refusal(fixture)).toEndWith(`1 of 3 are in use, ${reason}, and 1 client waits`);
  });
});

describe('the log says that pinned clients keep every server', () => {
  test('when somebody has waited for two seconds, and again after a minute', async () => {
    const fixture = await poolFixture({ poolSize: SIZE, queryWaitTimeoutMs: 0 });
    await fixture.ask(SIZE);
    pin(fixture, SIZE);
    expect(pass(fixture, 10_000)).toEqual([]);
    await fixture.ask(3);
    expect(pass(fixture, 1_999)).toEqual([]);
    expect(pass(fixture, 1)).toHaveLength(1);
    expect(fixture.plane.log.fields.at(-1)).toEqual({
      ...{ database: 'idp', user: 'idp_app', pins: 'advisory_lock=2', waiting: 3 },
    });
    expect(pass(fixture, 59_999)).toHaveLength(1);
    expect(pass(fixture, 1)).toHaveLength(2);
  });

  test('not while one of them may still come free by itself', async () => {
    const fixture = await poolFixture({ poolSize: SIZE, queryWaitTimeoutMs: 0 });
    await fixture.ask(SIZE + 1);
    pin(fixture, SIZE - 1);
    expect(pass(fixture, 10_000)).toEqual([]);
    pin(fixture);
    expect(pass(fixture, 0)).toHaveLength(1);
  });

  test('also where a limit above the pool keeps it from opening more', async () => {
    const fixture = await poolFixture({ poolSize: 5, maxDbConnections: 1, queryWaitTimeoutMs: 0 });
    await fixture.ask(2);
    pin(fixture);
    expect(pass(fixture, 2_000)).toHaveLength(1);
  });
});
