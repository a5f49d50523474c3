// ClientLogin: every auth_type against every kind of secret, and what a client can and cannot learn from a refusal.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import { AuthError } from './auth_error.ts';
import {
  AUTH_OK,
  AUTH_SASL_FINAL,
  type AuthType,
  ClientLogin,
  type ClientLoginOptions,
  type LoginStep,
  PASSWORD_BYTES_MAX,
} from './client_login.ts';
import { play } from './client_login_fixture.ts';
import { type CredentialBook, makeCredentialBook } from './credential.ts';
import { parseIdentFile } from './ident.ts';
import { storedMd5 } from './md5.ts';
import { makePeerMap } from './peer.ts';
import { encodeInitialResponse, parseMechanisms } from './sasl_frames.ts';
import { makeVerifier, printVerifier } from './scram_verifier.ts';
import type { SecretKind } from './secret_kind.ts';

const PASSWORD = crypto.randomUUID();
const CREDENTIAL_OPTIONS = { mockKey: randomBytes(32), iterations: 4096 };
const KINDS: readonly SecretKind[] = ['plain', 'md5', 'scram'];

const SECRETS: Readonly<Record<SecretKind, Secret>> = {
  plain: new Secret(PASSWORD),
  md5: new Secret(storedMd5(PASSWORD, 'app')),
  scram: new Secret(printVerifier(await makeVerifier(PASSWORD, randomBytes(16), 4096))),
};

async function bookOf(secret: Secret | undefined): Promise<CredentialBook> {
  return makeCredentialBook([{ name: 'app', secret }], CREDENTIAL_OPTIONS);
}

const BOOKS: Readonly<Record<SecretKind, CredentialBook>> = {
  plain: await bookOf(SECRETS.plain),
  md5: await bookOf(SECRETS.md5),
  scram: await bookOf(SECRETS.scram),
};

function makeLogin(
  authType: AuthType,
  kind: SecretKind,
  more: Partial<ClientLoginOptions> = {},
): ClientLogin {
  return new ClientLogin({
    authType,
    transport: 'unix',
    user: 'app',
    book: BOOKS[kind],
    peerMap: makePeerMap([]),
    random: (byteCount) => randomBytes(byteCount),
    ...more,
  });
}

function codesOf(step: LoginStep): number[] {
  expect(step.kind).toBe('ok');
  return step.kind === 'ok' ? step.requests.map(({ code }) => code) : [];
}

function reasonOf(step: LoginStep): string {
  expect(step.kind).toBe('failed');
  return step.kind === 'failed' ? step.reason : '';
}

test('ClientLogin lets the right password in, by every auth_type and kind of secret that fit', async () => {
  const scram = [AUTH_SASL_FINAL, AUTH_OK];
  const cases: readonly (readonly [AuthType, SecretKind, number[]])[] = [
    ['scram-sha-256', 'plain', scram],
    ['scram-sha-256', 'scram', scram],
    ['md5', 'plain', [AUTH_OK]],
    ['md5', 'md5', [AUTH_OK]],
    ['md5', 'scram', scram],
    ['plain', 'plain', [AUTH_OK]],
    ['plain', 'md5', [AUTH_OK]],
    ['plain', 'scram', [AUTH_OK]],
  ];
  for (const [authType, kind, codes] of cases) {
    expect(codesOf((await play(makeLogin(authType, kind), 'app', PASSWORD)).last)).toEqual(codes);
  }
});

test('ClientLogin says in the log why an md5 secret cannot answer scram-sha-256, and to the client nothing', async () => {
  const { last } = await play(makeLogin('scram-sha-256', 'md5'), 'app', PASSWORD);
  expect(reasonOf(last)).toContain('the secret of user "app" is an md5 hash');
  expect(last).toMatchObject({ kind: 'failed', reply: 'password_wrong' });
});

test('ClientLogin looks the same for a wrong password, an unknown user and a refused one', async () => {
  const refusal = 'user "app" is not allowed database "x"';
  for (const authType of ['scram-sha-256', 'md5', 'plain'] as const) {
    for (const kind of KINDS) {
      const wrong = await play(makeLogin(authType, kind), 'app', `${PASSWORD}x`);
      const unknown = await play(makeLogin(authType, kind, { user: 'ghost' }), 'ghost', PASSWORD);
      const refused = await play(makeLogin(authType, kind, { refusal }), 'app', PASSWORD);
      expect(unknown.seen).toEqual(wrong.seen);
      expect(refused.seen).toEqual(wrong.seen);
      expect(wrong.seen.at(-1)).toBe('password_wrong');
      expect(reasonOf(unknown.last)).toBe('user "ghost" does not exist');
      if (authType !== 'scram-sha-256' || kind !== 'md5') {
        expect(reasonOf(refused.last)).toBe(refusal);
        expect(reasonOf(wrong.last)).toBe('wrong password');
      }
    }
  }
});

test('ClientLogin challenges a name that does not exist with the same salt every time', () => {
  function challenge(user: string): string {
    const login = makeLogin('scram-sha-256', 'plain', { user });
    login.start();
    const step = login.onPassword(encodeInitialResponse('SCRAM-SHA-256', Buffer.from('n,,n=,r=abc')));
    if (step.kind !== 'send') throw new Error('expected a challenge');
    return Buffer.from(step.request.payload)
      .toString()
      .replace(/^r=[^,]*/, '');
  }
  expect(challenge('ghost')).toBe(challenge('ghost'));
  expect(challenge('app')).toBe(challenge('app'));
  expect(challenge('ghost')).not.toBe(challenge('ghosu'));
});

test('ClientLogin lets a user without a secret in by no password, the empty one included', async () => {
  const book = await bookOf(undefined);
  for (const authType of ['scram-sha-256', 'md5', 'plain'] as const) {
    for (const password of ['', PASSWORD]) {
      const { last } = await play(makeLogin(authType, 'plain', { book }), 'app', password);
      expect(reasonOf(last)).toContain('has no secret');
    }
  }
});

test('ClientLogin asks for a password in the clear only by TLS or the UNIX socket', () => {
  expect(makeLogin('plain', 'plain', { transport: 'tls' }).start().kind).toBe('send');
  expect(makeLogin('plain', 'plain', { transport: 'unix' }).start().kind).toBe('send');
  expect(makeLogin('plain', 'plain', { transport: 'tcp' }).start()).toMatchObject({
    kind: 'failed',
    reply: 'plain_needs_encryption',
  });
  const allowed = { transport: 'tcp', passwordInTheClear: true } as const;
  expect(makeLogin('plain', 'plain', allowed).start().kind).toBe('send');
});

test('ClientLogin by any asks nobody who he is, and by trust only whether he exists', async () => {
  for (const book of [BOOKS.plain, await bookOf(undefined)])
    expect(codesOf(makeLogin('any', 'plain', { book, user: 'whoever' }).start())).toEqual([AUTH_OK]);
  expect(codesOf(makeLogin('trust', 'plain', {}).start())).toEqual([AUTH_OK]);
  expect(makeLogin('trust', 'plain', { user: 'whoever' }).start()).toMatchObject({
    kind: 'failed',
    reply: 'trust_refused',
  });
});

test('ClientLogin by cert believes the name in the certificate, and only over TLS', async () => {
  const shown = { transport: 'tls', certificateName: 'app' } as const;
  expect(codesOf(makeLogin('cert', 'plain', shown).start())).toEqual([AUTH_OK]);
  expect(codesOf(makeLogin('cert', 'plain', { ...shown, book: await bookOf(undefined) }).start())).toEqual([
    AUTH_OK,
  ]);
  for (const wrong of [
    { transport: 'tcp' },
    { transport: 'unix' },
    { certificateName: undefined },
    { certificateName: 'App' },
    { refusal: 'not today' },
    { user: 'nobody', certificateName: 'nobody' },
  ] as const)
    expect(makeLogin('cert', 'plain', { ...shown, ...wrong }).start()).toMatchObject({
      kind: 'failed',
      reply: 'certificate_refused',
    });
});

test('ClientLogin by peer or cert goes by the map of its line, and by no other', () => {
  const map = parseIdentFile('m deploy app', 'ident.conf').maps.m!;
  const peerMap = makePeerMap(['*:*']);
  const peer = (peerUser: string) => makeLogin('peer', 'plain', { peerUser, peerMap, map }).start().kind;
  expect([peer('deploy'), peer('app')]).toEqual(['ok', 'failed']);
  const cert = (certificateName: string) =>
    makeLogin('cert', 'plain', { transport: 'tls', certificateName, map }).start().kind;
  expect([cert('deploy'), cert('app')]).toEqual(['ok', 'failed']);
});

test('ClientLogin by peer believes the kernel and the map, and only on the UNIX socket', async () => {
  const peerUser = 'app';
  expect(codesOf(makeLogin('peer', 'plain', { peerUser }).start())).toEqual([AUTH_OK]);
  expect(codesOf(makeLogin('peer', 'plain', { peerUser, book: await bookOf(undefined) }).start())).toEqual([
    AUTH_OK,
  ]);
  const mapped = { peerUser: 'www-data', peerMap: makePeerMap(['www-data:app']) };
  expect(codesOf(makeLogin('peer', 'plain', mapped).start())).toEqual([AUTH_OK]);
  expect(reasonOf(makeLogin('peer', 'plain', { peerUser: 'root' }).start())).toBe(
    'system user "root" may not be "app"',
  );
  expect(reasonOf(makeLogin('peer', 'plain', {}).start())).toContain('did not say');
  for (const transport of ['tls', 'tcp'] as const) {
    expect(reasonOf(makeLogin('peer', 'plain', { peerUser, transport }).start())).toContain(
      'UNIX socket only',
    );
  }
  const ghost = makeLogin('peer', 'plain', { user: 'ghost', peerUser: 'ghost' }).start();
  expect(ghost).toMatchObject({ reply: 'peer_refused', reason: 'user "ghost" does not exist' });
  expect(
    reasonOf(makeLogin('peer', 'plain', { peerUser, refusal: 'no such database for "app"' }).start()),
  ).toContain('no such');
});

test('ClientLogin by trust asks nothing of a user that exists, and refuses one that does not', () => {
  expect(codesOf(makeLogin('trust', 'plain').start())).toEqual([AUTH_OK]);
  expect(reasonOf(makeLogin('trust', 'plain', { user: 'ghost' }).start())).toContain('does not exist');
  expect(reasonOf(makeLogin('trust', 'plain', { refusal: 'not yours' }).start())).toBe('not yours');
});

test('ClientLogin offers channel binding by TLS only, where it was given a certificate', () => {
  const endPoint = randomBytes(32);
  function offer(more: Partial<ClientLoginOptions>): readonly string[] | undefined {
    const step = makeLogin('scram-sha-256', 'plain', more).start();
    return step.kind === 'send' ? parseMechanisms(step.request.payload) : undefined;
  }
  expect(offer({ transport: 'tls', endPoint })).toEqual(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']);
  expect(offer({ transport: 'tls' })).toEqual(['SCRAM-SHA-256']);
  expect(offer({ transport: 'unix', endPoint })).toEqual(['SCRAM-SHA-256']);
});

test('ClientLogin refuses a password message that is too long, not one string, or out of turn', () => {
  const long = makeLogin('plain', 'plain');
  expect(long.onPassword(Buffer.from('x\0'))).toMatchObject({ reply: 'protocol_violation' });
  long.start();
  expect(reasonOf(long.onPassword(new Uint8Array(PASSWORD_BYTES_MAX + 1)))).toContain('over the limit');
  expect(reasonOf(long.onPassword(Buffer.from(`${PASSWORD}\0`)))).toContain('out of turn');
  for (const body of ['', PASSWORD, `${PASSWORD}\0\0`, `${PASSWORD}\0x`, `\0${PASSWORD}\0`]) {
    const login = makeLogin('plain', 'plain');
    login.start();
    expect(login.onPassword(Buffer.from(body))).toMatchObject({
      kind: 'failed',
      reply: 'protocol_violation',
    });
  }
});

test('ClientLogin lets nobody in by a second answer after a failed one', async () => {
  for (const authType of ['scram-sha-256', 'md5', 'plain'] as const) {
    const login = makeLogin(authType, 'plain');
    await play(login, 'app', `${PASSWORD}x`);
    expect(reasonOf(login.onPassword(Buffer.from(`${PASSWORD}\0`)))).toContain('out of turn');
  }
});

test('ClientLogin gives a step for any bytes, never throws, and never lets them in', async () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string().map((text) => encodeInitialResponse('SCRAM-SHA-256', Buffer.from(`n,,n=,r=${text}`))),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('scram-sha-256', 'md5', 'plain'),
      fc.constantFrom(...KINDS),
      fc.array(chunk, { minLength: 1, maxLength: 3 }),
      async (authType, kind, bodies) => {
        const login = makeLogin(authType as AuthType, kind);
        login.start();
        for (const body of bodies) {
          const step = login.onPassword(body);
          const settled = step.kind === 'later' ? await step.step : step;
          expect(settled).not.toBeInstanceOf(AuthError);
          expect(['send', 'failed']).toContain(settled.kind);
        }
      },
    ),
    { numRuns: 300 },
  );
});
