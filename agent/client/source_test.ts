// Whose place a login takes: one user's, one address's, one IPv6 network's.

import { expect, test } from 'bun:test';
import { sourceOf } from './source.ts';

test('sourceOf() is the system user on the UNIX socket', () => {
  expect(sourceOf('unix', 'unix', 0)).toBe('uid 0');
  expect(sourceOf('unix', 'unix', 1000)).toBe('uid 1000');
  expect(sourceOf('unix', 'unix', undefined)).toBe('uid unknown');
});

test('sourceOf() is the address over TCP, whatever the port and the clothes', () => {
  for (const peer of ['10.0.0.7:4711', '10.0.0.7:1', '::ffff:10.0.0.7:99'])
    expect(sourceOf('tcp', peer, undefined)).toBe('10.0.0.7');
  expect(sourceOf('tcp', '10.0.0.8:4711', undefined)).toBe('10.0.0.8');
});

test('sourceOf() is the network of an IPv6 address', () => {
  const [one, neighbour, stranger] = [
    '2001:db8:0:1::5:4711',
    '2001:db8:0:1:ffff::1:80',
    '2001:db8:0:2::5:80',
  ];
  expect(sourceOf('tcp', one, undefined)).toBe('20010db800000001/64');
  expect(sourceOf('tcp', neighbour, undefined)).toBe(sourceOf('tcp', one, undefined));
  expect(sourceOf('tcp', stranger, undefined)).not.toBe(sourceOf('tcp', one, undefined));
});
