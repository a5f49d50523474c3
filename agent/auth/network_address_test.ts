// Addresses as numbers: each way to write one, what is none, and which networks they lie in.

import { describe, expect, test } from 'bun:test';
import { isWithin, maskOf, parseAddress } from './network_address.ts';

describe('parseAddress()', () => {
  const same: readonly (readonly [string, 4 | 6, bigint])[] = [
    ['10.1.2.3', 4, 0x0a010203n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::ffff:10.1.2.3', 4, 0x0a010203n],
    ['::FFFF:a01:203', 4, 0x0a010203n],
    ['0:0:0:0:0:ffff:a01:203', 4, 0x0a010203n],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['2001:db8::8:800:200c:417a', 6, 0x20010db8000000000008_0800200c417an],
    ['64:ff9b::10.0.0.1', 6, (0x64n << 112n) | (0xff9bn << 96n) | 0x0a000001n],
  ];
  for (const [text, family, bits] of same)
    test(`reads ${text}`, () => expect(parseAddress(text)).toEqual({ family, bits }));

  for (const text of [
    ...['', '10.1.2', '10.1.2.3.4', '10.1.2.256', '010.1.2.3', '10.1.2.-1', ' 10.1.2.3', '10.1.2.3/32'],
    ...[':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '::12345', '::g', 'fe80::1%eth0'],
    ...['1:2:3:4:5:6:7:1.2.3.4', '1.2.3.4::', 'localhost', '1:2:3:4::5:6:7:8'],
  ])
    test(`takes ${JSON.stringify(text)} for no address`, () => expect(parseAddress(text)).toBeUndefined());
});

test('maskOf() knows no more bits than the family has', () => {
  expect([maskOf(4, '0'), maskOf(4, '8'), maskOf(4, '32')]).toEqual([0n, 0xff000000n, 0xffffffffn]);
  expect(maskOf(6, '128')).toBe((1n << 128n) - 1n);
  expect([maskOf(4, '33'), maskOf(6, '129'), maskOf(4, ''), maskOf(4, '-1'), maskOf(4, '8a')]).toEqual(
    Array(5).fill(undefined),
  );
});

test('isWithin() looks at the bits of the mask, and at one family', () => {
  const range = { address: parseAddress('10.1.2.3')!, mask: maskOf(4, '8')! };
  expect(isWithin(parseAddress('10.255.0.1')!, range)).toBe(true);
  expect(isWithin(parseAddress('::ffff:10.0.0.1')!, range)).toBe(true);
  expect(isWithin(parseAddress('11.1.2.3')!, range)).toBe(false);
  expect(isWithin(parseAddress('::10.1.2.3')!, range)).toBe(false);
  expect(isWithin(parseAddress('::1')!, { address: parseAddress('::')!, mask: 0n })).toBe(true);
});
