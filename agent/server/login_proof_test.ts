// Proofs to a scripted server: each way to be asked, a server that lies, and one that asks for something weaker.

import { describe, expect, test } from 'bun:test';
import { ClientKey } from '../auth/client_key.ts';
import { md5Answer, storedMd5 } from '../auth/md5.ts';
import { deriveKeys } from '../auth/scram_keys.ts';
import { ScramServer } from '../auth/scram_server.ts';
import { makeVerifier, printVerifier, type ScramVerifier } from '../auth/scram_verifier.ts';
import { Secret } from '../base/secret.ts';
import { clientWords, split } from '../tests/harness/client_words.ts';
import { until } from '../tests/harness/fake_clock.ts';
import * as server from '../tests/harness/server_words.ts';
import { END, Talk } from './login_fixture.ts';

describe('login() with a password', () => {
  const secret = new Secret(crypto.randomUUID());

  test('tells it in the clear where that is safe', async () => {
    const talk = new Talk({ secret, mayTellPassword: true });
    talk.connection.takeSent();
    talk.says(server.authentication(3));
    expect(clientWords(talk.connection.takeSent())).toEqual([`Password ${secret.open()}`]);
    talk.says(server.authentication(0), END);
    expect((await talk.result()).pid).toBe(77);
  });

  test('does not tell it in the clear where it is not', async () => {
    const talk = new Talk({ secret });
    talk.connection.takeSent();
    talk.says(server.authentication(3));
    expect(await talk.refusal()).toContain(
      'server_auth_refused: pgsidecar does not log in to the server: it asks',
    );
    expect(talk.connection.takeSent().length).toBe(0);
  });

  test('answers md5, from the password and from its hash', () => {
    const stored = storedMd5(secret.open(), 'idp_app');
    const salt = Buffer.from([9, 8, 7, 6]);
    for (const known of [secret, new Secret(stored)]) {
      const talk = new Talk({ secret: known });
      talk.connection.takeSent();
      talk.says(server.authentication(5, salt));
      expect(clientWords(talk.connection.takeSent())).toEqual([`Password ${md5Answer(stored, salt)}`]);
    }
  });

  test('does not try SCRAM with an md5 hash, which is no password', async () => {
    const talk = new Talk({ secret: new Secret(storedMd5(secret.open(), 'idp_app')) });
    talk.connection.takeSent();
    talk.says(server.authentication(10, 'SCRAM-SHA-256\0\0'));
    expect(await talk.refusal()).toBe(
      'server_password_is_md5: server login failed: wrong password type: the secret of "idp_app" is an md5 hash, and the server asks for SCRAM: write the password or the SCRAM verifier',
    );
    expect(talk.connection.takeSent().length).toBe(0);
  });

  for (const code of [3, 5, 10]) {
    const payload = code === 5 ? Buffer.alloc(4) : code === 10 ? 'SCRAM-SHA-256\0\0' : '';
    test(`says that there is none when the server asks by ${code}`, async () => {
      const talk = new Talk({ mayTellPassword: true });
      talk.says(server.authentication(code, payload));
      expect(await talk.refusal()).toBe(
        'server_password_missing: password authentication failed for user "idp_app": the server asks for its password, and none is configured',
      );
    });

    test(`says that a verifier is no password when the server asks by ${code}`, async () => {
      const verifier = printVerifier(await makeVerifier('x', new Uint8Array(16), 1));
      const talk = new Talk({ secret: new Secret(verifier), mayTellPassword: true });
      talk.says(server.authentication(code, payload));
      expect(await talk.refusal()).toStartWith('server_password_is_verifier');
    });
  }
});

describe('login() by SCRAM', () => {
  const secret = new Secret(crypto.randomUUID());
  const mechanisms = 'SCRAM-SHA-256\0\0';

  /** Plays the server up to the client's proof; gives its last word. */
  async function upToFinal(talk: Talk, verifier: ScramVerifier): Promise<Uint8Array> {
    const scram = new ScramServer({ verifier, nonce: new Uint8Array(18) });
    scram.start();
    talk.connection.takeSent();
    talk.says(server.authentication(10, `SCRAM-SHA-256-PLUS\0${mechanisms}`));
    const first = split(talk.connection.takeSent())[0]!.body;
    expect(first.toString('latin1')).toStartWith('SCRAM-SHA-256\0');
    const serverFirst = scram.onClientFirst('SCRAM-SHA-256', first.subarray(14 + 4));
    if (serverFirst instanceof Error || !(serverFirst instanceof Uint8Array)) throw new Error('client-first');
    talk.says(server.authentication(11, serverFirst));
    const sent: Uint8Array[] = [];
    await until(() => {
      sent.push(talk.connection.takeSent());
      return sent.at(-1)!.length > 0;
    });
    const accepted = scram.onClientFinal(split(sent.at(-1)!)[0]!.body);
    if (!('serverFinal' in accepted)) throw new Error(accepted.reason);
    return accepted.serverFinal;
  }

  test('proves that it knows the password, and takes the server’s proof', async () => {
    const talk = new Talk({ secret });
    const final = await upToFinal(talk, await makeVerifier(secret.open(), new Uint8Array(16).fill(3), 2));
    talk.says(server.authentication(12, final), server.authentication(0), END);
    expect((await talk.result()).pid).toBe(77);
  });

  test('does not go on with a server that proves nothing', async () => {
    const talk = new Talk({ secret });
    await upToFinal(talk, await makeVerifier(secret.open(), new Uint8Array(16), 2));
    talk.says(server.authentication(0), END);
    expect(await talk.refusal()).toContain('without proving that it knows the password');
  });

  test('does not go on with a server whose proof is wrong', async () => {
    const talk = new Talk({ secret });
    await upToFinal(talk, await makeVerifier(secret.open(), new Uint8Array(16), 2));
    talk.says(
      server.authentication(12, `v=${Buffer.alloc(32).toString('base64')}`),
      server.authentication(0),
      END,
    );
    expect(await talk.refusal()).toContain('did not prove that it knows the password');
  });

  test('does not go on with a server that lets it in at once', async () => {
    const talk = new Talk({ secret });
    talk.says(server.authentication(10, mechanisms), server.authentication(0), END);
    expect(await talk.refusal()).toStartWith('server_auth_refused');
  });

  test('says which mechanisms are offered when none is known', async () => {
    const [other, none] = [new Talk({ secret }), new Talk({ secret })];
    other.says(server.authentication(10, 'OAUTHBEARER\0GSS\0\0'));
    none.says(server.authentication(10, '\0'));
    expect(await other.refusal()).toContain('it offers OAUTHBEARER, GSS, and pgsidecar speaks SCRAM-SHA-256');
    expect(await none.refusal()).toContain('it offers no SASL mechanism');
  });

  const again: readonly (readonly [string, Uint8Array])[] = [
    ['an md5 answer', server.authentication(5, Buffer.alloc(4))],
    ['the password', server.authentication(3)],
    ['SCRAM', server.authentication(10, mechanisms)],
  ];
  for (const [what, weaker] of again) {
    test(`takes ${what}, asked for after SCRAM has begun, for a downgrade`, async () => {
      for (const begun of [[server.authentication(10, mechanisms)], 'challenged'] as const) {
        const talk = new Talk({ secret, mayTellPassword: true });
        if (begun === 'challenged')
          await upToFinal(talk, await makeVerifier(secret.open(), new Uint8Array(16), 2));
        else talk.says(...begun);
        talk.connection.takeSent();
        talk.says(weaker, server.authentication(0), END);
        expect(await talk.refusal()).toBe(
          `server_auth_refused: pgsidecar does not log in to the server: it asks for ${what} after SCRAM has begun: somebody may be after the password`,
        );
        expect(talk.connection.takeSent().length).toBe(0);
      }
    });
  }

  test('answers nothing that is asked for behind AuthenticationOk', async () => {
    const talk = new Talk({ secret, mayTellPassword: true });
    talk.connection.takeSent();
    talk.says(server.authentication(0), server.authentication(3), END);
    expect(await talk.refusal()).toContain('it asks for the password behind AuthenticationOk');
    expect(talk.connection.takeSent().length).toBe(0);
  });

  test('logs in with the key of a client that proved it, where the secret is a verifier', async () => {
    const verifier = await makeVerifier(secret.open(), new Uint8Array(16).fill(3), 2);
    const { clientKey } = await deriveKeys(secret.open(), verifier.salt, verifier.iterations);
    const others = new ClientKey(new Uint8Array(32));
    const talk = new Talk({
      secret: new Secret(printVerifier(verifier)),
      clientKeys: [others, new ClientKey(clientKey)],
    });
    const final = await upToFinal(talk, verifier);
    talk.says(server.authentication(12, final), server.authentication(0), END);
    expect((await talk.result()).pid).toBe(77);
  });

  test('says what to do when the verifier is not the server’s', async () => {
    const [ours, theirs] = await Promise.all(
      [3, 4].map((salt) => makeVerifier(secret.open(), new Uint8Array(16).fill(salt), 2)),
    );
    const { clientKey } = await deriveKeys(secret.open(), ours!.salt, 2);
    const clientKeys = [new ClientKey(clientKey)];
    const talk = new Talk({ secret: new Secret(printVerifier(ours!)), clientKeys });
    talk.connection.takeSent();
    talk.says(server.authentication(10, mechanisms));
    const nonce = /r=(.*)$/.exec(split(talk.connection.takeSent()).at(-1)!.body.toString('latin1'))![1];
    const salt = Buffer.from(theirs!.salt).toString('base64');
    talk.says(server.authentication(11, `r=${nonce}x,s=${salt},i=2`));
    expect(await talk.refusal()).toContain('the server stores another SCRAM verifier than we do');
  });

  const broken: readonly (readonly [string, readonly Uint8Array[], string])[] = [
    ['a challenge that nobody began', [server.authentication(11, 'r=a')], 'SASL goes on that has not begun'],
    ['an end that nobody began', [server.authentication(12, 'v=a')], 'SASL ends that has not begun'],
    [
      'a challenge with another nonce',
      [server.authentication(10, mechanisms), server.authentication(11, 'r=abc,s=AAAA,i=1')],
      'does not continue our nonce',
    ],
    [
      'a challenge that is none',
      [server.authentication(10, mechanisms), server.authentication(11, 'hello')],
      'server_auth_refused',
    ],
    [
      'an end without a challenge',
      [server.authentication(10, mechanisms), server.authentication(12, 'v=AAAA')],
      'out of turn',
    ],
  ];
  for (const [what, messages, reason] of broken) {
    test(`refuses ${what}`, async () => {
      const talk = new Talk({ secret });
      talk.says(...messages);
      expect(await talk.refusal()).toContain(reason);
    });
  }

  test('refuses a nonce without end, and two billion iterations (CVE-2026-6665)', async () => {
    for (const [nonceBytes, iterations, reason] of [
      [1_000, 1, 'SCRAM nonce of'],
      [500_000, 1, 'SCRAM message of'],
      [1, 2_000_000_000, 'iteration count 2000000000 is over the limit'],
    ] as const) {
      const talk = new Talk({ secret });
      talk.connection.takeSent();
      talk.says(server.authentication(10, mechanisms));
      const nonce = /r=(.*)$/.exec(split(talk.connection.takeSent()).at(-1)!.body.toString('latin1'))![1];
      const challenge = `r=${nonce}${'x'.repeat(nonceBytes)},s=AAAA,i=${iterations}`;
      talk.says(server.authentication(11, challenge));
      expect(await talk.refusal()).toContain(reason);
      expect(talk.connection.takeSent().length).toBe(0);
    }
  });
});
