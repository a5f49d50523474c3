// Places in a text are counted in characters, as PostgreSQL counts them.

import { expect, test } from 'bun:test';
import { charactersIn } from './characters.ts';

test('charactersIn() counts letters, whatever they take in the client’s encoding', () => {
  const utf8 = Buffer.from('"ümläut" €𝄞');
  expect(charactersIn(utf8, 0, utf8.length, 'UTF8')).toBe(11);
  expect(charactersIn(utf8, 3, utf8.length, 'UTF8')).toBe(9);
  const japanese = Uint8Array.of(0x61, 0xa4, 0xa2, 0x8f, 0xb0, 0xa1, 0x62);
  expect(charactersIn(japanese, 0, 7, 'EUC_JP')).toBe(4);
  expect(charactersIn(japanese, 0, 7, 'LATIN1')).toBe(7);
});
