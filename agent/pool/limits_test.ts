// Counting servers under a limit that stands above pools: down to zero, and never below.

import { expect, test } from 'bun:test';
import { Counter, roomUnder } from './limits.ts';

test('Counter counts each key, and forgets those at zero', () => {
  const counter = new Counter();
  counter.add('idp', 1);
  counter.add('idp', 1);
  counter.add('jobs', 1);
  counter.add('jobs', -1);
  expect([counter.of('idp'), counter.of('jobs'), counter.of('constructor')]).toEqual([2, 0, 0]);
  expect([...counter.entries()]).toEqual([['idp', 2]]);
});

test('Counter throws when something is given back that nobody took', () => {
  const counter = new Counter();
  expect(() => counter.add('idp', -1)).toThrow('the count of idp fell below zero');
  expect(counter.of('idp')).toBe(0);
});

test('roomUnder() is what is left; 0 is no limit', () => {
  expect([roomUnder(5, 3), roomUnder(5, 7), roomUnder(0, 100)]).toEqual([2, -2, Number.POSITIVE_INFINITY]);
});
