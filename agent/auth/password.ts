// Checks a password that came in the clear against whatever is stored for its user.

import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/secret.ts';
import { ClientKey } from './client_key.ts';
import type { Credential } from './credential.ts';
import { storedMd5 } from './md5.ts';
import { deriveKeys, sha256 } from './scram_keys.ts';

/** Whether it is the password; with what it comes to by the verifier of its user, where nothing but that is known. */
export interface PasswordVerdict {
  readonly proved: boolean;
  readonly clientKey: ClientKey | undefined;
  /** Which of two secrets it is the password of. */
  readonly secret: Secret | undefined;
}

const WRONG: PasswordVerdict = Object.freeze({ proved: false, clientKey: undefined, secret: undefined });

/** A promise only where PBKDF2 has to run: for users of whom nothing but a SCRAM verifier is known. */
export function checkPassword(
  credential: Credential,
  password: Uint8Array,
): PasswordVerdict | Promise<PasswordVerdict> {
  const first = checkSingle(credential, password);
  if (credential.next === undefined) return first;
  // Both, whatever the first one comes to: how long it takes says nothing about which it was.
  const next = checkSingle(credential.next, password);
  if (first instanceof Promise || next instanceof Promise)
    return Promise.all([first, next]).then(([one, other]) => (one.proved ? one : other));
  return first.proved ? first : next;
}

function checkSingle(
  { kind, secret, md5, scram, user }: Credential,
  password: Uint8Array,
): PasswordVerdict | Promise<PasswordVerdict> {
  if (kind === 'plain') {
    // Hashed first, so that neither length nor contents show in the time that the comparison takes. A mock has
    // no secret and is compared with its hash, for the same work.
    const expected = secret === undefined ? Buffer.from(md5!, 'latin1') : Buffer.from(secret.open(), 'utf8');
    return verdict(timingSafeEqual(sha256(password), sha256(expected)) && secret !== undefined, secret);
  }
  if (kind === 'md5')
    return verdict(timingSafeEqual(Buffer.from(storedMd5(password, user)), Buffer.from(md5!)), secret);
  if (kind === 'scram') {
    return deriveKeys(password, scram!.salt, scram!.iterations).then((keys) =>
      verdict(timingSafeEqual(keys.storedKey, scram!.storedKey), secret, keys.clientKey),
    );
  }
  return WRONG;
}

function verdict(proved: boolean, secret: Secret | undefined, clientKey?: Uint8Array): PasswordVerdict {
  if (!proved) return WRONG;
  return { proved, secret, clientKey: clientKey === undefined ? undefined : new ClientKey(clientKey) };
}
