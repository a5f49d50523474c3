// Ranges come out as they went in, whatever their lengths; and one that is all of its bytes is not copied.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Pieces } from './pieces.ts';

const ranges = fc.array(
  fc
    .record({ bytes: fc.uint8Array({ maxLength: 400 }), a: fc.nat(400), b: fc.nat(400) })
    .map(({ bytes, a, b }) => {
      const [from, to] = [a % (bytes.length + 1), b % (bytes.length + 1)];
      return { bytes, from: Math.min(from, to), to: Math.max(from, to) };
    }),
  { maxLength: 12 },
);

test('Pieces joins what was added, in that order, and is empty then', () => {
  const pieces = new Pieces();
  fc.assert(
    fc.property(ranges, ranges, (own, others) => {
      const other = new Pieces();
      for (const { bytes, from, to } of own) pieces.add(bytes, from, to);
      for (const { bytes, from, to } of others) other.add(bytes, from, to);
      pieces.addAll(other);
      expect([pieces.count, other.count]).toEqual([own.length + others.length, 0]);
      const wanted = [...own, ...others].flatMap(({ bytes, from, to }) => [...bytes.subarray(from, to)]);
      expect([...pieces.take()]).toEqual(wanted);
      expect([pieces.count, pieces.take().length]).toEqual([0, 0]);
    }),
  );
});

test('one piece that is all of its bytes comes out as it is', () => {
  const pieces = new Pieces();
  const chunk = new Uint8Array([1, 2, 3]);
  pieces.add(chunk);
  expect(pieces.take()).toBe(chunk);
  pieces.add(chunk, 1);
  expect(pieces.take()).toEqual(new Uint8Array([2, 3]));
});
