// Dialing: host by host, and for each sslmode what is sent, what is believed, and what is refused.

import { describe, expect, test } from 'bun:test';
import { makeVerifier, printVerifier } from '../auth/scram_verifier.ts';
import { AgentError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { DatabaseSettings, SslMode } from '../config/settings.ts';
import { sslRequest } from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import type { Dialed } from './dial.ts';
import { Attempt, POLICY } from './dial_fixture.ts';

const UNIX = [{ host: '/run/postgresql', port: 5432 }];

describe('dial() by sslmode', () => {
  for (const sslmode of ['prefer', 'require', 'verify-ca', 'verify-full'] as const) {
    test(`${sslmode} asks for TLS, and says nothing else before it is up`, async () => {
      const attempt = await new Attempt({ sslmode }).begin();
      expect(attempt.server.heardBytes()).toEqual(sslRequest);
      await attempt.says('S');
      expect(attempt.network.tlsOptions.length).toBe(1);
      expect((await attempt.greeted()).connection.tls?.version).toBe('TLSv1.3');
    });
  }

  for (const sslmode of ['disable', 'allow'] as const) {
    test(`${sslmode} asks for nothing`, async () => {
      const attempt = await new Attempt({ sslmode }).begin();
      expect((await attempt.greeted()).connection.tls).toBeUndefined();
      expect(attempt.network.tlsOptions).toEqual([]);
    });
  }

  test('any of them means nothing on a UNIX socket', async () => {
    const attempt = await new Attempt({
      sslmode: 'verify-full',
      hosts: [{ host: '/run/postgresql', port: 5432 }],
    }).begin();
    expect((await attempt.greeted()).connection.tls).toBeUndefined();
  });

  test('any of them is tuned by the tcp settings before anything is said, and a UNIX socket is not', async () => {
    const tcp = { keepAlive: undefined, userTimeoutMs: 4711 };
    const tools = { policy: () => ({ ...POLICY, tcp }) };
    const attempt = await new Attempt({ sslmode: 'verify-full' }).begin(tools);
    expect(attempt.network.tuned).toEqual([[attempt.server.connection, tcp]]);
    const local = await new Attempt({ hosts: UNIX }).begin(tools);
    expect([local.network.servers.length, local.network.tuned]).toEqual([1, []]);
  });

  test('prefer goes on in the clear when there is no TLS, the others refuse', async () => {
    const attempt = await new Attempt({ sslmode: 'prefer' }).begin();
    await attempt.says('N');
    expect((await attempt.greeted()).connection.tls).toBeUndefined();
    for (const sslmode of ['require', 'verify-ca', 'verify-full'] as const) {
      const refused = await new Attempt({ sslmode }).begin();
      await refused.says('N');
      expect(await refused.refusal()).toBe(
        `server_tls_refused: the server 10.0.0.1:5432 does not offer TLS, and sslmode is ${sslmode}: set ssl = on there`,
      );
    }
  });

  const judged: readonly (readonly [SslMode, string, string | undefined])[] = [
    ['require', 'require', undefined],
    ['prefer', 'require', undefined],
    ['verify-ca', 'verify-ca', 'PEM of /etc/ca.pem'],
    ['verify-full', 'verify-full', 'PEM of /etc/ca.pem'],
  ];
  for (const [sslmode, mode, ca] of judged) {
    test(`${sslmode} judges the certificate by ${mode}, with ${ca ?? 'nobody'}`, async () => {
      const files = { sslrootcert: '/etc/ca.pem', sslcert: '/etc/own.pem', sslkey: '/etc/own.key' };
      const attempt = await new Attempt({ sslmode, ...files }).begin();
      await attempt.says('S');
      expect(attempt.network.tlsOptions).toEqual([
        {
          serverName: '10.0.0.1',
          mode: mode as 'require',
          alpn: 'postgresql',
          resume: undefined,
          protocols: 'tlsv1.3',
          ciphers: 'X',
          ca,
          cert: 'PEM of /etc/own.pem',
          key: 'PEM of /etc/own.key',
        },
      ]);
    });
  }

  test('tells a password in the clear only over TLS that was verified, or a UNIX socket', async () => {
    const unix = [{ host: '/run/postgresql', port: 5432 }];
    const cases: readonly (readonly [Partial<DatabaseSettings>, boolean])[] = [
      [{ sslmode: 'verify-full' }, true],
      [{ sslmode: 'verify-ca' }, true],
      [{ sslmode: 'require' }, false],
      [{ sslmode: 'prefer' }, false],
      [{ sslmode: 'disable' }, false],
      [{ sslmode: 'allow' }, false],
      [{ sslmode: 'disable', hosts: unix }, true],
    ];
    for (const [settings, tells] of cases) {
      const secret = new Secret(crypto.randomUUID());
      const attempt = await new Attempt(settings, secret).begin();
      if (settings.sslmode !== 'disable' && settings.sslmode !== 'allow') await attempt.says('S');
      attempt.server.heardBytes();
      await attempt.says(server.authentication(3));
      const heard = Buffer.from(attempt.server.heardBytes()).toString('latin1');
      expect([settings.sslmode, heard.includes(secret.open())]).toEqual([settings.sslmode, tells]);
    }
  });

  test('prefer tries again in the clear when the server does not let it in by TLS, and allow the other way', async () => {
    for (const [sslmode, ways] of [
      ['prefer', ['S', '']],
      ['allow', ['', 'S']],
    ] as const) {
      const attempt = await new Attempt({ sslmode }).begin();
      for (const way of ways) {
        if (way === 'S') await attempt.says('S');
        if (attempt.network.servers.length === 1)
          await attempt.says(server.errorResponse('no entry in pg_hba.conf', 'FATAL', '28000'));
      }
      const dialed = await attempt.greeted();
      expect([attempt.network.servers.length, dialed.database.sslmode]).toEqual([
        2,
        sslmode === 'prefer' ? 'disable' : 'require',
      ]);
    }
  });

  test('require does not try again in the clear', async () => {
    const attempt = await new Attempt({ sslmode: 'require' }).begin();
    await attempt.says('S');
    await attempt.says(server.errorResponse('no entry in pg_hba.conf', 'FATAL', '28000'));
    expect(await attempt.refusal()).toStartWith('server_auth_rejected');
    expect(attempt.network.servers.length).toBe(1);
  });
});

describe('dial() with two passwords', () => {
  const [one, other] = [new Secret(crypto.randomUUID()), new Secret(crypto.randomUUID())];
  const refused = (sqlstate: string) => server.errorResponse('no', 'FATAL', sqlstate);

  async function told(attempt: Attempt): Promise<string> {
    attempt.server.heardBytes();
    await attempt.says(server.authentication(3));
    return Buffer.from(attempt.server.heardBytes()).toString('latin1');
  }

  test('shows the second on another connection when the server does not take the first', async () => {
    const attempt = await new Attempt({ sslmode: 'disable', hosts: UNIX }, one, other).begin();
    expect(await told(attempt)).toContain(one.open());
    await attempt.says(refused('28P01'));
    expect(attempt.network.servers.map((each) => each.connection.isClosed)).toEqual([true, false]);
    expect(await told(attempt)).toContain(other.open());
    expect((await attempt.greeted()).secret).toBe(other);
  });

  test('stays with the first where that is taken', async () => {
    const attempt = await new Attempt({ sslmode: 'disable', hosts: UNIX }, one, other).begin();
    expect(await told(attempt)).toContain(one.open());
    expect((await attempt.greeted()).secret).toBe(one);
    expect(attempt.network.servers.length).toBe(1);
  });

  test('passes over a verifier that it has no key for', async () => {
    const verifier = new Secret(printVerifier(await makeVerifier('x', new Uint8Array(16), 1)));
    const attempt = await new Attempt({ sslmode: 'disable', hosts: UNIX }, verifier, other).begin();
    await attempt.says(server.authentication(10, 'SCRAM-SHA-256\0\0'));
    expect(await told(attempt)).toContain(other.open());
  });

  test('says what the server said when it takes neither', async () => {
    const attempt = await new Attempt({ sslmode: 'disable', hosts: UNIX }, one, other).begin();
    for (const _ of [one, other]) await attempt.says(refused('28P01'));
    expect(await attempt.refusal()).toStartWith('server_password_wrong');
    expect(attempt.network.servers.length).toBe(2);
  });

  for (const sqlstate of ['28000', '3D000', '53300']) {
    test(`does not try the second after ${sqlstate}, which no password mends`, async () => {
      const attempt = await new Attempt({ sslmode: 'disable', hosts: UNIX }, one, other).begin();
      await attempt.says(refused(sqlstate));
      await attempt.refusal();
      expect(attempt.network.servers.length).toBe(1);
    });
  }
});

describe('dial() does not believe an answer to SSLRequest that is', () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'an error': ['E\0\0\0\x08Mno', 'the answer to SSLRequest is an error'],
    'the first byte of an error': ['E', 'the answer to SSLRequest is an error'],
    'another letter': ['X', 'the answer to SSLRequest is "X"'],
    'yes, with more behind it': [
      'SR\0\0\0\x08\0\0\0\0',
      'bytes followed the answer to SSLRequest before TLS was up',
    ],
    'no, with more behind it': [
      'NR\0\0\0\x08\0\0\0\0',
      'bytes followed the answer to SSLRequest before TLS was up',
    ],
    empty: ['', 'the answer to SSLRequest is'],
  };
  for (const [what, [bytes, reason]] of Object.entries(cases)) {
    for (const sslmode of ['prefer', 'verify-full'] as const) {
      test(`${what} (${sslmode})`, async () => {
        const attempt = await new Attempt({ sslmode }).begin();
        await attempt.says(bytes);
        expect(await attempt.refusal()).toContain(reason);
        expect(attempt.network.tlsOptions).toEqual([]);
      });
    }
  }

  test('a second one, behind a yes or a no', async () => {
    for (const answer of ['S', 'N']) {
      const attempt = await new Attempt({ sslmode: 'prefer' }).begin();
      attempt.server.connection.receive(Buffer.from(answer), Buffer.from('R\0\0\0\x08\0\0\0\0'));
      expect(await attempt.refusal()).toStartWith('server_');
    }
  });

  test('never given', async () => {
    const [late, gone] = [
      await new Attempt({ sslmode: 'require' }).begin(),
      await new Attempt({ sslmode: 'require' }).begin(),
    ];
    late.late.abort();
    gone.server.connection.closed();
    expect(await late.refusal()).toContain('the server did not finish the answer to SSLRequest within');
    expect(await gone.refusal()).toContain('it closed the connection at SSLRequest');
  });
});

describe('dial() and TLS that fails', () => {
  for (const [failure, code] of [
    ["the server's certificate has expired (CERT_HAS_EXPIRED)", 'server_certificate_refused'],
    ["the server's chain ends in a CA that is not in sslrootcert (X)", 'server_certificate_refused'],
    ['the TLS handshake failed: closed', 'server_tls_failed'],
  ] as const) {
    test(`${failure} is ${code}`, async () => {
      const attempt = await new Attempt({ sslmode: 'verify-full' }).begin();
      attempt.network.tlsFailure = () => failure;
      await attempt.says('S');
      expect(await attempt.refusal()).toStartWith(`${code}: `);
      expect((attempt.outcome as AgentError).message).toContain(failure);
    });
  }

  test('a CA that is not known is said with the file of those that are, and the setting', async () => {
    const attempt = await new Attempt({ sslmode: 'verify-full', sslrootcert: '/etc/ca.crt' }).begin();
    attempt.network.tlsFailure = () => "the server's certificate is not signed by a CA of sslrootcert (X)";
    await attempt.says('S');
    expect(await attempt.refusal()).toEndWith(
      'sslrootcert (X); sslrootcert is /etc/ca.crt, and server_tls_ca_file names another',
    );
  });

  test('a certificate file that cannot be read is said as it is', async () => {
    const attempt = new Attempt({ sslmode: 'verify-full' });
    await attempt.begin({
      readPem: (path) => {
        throw new AgentError('config_unreadable', { reason: `no ${path}` });
      },
    });
    await attempt.says('S');
    expect(await attempt.refusal()).toStartWith('config_unreadable');
  });
});

describe('dial() and several hosts', () => {
  const hosts = ['a', 'b', 'c'].map((host) => ({ host, port: 5432 }));

  test('takes the first that lets it in', async () => {
    const attempt = new Attempt({ hosts });
    attempt.network.welcome = ({ host }) => (host === 'b' ? 'login' : new Error(`${host} is down`));
    await attempt.begin();
    expect(attempt.network.tried).toEqual(['a:5432', 'b:5432']);
    expect((attempt.outcome as Dialed).address).toEqual({ host: 'b', port: 5432 });
  });

  test('says what the last one said when all refuse', async () => {
    const attempt = new Attempt({ hosts });
    attempt.network.welcome = ({ host }) => new Error(`${host} is down`);
    await attempt.begin();
    expect(await attempt.refusal()).toBe('server_unreachable: cannot connect to the server: c is down');
  });

  test('goes on to the next when one refuses the login', async () => {
    const attempt = new Attempt({ hosts });
    await attempt.begin();
    await attempt.says(server.errorResponse('starting up', 'FATAL', '57P03'));
    expect(attempt.network.tried.length).toBe(2);
    expect((await attempt.greeted()).address.host).toBe('b');
  });
});
