// checkPassword(): right and wrong passwords against every kind of stored secret, and against mocks.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import { type CredentialOptions, makeCredential, mockCredential } from './credential.ts';
import { storedMd5 } from './md5.ts';
import { checkPassword } from './password.ts';
import { makeVerifier, printVerifier } from './scram_verifier.ts';
import type { SecretKind } from './secret_kind.ts';

const OPTIONS: CredentialOptions = { mockKey: randomBytes(32), iterations: 1 };
const KINDS: readonly SecretKind[] = ['plain', 'md5', 'scram'];

async function stored(kind: SecretKind, password: string): Promise<Secret> {
  if (kind === 'md5') return new Secret(storedMd5(password, 'app'));
  if (kind === 'plain') return new Secret(password);
  return new Secret(printVerifier(await makeVerifier(password, randomBytes(16), 3)));
}

test('checkPassword() takes the password and no other, however it is stored', async () => {
  const password = fc.string({ unit: 'grapheme', minLength: 1 });
  await fc.assert(
    fc.asyncProperty(password, fc.constantFrom(...KINDS), async (right, kind) => {
      const credential = await makeCredential({ name: 'app', secret: await stored(kind, right) }, OPTIONS);
      expect(await checkPassword(credential, Buffer.from(right))).toBe(true);
      expect(await checkPassword(credential, Buffer.from(`${right}x`))).toBe(false);
      expect(await checkPassword(credential, new Uint8Array())).toBe(false);
    }),
  );
});

test('checkPassword() does not take a stored hash for the password', async () => {
  for (const kind of ['md5', 'scram'] as const) {
    const secret = await stored(kind, crypto.randomUUID());
    const credential = await makeCredential({ name: 'app', secret }, OPTIONS);
    expect(await checkPassword(credential, Buffer.from(secret.open()))).toBe(false);
  }
});

test('checkPassword() lets nobody in for a mock, not with the very text that it is compared with', async () => {
  for (const kind of KINDS) {
    const mock = mockCredential('nobody', kind, OPTIONS);
    for (const text of ['', 'x', mock.md5!]) expect(await checkPassword(mock, Buffer.from(text))).toBe(false);
  }
});

test('checkPassword() lets nobody in without a secret', async () => {
  const credential = await makeCredential({ name: 'app', secret: undefined }, OPTIONS);
  expect(await checkPassword(credential, new Uint8Array())).toBe(false);
});
