// Tells what a written secret is: a plain password, PostgreSQL's md5 hash or a SCRAM verifier.

import type { Secret } from '../base/secret.ts';
import { isStoredMd5 } from './md5.ts';
import { parseVerifier } from './scram_verifier.ts';

export type SecretKind = 'plain' | 'md5' | 'scram';

/** As PostgreSQL decides it for ALTER ROLE … PASSWORD: whatever is not a well-formed hash is a password. */
export function secretKind(secret: Secret): SecretKind {
  const text = secret.open();
  if (isStoredMd5(text)) return 'md5';
  return parseVerifier(text) === undefined ? 'plain' : 'scram';
}

/** A verifier that lost something in copying would be taken for a password that nobody meant: worth a complaint. */
export function isBrokenVerifier(secret: Secret): boolean {
  return secret.open().startsWith('SCRAM-SHA-256$') && secretKind(secret) === 'plain';
}
