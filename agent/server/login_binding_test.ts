// Tying a login to the server's certificate: when it is done, when it is not, and when that is reason enough to go.

import { describe, expect, test } from 'bun:test';
import { X509Certificate } from 'node:crypto';
import { endPointOf } from '../auth/end_point.ts';
import { ScramKeyCache } from '../auth/scram_client.ts';
import { ScramServer } from '../auth/scram_server.ts';
import { makeVerifier } from '../auth/scram_verifier.ts';
import { Secret } from '../base/secret.ts';
import { createCertificateAuthority } from '../tests/harness/certificates.ts';
import { join, split } from '../tests/harness/client_words.ts';
import { settle, until } from '../tests/harness/fake_clock.ts';
import { FakeConnection } from '../tests/harness/fake_connection.ts';
import { TLS } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { type LoginOptions, login } from './login.ts';

const CERTIFICATE = new X509Certificate(createCertificateAuthority().issueServer().certificate).raw;
const OTHER = new X509Certificate(createCertificateAuthority().issueServer().certificate).raw;
const BOTH = 'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0';
const PLAIN = 'SCRAM-SHA-256\0\0';
const END = join(server.authentication(0), server.backendKey(77, new Uint8Array(4)), server.ready());

/** How a login goes on after the server's first words: `let in`, or why not. */
class Talk {
  readonly connection = new FakeConnection();
  readonly secret = new Secret(crypto.randomUUID());
  outcome = 'nothing yet';

  constructor(
    channelBinding: LoginOptions['channelBinding'],
    certificate: Uint8Array | undefined = CERTIFICATE,
  ) {
    if (certificate !== undefined) this.connection.tls = { ...TLS, peerCertificate: certificate };
    const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
    const identity = { user: 'idp_app', dbname: 'idp', secret: this.secret, parameters: {} };
    const options = { ...identity, keys: new ScramKeyCache(), random, mayTellPassword: true };
    login(
      this.connection,
      channelBinding === undefined ? options : { ...options, channelBinding },
      new AbortController().signal,
    ).then(
      () => {
        this.outcome = 'let in';
      },
      (error: Error) => {
        this.outcome = error.message;
      },
    );
    this.connection.takeSent();
  }

  async after(...messages: readonly Uint8Array[]): Promise<string> {
    this.connection.receive(join(...messages));
    await settle();
    return this.outcome;
  }

  /** What the client begins with: its mechanism and its binding flag. */
  begins(offer: string): string {
    this.connection.receive(server.authentication(10, offer));
    const { body } = split(this.connection.takeSent())[0]!;
    const end = body.indexOf(0);
    return `${body.toString('latin1', 0, end)} ${body.toString('latin1', end + 5).split(',')[0]}`;
  }

  /** To the end, with a server that has shown `shown`. */
  async against(shown: Uint8Array, offer = BOTH): Promise<string> {
    const verifier = await makeVerifier(this.secret.open(), new Uint8Array(16), 2);
    const scram = new ScramServer({ verifier, nonce: new Uint8Array(18), endPoint: endPointOf(shown) });
    scram.start();
    this.connection.receive(server.authentication(10, offer));
    const { body } = split(this.connection.takeSent())[0]!;
    const end = body.indexOf(0);
    const first = scram.onClientFirst(body.toString('latin1', 0, end), body.subarray(end + 5));
    if (!(first instanceof Uint8Array)) return first.reason;
    this.connection.receive(server.authentication(11, first));
    let sent = this.connection.takeSent();
    await until(() => {
      if (sent.length === 0) sent = this.connection.takeSent();
      return sent.length > 0;
    });
    const final = scram.onClientFinal(split(sent)[0]!.body);
    if (!('serverFinal' in final)) return final.reason;
    return this.after(server.authentication(12, final.serverFinal), END);
  }
}

describe('login() with channel binding', () => {
  test('binds to the certificate that the server showed, and only to that', async () => {
    for (const binding of [undefined, 'prefer', 'require'] as const) {
      expect(await new Talk(binding).against(CERTIFICATE)).toBe('let in');
      expect(await new Talk(binding).against(OTHER)).toContain('somebody may stand between');
    }
  });

  test('lets a server find out that its offer was taken out on the way', async () => {
    expect(await new Talk('prefer').against(CERTIFICATE, PLAIN)).toBe(
      'SCRAM channel binding was negotiated down',
    );
  });

  test('says what it can do', () => {
    expect(new Talk('prefer').begins(BOTH)).toBe('SCRAM-SHA-256-PLUS p=tls-server-end-point');
    expect(new Talk('prefer').begins(PLAIN)).toBe('SCRAM-SHA-256 y');
    expect(new Talk('disable').begins(BOTH)).toBe('SCRAM-SHA-256 n');
    const inTheClear = new Talk('prefer');
    inTheClear.connection.tls = undefined;
    expect(inTheClear.begins(BOTH)).toBe('SCRAM-SHA-256 n');
    // A certificate whose signature names no hash, as Ed25519's.
    expect(new Talk('prefer', new Uint8Array([0x30, 0])).begins(BOTH)).toBe('SCRAM-SHA-256 n');
  });

  test('disable proves itself to whoever stands between', async () => {
    expect(await new Talk('disable').against(OTHER)).toBe('let in');
  });

  test('require goes on with no server that does not bind', async () => {
    const ends = 'server_channel_binding is require';
    const refused = async (what: string, talk: Talk, ...messages: Uint8Array[]) => {
      expect(await talk.after(...messages)).toBe(
        `pgsidecar does not log in to the server: ${what}, and ${ends}`,
      );
      expect([talk.connection.isClosed, talk.connection.takeSent().length]).toEqual([true, 0]);
    };
    const ask = server.authentication;
    await refused('it does not offer SCRAM-SHA-256-PLUS', new Talk('require'), ask(10, PLAIN));
    await refused('it let us in without channel binding', new Talk('require'), END);
    await refused('it asks for the password in cleartext', new Talk('require'), ask(3));
    await refused('it asks for an md5 answer', new Talk('require'), ask(5, Buffer.alloc(4)));
    const inTheClear = new Talk('require');
    inTheClear.connection.tls = undefined;
    await refused('the connection is without TLS', inTheClear, ask(10, BOTH));
    const unsigned = new Talk('require', new Uint8Array([0x30, 0]));
    await refused('its certificate is signed in a way that has no channel binding', unsigned, ask(10, BOTH));
  });

  test('require does not believe a server that begins to bind and lets it in before the end', async () => {
    const talk = new Talk('require');
    expect(talk.begins(BOTH)).toStartWith('SCRAM-SHA-256-PLUS');
    expect(await talk.after(END)).toContain('without proving that it knows the password');
  });
});
