// TLS sessions that are taken up again: by one agent at another, which stands for a proxy that ends TLS; and what must still hold.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { X509Certificate } from 'node:crypto';
import type { TlsClientOptions } from '../../net/connection.ts';
import { listenTcp } from '../../net/listen.ts';
import { createNetwork } from '../../net/network.ts';
import type { Agent, LogLine } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority, type IssuedCertificate } from '../harness/certificates.ts';
import { freePort, startPostgres } from '../harness/postgres.ts';
import { installedPostgresVersions } from '../harness/postgres_programs.ts';
import { ask, refusalOf, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const { authority, postgres } = await openShop();

/** How a server is judged where the network is used by itself. */
const JUDGED: TlsClientOptions = {
  serverName: 'localhost',
  mode: 'verify-full',
  alpn: 'postgresql',
  resume: 'here',
  ca: authority.certificate,
  cert: undefined,
  key: undefined,
  protocols: 'secure',
  ciphers: '',
};

interface Pair extends AsyncDisposable {
  /** Whom clients come to. */
  readonly front: Agent;
  /** Where the front's servers are, with TLS that the agent itself ends. */
  readonly proxy: Agent;
  /** Makes the front open a new connection to the proxy: was its session taken up? */
  opens(): Promise<boolean>;
}

async function pair(
  front: Application['settings'] = {},
  proxy: Application['settings'] = {},
  files: Readonly<Record<string, string>> = {},
): Promise<Pair> {
  const port = await freePort();
  const own = authority.issueServer();
  const behind = await serve(
    {
      postgres,
      authority,
      settings: {
        listen_addr: '127.0.0.1',
        listen_port: port,
        client_tls_sslmode: 'require',
        client_tls_cert_file: 'agent.crt',
        client_tls_key_file: 'agent.key',
        ...proxy,
      },
    },
    { files: { 'agent.crt': own.certificate, 'agent.key': own.key, ...files } },
  );
  // A server connection for each client: each query shows a handshake of its own.
  const settings = { server_lifetime: 0, server_login_retry: '100ms', ...front };
  const before = await serve({ postgres, authority, port, settings }, { files });
  return {
    front: before,
    proxy: behind,
    async opens() {
      const from = behind.logLines().length;
      expect(await ask(through(before, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
      const line: LogLine = await behind.waitForLog('client connected', from);
      return line.tls_resumed === true;
    },
    async [Symbol.asyncDispose]() {
      await before.stop();
      await behind.stop();
    },
  };
}

async function replace(agent: Agent, own: IssuedCertificate): Promise<void> {
  agent.writeFile('agent.key', own.key);
  agent.writeFile('agent.crt', own.certificate);
  expect((await agent.reload()).code).toBe(0);
}

async function openings({ opens }: Pair, count: number): Promise<boolean[]> {
  const each: boolean[] = [];
  for (let n = 0; n < count; n++) each.push(await opens());
  return each;
}

describe('at a server that gives sessions', () => {
  for (const version of ['tlsv1.3', 'tlsv1.2'] as const) {
    test(`${version}: the second connection goes on where the first left off, its login bound to the certificate`, async () => {
      await using agents = await pair({ server_tls_protocols: version });
      expect(await openings(agents, 4)).toEqual([false, true, true, true]);
    });
  }

  test('begins anew where it is told to, and where a certificate has to be shown', async () => {
    await using off = await pair({ server_tls_resumption: false });
    expect(await openings(off, 3)).toEqual([false, false, false]);
    await using binding = await pair({ server_channel_binding: 'require' });
    expect(await openings(binding, 3)).toEqual([false, false, false]);

    const clients = createCertificateAuthority();
    const own = clients.issueClient({ commonName: 'app' });
    await using certified = await pair(
      { server_tls_cert_file: 'own.crt', server_tls_key_file: 'own.key' },
      { client_tls_sslmode: 'verify-full', client_tls_ca_file: 'clients.crt' },
      { 'own.crt': own.certificate, 'own.key': own.key, 'clients.crt': clients.certificate },
    );
    expect(await openings(certified, 3)).toEqual([false, false, false]);
  });

  test('believes no session of before a reload: another CA refuses the server, the old one begins anew', async () => {
    await using agents = await pair();
    expect(await openings(agents, 2)).toEqual([false, true]);
    agents.front.writeFile('ca.crt', createCertificateAuthority().certificate);
    expect((await agents.front.reload()).code).toBe(0);
    expect(await refusalOf(through(agents.front, postgres.passwordOf('app')))).toContain(
      'cannot trust the server',
    );
    agents.front.writeFile('ca.crt', authority.certificate);
    expect((await agents.front.reload()).code).toBe(0);
    expect(await openings(agents, 2)).toEqual([false, true]);
    // Nothing changed, and yet: a reload is a new beginning.
    expect((await agents.front.reload()).code).toBe(0);
    expect(await openings(agents, 2)).toEqual([false, true]);
  });
});

describe('the agent’s own listener', () => {
  test('takes up no session of before a reload, and logs in with the new certificate', async () => {
    await using agents = await pair();
    expect(await openings(agents, 2)).toEqual([false, true]);
    await replace(agents.proxy, authority.issueServer());
    expect(await openings(agents, 2)).toEqual([false, true]);
    expect((await agents.proxy.reload()).code).toBe(0);
    expect(await openings(agents, 2)).toEqual([false, true]);
  });
});

test('a session that goes on has the certificate that it began with, to judge and to bind to', async () => {
  const own = authority.issueServer();
  const [ours, theirs] = [createNetwork(), createNetwork()];
  const shown = { ...JUDGED, cert: own.certificate, key: own.key, ca: undefined };
  const listener = listenTcp('127.0.0.1', 0, (client) => {
    // TLS 1.3 gives its sessions with the first bytes behind the handshake.
    theirs.acceptTls(client, shown, () => void client.write(new Uint8Array([1])));
  });
  const port = Number(listener.address.split(':').at(-1));
  const { signal } = new AbortController();
  async function shake(options: TlsClientOptions) {
    const connection = await ours.connect({ host: '127.0.0.1', port }, signal);
    await ours.startTls(connection, options, signal);
    const { tls } = connection;
    await new Promise<void>((resolve) => {
      connection.handler = { onData: () => resolve(), onDrain() {}, onClose: () => resolve() };
    });
    connection.close();
    return [
      tls?.isResumed,
      Buffer.from(tls?.peerCertificate ?? []).equals(new X509Certificate(own.certificate).raw),
    ];
  }
  expect(await shake(JUDGED)).toEqual([false, true]);
  expect(await shake(JUDGED)).toEqual([true, true]);
  // Another name, mode, place or CA is another matter.
  const other = { ca: `${authority.certificate}\n${createCertificateAuthority().certificate}` };
  for (const more of [
    { serverName: '127.0.0.1' },
    { mode: 'verify-ca' },
    { resume: 'there' },
    other,
  ] as const)
    expect(await shake({ ...JUDGED, ...more })).toEqual([false, true]);
  expect(await shake(JUDGED)).toEqual([true, true]);
  ours.forgetSessions(JUDGED);
  expect(await shake(JUDGED)).toEqual([false, true]);
  theirs.renewTls();
  expect(await shake(JUDGED)).toEqual([false, true]);
  listener.stop();
});

describe('PostgreSQL itself', () => {
  const versions = ['embedded' as const, ...installedPostgresVersions()];
  for (const version of versions) {
    test(`${version} gives no session, so that every handshake is a whole one`, async () => {
      await using server = await startPostgres({ version, tls: { server: authority.issueServer() } });
      const network = createNetwork();
      const { signal } = new AbortController();
      for (let n = 0; n < 3; n++) {
        const connection = await network.connect({ host: '127.0.0.1', port: server.port }, signal);
        const asked = Promise.withResolvers<void>();
        connection.handler = { onData: () => asked.resolve(), onDrain() {}, onClose() {} };
        connection.write(new Uint8Array([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]));
        await asked.promise;
        await network.startTls(connection, JUDGED, signal);
        expect(connection.tls?.isResumed).toBe(false);
        // It would come behind the handshake, before the answer to whatever is said first.
        const answered = Promise.withResolvers<void>();
        connection.handler = {
          onData: () => answered.resolve(),
          onDrain() {},
          onClose: () => answered.resolve(),
        };
        connection.write(new Uint8Array([0, 0, 0, 8, 0, 4, 0, 0]));
        await answered.promise;
        connection.close();
      }
    });
  }
});
