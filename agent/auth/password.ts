// Checks a password that came in the clear against whatever is stored for its user.

import { timingSafeEqual } from 'node:crypto';
import type { Credential } from './credential.ts';
import { storedMd5 } from './md5.ts';
import { deriveKeys, sha256 } from './scram_keys.ts';

/** A promise only where PBKDF2 has to run: for users of whom nothing but a SCRAM verifier is known. */
export function checkPassword(credential: Credential, password: Uint8Array): boolean | Promise<boolean> {
  const { kind, secret, md5, scram, user } = credential;
  if (kind === 'plain') {
    // Hashed first, so that neither length nor contents show in the time that the comparison takes. A mock has
    // no secret and is compared with its hash, for the same work.
    const expected = secret === undefined ? Buffer.from(md5!, 'latin1') : Buffer.from(secret.open(), 'utf8');
    return timingSafeEqual(sha256(password), sha256(expected)) && secret !== undefined;
  }
  if (kind === 'md5') {
    return timingSafeEqual(Buffer.from(storedMd5(password, user)), Buffer.from(md5!));
  }
  if (kind === 'scram') {
    return deriveKeys(password, scram!.salt, scram!.iterations).then((keys) =>
      timingSafeEqual(keys.storedKey, scram!.storedKey),
    );
  }
  return false;
}
