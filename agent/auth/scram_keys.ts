// SCRAM's arithmetic (RFC 5802 chapter 3) with SHA-256: from a password to keys, from keys to proofs and signatures.

import { pbkdf2 } from 'node:crypto';
import { passwordBytes } from './saslprep.ts';
import { KEY_BYTES } from './scram.ts';

/** What one PBKDF2 run gives. A client needs the first and the last, a server keeps the last two. */
export interface ScramKeys {
  readonly clientKey: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Runs PBKDF2 on a thread of the pool: a hundred thousand iterations must not hold up the data path. */
export function deriveKeys(
  password: string | Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramKeys> {
  return new Promise((resolve, reject) => {
    pbkdf2(passwordBytes(password), salt, iterations, KEY_BYTES, 'sha256', (error, saltedPassword) => {
      if (error === null) resolve(keysOf(saltedPassword));
      else reject(error);
    });
  });
}

export function keysOf(saltedPassword: Uint8Array): ScramKeys {
  const clientKey = hmac(saltedPassword, 'Client Key');
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmac(saltedPassword, 'Server Key') };
}

/** ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage); the same call undoes it, as XOR does. */
export function proofOrClientKey(
  clientKeyOrProof: Uint8Array,
  storedKey: Uint8Array,
  authMessage: string,
): Uint8Array {
  const signature = hmac(storedKey, authMessage);
  const result = new Uint8Array(KEY_BYTES);
  for (let index = 0; index < KEY_BYTES; index++) {
    result[index] = clientKeyOrProof[index]! ^ signature[index]!;
  }
  return result;
}

export function serverSignature(serverKey: Uint8Array, authMessage: string): Uint8Array {
  return hmac(serverKey, authMessage);
}

// Bun's own hashes: those of node:crypto are streams, and a login that meets them cold pays for all of that.

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(bytes).digest();
}

/** `text` is a Latin-1 view of bytes, as everywhere in SCRAM's messages. */
export function hmac(key: Uint8Array, text: string): Uint8Array {
  return new Bun.CryptoHasher('sha256', key).update(Buffer.from(text, 'latin1')).digest();
}
