// What a name has led to: whose turn it is, who is avoided, and when an answer means that the name leads elsewhere.

import { expect, test } from 'bun:test';
import { KnownAddresses } from './known_addresses.ts';

test('inTurn() begins with the next address each time', () => {
  const known = new KnownAddresses();
  known.take(['a', 'b', 'c'], 0);
  expect([1, 2, 3, 4].map(() => known.inTurn(0).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
});

test('inTurn() puts an address that failed behind the others, for a while', () => {
  const known = new KnownAddresses();
  known.take(['a', 'b'], 0);
  known.avoid('a', 0);
  expect([known.inTurn(0), known.inTurn(0), known.inTurn(59_999)]).toEqual([
    ['b', 'a'],
    ['b', 'a'],
    ['b', 'a'],
  ]);
  expect([known.inTurn(60_000)[0], known.inTurn(60_000)[0]].toSorted()).toEqual(['a', 'b']);
});

test('take() says whether the name leads elsewhere, whatever the order and however often an address is named', () => {
  const known = new KnownAddresses();
  const answers = ['ab', 'ba', 'aab', 'b', 'bc', ''];
  expect(answers.map((answer, second) => known.take([...answer], second))).toEqual([
    true,
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(known.current).toEqual([]);
});

test('take() follows a failover at once, and one back', () => {
  const known = new KnownAddresses();
  const now = ['a', 'b', 'a'].map((answer, i) => [known.take([answer], i * 15_000), known.current.join()]);
  expect(now).toEqual([
    [true, 'a'],
    [true, 'b'],
    [true, 'a'],
  ]);
});

test('take() learns that a name gives one of its addresses at a time, and then keeps all of them', () => {
  const known = new KnownAddresses();
  let now = 0;
  const take = (answer: string): boolean => {
    now += 15_000;
    return known.take([answer], now);
  };
  for (const answer of ['a', 'b', 'a', 'b', 'a']) take(answer);
  expect(known.current.toSorted()).toEqual(['a', 'b']);
  expect(['b', 'a', 'a', 'b'].map(take)).toEqual([false, false, false, false]);
  // When nothing has come back for ten minutes, the last answer counts again.
  for (let i = 0; i < 37; i++) expect(take('a')).toBe(false);
  expect([take('a'), known.current]).toEqual([true, ['a']]);
});

test('take() passes over what no name has', () => {
  const known = new KnownAddresses();
  known.take(
    Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`),
    0,
  );
  expect(known.current.length).toBe(64);
});
