// Clients that come over TCP: with TLS as it is asked for, in the clear from this machine alone.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority, type IssuedCertificate } from '../harness/certificates.ts';
import { startup } from '../harness/client_words.ts';
import { freePort } from '../harness/postgres.ts';
import { ask, type Login, refusalOf, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const clientAuthority = createCertificateAuthority();

const { authority, postgres } = await openShop({ users: { app: '', clerk: '' } });
const port = await freePort();

const TLS = {
  client_tls_cert_file: 'agent.crt',
  client_tls_key_file: 'agent.key',
  client_tls_ca_file: 'clients.crt',
};

function application(settings: Application['settings']): Application {
  return {
    postgres,
    authority,
    settings: {
      listen_addr: '127.0.0.1',
      listen_port: port,
      users: { clerk: { password: postgres.passwordOf('clerk') } },
      ...settings,
    },
  };
}

function files(issued: IssuedCertificate = authority.issueServer()): Record<string, string> {
  return {
    'agent.crt': issued.certificate,
    'agent.key': issued.key,
    'clients.crt': clientAuthority.certificate,
  };
}

function start(sslmode: string, settings: Application['settings'] = {}): Promise<Agent> {
  return serve(application({ client_tls_sslmode: sslmode, ...TLS, ...settings }), { files: files() });
}

/** Over TCP; `sslmode` and the like are libpq's. */
function overTcp(agent: Agent, env: Record<string, string> = {}, more: Partial<Login> = {}): Login {
  const tls = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: `${agent.directory}/ca.crt` };
  return through(agent, postgres.passwordOf('app'), {
    host: 'localhost',
    port,
    env: { ...tls, ...env },
    ...more,
  });
}

/** psql with a certificate of its own, in files beside the agent's. */
async function withCertificate(
  agent: Agent,
  issued: IssuedCertificate,
  more: Partial<Login> = {},
): Promise<Login> {
  const name = crypto.randomUUID();
  agent.writeFile(`${name}.crt`, issued.certificate);
  agent.writeFile(`${name}.key`, issued.key);
  const at = (ending: string) => `${agent.directory}/${name}.${ending}`;
  return overTcp(agent, { PGSSLCERT: at('crt'), PGSSLKEY: at('key') }, more);
}

describe('without TLS', () => {
  test('on loopback a client may come in the clear, and proves itself by SCRAM', async () => {
    await using agent = await serve(application({}));
    expect(await ask(overTcp(agent, { PGSSLMODE: 'disable' }), 'SELECT 1')).toBe('1');
    expect(await ask(overTcp(agent, { PGSSLMODE: 'prefer' }), 'SELECT 2')).toBe('2');
    expect(await refusalOf(overTcp(agent, { PGSSLMODE: 'require' }))).toContain(
      'server does not support SSL, but SSL was required',
    );
    const wrong = overTcp(agent, { PGSSLMODE: 'disable' }, { password: crypto.randomUUID() });
    expect(await refusalOf(wrong)).toBe('FATAL:  password authentication failed for user "app"');
    // The UNIX socket is there as well.
    expect(await ask(through(agent, postgres.passwordOf('app'), { port }), 'SELECT 3')).toBe('3');
  });

  test('auth_type peer is for another road, so that the agent does not even start', async () => {
    await using agent = await serve(application({ auth_type: 'peer' }), { expectFailure: true });
    expect(await agent.exited).toBe(78);
    expect(agent.logLines().map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/^error: Cannot use auth_type "peer" at pgsidecar[.]yml:/),
    );
  });

  test('auth_type plain takes passwords over loopback, and is warned about', async () => {
    await using agent = await serve(application({ auth_type: 'plain' }));
    expect(await ask(overTcp(agent, { PGSSLMODE: 'disable' }), 'SELECT 1')).toBe('1');
    const { warnings } = (await agent.status()) as { warnings: string[] };
    expect(warnings).toContainEqual(expect.stringContaining('passwords would cross TCP as they are'));
  });

  test('beyond loopback the agent does not even start', async () => {
    for (const listen_addr of ['0.0.0.0', '*', '127.0.0.1, 192.0.2.1']) {
      await using agent = await serve(application({ listen_addr }), { expectFailure: true });
      expect(await agent.exited).toBe(78);
      expect(agent.logLines().map(({ msg }) => msg)).toContainEqual(
        expect.stringMatching(
          /^error: Cannot use listen_addr ".*" at pgsidecar\.yml:\d+: .*client_tls_sslmode/,
        ),
      );
    }
  });

  test('an address that is taken, or not ours, is named', async () => {
    await using first = await serve(application({}));
    await using second = await serve(application({ unix_socket_dir: 'own' }), {
      expectFailure: true,
      env: { PGSIDECAR_UNIX_SOCKET_DIR: '' },
    });
    expect(await second.exited).toBe(69);
    expect(second.logLines().at(-1)?.msg).toStartWith(`Cannot listen on 127.0.0.1:${port}: `);
    expect(await ask(overTcp(first, { PGSSLMODE: 'disable' }), 'SELECT 1')).toBe('1');
  });
});

describe('client_tls_sslmode', () => {
  test('require: TLS or nothing', async () => {
    await using agent = await start('require');
    expect(await ask(overTcp(agent), 'SELECT 1')).toBe('1');
    expect(await refusalOf(overTcp(agent, { PGSSLMODE: 'disable' }))).toBe(
      'FATAL:  SSL required: this listener takes TLS connections only (client_tls_sslmode = require)',
    );
    const other = createCertificateAuthority().certificate;
    agent.writeFile('other.crt', other);
    expect(await refusalOf(overTcp(agent, { PGSSLROOTCERT: `${agent.directory}/other.crt` }))).toContain(
      'certificate verify failed',
    );
    // Through the UNIX socket it needs none.
    expect(await ask(through(agent, postgres.passwordOf('app'), { port }), 'SELECT 2')).toBe('2');
  });

  test('require: md5, plain and SCRAM all work within it, and a large result passes', async () => {
    for (const authType of ['scram-sha-256', 'md5', 'plain']) {
      await using agent = await start('require', { auth_type: authType });
      expect(await ask(overTcp(agent), "SELECT length(repeat('x', 5000000))")).toBe('5000000');
      const text = await ask(overTcp(agent), "SELECT repeat('0123456789', 500000)");
      expect(text === '0123456789'.repeat(500_000)).toBe(true);
      expect(await refusalOf(overTcp(agent, {}, { password: crypto.randomUUID() }))).toBe(
        'FATAL:  password authentication failed for user "app"',
      );
    }
  });

  test('prefer and allow: TLS for whoever wants it', async () => {
    for (const sslmode of ['prefer', 'allow']) {
      await using agent = await start(sslmode);
      expect(await ask(overTcp(agent), 'SELECT 1')).toBe('1');
      expect(await ask(overTcp(agent, { PGSSLMODE: 'disable' }), 'SELECT 2')).toBe('2');
    }
  });

  test('verify-ca: a certificate of client_tls_ca_file beside the password', async () => {
    await using agent = await start('verify-ca');
    expect(
      await ask(await withCertificate(agent, clientAuthority.issueClient({ commonName: 'any' })), 'SELECT 1'),
    ).toBe('1');
    expect(await refusalOf(overTcp(agent))).not.toContain('password authentication failed');
    const stranger = createCertificateAuthority().issueClient({ commonName: 'app' });
    expect(await refusalOf(await withCertificate(agent, stranger))).not.toContain(
      'password authentication failed',
    );
    const expired = clientAuthority.issueClient({ commonName: 'app', validity: 'expired' });
    expect(await refusalOf(await withCertificate(agent, expired))).not.toContain(
      'password authentication failed',
    );
  });

  test('verify-full: the certificate is for the user who comes', async () => {
    await using agent = await start('verify-full');
    const own = clientAuthority.issueClient({ commonName: 'app' });
    expect(await ask(await withCertificate(agent, own), 'SELECT 1')).toBe('1');
    const clerk = { user: 'clerk', password: postgres.passwordOf('clerk') };
    expect(await refusalOf(await withCertificate(agent, own, clerk))).toBe(
      'FATAL:  certificate authentication failed for user "clerk"',
    );
    const others = clientAuthority.issueClient({ commonName: 'clerk' });
    expect(await ask(await withCertificate(agent, others, clerk), 'SELECT 2')).toBe('2');
  });
});

test('client_tls_protocols decides what is spoken', async () => {
  for (const [protocols, spoken, refused] of [
    ['tlsv1.2', 'TLSv1.2', 'TLSv1.3'],
    ['tlsv1.3', 'TLSv1.3', 'TLSv1.2'],
  ] as const) {
    await using agent = await start('require', { client_tls_protocols: protocols });
    const only = (version: string) => ({
      PGSSLMINPROTOCOLVERSION: version,
      PGSSLMAXPROTOCOLVERSION: version,
    });
    expect(await ask(overTcp(agent, only(spoken)), 'SELECT 1')).toBe('1');
    expect(await refusalOf(overTcp(agent, only(refused)))).toContain('SSL error');
  }
});

test('a renewed certificate is what the next client sees, and those who are there stay', async () => {
  await using agent = await start('require');
  expect(await serialNumber()).toBe(await serialNumber());
  const before = await serialNumber();
  const renewed = authority.issueServer();
  // The key first and the certificate after it, as most programs write them: only both together are a pair.
  agent.writeFile('agent.key', renewed.key);
  agent.writeFile('agent.crt', renewed.certificate);
  const from = agent.logLines().length;
  await agent.reload();
  await agent.waitForLog(({ msg }) => msg.startsWith('reloaded'), Math.max(0, from - 2));
  expect(await serialNumber()).not.toBe(before);
  expect(await ask(overTcp(agent), 'SELECT 1')).toBe('1');
});

test('bytes that came before TLS was up are never used', async () => {
  await using agent = await start('require');
  // SSLRequest and, in the same breath, a startup packet in the clear, as somebody in the middle would add it.
  const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
  const said = await new Promise<string>((resolve, reject) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(Buffer.concat([sslRequest, startup({ user: 'app', database: 'shop' })])),
    );
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });
  expect(said).not.toStartWith('S');
  expect(said).toContain('bytes follow a startup packet before it was answered');
  // The one in the middle has spoiled nothing for others.
  expect(await ask(overTcp(agent), 'SELECT 1')).toBe('1');
});

test('* listens everywhere, and ::1 on IPv6', async () => {
  await using everywhere = await start('require', { listen_addr: '*' });
  expect(await ask(overTcp(everywhere, {}, { host: '127.0.0.1' }), 'SELECT 1')).toBe('1');
  await everywhere.stop();
  await using six = await start('require', { listen_addr: '::1, 127.0.0.1' });
  const listeners = (await six.status()).listeners as { address: string }[];
  expect(listeners.map(({ address }) => address)).toContain(`[::1]:${port}`);
});

/** Of the certificate that the agent shows. */
function serialNumber(): Promise<string> {
  const ca = authority.certificate;
  return new Promise((resolve, reject) => {
    const plain = connect(port, '127.0.0.1', () =>
      plain.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])),
    );
    plain.on('error', reject);
    plain.once('data', () => {
      const tls = connectTls({ socket: plain, servername: 'localhost', ca }, () => {
        resolve(tls.getPeerCertificate().serialNumber);
        tls.destroy();
      });
      tls.on('error', reject);
    });
  });
}
