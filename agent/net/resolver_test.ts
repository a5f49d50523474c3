// Names looked up for connections: how often, for whom, and what an answer that differs does; on a clock that stands still.

import { describe, expect, test } from 'bun:test';
import { Diary } from '../tests/harness/data_plane.ts';
import { FakeClock, settle } from '../tests/harness/fake_clock.ts';
import { isName, type LookupResult, Resolver } from './resolver.ts';

const MISSING: LookupResult = { failure: 'missing', reason: 'DNS_ENOTFOUND' };
const UNANSWERED: LookupResult = { failure: 'unanswered', reason: 'DNS_EAI_AGAIN' };
const NEVER = new AbortController().signal;

function fixture(lookupsMax = 4, ttl = { maxTtlMs: 15_000, missingTtlMs: 20_000 }) {
  const clock = new FakeClock();
  const log = new Diary();
  const asked: string[] = [];
  const changes: string[] = [];
  /** How the next lookups end; undefined: when a test says so. */
  const world: { answer: LookupResult | undefined } = { answer: { addresses: ['10.0.0.1'] } };
  const open: ((result: LookupResult) => void)[] = [];
  const resolver = new Resolver({
    lookup: (name) => {
      asked.push(name);
      const { answer } = world;
      return answer === undefined ? new Promise((resolve) => open.push(resolve)) : Promise.resolve(answer);
    },
    ...{ clock, log, lookupsMax },
    times: () => ttl,
    onChanged: (name, addresses) => changes.push(`${name} ${addresses.join()}`),
  });
  const get = (name = 'db', signal = NEVER): Promise<string> =>
    resolver.addressesOf(name, signal).then(
      (addresses) => addresses.join(),
      (error: Error) => error.message,
    );
  const tick = async (...inUse: string[]): Promise<void> => {
    resolver.tick(() => new Set(inUse));
    await settle();
  };
  return { resolver, clock, log, asked, changes, world, open, get, tick };
}

describe('Resolver.addressesOf()', () => {
  test('asks once for all that want the same name, and not again within dns_max_ttl', async () => {
    const { get, asked, clock } = fixture();
    expect(await Promise.all([get(), get(), get()])).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1']);
    clock.advance(14_999);
    await get();
    expect(asked).toEqual(['db']);
    clock.advance(1);
    await get();
    expect(asked).toEqual(['db', 'db']);
  });

  test('remembers for dns_nxdomain_ttl that there is no such name', async () => {
    const { get, asked, clock, world } = fixture();
    world.answer = MISSING;
    expect([await get(), await get()]).toEqual([
      'could not find the address of host db',
      'could not find the address of host db',
    ]);
    clock.advance(19_999);
    await get();
    expect(asked.length).toBe(1);
    world.answer = { addresses: ['10.0.0.2'] };
    clock.advance(1);
    expect([await get(), asked.length]).toEqual(['10.0.0.2', 2]);
  });

  test('goes on with what it knows where nobody answers, and asks again soon', async () => {
    const { get, asked, clock, world, log } = fixture();
    await get();
    world.answer = UNANSWERED;
    clock.advance(15_000);
    expect(await get()).toBe('10.0.0.1');
    clock.advance(1_000);
    expect([await get(), asked.length]).toEqual(['10.0.0.1', 3]);
    expect(log.lines).toEqual(['warn a name could not be looked up']);
    world.answer = { addresses: ['10.0.0.1'] };
    clock.advance(1_000);
    await get();
    expect(log.lines.at(-1)).toBe('info a name can be looked up again');
  });

  test('says that nobody answered where it knows nothing', async () => {
    const { get, world } = fixture();
    world.answer = UNANSWERED;
    expect(await get()).toBe(
      'could not find the address of host db: no answer from the name servers (DNS_EAI_AGAIN)',
    );
  });

  test('waits a moment for news where it knows something, and as long as the caller does where not', async () => {
    const { get, world, clock, open } = fixture();
    await get();
    world.answer = undefined;
    clock.advance(15_000);
    const late = get();
    clock.advance(2_000);
    expect(await late).toBe('10.0.0.1');
    const giveUp = new AbortController();
    const unknown = get('other', giveUp.signal);
    clock.advance(60_000);
    giveUp.abort();
    expect(await unknown).toBe('no answer from the name servers in time');
    expect([open.length, clock.pending]).toEqual([2, 0]);
  });

  test('gives the turn of an address that failed to another, and looks the name up again', async () => {
    const { get, world, asked, clock, resolver } = fixture();
    world.answer = { addresses: ['a', 'b'] };
    expect(await get()).toBe('a,b');
    resolver.onFailed('db', 'a');
    resolver.onFailed('db', 'a');
    expect([await get(), asked.length]).toEqual(['b,a', 1]);
    clock.advance(1_000);
    await get();
    expect(asked.length).toBe(2);
  });

  test('has so many lookups under way and no more', async () => {
    const { get, world, asked, open, resolver } = fixture(2);
    world.answer = undefined;
    const all = ['a', 'b', 'c'].map((name) => get(name));
    await settle();
    expect([asked, resolver.queries, resolver.pending]).toEqual([['a', 'b'], 2, 1]);
    open[1]!({ addresses: ['2'] });
    await settle();
    expect([asked, resolver.queries, resolver.pending]).toEqual([['a', 'b', 'c'], 2, 0]);
    open[0]!({ addresses: ['1'] });
    open[2]!({ addresses: ['3'] });
    expect(await Promise.all(all)).toEqual(['1', '2', '3']);
    expect([resolver.queries, resolver.pending, resolver.names]).toEqual([0, 0, 3]);
  });

  test('asks no more often than once a second, even with a dns_max_ttl of 0', async () => {
    const { get, asked, clock } = fixture(1, { maxTtlMs: 0, missingTtlMs: 0 });
    await get();
    clock.advance(999);
    await get();
    expect(asked.length).toBe(1);
    clock.advance(1);
    await get();
    expect(asked.length).toBe(2);
  });
});

describe('Resolver.tick()', () => {
  test('looks names that are in use up again, and tells what changed', async () => {
    const { get, tick, asked, changes, clock, world } = fixture();
    await get();
    await tick('db');
    clock.advance(15_000);
    await tick('db');
    expect([asked.length, changes]).toEqual([2, []]);
    world.answer = { addresses: ['10.0.0.2'] };
    clock.advance(15_000);
    await tick('db');
    await tick('db');
    expect([asked.length, changes, await get()]).toEqual([3, ['db 10.0.0.2'], '10.0.0.2']);
  });

  test('looks up soon what is doubted', async () => {
    const { get, tick, asked, clock, resolver } = fixture();
    await get();
    resolver.doubt('db');
    resolver.doubt('nobody');
    await tick('db');
    expect(asked.length).toBe(1);
    clock.advance(1_000);
    await tick('db');
    expect(asked.length).toBe(2);
  });

  test('forgets names that nobody uses, and asks for them no more', async () => {
    const { get, tick, asked, clock, resolver } = fixture();
    await get();
    clock.advance(15_000 + 59_999);
    await tick();
    expect([resolver.names, asked.length]).toEqual([1, 1]);
    clock.advance(1);
    await tick();
    expect([resolver.names, asked.length]).toEqual([0, 1]);
  });

  test('tells nobody of a name that is gone or does not answer', async () => {
    const { get, tick, changes, clock, world } = fixture();
    await get();
    for (const answer of [UNANSWERED, MISSING]) {
      world.answer = answer;
      clock.advance(15_000);
      await tick('db');
    }
    expect(changes).toEqual([]);
    world.answer = { addresses: ['10.0.0.9'] };
    clock.advance(20_000);
    await tick('db');
    expect(changes).toEqual(['db 10.0.0.9']);
  });
});

test('Resolver.rows() says what is known, and for how long', async () => {
  const { get, clock, resolver, world } = fixture();
  await get();
  world.answer = MISSING;
  await get('gone');
  clock.advance(5_000);
  expect([...resolver.rows()]).toEqual([
    { name: 'db', ttlMs: 10_000, addresses: ['10.0.0.1'] },
    { name: 'gone', ttlMs: 15_000, addresses: [] },
  ]);
});

test('isName() knows addresses and sockets from names', () => {
  const hosts = ['db.example', 'localhost', '10.0.0.1', '::1', 'fe80::1%eth0', '/run/postgresql', '@pg'];
  expect(hosts.filter(isName)).toEqual(['db.example', 'localhost']);
});
