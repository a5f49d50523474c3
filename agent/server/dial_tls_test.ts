// How TLS with a server begins: asked for or at once, from nothing or from an earlier session.

import { describe, expect, test } from 'bun:test';
import type { DatabaseSettings } from '../config/settings.ts';
import * as server from '../tests/harness/server_words.ts';
import type { DialPolicy } from './dial.ts';
import { Attempt, POLICY } from './dial_fixture.ts';

describe('dial() by sslnegotiation', () => {
  test('direct asks for nothing, and wants PostgreSQL inside TLS', async () => {
    const direct = { sslmode: 'verify-full', sslnegotiation: 'direct' } as const;
    const attempt = await new Attempt(direct).begin();
    expect(attempt.network.tlsOptions.length).toBe(1);
    // Its first bytes are the startup packet, inside TLS.
    expect(attempt.server.heardBytes().subarray(4, 8)).toEqual(new Uint8Array([0, 3, 0, 0]));
    expect((await attempt.greeted()).connection.tls?.alpn).toBe('postgresql');

    const stranger = new Attempt(direct);
    stranger.network.alpn = undefined;
    await stranger.begin();
    expect(await stranger.refusal()).toBe(
      'server_direct_tls_failed: the server 10.0.0.1:5432 does not take TLS from the first byte on (it agreed to TLS and not to postgresql inside it (ALPN)): sslnegotiation=direct needs PostgreSQL 17 or newer there; set it to postgres',
    );
    expect(stranger.server.heardBytes().length).toBe(0);
  });

  test('direct means nothing on a UNIX socket', async () => {
    const hosts = [{ host: '/run/postgresql', port: 5432 }];
    const attempt = await new Attempt({ sslnegotiation: 'direct', sslmode: 'disable', hosts }).begin();
    expect((await attempt.greeted()).connection.tls).toBeUndefined();
  });

  test('postgres goes on with a server that names no protocol, as older ones do', async () => {
    const attempt = new Attempt({ sslmode: 'verify-full' });
    attempt.network.alpn = undefined;
    await attempt.begin();
    await attempt.says('S');
    expect((await attempt.greeted()).connection.tls?.version).toBe('TLSv1.3');
  });
});

describe('dial() and TLS sessions', () => {
  test('takes sessions up where it is told to, but not where certificates have to be shown', async () => {
    const cases: readonly (readonly [Partial<DialPolicy>, Partial<DatabaseSettings>, string | undefined])[] =
      [
        [{ resumesTls: true }, {}, '10.0.0.1:5432'],
        [{ resumesTls: false }, {}, undefined],
        [{ resumesTls: true, channelBinding: 'disable' }, {}, '10.0.0.1:5432'],
        [{ resumesTls: true, channelBinding: 'require' }, {}, undefined],
        [{ resumesTls: true }, { sslcert: '/etc/own.pem', sslkey: '/etc/own.key' }, undefined],
      ];
    for (const [policy, more, resume] of cases) {
      const attempt = new Attempt({ sslmode: 'verify-full', ...more });
      await attempt.begin({ policy: () => ({ ...POLICY, ...policy }) });
      await attempt.says('S');
      expect([policy, attempt.network.tlsOptions[0]!.resume]).toEqual([policy, resume]);
    }
  });

  test('begins from nothing, once, when a server whose session went on refuses the login', async () => {
    const attempt = new Attempt({ sslmode: 'verify-full' });
    attempt.network.resumes = () => true;
    await attempt.begin({ policy: () => ({ ...POLICY, resumesTls: true }) });
    await attempt.says('S');
    await attempt.says(server.errorResponse('SCRAM channel binding check failed', 'FATAL', '28000'));
    expect([attempt.network.forgotten, attempt.network.servers.length]).toEqual([['10.0.0.1:5432'], 2]);
    await attempt.says('S');
    expect(attempt.network.tlsOptions.map(({ resume }) => resume)).toEqual(['10.0.0.1:5432', undefined]);
    await attempt.says(server.errorResponse('no', 'FATAL', '28000'));
    expect(await attempt.refusal()).toStartWith('server_auth_rejected');
    expect(attempt.network.servers.length).toBe(2);
  });
});
