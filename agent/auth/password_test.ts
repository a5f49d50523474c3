// checkPassword(): right and wrong passwords against every kind of stored secret, and against mocks.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import { type Credential, type CredentialOptions, makeCredential, mockCredential } from './credential.ts';
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

async function proves(credential: Credential, password: Uint8Array): Promise<boolean> {
  return (await checkPassword(credential, password)).proved;
}

test('checkPassword() takes the password and no other, however it is stored', async () => {
  const password = fc.string({ unit: 'grapheme', minLength: 1 });
  await fc.assert(
    fc.asyncProperty(password, fc.constantFrom(...KINDS), async (right, kind) => {
      const credential = await makeCredential({ name: 'app', secret: await stored(kind, right) }, OPTIONS);
      expect(await proves(credential, Buffer.from(right))).toBe(true);
      expect(await proves(credential, Buffer.from(`${right}x`))).toBe(false);
      expect(await proves(credential, new Uint8Array())).toBe(false);
    }),
  );
});

test('checkPassword() does not take a stored hash for the password', async () => {
  for (const kind of ['md5', 'scram'] as const) {
    const secret = await stored(kind, crypto.randomUUID());
    const credential = await makeCredential({ name: 'app', secret }, OPTIONS);
    expect(await proves(credential, Buffer.from(secret.open()))).toBe(false);
  }
});

test('checkPassword() lets nobody in for a mock, not with the very text that it is compared with', async () => {
  for (const kind of KINDS) {
    const mock = mockCredential('nobody', kind, OPTIONS);
    for (const text of ['', 'x', mock.md5!]) expect(await proves(mock, Buffer.from(text))).toBe(false);
  }
});

test('checkPassword() lets nobody in without a secret', async () => {
  const credential = await makeCredential({ name: 'app', secret: undefined }, OPTIONS);
  expect(await proves(credential, new Uint8Array())).toBe(false);
});

test('checkPassword() takes either of two passwords, however each is stored', async () => {
  const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
  for (const first of KINDS) {
    for (const second of KINDS) {
      const user = {
        name: 'app',
        secret: await stored(first, one),
        nextSecret: await stored(second, other),
      };
      const credential = await makeCredential(user, OPTIONS);
      expect(await proves(credential, Buffer.from(one))).toBe(true);
      expect(await proves(credential, Buffer.from(other))).toBe(true);
      expect(await proves(credential, Buffer.from(crypto.randomUUID()))).toBe(false);
    }
  }
});

test('checkPassword() gives the key that opens the verifier, and none for a wrong password', async () => {
  const password = crypto.randomUUID();
  const credential = await makeCredential({ name: 'app', secret: await stored('scram', password) }, OPTIONS);
  const { clientKey } = await checkPassword(credential, Buffer.from(password));
  expect(clientKey?.opens(credential.scram!)).toBe(true);
  expect(await checkPassword(credential, Buffer.from('x'))).toMatchObject({
    proved: false,
    clientKey: undefined,
  });
});
