// One application with several databases, one database with several hosts: all of them through the one socket.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { createServer, type Server } from 'node:net';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { freePort, type Postgres, type PostgresOptions, startPostgres } from '../harness/postgres.ts';
import { ask, refused, through } from '../harness/psql.ts';

setDefaultTimeout(30_000);

const authority = createCertificateAuthority();
let writer: Postgres;
let replica: Postgres;

beforeAll(async () => {
  const options: PostgresOptions = {
    tls: { server: authority.issueServer() },
    users: { app: '', reader: '', worker: '' },
    databases: { idp: 'app', jobs: 'worker' },
  };
  [writer, replica] = await Promise.all([startPostgres(options), startPostgres(options)]);
}, 60_000);
afterAll(() => Promise.all([writer?.stop(), replica?.stop()]));

function application(settings: Application['settings'] = {}, more: Record<string, string> = {}): Application {
  return { postgres: writer, authority, database: 'idp', settings, more };
}

test('writer, read replica and background jobs of one application.yml, each with its own role', async () => {
  const more = {
    database_read_replica_host: 'localhost',
    database_read_replica_port: String(replica.port),
    database_readonly_username: 'reader',
    database_readonly_password: replica.passwordOf('reader'),
    database_worker_jobs_host: 'localhost',
    database_worker_jobs_name: 'jobs',
    database_worker_jobs_username: 'worker',
    database_worker_jobs_password: writer.passwordOf('worker'),
  };
  await using agent = await serve(application({}, more));
  const { databases } = (await agent.status()) as {
    databases: { name: string; role: string; port: string; user: string }[];
  };
  const served = databases.map(({ name, role, port, user }) => [name, role, Number(port), user]);
  expect(served).toEqual([
    ['idp', 'writer', writer.port, 'app'],
    ['idp_read_replica', 'replica', replica.port, 'reader'],
    ['jobs', 'writer', writer.port, 'worker'],
  ]);
  const sql = "SELECT current_user, current_database(), current_setting('port')";
  const login = (password: string, user: string, database: string) =>
    through(agent, password, { user, database });
  expect(await ask(login(writer.passwordOf('app'), 'app', 'idp'), sql)).toBe(`app|idp|${writer.port}`);
  expect(await ask(login(replica.passwordOf('reader'), 'reader', 'idp_read_replica'), sql)).toBe(
    `reader|idp|${replica.port}`,
  );
  expect(await ask(login(writer.passwordOf('worker'), 'worker', 'jobs'), sql)).toBe(
    `worker|jobs|${writer.port}`,
  );
  // Each role for its own database.
  expect(await refused(login(replica.passwordOf('reader'), 'reader', 'idp'))).toMatchObject({
    sqlstate: '42501',
  });
});

test('one database whose role is refused leaves the agent ready for the others; one that is refused everywhere does not', async () => {
  const jobs = {
    database_worker_jobs_host: 'localhost',
    database_worker_jobs_name: 'jobs',
    database_worker_jobs_username: 'worker',
    database_worker_jobs_password: crypto.randomUUID(),
  };
  const refusedRole = `no server for database "jobs": password authentication failed for user "worker"`;
  await using agent = await serve(application({}, jobs));
  const wait = () => agent.command('wait', '--timeout', '20s');
  expect((await wait()).code).toBe(0);
  const isRefused = ({ database, lastError }: { database: string; lastError?: string }): boolean =>
    database === 'jobs' && lastError !== undefined;
  while (!((await agent.status()) as { pools: never[] }).pools.some(isRefused)) await Bun.sleep(10);
  expect((await wait()).code).toBe(0);
  const unix = `${agent.socketDir}/pgsidecar.control`;
  const readiness = await fetch('http://localhost/readiness', { unix });
  expect([readiness.status, await readiness.json()]).toEqual([
    200,
    { ok: true, reason: expect.stringContaining(`clients are served; ${refusedRole}`) },
  ]);
  await using broken = await serve({ ...application({}, jobs), password: crypto.randomUUID() });
  let waited = await broken.command('wait', '--timeout', '100ms');
  // Until both have been tried.
  while (!(waited.stderr.includes('"jobs"') && waited.stderr.includes('"app"')))
    waited = await broken.command('wait', '--timeout', '1s');
  expect(waited.code).toBe(75);
});

test('the same role with another password on each server', async () => {
  const more = {
    database_read_replica_host: 'localhost',
    database_read_replica_port: String(replica.port),
    database_readonly_username: 'app',
    database_readonly_password: replica.passwordOf('app'),
  };
  await using agent = await serve(application({}, more));
  const at = (database: string, password: string) => through(agent, password, { database });
  expect(await ask(at('idp', writer.passwordOf('app')), "SELECT current_setting('port')")).toBe(
    String(writer.port),
  );
  expect(await ask(at('idp_read_replica', replica.passwordOf('app')), "SELECT current_setting('port')")).toBe(
    String(replica.port),
  );
  expect(await refused(at('idp', replica.passwordOf('app')))).toMatchObject({ sqlstate: '28P01' });
  expect(await refused(at('idp_read_replica', writer.passwordOf('app')))).toMatchObject({
    sqlstate: '28P01',
  });
});

test('hosts are tried in their order: one that is dead, one that is silent, one that answers', async () => {
  const silent = await new Promise<Server>((resolve) => {
    const server = createServer((socket) => socket.on('error', () => {})); // the agent hangs up
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
  const silentPort = (silent.address() as { port: number }).port;
  const dead = await freePort();
  const databases = {
    idp: {
      host: 'localhost,localhost,localhost',
      port: `${dead},${silentPort},${writer.port}`,
      connect_timeout: 1,
    },
  };
  // connect_timeout of the database wins over the setting, and each host has it for itself.
  await using agent = await serve(application({ databases, server_connect_timeout: '20s' }));
  const login = through(agent, writer.passwordOf('app'), { database: 'idp' });
  expect(await ask(login, "SELECT current_setting('port')")).toBe(String(writer.port));
  silent.close();
});

test('a user of its own at the agent and at the server, and force_user for all others', async () => {
  const users = {
    reader: { password: writer.passwordOf('reader') },
    visitor: { password: crypto.randomUUID() },
  };
  const books = {
    host: 'localhost',
    port: writer.port,
    dbname: 'idp',
    user: 'app',
    force_user: true,
    password: writer.passwordOf('app'),
  };
  await using agent = await serve(application({ users, databases: { books } }));
  const reader = through(agent, users.reader.password, { user: 'reader', database: 'idp' });
  expect(await ask(reader, 'SELECT current_user')).toBe('reader');
  expect(await ask({ ...reader, database: 'books' }, 'SELECT current_user')).toBe('app');
  // The server does not know this one: what it says is passed on.
  const visitor = through(agent, users.visitor.password, { user: 'visitor', database: 'idp' });
  expect(await refused(visitor)).toEqual({
    sqlstate: '28P01',
    text: 'FATAL:  password authentication failed for user "visitor" (the server refused our login)',
  });
  expect(await ask({ ...visitor, database: 'books' }, 'SELECT current_user')).toBe('app');
});

test('parameters of a database are what every server of it starts with', async () => {
  const databases = {
    idp: { parameters: { statement_timeout: '1234', application_name: 'from the file', work_mem: '7MB' } },
  };
  await using agent = await serve(application({ databases }));
  const login = through(agent, writer.passwordOf('app'), { database: 'idp' });
  const sql =
    "SELECT current_setting('statement_timeout'), current_setting('work_mem'), current_setting('application_name')";
  // psql brings a name of its own; whoever does not has that of the file.
  expect(await ask(login, sql)).toBe('1234ms|7MB|psql');
  expect(await ask({ ...login, env: { PGOPTIONS: '-c statement_timeout=5s' } }, sql)).toBe('5s|7MB|psql');
  expect(await ask(login, sql)).toBe('1234ms|7MB|psql');
});
