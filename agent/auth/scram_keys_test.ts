// SCRAM's arithmetic against the example exchange of RFC 7677 chapter 3.

import { expect, test } from 'bun:test';
import { encodeBase64 } from './base64.ts';
import { deriveKeys, proofOrClientKey, serverSignature, sha256 } from './scram_keys.ts';

const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const NONCE = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const AUTH_MESSAGE = [
  'n=user,r=rOprNGfwEbeRWgbNEkqO',
  `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
  `c=biws,r=${NONCE}`,
].join(',');

test('deriveKeys() leads to the proof and the signature of RFC 7677', async () => {
  const keys = await deriveKeys('pencil', SALT, 4096);
  expect(keys.storedKey).toEqual(sha256(keys.clientKey));
  expect(encodeBase64(proofOrClientKey(keys.clientKey, keys.storedKey, AUTH_MESSAGE))).toBe(
    'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  );
  expect(encodeBase64(serverSignature(keys.serverKey, AUTH_MESSAGE))).toBe(
    '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  );
});

test('proofOrClientKey() undoes itself', async () => {
  const { clientKey, storedKey } = await deriveKeys(crypto.randomUUID(), SALT, 1);
  const proof = proofOrClientKey(clientKey, storedKey, AUTH_MESSAGE);
  expect(Buffer.from(proofOrClientKey(proof, storedKey, AUTH_MESSAGE))).toEqual(Buffer.from(clientKey));
});
