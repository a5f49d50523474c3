// A password while it is rotated: clients with the old one and clients with the new one come in by every auth_type.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.ts';
import { type AuthType, ClientLogin, type LoginStep } from './client_login.ts';
import { play } from './client_login_fixture.ts';
import { makeCredentialBook } from './credential.ts';
import { storedMd5 } from './md5.ts';
import { makePeerMap } from './peer.ts';
import { makeVerifier, printVerifier } from './scram_verifier.ts';
import type { SecretKind } from './secret_kind.ts';

const [OLD, NEW] = [crypto.randomUUID(), crypto.randomUUID()];
const SALT = randomBytes(16);
const OPTIONS = { mockKey: randomBytes(32), iterations: 2 };

async function stored(kind: SecretKind, password: string, salt = SALT): Promise<Secret> {
  if (kind === 'plain') return new Secret(password);
  if (kind === 'md5') return new Secret(storedMd5(password, 'app'));
  return new Secret(printVerifier(await makeVerifier(password, salt, 2)));
}

async function logIn(
  authType: AuthType,
  secrets: readonly [Secret, Secret],
  password: string,
): Promise<LoginStep> {
  const [secret, nextSecret] = secrets;
  const login = new ClientLogin({
    authType,
    transport: 'unix',
    user: 'app',
    book: await makeCredentialBook([{ name: 'app', secret, nextSecret }], OPTIONS),
    peerMap: makePeerMap([]),
    random: (byteCount) => randomBytes(byteCount),
  });
  return (await play(login, 'app', password)).last;
}

const FITTING: readonly (readonly [AuthType, SecretKind, SecretKind])[] = [
  ['scram-sha-256', 'plain', 'plain'],
  ['scram-sha-256', 'plain', 'scram'],
  ['scram-sha-256', 'scram', 'plain'],
  ['scram-sha-256', 'scram', 'scram'],
  ['md5', 'plain', 'plain'],
  ['md5', 'plain', 'md5'],
  ['md5', 'md5', 'plain'],
  ['md5', 'md5', 'md5'],
  ['md5', 'plain', 'scram'],
  ['md5', 'scram', 'scram'],
  ['plain', 'plain', 'plain'],
  ['plain', 'md5', 'scram'],
  ['plain', 'scram', 'plain'],
];
for (const [authType, first, second] of FITTING) {
  test(`ClientLogin by ${authType} takes the old password (${first}) and the new one (${second}), and no third`, async () => {
    const secrets = [await stored(first, OLD), await stored(second, NEW)] as const;
    expect((await logIn(authType, secrets, OLD)).kind).toBe('ok');
    expect((await logIn(authType, secrets, NEW)).kind).toBe('ok');
    const third = await logIn(authType, secrets, crypto.randomUUID());
    expect(third).toEqual({ kind: 'failed', reply: 'password_wrong', reason: 'wrong password' });
  });
}

test('ClientLogin gives the key of the verifier that the client has the password of', async () => {
  const secrets = [await stored('scram', OLD), await stored('scram', NEW)] as const;
  for (const password of [OLD, NEW]) {
    const step = await logIn('scram-sha-256', secrets, password);
    const verifier = await makeVerifier(password, SALT, 2);
    expect(step.kind === 'ok' && step.clientKey?.opens(verifier)).toBe(true);
  }
});

test('ClientLogin takes neither of two verifiers with different salts, and says in the log why', async () => {
  const secrets = [await stored('scram', OLD), await stored('scram', NEW, randomBytes(16))] as const;
  for (const password of [OLD, NEW]) {
    const step = await logIn('scram-sha-256', secrets, password);
    expect(step).toMatchObject({ kind: 'failed', reply: 'password_wrong' });
    expect(step.kind === 'failed' && step.reason).toContain('different salts or iterations');
    // Whoever says the password itself can be checked against both.
    expect((await logIn('plain', secrets, password)).kind).toBe('ok');
  }
});
