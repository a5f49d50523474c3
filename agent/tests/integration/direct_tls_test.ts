// TLS from the first byte on (libpq's sslnegotiation=direct), to real servers that know it and to one that does not.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { sslRequest, startup } from '../harness/client_words.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { freePort, type Postgres, startPostgres } from '../harness/postgres.ts';
import { findPostgresPrograms, isPostgresInstalled } from '../harness/postgres_programs.ts';
import { ask, type Login, refusalOf, through } from '../harness/psql.ts';

setDefaultTimeout(30_000);

const authority = createCertificateAuthority();
const OLDER = 15;
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    settings: { trace_connection_negotiation: true },
    users: { app: '' },
    databases: { shop: 'app' },
  });
}, 60_000);
afterAll(() => postgres?.stop());

function start(more: Partial<Application> = {}) {
  const settings = { server_tls_negotiation: 'direct', server_login_retry: '100ms' };
  return serve({ postgres, authority, settings, ...more });
}

describe('to servers', () => {
  const password = () => postgres.passwordOf('app');

  test('begins TLS at once, and asks for it where it shall', async () => {
    const before = postgres.logText().length;
    await using agent = await start();
    const login = through(agent, password());
    expect(await ask(login, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).toBe('t');
    const log = postgres.logText().slice(before);
    expect(log).toContain('direct SSL connection accepted');
    expect(log).not.toContain('SSLRequest');

    await using other = await serve({ postgres, authority });
    expect(await ask(through(other, password()), 'SELECT 1')).toBe('1');
    expect(postgres.logText().slice(before)).toContain('SSLRequest accepted');
  });

  test('is what the application itself asks for by its URL', async () => {
    const before = postgres.logText().length;
    const url = postgres.url('app', 'shop', { sslmode: 'verify-full', sslnegotiation: 'direct' });
    const files = { '.env': `DATABASE_URL='${url}'\n`, 'application.yml': '' };
    const agent = await serve({ postgres, authority, settings: { sources: ['.env'] } }, { files });
    await using _ = agent;
    expect(await ask(through(agent, password()), 'SELECT 1')).toBe('1');
    const log = postgres.logText().slice(before);
    expect([log.includes('direct SSL connection accepted'), log.includes('SSLRequest')]).toEqual([
      true,
      false,
    ]);
  });

  test('takes no certificate that SSLRequest would not take', async () => {
    await using agent = await start({ authority: createCertificateAuthority() });
    expect(await refusalOf(through(agent, password()))).toContain('cannot trust the server');
  });

  testNeeding(isPostgresInstalled(OLDER) ? undefined : `PostgreSQL ${OLDER} is not installed`)(
    'says of a server that does not know it that it is too old',
    async () => {
      await using older = await startPostgres({
        version: OLDER,
        tls: { server: authority.issueServer() },
        users: { app: '' },
        databases: { shop: 'app' },
      });
      await using agent = await start({ postgres: older });
      const refusal = await refusalOf(through(agent, older.passwordOf('app')));
      expect(refusal).toContain('does not take TLS from the first byte on');
      expect(refusal).toEndWith(
        'sslnegotiation=direct needs PostgreSQL 17 or newer there; set it to postgres',
      );
    },
  );
});

describe('from clients', () => {
  async function listening(settings: Application['settings'] = {}): Promise<{ agent: Agent; port: number }> {
    const port = await freePort();
    const own = authority.issueServer();
    const tls = {
      client_tls_sslmode: 'require',
      client_tls_cert_file: 'agent.crt',
      client_tls_key_file: 'agent.key',
    };
    const all = { listen_addr: '127.0.0.1', listen_port: port, ...tls, ...settings };
    const files = { 'agent.crt': own.certificate, 'agent.key': own.key };
    return { agent: await serve({ postgres, authority, settings: all }, { files }), port };
  }

  /** psql on PostgreSQL 18's libpq, which knows sslnegotiation; Debian's may be older. */
  function direct(agent: Agent, port: number, env: Readonly<Record<string, string>> = {}): Login {
    return through(agent, postgres.passwordOf('app'), {
      host: 'localhost',
      port,
      env: {
        LD_LIBRARY_PATH: join(findPostgresPrograms('embedded'), '../lib'),
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: `${agent.directory}/ca.crt`,
        PGSSLNEGOTIATION: 'direct',
        ...env,
      },
    });
  }

  const psqlTest = testNeeding(missingPrograms('psql'));

  psqlTest('psql begins with TLS, and binds its login to the certificate', async () => {
    const { agent, port } = await listening();
    await using _ = agent;
    for (const env of [{}, { PGCHANNELBINDING: 'require' }, { PGSSLNEGOTIATION: 'postgres' }])
      expect(await ask(direct(agent, port, env), 'SELECT current_user')).toBe('app');
  });

  psqlTest('a ClientHello that comes byte by byte is one like any other', async () => {
    const { agent, port } = await listening();
    await using _ = agent;
    using splitter = await between(port, (chunk) => [...chunk].map((byte) => Buffer.from([byte])));
    expect(await ask(direct(agent, splitter.port), 'SELECT 1')).toBe('1');
  });

  psqlTest('nothing that comes in the clear behind the ClientHello is read (CVE-2021-3935)', async () => {
    const { agent, port } = await listening({ auth_type: 'trust' });
    await using _ = agent;
    let isFirst = true;
    using injector = await between(port, (chunk) => {
      const forged = isFirst ? startup({ user: 'app', database: 'shop', application_name: 'forged' }) : '';
      isFirst = false;
      return [Buffer.concat([chunk, Buffer.from(forged)])];
    });
    const from = agent.logLines().length;
    await refusalOf(direct(agent, injector.port));
    await agent.waitForLog('TLS handshake with a client failed', from);
    expect(agent.logLines().some(({ msg }) => msg === 'client connected')).toBe(false);
  });

  test('is asked for postgresql inside TLS as PostgreSQL 18 asks', async () => {
    const { agent, port } = await listening();
    await using _ = agent;
    const offers = [undefined, ['http/1.1'], ['http/1.1', 'postgresql'], ['postgresql'], ['PostgreSQL']];
    for (const isDirect of [true, false]) {
      for (const offer of offers) {
        const [ours, theirs] = await Promise.all([
          outcome(port, offer, isDirect),
          outcome(postgres.port, offer, isDirect),
        ]);
        expect([isDirect, offer, ours]).toEqual([isDirect, offer, theirs]);
      }
    }
    expect(await outcome(port, ['postgresql'], true)).toBe('postgresql, and an answer');
    expect(await outcome(port, undefined, true)).toBe('closed');
    const reasons = agent.logLines().map(({ reason }) => reason);
    expect(reasons).toContain('it began with TLS, and named no protocol inside it (ALPN)');
  });

  test('is closed without a word where there is no TLS', async () => {
    const { agent, port } = await listening({ client_tls_sslmode: 'disable' });
    await using _ = agent;
    expect(await outcome(port, ['postgresql'], true)).toBe('closed');
    const socket = connect(`${agent.socketDir}/.s.PGSQL.${port}`);
    const said: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => said.push(chunk)).write(Buffer.from([0x16, 3, 1, 0, 1, 0]));
    await new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
    expect(said).toEqual([]);
    const reasons = agent.logLines().map(({ reason }) => reason);
    expect(reasons).toContain('client_tls_sslmode is disable');
    expect(reasons).toContain('there is no TLS on a UNIX socket');
  });
});

/** What comes of a handshake that offers these protocols, and of a startup packet inside. */
function outcome(port: number, offer: string[] | undefined, isDirect: boolean): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const plain = connect(port, '127.0.0.1');
  plain.on('error', () => resolve('closed')).on('close', () => resolve('closed'));
  const shake = (): void => {
    const tls = connectTls({
      socket: plain,
      servername: 'localhost',
      ca: authority.certificate,
      ...(offer !== undefined && { ALPNProtocols: offer }),
    });
    tls.on('error', () => resolve('closed')).on('close', () => resolve('closed'));
    tls.on('secureConnect', () => tls.write(startup({ user: 'app', database: 'shop' })));
    tls.on('data', () => {
      resolve(`${tls.alpnProtocol || 'nothing agreed on'}, and an answer`);
      tls.destroy();
    });
  };
  plain.on('connect', () => {
    if (isDirect) return shake();
    plain.write(sslRequest);
    plain.once('data', shake);
  });
  return promise;
}

/** Passes on what a client says as `pieces` has it, each piece in a segment of its own. */
async function between(
  upstream: number,
  pieces: (chunk: Buffer) => readonly Buffer[],
): Promise<Disposable & { readonly port: number }> {
  const server = createServer((client) => {
    const there = connect(upstream, '127.0.0.1').setNoDelay(true);
    let turn = Promise.resolve();
    client.on('data', (chunk: Buffer) => {
      for (const piece of pieces(chunk))
        turn = turn.then(() => new Promise((next) => there.write(piece, () => setImmediate(next))));
    });
    there.on('data', (chunk) => client.write(chunk));
    for (const [one, other] of [
      [client, there],
      [there, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.dispose]: () => void server.close() };
}
