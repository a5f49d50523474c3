// The configuration changes while clients are connected: each change takes effect by itself, and nobody is dropped for it.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import pg from 'pg';
import type { Agent, LogLine } from '../harness/agent.ts';
import {
  type Application,
  applicationYml,
  expectNoSecrets,
  pgsidecarYml,
  serve,
} from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { type Postgres, type PostgresOptions, startPostgres } from '../harness/postgres.ts';
import { ask, refused, through } from '../harness/psql.ts';

setDefaultTimeout(30_000);

const authority = createCertificateAuthority();
let postgres: Postgres;
/** Where the application's database moves to. */
let other: Postgres;

beforeAll(async () => {
  const options: PostgresOptions = {
    tls: { server: authority.issueServer() },
    users: { app: '', early: '', late: '' },
    databases: { shop: 'app', books: 'app' },
  };
  [postgres, other] = await Promise.all([startPostgres(options), startPostgres(options)]);
}, 60_000);
afterAll(() => Promise.all([postgres?.stop(), other?.stop()]));

type Settings = NonNullable<Application['settings']>;

function application(settings: Settings = {}, more: Partial<Application> = {}): Application {
  return {
    postgres,
    authority,
    settings: { source_settle_time: '20ms', default_pool_size: 3, ...settings },
    ...more,
  };
}

/** What the agent said of the reload that `change` caused, by itself and without being asked. */
async function reloaded(agent: Agent, change: () => void, msg = 'reloaded'): Promise<LogLine> {
  const from = agent.logLines().length;
  change();
  return agent.waitForLog(msg, from);
}

function writeSettings(agent: Agent, settings: Settings): void {
  agent.writeFile('pgsidecar.yml', pgsidecarYml(application(settings).settings));
}

async function connect(
  agent: Agent,
  database = 'shop',
  password = postgres.passwordOf('app'),
): Promise<pg.Client> {
  const client = new pg.Client(agent.url('app', password, database));
  await client.connect();
  return client;
}

async function only(client: pg.Client, sql: string): Promise<unknown> {
  return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0];
}

async function serverCount(where = postgres): Promise<number> {
  const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'app'";
  return (await where.sql<{ n: number }>(sql))[0]!.n;
}

test('pool sizes grow and shrink by editing the file', async () => {
  await using agent = await serve(application({ default_pool_size: 1 }));
  const clients = await Promise.all(Array.from({ length: 6 }, () => connect(agent)));
  const allSleep = () => Promise.all(clients.map((client) => client.query('SELECT pg_sleep(0.1)')));
  await allSleep();
  expect(await serverCount()).toBe(1);
  const grown = await reloaded(agent, () => writeSettings(agent, { default_pool_size: 4 }));
  expect(grown.changes).toContainEqual(expect.stringContaining('default_pool_size'));
  await allSleep();
  expect(await serverCount()).toBe(4);
  await reloaded(agent, () => writeSettings(agent, { default_pool_size: 2 }));
  await allSleep();
  while ((await serverCount()) !== 2) await Bun.sleep(10);
  await allSleep();
  expect(await serverCount()).toBe(2);
  await Promise.all(clients.map((client) => client.end()));
});

test('SIGHUP and `pgsidecar reload` read the files as well, and say what changed', async () => {
  await using agent = await serve(application());
  expect(await agent.reload()).toMatchObject({
    ...{ code: 0, stdout: expect.stringMatching(/^nothing has changed since/), stderr: '' },
  });
  const hup = await reloaded(agent, () => agent.signal('SIGHUP'), 'reloaded: nothing changed');
  expect(hup.why).toBe('SIGHUP');
  // The environment cannot change; a file can, and whoever looks first applies it.
  writeSettings(agent, { max_client_conn: 77 });
  const { code, stdout } = await agent.reload();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^(nothing has changed.*|applied:\n.*max_client_conn.*77.*)\n$/s);
  expect((await agent.status()).clients).toMatchObject({ limit: 77 });
});

test('a password that is rotated on the server and in the file: clients stay, new ones need the new one', async () => {
  const rotated = application({}, { user: 'early' });
  await using agent = await serve(rotated);
  const login = through(agent, postgres.passwordOf('early'), { user: 'early' });
  const client = new pg.Client({ ...login, database: 'shop' });
  await client.connect();
  const pid = await only(client, 'SELECT pg_backend_pid()');
  const fresh = crypto.randomUUID();
  await postgres.sql(`ALTER ROLE early PASSWORD '${fresh}'`);
  const yml = applicationYml({ ...rotated, password: fresh });
  await reloaded(agent, () => agent.writeFile('application.yml', yml));
  // Its server was of the old password, and was replaced between two transactions.
  expect(await only(client, 'SELECT pg_backend_pid()')).not.toBe(pid);
  expect(await ask({ ...login, password: fresh }, 'SELECT 3')).toBe('3');
  expect(await refused(login)).toMatchObject({ sqlstate: '28P01' });
  expectNoSecrets(agent, [fresh]);
  await client.end();
});

test('a file that has the new password before the server does: the agent comes back by itself', async () => {
  const rotated = application({ server_login_retry: '200ms' }, { user: 'late' });
  await using agent = await serve(rotated);
  const login = through(agent, postgres.passwordOf('late'), { user: 'late' });
  const client = new pg.Client({ ...login, database: 'shop' });
  await client.connect();
  const fresh = crypto.randomUUID();
  const yml = applicationYml({ ...rotated, password: fresh });
  await reloaded(agent, () => agent.writeFile('application.yml', yml));
  expect(await refused({ ...login, password: fresh })).toEqual({
    sqlstate: '28P01',
    text: 'FATAL:  password authentication failed for user "late" (the server refused our login)',
  });
  await postgres.sql(`ALTER ROLE late PASSWORD '${fresh}'`);
  expect((await agent.command('wait', '--timeout', '20s')).code).toBe(0);
  expect(await ask({ ...login, password: fresh }, 'SELECT 2')).toBe('2');
  expect(await only(client, 'SELECT 1')).toBe(1);
  expectNoSecrets(agent, [fresh]);
  await client.end();
});

test('a database that moves to another PostgreSQL: clients stay, transactions end where they began', async () => {
  await using agent = await serve(application());
  // Both servers take the same password, as after a failover.
  await other.sql(`ALTER ROLE app PASSWORD '${postgres.passwordOf('app')}'`);
  const [idle, busy] = [await connect(agent), await connect(agent)];
  const port = (client: pg.Client) => only(client, "SELECT current_setting('port')::int");
  expect(await port(idle)).toBe(postgres.port);
  await busy.query('BEGIN');
  expect(await port(busy)).toBe(postgres.port);
  const yml = applicationYml(application({}, { port: other.port }));
  await reloaded(agent, () => agent.writeFile('application.yml', yml));
  expect(await port(idle)).toBe(other.port);
  expect(await port(busy)).toBe(postgres.port);
  await busy.query('COMMIT');
  expect(await port(busy)).toBe(other.port);
  while ((await serverCount()) !== 0) await Bun.sleep(10);
  expect(await ask(through(agent, postgres.passwordOf('app')), "SELECT current_setting('port')")).toBe(
    String(other.port),
  );
  await Promise.all([idle.end(), busy.end()]);
});

test('a database is added, and removed again: who is idle is told, who is at work finishes', async () => {
  await using agent = await serve(application());
  const login = through(agent, postgres.passwordOf('app'), { database: 'books' });
  expect(await refused(login)).toMatchObject({ sqlstate: '3D000' });
  const books = { host: 'localhost', port: postgres.port, user: 'app', password: postgres.passwordOf('app') };
  await reloaded(agent, () => writeSettings(agent, { databases: { books } }));
  expect(await ask(login, 'SELECT current_database()')).toBe('books');
  const [idle, busy, stays] = [
    await connect(agent, 'books'),
    await connect(agent, 'books'),
    await connect(agent),
  ];
  const told = (client: pg.Client) => new Promise<Error>((resolve) => client.once('error', resolve));
  const [idleTold, busyTold] = [told(idle), told(busy)];
  for (const client of [idle, busy]) client.on('error', () => {}); // and then the connection ends
  await busy.query('BEGIN');
  await reloaded(agent, () => writeSettings(agent, {}));
  const sentence = 'database removed: "books" is no longer in the configuration';
  expect(await idleTold).toMatchObject({ code: '57P01', message: sentence });
  expect(await refused(login)).toMatchObject({ sqlstate: '3D000' });
  expect(await only(busy, 'SELECT 1')).toBe(1);
  await busy.query('COMMIT');
  expect(await busyTold).toMatchObject({ code: '57P01', message: sentence });
  expect(await only(stays, 'SELECT 2')).toBe(2);
  const sql = "SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND datname = 'books'";
  while ((await postgres.sql(sql)).length > 0) await Bun.sleep(10);
  await stays.end();
});

test('a file that is half written or wrong is never applied, and everybody who asks is told why', async () => {
  await using agent = await serve(application());
  const client = await connect(agent);
  const good = applicationYml(application());
  const broken = [
    ['production:\n  database_host: localh', /There is no database to serve|Cannot/],
    ['production: [\n', /Cannot read application\.yml:\d+ as YAML/],
    [good.replace(/database_port: "\d+"/, 'database_port: "many"'), /port/],
    ['', /There is no database to serve|Cannot/],
  ] as const;
  for (const [text, reason] of broken) {
    const line = await reloaded(
      agent,
      () => agent.writeFile('application.yml', text),
      'reload refused: nothing was changed',
    );
    expect(line.level).toBe(50);
    expect(String(line.problems)).toMatch(reason);
    const asked = await agent.reload();
    expect(asked.code).toBe(78);
    expect(asked.stderr).toMatch(reason);
    expect(asked.stderr).toContain('The agent goes on with the settings that it had.');
    const { lastReload } = (await agent.status()) as { lastReload: { ok: boolean; problems: string[] } };
    expect(lastReload.ok).toBe(false);
    expect(String(lastReload.problems)).toMatch(reason);
    expect(await only(client, 'SELECT 1')).toBe(1);
    expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 2')).toBe('2');
  }
  const settings = 'pgsidecar.yml with a good setting and a bad one';
  const line = await reloaded(
    agent,
    () =>
      agent.writeFile(
        'pgsidecar.yml',
        `${pgsidecarYml(application().settings)}max_client_conn: 7\nlog_level: loud\n`,
      ),
    'reload refused: nothing was changed',
  );
  expect(String(line.problems), settings).toContain('log_level');
  expect((await agent.status()).clients).toMatchObject({ limit: 1000 });
  agent.writeFile('pgsidecar.yml', pgsidecarYml(application().settings));
  agent.writeFile('application.yml', good);
  expect((await agent.reload()).code).toBe(0);
  expect((await agent.status()).lastReload).toMatchObject({ ok: true });
  expect(await only(client, 'SELECT 3')).toBe(3);
  await client.end();
});

test('a .env is read by the agent and nobody else, so that its changes count as those of any file', async () => {
  const url = (more: string) =>
    `DATABASE_URL="postgres://app:${postgres.passwordOf('app')}@localhost:${postgres.port}/${more}"\n`;
  const files = { 'application.yml': '', '.env': url('shop') };
  await using agent = await serve(application(), { files });
  const login = through(agent, postgres.passwordOf('app'));
  expect(await ask(login, 'SELECT current_database()')).toBe('shop');
  expect((await agent.status()).databases).toMatchObject([{ name: 'shop', origin: '.env:1' }]);
  await reloaded(agent, () => agent.writeFile('.env', url('books')));
  expect(await ask({ ...login, database: 'books' }, 'SELECT current_database()')).toBe('books');
  expect(await refused(login)).toMatchObject({ sqlstate: '3D000' });
});

test('a file that is removed and comes back', async () => {
  await using agent = await serve(application());
  const line = await reloaded(
    agent,
    () => Bun.spawnSync(['mv', 'application.yml', 'elsewhere.yml'], { cwd: agent.directory }),
    'reload refused: nothing was changed',
  );
  expect(String(line.problems)).toContain('There is no database to serve');
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
  await reloaded(
    agent,
    () => Bun.spawnSync(['mv', 'elsewhere.yml', 'application.yml'], { cwd: agent.directory }),
    'reloaded: nothing changed',
  );
});

test('the socket moves to another directory, its mode changes, and those who are connected stay', async () => {
  // Not from the environment, which cannot change.
  await using agent = await serve(application({ unix_socket_dir: 'one' }), {
    env: { PGSIDECAR_UNIX_SOCKET_DIR: '' },
  });
  const at = (name: string) => `${agent.directory}/${name}`;
  const login = (name: string) => ({ ...through(agent, postgres.passwordOf('app')), host: at(name) });
  const client = new pg.Client({ ...login('one'), user: 'app', database: 'shop' });
  await client.connect();
  mkdirSync(at('two'));
  await reloaded(agent, () => writeSettings(agent, { unix_socket_dir: 'two' }));
  expect(await ask(login('two'), 'SELECT 1')).toBe('1');
  expect(existsSync(at('one/.s.PGSQL.5432'))).toBe(false);
  expect(await only(client, 'SELECT 2')).toBe(2);
  expect((await agent.status()).listeners).toEqual([{ kind: 'unix', address: at('two/.s.PGSQL.5432') }]);
  await reloaded(agent, () => writeSettings(agent, { unix_socket_dir: 'two', unix_socket_mode: '0707' }));
  expect(statSync(at('two/.s.PGSQL.5432')).mode & 0o777).toBe(0o707);
  expect(await ask(login('two'), 'SELECT 3')).toBe('3');
  await reloaded(agent, () => writeSettings(agent, { unix_socket_dir: 'two', listen_port: 6432 }));
  expect(await ask({ ...login('two'), port: 6432 }, 'SELECT 4')).toBe('4');
  expect(await only(client, 'SELECT 5')).toBe(5);
  await client.end();
});

test('a socket directory that cannot be used changes nothing', async () => {
  // Where the command line finds the agent, whatever becomes of the directory.
  const control_socket = 'control';
  await using agent = await serve(application({ unix_socket_dir: 'one', control_socket }), {
    env: { PGSIDECAR_UNIX_SOCKET_DIR: '' },
  });
  const login = { ...through(agent, postgres.passwordOf('app')), host: `${agent.directory}/one` };
  agent.writeFile('file', 'no directory');
  const line = await reloaded(
    agent,
    () => writeSettings(agent, { unix_socket_dir: 'file/below', max_client_conn: 7, control_socket }),
    'reload refused: nothing was changed',
  );
  expect(String(line.problems)).toContain(
    `Cannot listen on ${agent.directory}/file/below: a file is there, or above it, and no directory`,
  );
  expect(await ask(login, 'SELECT 1')).toBe('1');
  expect((await agent.status()).clients).toMatchObject({ limit: 1000 });
});

test('a CA file that is replaced is what new servers are held to', async () => {
  await using agent = await serve(application());
  const client = await connect(agent);
  const pid = await only(client, 'SELECT pg_backend_pid()');
  const next = createCertificateAuthority();
  // Both CAs while the servers change over, as one does it.
  await reloaded(agent, () => agent.writeFile('ca.crt', authority.certificate + next.certificate));
  expect(await only(client, 'SELECT pg_backend_pid()')).not.toBe(pid);
  await postgres.replaceCertificate(next.issueServer());
  await reloaded(agent, () => agent.writeFile('ca.crt', next.certificate));
  expect(await only(client, 'SELECT 2')).toBe(2);
  // The old CA is not trusted any more: a server that still has its certificate is refused.
  await postgres.replaceCertificate(authority.issueServer());
  await postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
  await agent.waitForLog(({ msg }) => msg === 'server connection lost');
  expect((await refused(through(agent, postgres.passwordOf('app')))).text).toContain(
    'cannot trust the server',
  );
  await reloaded(agent, () => agent.writeFile('ca.crt', authority.certificate));
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 3')).toBe('3');
  await client.end().catch(() => {}); // it may have been told that there is no server
});

test('a CA file that is no certificate changes nothing', async () => {
  await using agent = await serve(application());
  agent.writeFile('ca.crt', '-----BEGIN CERTIFICATE-----\nhalf of');
  const { code, stderr } = await agent.reload();
  expect({ code, stderr }).toMatchObject({ code: 78 });
  expect(stderr).toContain('ca.crt');
  await postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
});

test('20 clients lose no query during 20 reloads that change pools, settings and the socket itself', async () => {
  await using agent = await serve(application());
  let over = false;
  const failures: unknown[] = [];
  const counts = Array.from({ length: 20 }, async (_, who) => {
    const client = await connect(agent);
    client.on('error', (error) => failures.push(error));
    let n = 0;
    try {
      for (; !over; n++) {
        const { rows } = await client.query({
          name: 'count',
          text: `SELECT $1::int + ${who} AS n`,
          values: [n],
        });
        if (rows[0].n !== n + who) failures.push(`${rows[0].n} in place of ${n + who}`);
      }
      await client.end();
    } catch (error) {
      failures.push(error);
    }
    return n;
  });
  for (let round = 0; round < 20; round++) {
    const settings = {
      default_pool_size: 1 + (round % 5),
      max_client_conn: 100 + round,
      unix_socket_mode: round % 2 === 0 ? '0700' : '0770',
      server_lifetime: `${round + 1}min`,
    };
    await reloaded(agent, () => writeSettings(agent, settings));
    // Newcomers come in all the time as well.
    expect(await ask(through(agent, postgres.passwordOf('app')), `SELECT ${round}`)).toBe(String(round));
  }
  over = true;
  const done = await Promise.all(counts);
  expect(failures).toEqual([]);
  for (const n of done) expect(n).toBeGreaterThan(20);
  expect((await agent.status()).reloads).toMatchObject({ succeeded: 20, failed: 0 });
});
