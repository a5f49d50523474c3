// decodeBase64() takes one spelling of each sequence of bytes and no other.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from './base64.ts';

test('decodeBase64() undoes encodeBase64()', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(Buffer.from(decodeBase64(encodeBase64(bytes))!)).toEqual(Buffer.from(bytes));
    }),
  );
});

test('decodeBase64() refuses missing padding, white space, the URL alphabet and loose last bits', () => {
  for (const text of ['QQ', 'QQ=', 'Q Q=', 'QQ==\n', '-_==', 'QR==', '=QQ=', '====']) {
    expect(decodeBase64(text)).toBeUndefined();
  }
});

test('decodeBase64() of any text is bytes that encode to it, or undefined', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const bytes = decodeBase64(text);
      if (bytes !== undefined) expect(encodeBase64(bytes)).toBe(text);
    }),
  );
});
