// The protocol's integers and strings, there and back, and what is no string.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  concat,
  cstring,
  endOfString,
  int32At,
  message,
  nameAt,
  putInt32,
  stringAt,
  text,
  utf8,
} from './bytes.ts';
import { ProtocolError } from './protocol_error.ts';

test('int32At() undoes putInt32(), negative numbers too', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(5), (value, at) => {
      const bytes = new Uint8Array(at + 4);
      putInt32(bytes, at, value);
      expect(int32At(bytes, at)).toBe(value);
      expect(Buffer.from(bytes).readInt32BE(at)).toBe(value);
    }),
  );
});

describe('endOfString()', () => {
  const bytes = Buffer.from(`ab\0${'x'.repeat(100)}\0z`);
  test('finds the first NUL, near or far', () => {
    expect(endOfString(bytes, 0, bytes.length)).toBe(2);
    expect(endOfString(bytes, 2, bytes.length)).toBe(2);
    expect(endOfString(bytes, 3, bytes.length)).toBe(103);
  });
  test('says -1 when the NUL lies behind the end that was given', () => {
    expect(endOfString(bytes, 0, 2)).toBe(-1);
    expect(endOfString(bytes, 3, 103)).toBe(-1);
    expect(endOfString(bytes, 3, 20)).toBe(-1);
  });
  test('says -1 when there is none, and when it begins behind its end', () => {
    expect(endOfString(bytes, 104, bytes.length)).toBe(-1);
    expect(endOfString(bytes, 9, 4)).toBe(-1);
    expect(endOfString(bytes, 500, 600)).toBe(-1);
  });
  test('agrees with a plain search', () => {
    const letters = fc.array(fc.constantFrom(0, 65), { maxLength: 80 });
    fc.assert(
      fc.property(letters, fc.nat(80), fc.nat(80), (values, at, end) => {
        const chunk = new Uint8Array(values);
        const found = chunk.subarray(0, Math.min(end, chunk.length)).indexOf(0, at);
        if (end <= chunk.length) expect(endOfString(chunk, at, end)).toBe(at < end ? found : -1);
      }),
    );
  });
});

test('stringAt() reads a string and says where the next one begins', () => {
  const bytes = Buffer.from('größe\0b\0');
  const first = stringAt(bytes, 0, bytes.length);
  expect(first).toEqual({ value: 'größe', next: 8 });
  expect(stringAt(bytes, first.next, bytes.length)).toEqual({ value: 'b', next: 10 });
});

test('stringAt() throws ProtocolError when the NUL is missing', () => {
  expect(() => stringAt(Buffer.from('abc'), 0, 3)).toThrow(ProtocolError);
  expect(() => stringAt(Buffer.from('abc\0'), 0, 3)).toThrow('a string has no end');
});

test('text() keeps a byte order mark, as the other half of the protocol does', () => {
  expect(text(utf8('\ufeffanna'))).toBe('\ufeffanna');
  expect(stringAt(utf8('\ufeffanna\0'), 0, 8)).toEqual({ value: '\ufeffanna', next: 8 });
});

test('nameAt() keeps names apart that are no UTF-8', () => {
  const latin1 = Buffer.from([0x63, 0xe9, 0x63, 0xe8]);
  expect(nameAt(latin1, 0, 2)).not.toBe(nameAt(latin1, 2, 4));
  expect(nameAt(latin1.subarray(1), 1, 3)).toBe(nameAt(latin1, 2, 4));
});

test('cstring() is UTF-8 and a NUL, and refuses a NUL inside', () => {
  expect(Buffer.from(cstring('é'))).toEqual(Buffer.from([0xc3, 0xa9, 0]));
  expect(() => cstring('SELECT 1\0; DROP')).toThrow(ProtocolError);
});

test('message() counts its own length and its parts', () => {
  expect(Buffer.from(message(0x51, utf8('ab'), new Uint8Array(1)))).toEqual(Buffer.from('Q\0\0\0\x07ab\0'));
  expect(Buffer.from(message(0x53))).toEqual(Buffer.from('S\0\0\0\x04'));
});

test('concat() joins any number of pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (pieces) => {
      expect(Buffer.from(concat(pieces))).toEqual(Buffer.concat(pieces));
    }),
  );
});
