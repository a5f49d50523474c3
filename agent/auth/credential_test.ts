// Credentials: what each kind of secret can be asked for, what a reload keeps, and what a mock looks like.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.ts';
import {
  type CredentialBook,
  type CredentialOptions,
  makeCredential,
  makeCredentialBook,
  mockCredential,
  whyNotBoth,
} from './credential.ts';
import { storedMd5 } from './md5.ts';
import { makeVerifier, printVerifier, saltFor, sameChallenge } from './scram_verifier.ts';

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

test('makeCredential() of two passwords asks for both with one challenge', async () => {
  const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
  const [secret, nextSecret] = [new Secret(one), new Secret(other)];
  const { scram, next } = await makeCredential({ name: 'app', secret, nextSecret }, OPTIONS);
  expect(sameChallenge(scram!, next!.scram!)).toBe(true);
  expect(next!.scram).toEqual(await makeVerifier(other, scram!.salt, scram!.iterations));
  expect(next!.md5).toBe(storedMd5(other, 'app'));
});

test('makeCredential() of a password and a verifier takes the verifier’s challenge, whichever comes first', async () => {
  const verifier = await makeVerifier(crypto.randomUUID(), randomBytes(16), 5000);
  const [hash, plain] = [new Secret(printVerifier(verifier)), new Secret(crypto.randomUUID())];
  for (const [secret, nextSecret] of [
    [hash, plain],
    [plain, hash],
  ] as const) {
    const { scram, next } = await makeCredential({ name: 'app', secret, nextSecret }, OPTIONS);
    expect([sameChallenge(scram!, verifier), sameChallenge(next!.scram!, verifier)]).toEqual([true, true]);
  }
});

test('makeCredential() leaves an empty one of two passwords out', async () => {
  const secret = new Secret(crypto.randomUUID());
  for (const user of [
    { name: 'app', secret, nextSecret: new Secret('') },
    { name: 'app', secret: undefined, nextSecret: secret },
  ]) {
    const credential = await makeCredential(user, OPTIONS);
    expect([credential.secret?.equals(secret), credential.next]).toEqual([true, undefined]);
  }
});

test('makeCredentialBook() makes a credential anew when the next password has come, changed or gone', async () => {
  const secret = new Secret(crypto.randomUUID());
  const book = async (nextSecret: Secret | undefined, previous?: CredentialBook) =>
    makeCredentialBook([{ name: 'app', secret, nextSecret }], OPTIONS, previous);
  const next = new Secret(crypto.randomUUID());
  const one = await book(undefined);
  const two = await book(next, one);
  const three = await book(new Secret(crypto.randomUUID()), two);
  expect(two.users.get('app')!.next!.secret!.equals(next)).toBe(true);
  expect((await book(new Secret(next.open()), two)).users.get('app')).toBe(two.users.get('app')!);
  expect(three.users.get('app')!.next!.secret!.equals(next)).toBe(false);
  expect((await book(undefined, three)).users.get('app')!.next).toBeUndefined();
});

test('whyNotBoth() refuses what one challenge cannot ask for', async () => {
  const salt = randomBytes(16);
  const verifier = async (own = salt, iterations = 4096) =>
    new Secret(printVerifier(await makeVerifier(crypto.randomUUID(), own, iterations)));
  const [plain, md5] = [new Secret(crypto.randomUUID()), new Secret(storedMd5('x', 'app'))];
  expect(whyNotBoth(plain, new Secret(crypto.randomUUID()))).toBeUndefined();
  expect(whyNotBoth(plain, await verifier())).toBeUndefined();
  expect(whyNotBoth(plain, md5)).toBeUndefined();
  expect(whyNotBoth(await verifier(), await verifier())).toBeUndefined();
  expect(whyNotBoth(await verifier(), await verifier(randomBytes(16)))).toContain(
    'different salts or iterations',
  );
  expect(whyNotBoth(await verifier(), await verifier(salt, 5000))).toContain('different salts or iterations');
  expect(whyNotBoth(md5, await verifier())).toContain('one of its secrets is an md5 hash');
});
