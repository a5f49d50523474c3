// Credentials: what each kind of secret can be asked for, what a reload keeps, and what a mock looks like.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.ts';
import { type CredentialOptions, makeCredential, makeCredentialBook, mockCredential } from './credential.ts';
import { storedMd5 } from './md5.ts';
import { makeVerifier, printVerifier, saltFor } from './scram_verifier.ts';

const OPTIONS: CredentialOptions = { mockKey: randomBytes(32), iterations: 4096 };

test('makeCredential() of a password can answer SCRAM and md5', async () => {
  const secret = new Secret(crypto.randomUUID());
  const credential = await makeCredential({ name: 'app', secret }, OPTIONS);
  expect(credential.kind).toBe('plain');
  expect(credential.md5).toBe(storedMd5(secret.open(), 'app'));
  expect(credential.scram).toEqual(await makeVerifier(secret.open(), saltFor(OPTIONS.mockKey, 'app'), 4096));
});

test('makeCredential() of a hash can answer what the hash is for and nothing else', async () => {
  const md5 = storedMd5(crypto.randomUUID(), 'app');
  const byMd5 = await makeCredential({ name: 'app', secret: new Secret(md5) }, OPTIONS);
  expect([byMd5.kind, byMd5.md5, byMd5.scram]).toEqual(['md5', md5, undefined]);
  const verifier = await makeVerifier(crypto.randomUUID(), randomBytes(16), 5000);
  const byScram = await makeCredential({ name: 'app', secret: new Secret(printVerifier(verifier)) }, OPTIONS);
  expect([byScram.kind, byScram.md5]).toEqual(['scram', undefined]);
  expect(printVerifier(byScram.scram!)).toBe(printVerifier(verifier));
  const byPeer = await makeCredential({ name: 'app', secret: undefined }, OPTIONS);
  expect([byPeer.kind, byPeer.md5, byPeer.scram]).toEqual([undefined, undefined, undefined]);
});

test('makeCredential() takes an empty password for none', async () => {
  const credential = await makeCredential({ name: 'app', secret: new Secret('') }, OPTIONS);
  expect([credential.kind, credential.md5, credential.scram]).toEqual([undefined, undefined, undefined]);
});

test('makeCredentialBook() keeps what a reload did not change, and makes the rest anew', async () => {
  const text = crypto.randomUUID();
  const before = await makeCredentialBook(
    [
      { name: 'same', secret: new Secret(text) },
      { name: 'changed', secret: new Secret(text) },
    ],
    OPTIONS,
  );
  const users = [
    { name: 'same', secret: new Secret(text) },
    { name: 'changed', secret: new Secret(crypto.randomUUID()) },
  ];
  const after = await makeCredentialBook(users, OPTIONS, before);
  expect(after.users.get('same')).toBe(before.users.get('same')!);
  expect(after.users.get('changed')?.scram?.storedKey).not.toEqual(
    before.users.get('changed')!.scram!.storedKey,
  );
  const slower = await makeCredentialBook(users, { ...OPTIONS, iterations: 5000 }, after);
  expect(slower.users.get('same')?.scram?.iterations).toBe(5000);
});

test('makeCredentialBook() finds the commonest kind of secret, for those who do not exist', async () => {
  const md5 = { name: 'a', secret: new Secret(storedMd5('x', 'a')) };
  const scram = {
    name: 'b',
    secret: new Secret(printVerifier(await makeVerifier('x', randomBytes(16), 4096))),
  };
  const plain = { name: 'c', secret: new Secret('x') };
  const none = { name: 'd', secret: undefined };
  expect((await makeCredentialBook([], OPTIONS)).commonKind).toBe('plain');
  expect((await makeCredentialBook([md5, none, { ...none, name: 'e' }], OPTIONS)).commonKind).toBe('md5');
  expect((await makeCredentialBook([scram, none], OPTIONS)).commonKind).toBe('scram');
  expect((await makeCredentialBook([plain, scram, { ...scram, name: 'e' }], OPTIONS)).commonKind).toBe(
    'scram',
  );
});

test('mockCredential() has the form of a real one and keeps it', () => {
  const mock = mockCredential('nobody', 'plain', OPTIONS);
  expect(mock).toEqual(mockCredential('nobody', 'plain', OPTIONS));
  expect(mock.md5).toMatch(/^md5[0-9a-f]{32}$/);
  expect(mock.scram?.salt.length).toBe(16);
});
