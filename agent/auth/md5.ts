// PostgreSQL's md5 authentication, both directions: the stored hash, the salted answer, and the check of one.

import { createHash, timingSafeEqual } from 'node:crypto';

export const MD5_SALT_BYTES = 4;

const STORED = /^md5[0-9a-f]{32}$/;

export function isStoredMd5(text: string): boolean {
  return STORED.test(text);
}

/** What PostgreSQL stores: `md5` and the hash of the password followed by the user's name. */
export function storedMd5(password: string | Uint8Array, user: string): string {
  return `md5${createHash('md5').update(password).update(user, 'utf8').digest('hex')}`;
}

/** What a client answers to AuthenticationMD5Password: the stored hash (without `md5`), hashed again with the salt. */
export function md5Answer(stored: string, salt: Uint8Array): string {
  return `md5${createHash('md5').update(stored.slice(3), 'latin1').update(salt).digest('hex')}`;
}

export function isMd5Answer(answer: Uint8Array, stored: string, salt: Uint8Array): boolean {
  const expected = Buffer.from(md5Answer(stored, salt), 'latin1');
  return answer.length === expected.length && timingSafeEqual(answer, expected);
}
