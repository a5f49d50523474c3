// The nearest known name is found, and nothing is offered when nothing is near.

import { expect, test } from 'bun:test';
import { nearest } from './nearest.ts';

const KNOWN = ['default_pool_size', 'min_pool_size', 'pool_mode', 'listen_port', 'listen_addr'];

test('nearest() finds the name that a slip of the fingers missed', () => {
  expect(nearest('defualt_pool_size', KNOWN)).toBe('default_pool_size');
  expect(nearest('default-pool-size', KNOWN)).toBe('default_pool_size');
  expect(nearest('pool_mod', KNOWN)).toBe('pool_mode');
  expect(nearest('LISTEN_PORT', KNOWN)).toBe('listen_port');
  expect(nearest('listen_adr', KNOWN)).toBe('listen_addr');
});

test('nearest() offers nothing when nothing is near', () => {
  expect(nearest('colour', KNOWN)).toBeUndefined();
  expect(nearest('x', KNOWN)).toBeUndefined();
  expect(nearest('anything', [])).toBeUndefined();
});

test('nearest() keeps the first of several that are equally near', () => {
  expect(nearest('cat', ['bat', 'rat'])).toBe('bat');
});
