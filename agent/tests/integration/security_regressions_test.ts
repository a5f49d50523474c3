// PgBouncer's security history, one test a number: what was possible there is not possible here.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import pg from 'pg';
import { type Agent, pgsidecarProgram } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { message, query, sslRequest, startup } from '../harness/client_words.ts';
import { testNeeding } from '../harness/needs.ts';
import { isReachableByAll, unprivilegedAccount } from '../harness/nursery.ts';
import { freePort } from '../harness/postgres.ts';
import { ask, psql, refusalOf, refused, through } from '../harness/psql.ts';
import { Neighbour, RawClient, socketOf } from '../harness/raw_client.ts';
import * as say from '../harness/server_words.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const { authority, postgres } = await openShop({
  users: { pooler: 'SUPERUSER', app: '', expired: "VALID UNTIL '2001-01-01'" },
});

/** One database, one user in the files, who asks the server for all others. */
function start(settings: Application['settings'] = {}, files: Record<string, string> = {}): Promise<Agent> {
  const databases = { shop: { host: 'localhost', port: postgres.port, dbname: 'shop' } };
  const users = { pooler: { password: postgres.passwordOf('pooler') } };
  const all = { auth_user: 'pooler', databases, users, ...settings };
  return serve(
    { postgres, authority, user: 'pooler', settings: all },
    { files: { 'application.yml': '{}\n', ...files } },
  );
}

function login(agent: Agent, user = 'app') {
  return through(agent, postgres.passwordOf(user), { user });
}

test('CVE-2012-4575: a long database name stops nobody, neither one that fits the packet nor one that does not', async () => {
  await using agent = await start();
  await using neighbour = await Neighbour.join(agent.url('app', postgres.passwordOf('app'), 'shop'));
  for (const length of [63, 64, 127, 128, 255, 256, 1_024, 9_900]) {
    const { sqlstate, text } = await refused({ ...login(agent), database: 'd'.repeat(length) });
    expect([length, sqlstate]).toEqual([length, expect.stringMatching(/^(3D000|28P01)$/)]);
    expect(text).toMatch(/no such database: |password authentication failed/);
  }
  const client = new RawClient(socketOf(agent));
  client.say(startup({ user: 'app', database: 'd'.repeat(100_000) }));
  expect(await client.ended).toContain('a startup packet says that it is');
  await neighbour.works();
});

test('CVE-2015-6817: a user whom nobody knows does not become auth_user, whatever password he says', async () => {
  await using agent = await start();
  for (const password of [postgres.passwordOf('pooler'), crypto.randomUUID(), 'x']) {
    const nobody = { ...login(agent), user: 'nobody', password };
    expect(await refusalOf(nobody)).toBe('FATAL:  password authentication failed for user "nobody"');
  }
  expect(await ask(login(agent), 'SELECT session_user, current_user')).toBe('app|app');
});

test('CVE-2021-3935: what is sent in the clear before the TLS handshake is never executed', async () => {
  const port = await freePort();
  const issued = authority.issueServer();
  await using agent = await start(
    {
      listen_addr: '127.0.0.1',
      listen_port: port,
      client_tls_sslmode: 'require',
      client_tls_cert_file: 'agent.crt',
      client_tls_key_file: 'agent.key',
    },
    { 'agent.crt': issued.certificate, 'agent.key': issued.key },
  );
  await postgres.sql('CREATE TABLE IF NOT EXISTS injected (n int); GRANT ALL ON injected TO app', 'shop');
  const injected = [startup({ user: 'app', database: 'shop' }), query('INSERT INTO injected VALUES (1)')];
  // Behind the request, as one write.
  const one = new RawClient(port);
  one.say(sslRequest, ...injected);
  expect(await one.ended).toContain('bytes follow a startup packet before it was answered');
  // Behind the answer, where the handshake should begin.
  const other = new RawClient(port);
  other.say(sslRequest);
  await other.until('S');
  other.say(...injected);
  expect(await other.ended).not.toContain('Z\0\0\0\x05');
  // And nothing of it is left for the next one, who comes by TLS as he should.
  const third = new RawClient(port);
  third.say(sslRequest);
  await third.until('S');
  third.socket.removeAllListeners('data');
  const tls = connectTls({ socket: third.socket, ca: authority.certificate, host: 'localhost' });
  tls.write(startup({ user: 'app', database: 'shop' }));
  expect(await firstOf(tls)).toContain('SCRAM-SHA-256');
  tls.destroy();
  expect(await ask({ ...login(agent), port }, 'SELECT count(*) FROM injected')).toBe('0');
});

function firstOf(tls: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    tls.on('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    tls.on('error', reject);
    tls.on('close', () => reject(new Error('closed')));
  });
}

test('CVE-2025-2291: a password past its VALID UNTIL lets nobody in by auth_query', async () => {
  await using agent = await start();
  expect(await refusalOf(login(agent, 'expired'))).toBe(
    'FATAL:  password authentication failed for user "expired"',
  );
  await postgres.sql("ALTER ROLE expired VALID UNTIL '2999-01-01'");
  expect(await ask(login(agent, 'expired'), 'SELECT session_user')).toBe('expired');
  await postgres.sql("ALTER ROLE expired VALID UNTIL '2001-01-01'");
  expect(await refusalOf(login(agent, 'expired'))).toContain('password authentication failed');
});

test('CVE-2025-12819: a search_path in the startup packet does not reach the connection that asks auth_query', async () => {
  // Whoever may create objects would answer for pg_authid himself, with the password that he knows.
  await postgres.sql(
    `CREATE SCHEMA IF NOT EXISTS trap; GRANT ALL ON SCHEMA trap TO app; CREATE TABLE IF NOT EXISTS trap.asked (path text);
     CREATE OR REPLACE FUNCTION trap.note(text) RETURNS text LANGUAGE sql AS $$ INSERT INTO trap.asked VALUES (current_setting('search_path')) RETURNING $1 $$`,
    'shop',
  );
  const asks =
    "SELECT rolname, CASE WHEN trap.note(rolname) <> '' AND (rolvaliduntil IS NULL OR rolvaliduntil > now()) THEN rolpassword END FROM pg_authid WHERE rolname = $1 AND rolcanlogin";
  await using agent = await start({ auth_query: asks });
  for (const options of ['-c search_path=trap', '--search_path=trap,public']) {
    const env = { PGOPTIONS: options };
    expect(await refusalOf({ ...login(agent), password: crypto.randomUUID(), env })).toContain('password');
    expect(await ask({ ...login(agent), env }, 'SHOW search_path')).toContain('trap');
  }
  const rows = await postgres.sql<{ path: string }>('SELECT DISTINCT path FROM trap.asked', 'shop');
  expect(rows.length).toBeGreaterThan(0);
  for (const { path } of rows) expect(path).not.toContain('trap');
});

test('CVE-2026-6664: lengths that overflow when something is added to them are refused before the login', async () => {
  await using agent = await start({ auth_type: 'plain' });
  await using neighbour = await Neighbour.join(agent.url('app', postgres.passwordOf('app'), 'shop'));
  for (const length of [0x7fffffff, 0x7ffffffb, -1, -4, -0x80000000, 0x40000000]) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(length);
    const first = new RawClient(socketOf(agent));
    first.say(bytes, new Uint8Array([0, 3, 0, 0]), Buffer.alloc(100));
    expect(await first.ended).toContain(`a startup packet says that it is ${length} bytes long`);
    const second = new RawClient(socketOf(agent));
    second.say(startup({ user: 'app', database: 'shop' }));
    await second.until('R\0\0\0\x08\0\0\0\x03');
    second.say(Buffer.from('p'), bytes, Buffer.alloc(100));
    expect(await second.ended).toContain(`a message of type 'p' says that it is ${length} bytes long`);
  }
  await neighbour.works();
});

/** A server of its own that says `answers`, one after each message. */
async function hostileServer(answers: (nonce: string) => readonly Uint8Array[]) {
  const server = createServer((socket: Socket) => {
    let said = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const nonce = /r=([^,]+)/.exec(chunk.toString('latin1'))?.[1] ?? '';
      const next = answers(nonce)[said++];
      if (next !== undefined) socket.write(next);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}

/** What a client is told of such a server, while its neighbour at an honest one goes on. */
async function toldOf(answers: (nonce: string) => readonly Uint8Array[]): Promise<string> {
  await using server = await hostileServer(answers);
  const databases = {
    shop: { host: 'localhost', port: postgres.port, user: 'app', password: postgres.passwordOf('app') },
    evil: {
      ...{ host: '127.0.0.1', port: server.port, user: 'app', password: postgres.passwordOf('app') },
      sslmode: 'disable',
    },
  };
  await using agent = await serve({ postgres, authority, settings: { databases } });
  await using neighbour = await Neighbour.join(agent.url('app', postgres.passwordOf('app'), 'shop'));
  const client = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'evil'));
  client.on('error', () => {});
  const told = await client
    .connect()
    .then(() => client.query('SELECT 1'))
    .then(
      () => 'an answer',
      ({ code, message: words }: { code?: string; message: string }) => `${code ?? 'no SQLSTATE'} ${words}`,
    );
  await client.end().catch(() => {});
  await neighbour.works();
  return told;
}

test("CVE-2026-6665: a hostile server's long SCRAM nonce is refused by its length", async () => {
  const sasl = say.authentication(10, 'SCRAM-SHA-256\0\0');
  const salt = Buffer.alloc(16, 7).toString('base64');
  for (const length of [500, 1_000, 4_000, 100_000]) {
    const told = await toldOf((nonce) => [
      sasl,
      say.authentication(11, `r=${nonce}${'x'.repeat(length)},s=${salt},i=4096`),
    ]);
    expect(told).toMatch(/^28000 .*SCRAM (?:nonce|message) of \d+ bytes is over the limit of \d+$/);
  }
});

test('CVE-2026-6666: an ErrorResponse without SQLSTATE stops nobody, in a login or behind a query', async () => {
  const error = message('E', 'SFATAL\0Mwithout a code\0\0');
  expect(await toldOf(() => [error])).toContain('without a code');
  const greeting = Buffer.concat([
    say.authentication(0),
    say.parameterStatus('server_version', '18.1'),
    say.parameterStatus('client_encoding', 'UTF8'),
    say.backendKey(7, new Uint8Array([1, 2, 3, 4])),
    say.ready(),
  ]);
  const answer = Buffer.concat([message('E', 'SERROR\0Mwithout a code\0\0'), say.ready()]);
  expect(await toldOf(() => [greeting, answer])).toBe('no SQLSTATE without a code');
});

test('CVE-2026-6667: KILL_CLIENT of the console, and all that changes something, wants a user of admin_users', async () => {
  const passwords = { warden: crypto.randomUUID(), watcher: crypto.randomUUID() };
  const operators = Object.fromEntries(
    Object.entries(passwords).map(([name, password]) => [name, { password }]),
  );
  await using agent = await start({
    admin_users: 'warden',
    stats_users: 'watcher',
    users: { pooler: { password: postgres.passwordOf('pooler') }, ...operators },
  });
  const victim = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
  const end = new Promise<string>((resolve) => victim.on('error', ({ message: said }) => resolve(said)));
  await victim.connect();
  const console = (user: keyof typeof passwords, command: string) =>
    psql(through(agent, passwords[user], { user, database: 'pgbouncer' }), ['-c', command]);
  const shown = (await console('watcher', 'SHOW CLIENTS')).stdout.split('\n').map((row) => row.split('|'));
  const id = shown.find(([, user, database]) => user === 'app' && database === 'shop')?.at(-2);
  for (const command of [`KILL_CLIENT ${id}`, 'KILL shop', 'PAUSE', 'DISABLE shop', 'RELOAD', 'SHUTDOWN']) {
    const { stderr } = await console('watcher', command);
    expect([command, stderr]).toEqual([command, expect.stringContaining('admin access needed')]);
  }
  expect((await victim.query('SELECT 7 AS n')).rows).toEqual([{ n: 7 }]);
  expect((await console('warden', `KILL_CLIENT ${id}`)).stderr).toBe('');
  expect(await end).toStartWith('admin forced disconnect');
});

const account = unprivilegedAccount();
const program = pgsidecarProgram();
const unreachable = program.find((word) => word.startsWith('/') && !isReachableByAll(dirname(word)));
const needed =
  account === undefined
    ? 'only root can be somebody else for a moment'
    : unreachable && `${unreachable} cannot be reached by everybody`;

testNeeding(needed)(
  'CVE-2026-6667: whoever may not control the agent cannot, at the control socket',
  async () => {
    await using agent = await start();
    await using neighbour = await Neighbour.join(agent.url('app', postgres.passwordOf('app'), 'shop'));
    const control = `${agent.socketDir}/pgsidecar.control`;
    for (const words of [['drain'], ['reload'], ['status']]) {
      const { exitCode, stderr } = Bun.spawnSync([...program, ...words], {
        env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', PGSIDECAR_CONTROL_SOCKET: control },
        cwd: '/',
        stdout: 'pipe',
        stderr: 'pipe',
        ...account!,
      });
      expect([words, exitCode]).toEqual([words, expect.any(Number)]);
      expect(exitCode).not.toBe(0);
      expect(stderr.toString()).toMatch(/permission denied/);
    }
    // Nobody was drained, and the owner may do what he likes.
    await neighbour.works();
    expect((await agent.reload()).code).toBe(0);
  },
);
