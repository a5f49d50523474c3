// Spellings of one value, and values that only look alike.

import { expect, test } from 'bun:test';
import { isSameValue } from './same_value.ts';

test('isSameValue() knows what the server makes of a spelling', () => {
  for (const [one, other] of [
    ['5000', '5s'],
    ['60000', '1min'],
    ['65536kB', '64MB'],
    ['65536', '64MB'],
    ['0.5s', '500ms'],
    ['true', 'on'],
    ['0', 'off'],
    ['NO', 'off'],
    ['a, "b"', 'a,b'],
    ['Warning', 'warning'],
    ['16384', '128MB'],
  ] as const)
    expect([one, other, isSameValue(one, other), isSameValue(other, one)]).toEqual([one, other, true, true]);
});

test('isSameValue() tells apart what differs', () => {
  for (const [one, other] of [
    ['5s', '7s'],
    ['5s', '5min'],
    ['5000', '7s'],
    ['64MB', '4MB'],
    ['on', 'off'],
    ['1', '2'],
    ['a, b', 'b, a'],
    ['', '0'],
    ['blue', 'green'],
    ['5parsecs', '5'],
  ] as const)
    expect([one, other, isSameValue(one, other), isSameValue(other, one)]).toEqual([
      ...[one, other, false, false],
    ]);
});
