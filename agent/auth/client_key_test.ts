// The key of a client: which verifier it opens, and that nobody prints it.

import { expect, test } from 'bun:test';
import { inspect } from 'node:util';
import { encodeBase64 } from './base64.ts';
import { ClientKey } from './client_key.ts';
import { deriveKeys } from './scram_keys.ts';
import { makeVerifier } from './scram_verifier.ts';

const SALT = new Uint8Array(16).fill(7);

test('ClientKey opens the verifier of its password, salt and count, and no other', async () => {
  const password = crypto.randomUUID();
  const key = new ClientKey((await deriveKeys(password, SALT, 2)).clientKey);
  expect(key.opens(await makeVerifier(password, SALT, 2))).toBe(true);
  expect(key.opens(await makeVerifier(password, SALT, 3))).toBe(false);
  expect(key.opens(await makeVerifier(password, SALT.toReversed().fill(8), 2))).toBe(false);
  expect(key.opens(await makeVerifier(`${password} `, SALT, 2))).toBe(false);
});

test('ClientKey prints as ***, however it is printed', () => {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = new ClientKey(bytes);
  expect([`${key}`, JSON.stringify({ key }), inspect({ key })]).toEqual([
    '***',
    '{"key":"***"}',
    '{ key: *** }',
  ]);
  expect(inspect(key, { showHidden: true, depth: 9 })).not.toContain(encodeBase64(bytes));
  expect(key.equals(new ClientKey(bytes))).toBe(true);
});
