// A man in the middle who ends TLS on both sides and passes everything on: who notices him, and who does not.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Connection, TlsServerOptions } from '../../net/connection.ts';
import { listenTcp } from '../../net/listen.ts';
import { createNetwork } from '../../net/network.ts';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import {
  createCertificateAuthority,
  type IssuedCertificate,
  type SignatureHash,
} from '../harness/certificates.ts';
import { freePort, startPostgres } from '../harness/postgres.ts';
import { ask, type Login, refusalOf, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres } = await openShop();

/** He takes any server for the one that he wants. */
const UNJUDGED = { serverName: 'localhost', mode: 'require', alpn: 'postgresql', resume: undefined } as const;
const SSL_REQUEST = new Uint8Array([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]);

interface Middleman extends Disposable {
  readonly port: number;
  /** Connections that he has read in the clear. */
  readonly overheard: () => number;
}

/** With a certificate of his own that whoever verifies nothing, or his authority, takes for good. */
function standBetween(upstream: number, own: IssuedCertificate): Middleman {
  const network = createNetwork();
  const tls: TlsServerOptions = {
    cert: own.certificate,
    key: own.key,
    ca: undefined,
    protocols: 'secure',
    ciphers: '',
    alpn: 'postgresql',
  };
  let overheard = 0;
  const listener = listenTcp('127.0.0.1', 0, (client) => {
    client.handler = {
      onData() {
        // SSLRequest, which is the first that a client says.
        client.write(new Uint8Array([0x53]));
        network.acceptTls(client, tls, (failure) => {
          if (failure !== undefined) return client.close();
          void join(client);
        });
      },
      onDrain() {},
      onClose() {},
    };
  });
  async function join(client: Connection): Promise<void> {
    const waiting: Uint8Array[] = [];
    client.handler = { onData: (chunk) => waiting.push(chunk), onDrain() {}, onClose() {} };
    const { signal } = new AbortController();
    const server = await network.connect({ host: '127.0.0.1', port: upstream }, signal);
    await new Promise<void>((resolve) => {
      server.handler = { onData: () => resolve(), onDrain() {}, onClose() {} };
      server.write(SSL_REQUEST);
    });
    const how = { ...tls, ...UNJUDGED, cert: undefined, key: undefined };
    await network.startTls(server, how, signal);
    overheard++;
    client.handler = {
      onData: (chunk) => void server.write(chunk),
      onDrain() {},
      onClose: () => server.close(),
    };
    server.handler = {
      onData: (chunk) => void client.write(chunk),
      onDrain() {},
      onClose: () => client.end(),
    };
    for (const chunk of waiting) server.write(chunk);
  }
  return {
    port: Number(listener.address.split(':').at(-1)),
    overheard: () => overheard,
    [Symbol.dispose]: () => listener.stop(),
  };
}

describe('to servers', () => {
  /** Over `port`, believing any certificate: binding is all that is left. */
  function start(
    binding: string | undefined,
    port = postgres.port,
    more: Partial<Application> = {},
  ): Promise<Agent> {
    const settings = {
      server_login_retry: '100ms',
      ...(binding !== undefined && { server_channel_binding: binding }),
    };
    return serve({ postgres, authority, port, sslmode: 'require', settings, ...more });
  }

  for (const hash of ['sha256', 'sha384', 'sha512'] as const satisfies readonly SignatureHash[]) {
    test(`binds to a certificate that is signed with ${hash}, of either kind of key`, async () => {
      for (const keyKind of ['ec', 'rsa'] as const) {
        const signer = createCertificateAuthority({ hash, keyKind });
        await using server = await startPostgres({
          tls: { server: signer.issueServer() },
          users: { app: '' },
          databases: { shop: 'app' },
        });
        await using agent = await serve({
          postgres: server,
          authority: signer,
          settings: { server_channel_binding: 'require' },
        });
        expect(await ask(through(agent, server.passwordOf('app')), 'SELECT current_user')).toBe('app');
      }
    });
  }

  test('prefer and require notice a man in the middle, disable logs in through him', async () => {
    using middleman = standBetween(postgres.port, createCertificateAuthority().issueServer());
    for (const binding of [undefined, 'prefer', 'require']) {
      await using agent = await start(binding, middleman.port);
      const refused = await refusalOf(through(agent, postgres.passwordOf('app')));
      expect(refused).toContain('the server refused our login');
      expect(refused).toContain('channel binding');
    }
    expect(middleman.overheard()).toBeGreaterThan(0);
    await using agent = await start('disable', middleman.port);
    expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
  });

  test('require goes to no server that lets it in otherwise, prefer does', async () => {
    for (const auth of ['md5', 'password', 'trust'] as const) {
      await using server = await startPostgres({
        auth,
        tls: { server: authority.issueServer() },
        ...(auth === 'md5' && { settings: { password_encryption: 'md5' } }),
        users: { app: '' },
        databases: { shop: 'app' },
      });
      const application = { postgres: server, authority };
      await using strict = await serve({ ...application, settings: { server_channel_binding: 'require' } });
      expect(await refusalOf(through(strict, server.passwordOf('app')))).toContain(
        'and server_channel_binding is require',
      );
      await using agent = await serve(application);
      expect(await ask(through(agent, server.passwordOf('app')), 'SELECT 1')).toBe('1');
    }
  });
});

describe('to clients', () => {
  async function start(own: IssuedCertificate): Promise<{ agent: Agent; port: number }> {
    const port = await freePort();
    const tls = {
      client_tls_sslmode: 'require',
      client_tls_cert_file: 'agent.crt',
      client_tls_key_file: 'agent.key',
    };
    const settings = { listen_addr: '127.0.0.1', listen_port: port, ...tls };
    const files = { 'agent.crt': own.certificate, 'agent.key': own.key };
    return { agent: await serve({ postgres, authority, settings }, { files }), port };
  }

  function binding(agent: Agent, port: number, how: string): Login {
    const env = { PGSSLMODE: 'require', PGCHANNELBINDING: how };
    return through(agent, postgres.passwordOf('app'), { host: '127.0.0.1', port, env });
  }

  for (const hash of ['sha256', 'sha384', 'sha512'] as const satisfies readonly SignatureHash[]) {
    test(`psql with channel_binding=require gets in, the certificate signed with ${hash}`, async () => {
      for (const keyKind of ['ec', 'rsa'] as const) {
        const { agent, port } = await start(createCertificateAuthority({ hash, keyKind }).issueServer());
        await using _ = agent;
        for (const how of ['require', 'prefer', 'disable'])
          expect(await ask(binding(agent, port, how), 'SELECT current_user')).toBe('app');
        const wrong = { ...binding(agent, port, 'require'), password: crypto.randomUUID() };
        expect(await refusalOf(wrong)).toBe('FATAL:  password authentication failed for user "app"');
      }
    });
  }

  test('a man in the middle is noticed by whoever binds, and by nobody else', async () => {
    const { agent, port } = await start(authority.issueServer());
    await using _ = agent;
    using middleman = standBetween(port, createCertificateAuthority().issueServer());
    expect(await ask(binding(agent, middleman.port, 'disable'), 'SELECT 1')).toBe('1');
    for (const how of ['require', 'prefer']) {
      const from = agent.logLines().length;
      expect(await refusalOf(binding(agent, middleman.port, how))).toContain(
        'FATAL:  password authentication failed for user "app"',
      );
      const { reason } = await agent.waitForLog('login refused', from);
      expect(reason).toContain('somebody may stand between the client and us');
    }
  });

  test('a new certificate after a reload is the one that new clients bind to', async () => {
    const { agent, port } = await start(authority.issueServer());
    await using _ = agent;
    const next = authority.issueServer();
    agent.writeFile('agent.key', next.key);
    agent.writeFile('agent.crt', next.certificate);
    await agent.reload();
    expect(await ask(binding(agent, port, 'require'), 'SELECT 1')).toBe('1');
  });
});
