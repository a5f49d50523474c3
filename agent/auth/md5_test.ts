// md5 authentication: the stored hash as PostgreSQL writes it, and the salted answer as libpq gives it.

import { expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { isMd5Answer, isStoredMd5, MD5_SALT_BYTES, md5Answer, storedMd5 } from './md5.ts';

function md5(...parts: (string | Uint8Array)[]): string {
  return createHash('md5')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
    .digest('hex');
}

test('storedMd5() hashes the password followed by the user, as text or as bytes', () => {
  expect(storedMd5('secret', 'app')).toBe(`md5${md5('secretapp')}`);
  expect(storedMd5(Buffer.from('gehëim'), 'møøse')).toBe(storedMd5('gehëim', 'møøse'));
  expect(storedMd5('gehëim', 'møøse')).toBe(`md5${md5('gehëimmøøse')}`);
});

test('isStoredMd5() takes 32 lower case hexadecimal digits after md5 and nothing else', () => {
  expect(isStoredMd5(storedMd5('a', 'b'))).toBe(true);
  for (const text of [
    'md5',
    `md5${'g'.repeat(32)}`,
    `md5${'A'.repeat(32)}`,
    `md5${'a'.repeat(33)}`,
    'a'.repeat(35),
  ]) {
    expect(isStoredMd5(text)).toBe(false);
  }
});

test('md5Answer() hashes the hexadecimal digits and the salt', () => {
  const salt = Uint8Array.of(1, 2, 254, 255);
  expect(md5Answer(storedMd5('secret', 'app'), salt)).toBe(`md5${md5(md5('secretapp'), salt)}`);
});

test('isMd5Answer() takes the answer to this salt and no other bytes', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.uint8Array({ maxLength: 60 }), (password, user, bytes) => {
      const stored = storedMd5(password, user);
      const salt = randomBytes(MD5_SALT_BYTES);
      const answer = Buffer.from(md5Answer(stored, salt));
      expect(isMd5Answer(answer, stored, salt)).toBe(true);
      expect(isMd5Answer(bytes, stored, salt)).toBe(false);
      expect(isMd5Answer(answer.subarray(1), stored, salt)).toBe(false);
      salt[0]! ^= 1;
      expect(isMd5Answer(answer, stored, salt)).toBe(false);
    }),
  );
});
