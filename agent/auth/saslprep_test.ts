// saslprep(): RFC 4013's own examples, and the places where PostgreSQL differs from them.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { passwordBytes, saslprep } from './saslprep.ts';

test('saslprep() maps, normalizes and prohibits as in the examples of RFC 4013', () => {
  expect(saslprep('I\u00adX')).toBe('IX');
  expect(saslprep('user')).toBe('user');
  expect(saslprep('USER')).toBe('USER');
  expect(saslprep('\u00aa')).toBe('a');
  expect(saslprep('\u2168')).toBe('IX');
  expect(saslprep('\u06271')).toBeUndefined();
});

test('saslprep() passes ASCII through unread, control characters included, as PostgreSQL does', () => {
  expect(saslprep('a\u0007b')).toBe('a\u0007b');
  expect(saslprep('')).toBe('');
});

test('saslprep() turns every other space into U+0020, the zero width space too', () => {
  for (const space of ['\u00a0', '\u1680', '\u2003', '\u200b', '\u3000'])
    expect(saslprep(`x${space}y`)).toBe('x y');
});

test('saslprep() refuses what Unicode 3.2 did not know, and text that vanishes', () => {
  expect(saslprep('\u0221')).toBeUndefined();
  expect(saslprep('\u{1f600}')).toBeUndefined();
  expect(saslprep('\u00ad\u200d')).toBeUndefined();
  expect(saslprep('é\u0007')).toBeUndefined();
});

test('saslprep() wants right-to-left text at both ends and no left-to-right text beside it', () => {
  expect(saslprep('\u06271\u0628')).toBe('\u06271\u0628');
  expect(saslprep('\u0627a\u0628')).toBeUndefined();
  expect(saslprep('1\u0627')).toBeUndefined();
});

test('passwordBytes() falls back to the bytes as they came where SASLprep says no', () => {
  expect(passwordBytes('\u{1f600}')).toEqual(Buffer.from('\u{1f600}'));
  const notUtf8 = Uint8Array.of(0x61, 0xff, 0x62);
  expect(passwordBytes(notUtf8)).toBe(notUtf8);
});

test('passwordBytes() reads the same password from text and from its UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (password) => {
      expect(Buffer.from(passwordBytes(Buffer.from(password, 'utf8')))).toEqual(
        Buffer.from(passwordBytes(password)),
      );
    }),
  );
});

test('saslprep() of what it gave is the same again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const once = saslprep(text);
      if (once !== undefined) expect(saslprep(once) ?? once).toBe(once);
    }),
  );
});
