// median(), percentile() and ratioOf(), by hand.

import { expect, test } from 'bun:test';
import { median, percentile, ratioOf } from './statistics.ts';

test('median() is the middle, or between the middle two', () => {
  expect(median([3, 1, 10])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('percentile() is a value that was there', () => {
  const sorted = Float64Array.from({ length: 100 }, (_, index) => index + 1);
  expect(percentile(sorted, 0.5)).toBe(50);
  expect(percentile(sorted, 0.99)).toBe(99);
  expect(percentile(sorted, 1)).toBe(100);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test('ratioOf() compares medians, and spreads over the pairs', () => {
  expect(ratioOf([10, 20, 60], [10, 10, 20])).toEqual({ ratio: 2, from: 1, to: 3 });
});
