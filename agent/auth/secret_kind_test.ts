// secretKind(): PostgreSQL's own rule, and the complaint about a verifier that is not whole.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.ts';
import { storedMd5 } from './md5.ts';
import { makeVerifier, printVerifier } from './scram_verifier.ts';
import { isBrokenVerifier, secretKind } from './secret_kind.ts';

const VERIFIER = printVerifier(await makeVerifier(crypto.randomUUID(), randomBytes(16), 4096));

test('secretKind() knows a hash by its form, and takes everything else for a password', () => {
  expect(secretKind(new Secret(VERIFIER))).toBe('scram');
  expect(secretKind(new Secret(storedMd5('a', 'b')))).toBe('md5');
  for (const text of ['', 'md5', 'md5 is old', 'SCRAM-SHA-256', VERIFIER.slice(1), `${VERIFIER} `]) {
    expect(secretKind(new Secret(text))).toBe('plain');
  }
});

test('isBrokenVerifier() is true of what begins like a verifier and is none', () => {
  expect(isBrokenVerifier(new Secret(VERIFIER.slice(0, -1)))).toBe(true);
  expect(isBrokenVerifier(new Secret(VERIFIER))).toBe(false);
  expect(isBrokenVerifier(new Secret('SCRAM-SHA-256'))).toBe(false);
});
