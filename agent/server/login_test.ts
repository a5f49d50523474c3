// Logging in to a scripted server: every way to prove who we are, every way to be refused, and a server that lies.

import { describe, expect, test } from 'bun:test';
import { md5Answer, storedMd5 } from '../auth/md5.ts';
import { ScramKeyCache } from '../auth/scram_client.ts';
import { ScramServer } from '../auth/scram_server.ts';
import { makeVerifier, printVerifier, type ScramVerifier } from '../auth/scram_verifier.ts';
import { AgentError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { clientWords, join, message, split, startup } from '../tests/harness/client_words.ts';
import { settle, until } from '../tests/harness/fake_clock.ts';
import { FakeConnection } from '../tests/harness/fake_connection.ts';
import * as server from '../tests/harness/server_words.ts';
import { type LoginOptions, type LoginResult, login } from './login.ts';

const KEY = new Uint8Array([1, 2, 3, 4]);
const END = join(server.parameterStatus('TimeZone', 'UTC'), server.backendKey(77, KEY), server.ready());

class Talk {
  readonly connection = new FakeConnection();
  readonly late = new AbortController();
  outcome: LoginResult | AgentError | undefined;

  constructor(more: Partial<LoginOptions> = {}) {
    const options: LoginOptions = {
      user: 'idp_app',
      dbname: 'idp',
      secret: undefined,
      parameters: {},
      keys: new ScramKeyCache(),
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      mayTellPassword: false,
      ...more,
    };
    login(this.connection, options, this.late.signal).then(
      (result) => {
        this.outcome = result;
      },
      (error) => {
        this.outcome = error;
      },
    );
  }

  says(...messages: readonly Uint8Array[]): void {
    this.connection.receive(join(...messages));
  }

  /** What it was refused with; a failed test when it was not. */
  async refusal(): Promise<string> {
    await settle();
    if (!(this.outcome instanceof AgentError)) throw new Error('the login was not refused');
    expect(this.connection.isClosed).toBe(true);
    return `${this.outcome.code}: ${this.outcome.message}`;
  }

  async result(): Promise<LoginResult> {
    await settle();
    if (this.outcome === undefined || this.outcome instanceof Error)
      throw this.outcome ?? new Error('not yet');
    expect(this.connection.isClosed).toBe(false);
    return this.outcome;
  }
}

describe('login()', () => {
  test('says who it is in the startup packet', () => {
    const { connection } = new Talk({ parameters: { application_name: 'x', statement_timeout: '5s' } });
    expect(connection.takeSent()).toEqual(
      startup({ user: 'idp_app', database: 'idp', application_name: 'x', statement_timeout: '5s' }),
    );
  });

  test('learns what the server reports, and how to cancel', async () => {
    const talk = new Talk();
    talk.says(server.authentication(0), server.notice('welcome'), END);
    const { parameters, pid, key } = await talk.result();
    expect([Object.fromEntries(parameters.reported), pid, [...key]]).toEqual([
      { TimeZone: 'UTC' },
      77,
      [...KEY],
    ]);
  });

  test('takes a cancel key that is negative as a number', async () => {
    const talk = new Talk();
    talk.says(
      server.authentication(0),
      server.backendKey(-1, new Uint8Array([255, 0, 0, 1])),
      server.ready(),
    );
    const { pid, key } = await talk.result();
    expect([pid, [...key]]).toEqual([-1, [255, 0, 0, 1]]);
  });

  test('reads the greeting at every split', async () => {
    const greeting = join(server.authentication(0), END);
    for (let at = 0; at <= greeting.length; at++) {
      const talk = new Talk();
      talk.connection.receive(greeting.subarray(0, at), greeting.subarray(at));
      expect((await talk.result()).pid).toBe(77);
    }
  });

  test('gives up when it is told to', async () => {
    const talk = new Talk();
    talk.late.abort();
    expect(await talk.refusal()).toBe(
      'server_timeout: the server did not finish the login within server_connect_timeout',
    );
  });

  test('does not mind being given up after it is done', async () => {
    const talk = new Talk();
    talk.says(server.authentication(0), END);
    await talk.result();
    talk.late.abort();
    await settle();
    expect(talk.connection.isClosed).toBe(false);
  });

  test('says why when the server closes', async () => {
    const [quiet, reset] = [new Talk(), new Talk()];
    quiet.connection.closed();
    reset.connection.closed('ECONNRESET');
    expect(await quiet.refusal()).toBe(
      'server_closed: the server closed the connection: it closed the connection during the login',
    );
    expect(await reset.refusal()).toBe('server_closed: the server closed the connection: ECONNRESET');
  });
});

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

  for (const code of [3, 5, 10]) {
    const payload = code === 5 ? Buffer.alloc(4) : code === 10 ? 'SCRAM-SHA-256\0\0' : '';
    test(`says that there is none when the server asks by ${code}`, async () => {
      const talk = new Talk({ mayTellPassword: true });
      talk.says(server.authentication(code, payload));
      expect(await talk.refusal()).toBe(
        'server_password_missing: the server asks for a password of "idp_app", and none is configured',
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
});

describe('login() tells apart why the server says no', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['28P01', 'server_password_wrong'],
    ['28000', 'server_auth_rejected'],
    ['3D000', 'server_database_missing'],
    ['53300', 'server_login_failed'],
    ['57P03', 'server_login_failed'],
  ];
  for (const [sqlstate, code] of cases) {
    test(`${sqlstate} is ${code}, in the server’s own words`, async () => {
      const talk = new Talk();
      talk.says(server.errorResponse('it says so', 'FATAL', sqlstate));
      expect(await talk.refusal()).toStartWith(`${code}: the server refused our login: it says so`);
    });
  }
});

describe('login() refuses a server that', () => {
  const cases: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'is ready before it let us in': [server.ready(), 'ReadyForQuery before AuthenticationOk'],
    'sends rows': [server.dataRow('1'), 'a message "dataRow" during the login'],
    'sends a message of no kind': [message('?'), 'server_protocol'],
    'asks in a way that nobody knows': [server.authentication(99), 'server_protocol'],
    'says an error that does not end': [message('E', 'SFATAL\0Mno'), 'an error message does not end'],
    'announces 1 GB': [Buffer.from('S\x40\0\0\0'), "a message of type 'S' says that it is"],
    'sends a negative length': [Buffer.from('S\xff\xff\xff\xff', 'latin1'), 'that it is -1 bytes long'],
    'speaks HTTP': [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'server_protocol'],
  };
  for (const [what, [bytes, reason]] of Object.entries(cases)) {
    test(what, async () => {
      const talk = new Talk();
      talk.says(bytes);
      expect(await talk.refusal()).toContain(reason);
    });
  }

  test('talks for ever', async () => {
    const talk = new Talk();
    const many = join(...Array.from({ length: 100 }, () => server.notice('x'.repeat(1_000))));
    for (let i = 0; i < 11; i++) talk.says(many);
    expect(await talk.refusal()).toContain('more than 1048576 bytes before ReadyForQuery');
  });

  test('goes on talking in the same chunk after it was refused: nothing of that is heard', async () => {
    const talk = new Talk();
    talk.connection.takeSent();
    talk.says(
      server.errorResponse('no', 'FATAL', '28P01'),
      server.authentication(3),
      server.authentication(0),
      END,
    );
    expect(await talk.refusal()).toStartWith('server_password_wrong');
    expect(talk.connection.takeSent().length).toBe(0);
  });
});
