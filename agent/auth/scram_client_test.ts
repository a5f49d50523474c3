// ScramClient alone: hostile servers, the cache of keys, and logging in with a client's key instead of a password.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import { AuthError } from './auth_error.ts';
import { encodeBase64 } from './base64.ts';
import { ClientKey } from './client_key.ts';
import { toBytes } from './scram.ts';
import { ScramClient, type ScramIdentity, ScramKeyCache } from './scram_client.ts';
import { deriveKeys } from './scram_keys.ts';
import { NONCE_BYTES, ScramServer } from './scram_server.ts';
import { makeVerifier } from './scram_verifier.ts';

const SALT = encodeBase64(new Uint8Array(16));

function passwordIdentity(): ScramIdentity {
  return { kind: 'password', secret: new Secret(crypto.randomUUID()) };
}

function makeClient(identity: ScramIdentity = passwordIdentity(), iterationsMax?: number) {
  const nonce = randomBytes(NONCE_BYTES);
  const limit = iterationsMax === undefined ? {} : { iterationsMax };
  const client = new ScramClient({ identity, nonce, cache: new ScramKeyCache(), ...limit });
  client.start();
  return { client, nonce: encodeBase64(nonce) };
}

async function reasonOf(result: unknown): Promise<string> {
  const value = await result;
  expect(value).toBeInstanceOf(AuthError);
  return (value as AuthError).reason;
}

test('ScramClient refuses two billion iterations and a nonce without end (CVE-2026-6665)', async () => {
  const many = makeClient();
  const hostile = toBytes(`r=${many.nonce}x,s=${SALT},i=2147483647`);
  expect(await reasonOf(many.client.onServerFirst(hostile))).toContain('over the limit');
  const long = makeClient();
  const endless = toBytes(`r=${long.nonce}${'x'.repeat(3000)},s=${SALT},i=4096`);
  expect(await reasonOf(long.client.onServerFirst(endless))).toContain('SCRAM nonce of');
  const strict = makeClient(passwordIdentity(), 4096);
  expect(
    await reasonOf(strict.client.onServerFirst(toBytes(`r=${strict.nonce}x,s=${SALT},i=4097`))),
  ).toContain('4097');
});

test('ScramClient refuses a server that changes the nonce or adds nothing to it', async () => {
  const same = makeClient();
  expect(await reasonOf(same.client.onServerFirst(toBytes(`r=${same.nonce},s=${SALT},i=1`)))).toContain(
    'continue our nonce',
  );
  const other = makeClient();
  expect(await reasonOf(other.client.onServerFirst(toBytes(`r=x${other.nonce},s=${SALT},i=1`)))).toContain(
    'continue our nonce',
  );
});

test('ScramClient is not finished before the server has proved itself', async () => {
  const { client, nonce } = makeClient();
  await client.onServerFirst(toBytes(`r=${nonce}x,s=${SALT},i=1`));
  expect(client.finished).toBe(false);
  const forged = toBytes(`v=${encodeBase64(randomBytes(32))}`);
  expect(await reasonOf(client.onServerFinal(forged))).toContain('did not prove');
  expect(client.finished).toBe(false);
});

test('ScramClient takes each message once and in its turn', async () => {
  const { client, nonce } = makeClient();
  expect(await reasonOf(client.onServerFinal(toBytes(`v=${SALT}`)))).toContain('out of turn');
  const first = toBytes(`r=${nonce}x,s=${SALT},i=1`);
  expect(await client.onServerFirst(first)).not.toBeInstanceOf(AuthError);
  expect(await reasonOf(client.onServerFirst(first))).toContain('out of turn');
});

test('ScramClient gives an AuthError for any bytes of a server and never throws', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const { client, nonce } = makeClient();
      expect(await client.onServerFirst(bytes)).toBeInstanceOf(AuthError);
      const later = makeClient();
      await later.client.onServerFirst(toBytes(`r=${later.nonce}x,s=${SALT},i=1`));
      expect(later.client.onServerFinal(bytes)).toBeInstanceOf(AuthError);
      expect(nonce).not.toBe(later.nonce);
    }),
    { numRuns: 200 },
  );
});

test('ScramClient logs in with the key of a client of ours where the server stores the same verifier', async () => {
  const password = crypto.randomUUID();
  const verifier = await makeVerifier(password, randomBytes(16), 4096);
  const { clientKey } = await deriveKeys(password, verifier.salt, verifier.iterations);
  const { client } = makeClient({ kind: 'key', clientKey: new ClientKey(clientKey), verifier });
  const server = new ScramServer({ verifier, nonce: randomBytes(NONCE_BYTES) });
  server.start();
  const serverFirst = server.onClientFirst(client.mechanism, client.start()) as Uint8Array;
  const verdict = server.onClientFinal((await client.onServerFirst(serverFirst)) as Uint8Array);
  if (verdict instanceof AuthError) throw new Error(verdict.reason);
  expect(client.onServerFinal(verdict.serverFinal)).toBeUndefined();
  expect(client.finished).toBe(true);
});

test('ScramClient says so when the server stores another verifier than the key belongs to', async () => {
  const verifier = await makeVerifier(crypto.randomUUID(), randomBytes(16), 4096);
  const { client, nonce } = makeClient({ kind: 'key', clientKey: new ClientKey(randomBytes(32)), verifier });
  expect(await reasonOf(client.onServerFirst(toBytes(`r=${nonce}x,s=${SALT},i=4096`)))).toContain(
    'another SCRAM verifier',
  );
});

test('ScramKeyCache runs PBKDF2 once for a secret, salt and count, also for logins at the same time', async () => {
  const cache = new ScramKeyCache();
  const secret = new Secret(crypto.randomUUID());
  const salt = randomBytes(16);
  const first = cache.keysFor(secret, salt, 4096);
  expect(cache.keysFor(secret, Uint8Array.from(salt), 4096)).toBe(first);
  expect(cache.keysFor(secret, salt, 4097)).not.toBe(first);
  expect(cache.keysFor(new Secret(secret.open()), salt, 4096)).not.toBe(first);
  await first;
  expect(cache.keysFor(secret, salt, 4096)).toBe(first);
});

test('ScramKeyCache forgets the oldest salt when a server shows ever new ones', async () => {
  const cache = new ScramKeyCache();
  const secret = new Secret(crypto.randomUUID());
  const salt = randomBytes(16);
  const first = cache.keysFor(secret, salt, 1);
  for (let count = 0; count < ScramKeyCache.saltsPerSecretMax; count++)
    await cache.keysFor(secret, randomBytes(16), 1);
  expect(cache.keysFor(secret, salt, 1)).not.toBe(first);
  expect(await cache.keysFor(secret, salt, 1)).toEqual(await first);
});
