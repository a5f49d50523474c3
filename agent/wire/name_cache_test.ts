// A name is the same whether it was remembered or not.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { nameAt } from './bytes.ts';
import { NameCache } from './name_cache.ts';

test('NameCache says what nameAt() says, whatever was asked before', () => {
  const cache = new NameCache();
  // Few letters, so that names meet in the same slot and come again.
  const letter = fc.constantFrom(0x41, 0x42, 0x61, 0xc3, 0xa4, 0xff);
  const name = fc.oneof(
    fc.array(letter, { maxLength: 4 }),
    fc.array(letter, { minLength: 60, maxLength: 70 }),
  );
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 3 }), name, (before, bytes) => {
      const chunk = new Uint8Array([...before, ...bytes, 0]);
      const [from, to] = [before.length, before.length + bytes.length];
      expect(cache.at(chunk, from, to)).toBe(nameAt(chunk, from, to));
    }),
    { numRuns: 2_000 },
  );
});
