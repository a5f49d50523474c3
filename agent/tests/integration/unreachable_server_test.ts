// Servers that cannot be used: each reason has its own words and SQLSTATE, for the client, in the log, and for readiness.

import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { freePort, startPostgres } from '../harness/postgres.ts';
import { ask, type Refusal, refused, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres } = await openShop({
  users: { app: '', banned: '' },
  hba: ['hostssl all banned all reject'],
});
afterEach(() => postgres.replaceCertificate(authority.issueServer()));

/** What a client of this application is told, and that log and readiness say the same. */
async function refusal(application: Partial<Application> = {}): Promise<Refusal> {
  const whole = { postgres, authority, ...application };
  await using agent = await serve(whole);
  const user = application.user ?? 'app';
  const login = through(agent, application.password ?? postgres.passwordOf(user), {
    user,
    database: application.database ?? 'shop',
  });
  const answer = await refused(login);
  const sentence = answer.text.replace(/^FATAL: {2}/, '');
  expect(agent.logLines().filter(({ level, msg }) => level >= 40 && msg === sentence)).not.toEqual([]);
  let waited = await agent.command('wait', '--timeout', '100ms');
  // On a busy machine the agent may need longer than that for its answer.
  while (waited.stderr.includes('did not answer')) waited = await agent.command('wait', '--timeout', '2s');
  expect(waited.code).toBe(75);
  expect(waited.stderr).toContain(sentence);
  return { ...answer, text: withoutPlaces(answer.text) };
}

/** The port is another one each time, and which address of this machine is tried last is too. */
function withoutPlaces(text: string): string {
  return text
    .replace(/(localhost|127\.0\.0\.1):\d+/, 'localhost:PORT')
    .replace(/ \((?:127\.0\.0\.1|::1)\)/, ' (ADDRESS)');
}

const NOT_TRUSTED = 'FATAL:  cannot trust the server localhost:PORT: ';

test('a certificate of another CA', async () => {
  await postgres.replaceCertificate(createCertificateAuthority().issueServer());
  expect(await refusal()).toEqual({
    sqlstate: '08001',
    text: expect.stringMatching(
      /^FATAL: {2}cannot trust the server localhost:PORT: the server's certificate is not signed by a CA of sslrootcert \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\); sslrootcert is \/.*\.crt, and server_tls_ca_file names another$/,
    ),
  });
});

test('a certificate for another host name', async () => {
  await postgres.replaceCertificate(authority.issueServer({ hosts: ['db.example'] }));
  expect(await refusal()).toEqual({
    sqlstate: '08001',
    text: `${NOT_TRUSTED}the server's certificate is for another host name: Host: localhost. is not in the cert's altnames: DNS:db.example`,
  });
});

test('a certificate for a name, where the host is an address', async () => {
  await postgres.replaceCertificate(authority.issueServer({ hosts: ['localhost'] }));
  expect(await refusal({ host: '127.0.0.1' })).toEqual({
    sqlstate: '08001',
    text: `${NOT_TRUSTED}the server's certificate is for another host name: IP: 127.0.0.1 is not in the cert's list`,
  });
});

test('an expired certificate', async () => {
  await postgres.replaceCertificate(authority.issueServer({ validity: 'expired' }));
  expect(await refusal()).toEqual({
    sqlstate: '08001',
    text: `${NOT_TRUSTED}the server's certificate has expired (CERT_HAS_EXPIRED)`,
  });
});

test('a certificate that is not valid yet', async () => {
  await postgres.replaceCertificate(authority.issueServer({ validity: 'not_yet_valid' }));
  expect(await refusal()).toEqual({
    sqlstate: '08001',
    text: `${NOT_TRUSTED}the server's certificate is not valid yet (CERT_NOT_YET_VALID)`,
  });
});

test('a server without TLS', async () => {
  await using cleartext = await startPostgres({ users: { app: '' }, databases: { shop: 'app' } });
  const password = cleartext.passwordOf('app');
  expect(await refusal({ port: cleartext.port, password })).toEqual({
    sqlstate: '08001',
    text: 'FATAL:  the server localhost:PORT does not offer TLS, and sslmode is verify-full: set ssl = on there',
  });
});

test('no server at all', async () => {
  expect(await refusal({ port: await freePort() })).toEqual({
    sqlstate: '08001',
    text: 'FATAL:  cannot connect to the server: connection refused by localhost:PORT (ADDRESS): is PostgreSQL running there?',
  });
});

test('a host that has no address', async () => {
  expect(await refusal({ host: 'no-such-host.invalid' })).toEqual({
    sqlstate: '08001',
    text: 'FATAL:  cannot connect to the server: could not find the address of host no-such-host.invalid',
  });
});

test('a server that accepts and says nothing, at each step of the way', async () => {
  const settings = { server_connect_timeout: '500ms' };
  // Silent from the beginning, and silent once TLS was agreed on.
  for (const [answer, what] of [
    ['', 'the server did not finish the answer to SSLRequest within server_connect_timeout'],
    ['S', 'TLS with the server localhost:PORT failed: no TLS handshake in time'],
  ] as const) {
    const silent = await listen((socket) => socket.once('data', () => socket.write(answer)));
    expect(await refusal({ port: portOf(silent), settings })).toEqual({
      sqlstate: '08001',
      text: `FATAL:  ${what}`,
    });
    silent.close();
  }
});

test('a server that is no PostgreSQL', async () => {
  const other = await listen((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  expect(await refusal({ port: portOf(other) })).toEqual({
    sqlstate: '08P01',
    text: 'FATAL:  the server does not speak the PostgreSQL protocol as it should: the answer to SSLRequest is "H"',
  });
  other.close();
});

test('a password that the server does not take', async () => {
  expect(await refusal({ password: crypto.randomUUID() })).toEqual({
    sqlstate: '28P01',
    text: 'FATAL:  password authentication failed for user "app" (the server refused our login)',
  });
});

test('a user whom pg_hba.conf rejects', async () => {
  expect(await refusal({ user: 'banned' })).toEqual({
    sqlstate: '28000',
    text: `FATAL:  pg_hba.conf rejects connection for host "127.0.0.1", user "banned", database "shop", SSL encryption (the server refused our login)`,
  });
});

test('a database that the server has not', async () => {
  expect(await refusal({ database: 'nowhere' })).toEqual({
    sqlstate: '3D000',
    text: 'FATAL:  database "nowhere" does not exist (the server refused our login)',
  });
});

test('too many connections at the server', async () => {
  await postgres.sql('ALTER ROLE app CONNECTION LIMIT 0');
  expect(await refusal()).toEqual({
    sqlstate: '53300',
    text: 'FATAL:  too many connections for role "app" (the server refused our login)',
  });
  await postgres.sql('ALTER ROLE app CONNECTION LIMIT -1');
});

test('a pool that has no server free within query_wait_timeout', async () => {
  const settings = { default_pool_size: 2, query_wait_timeout: '1s' };
  await using agent = await serve({ postgres, authority, settings });
  const password = postgres.passwordOf('app');
  const holders = [1, 2].map(() => new pg.Client(agent.url('app', password, 'shop')));
  for (const holder of holders) {
    await holder.connect();
    await holder.query('BEGIN; SELECT 1');
  }
  const waiter = new pg.Client(agent.url('app', password, 'shop'));
  waiter.on('error', () => {}); // that the connection ends is the point
  await waiter.connect();
  const failure = await waiter.query('SELECT 1').catch((error: pg.DatabaseError) => error);
  expect(failure).toMatchObject({
    severity: 'FATAL',
    code: '08006',
    message:
      'query_wait_timeout: no server connection became free within 1 s: 2 of 2 are in use, and 1 client waits',
  });
  const { stderr } = await psqlError(through(agent, password));
  expect(stderr).toContain('query_wait_timeout: no server connection became free within 1 s');
  for (const holder of holders) {
    await holder.query('COMMIT');
    await holder.end();
  }
  expect(await ask(through(agent, password), 'SELECT 1')).toBe('1');
});

async function psqlError(login: ReturnType<typeof through>): Promise<{ stderr: string }> {
  return { stderr: await ask(login, 'SELECT 1').catch((error: Error) => error.message) };
}

function listen(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {}); // the agent hangs up
    onConnection(socket);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}
