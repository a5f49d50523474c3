// Waiting after failures: longer each time, up to the setting, and never in step with others.

import { expect, test } from 'bun:test';
import { backoffMs } from './backoff.ts';

test('backoffMs() doubles from 100 ms up to the maximum', () => {
  expect([1, 2, 3, 4, 5].map((failures) => backoffMs(failures, 1_000, 1))).toEqual([
    100, 200, 400, 800, 1_000,
  ]);
});

test('backoffMs() is at least half of what it could be', () => {
  expect([backoffMs(3, 5_000, 0), backoffMs(3, 5_000, 0.5), backoffMs(3, 5_000, 1)]).toEqual([200, 300, 400]);
});

test('backoffMs() stays a number after any number of failures', () => {
  expect(backoffMs(100_000, 5_000, 1)).toBe(5_000);
});

test('backoffMs() never waits longer than the maximum, even if that is short', () => {
  expect(backoffMs(1, 50, 1)).toBe(50);
});
