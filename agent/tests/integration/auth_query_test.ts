// Users whom no file has: their secrets are asked from PostgreSQL, and whoever is not right there is nobody here.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { expectNoSecrets, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { endServers } from '../harness/end_servers.ts';
import { freePort, type Postgres, startPostgres } from '../harness/postgres.ts';
import { ask, type Login, psql, refusalOf, refused, through } from '../harness/psql.ts';

setDefaultTimeout(30_000);

const authority = createCertificateAuthority();
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: {
      pooler: 'SUPERUSER',
      app: '',
      ann: '',
      expired: "VALID UNTIL '2001-01-01'",
      later: "VALID UNTIL '2999-01-01'",
      bare: '',
      group_of_roles: '',
    },
    databases: { shop: 'app', users: 'pooler' },
  });
  await postgres.sql('ALTER ROLE bare PASSWORD NULL; ALTER ROLE group_of_roles NOLOGIN');
}, 60_000);
afterAll(() => postgres?.stop());

const WRONG = (user: string) => `FATAL:  password authentication failed for user "${user}"`;

interface Options {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly shop?: Readonly<Record<string, unknown>>;
  readonly users?: Readonly<Record<string, unknown>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** One server, two databases, and no user in any file but the one who asks. */
async function serveAsked({
  settings = {},
  shop = {},
  users: more = {},
  files = {},
}: Options = {}): Promise<Agent> {
  const server = { host: 'localhost', port: postgres.port };
  const databases = { shop: { ...server, ...shop }, users: server };
  const users = { pooler: { password: postgres.passwordOf('pooler') }, ...more };
  const all = { auth_user: 'pooler', databases, users, ...settings };
  const agent = await serve(
    { postgres, authority, user: 'pooler', settings: all },
    { files: { 'application.yml': '{}\n', ...files } },
  );
  const secrets = await postgres.sql<{ secret: string }>(
    'SELECT rolpassword AS secret FROM pg_authid WHERE rolpassword IS NOT NULL',
  );
  const stop = async (): Promise<void> => {
    await agent.stop();
    expectNoSecrets(
      agent,
      secrets.map(({ secret }) => secret),
    );
  };
  return { ...agent, stop, [Symbol.asyncDispose]: stop };
}

function as(agent: Agent, user: string, more: Partial<Login> = {}): Login {
  return through(agent, postgres.passwordOf(user), { user, ...more });
}

async function reasonOf(agent: Agent, login: Login): Promise<[string, unknown]> {
  const from = agent.logLines().length;
  const text = await refusalOf(login);
  return [text, (await agent.waitForLog('login refused', from)).reason];
}

for (const authType of ['scram-sha-256', 'md5', 'plain']) {
  test(`a user whom only the server has comes in by ${authType}, and works as himself`, async () => {
    await using agent = await serveAsked({ settings: { auth_type: authType } });
    for (const user of ['ann', 'app', 'later'])
      expect(await ask(as(agent, user), 'SELECT session_user')).toBe(user);
    const client = new pg.Client(agent.url('ann', postgres.passwordOf('ann'), 'shop'));
    await client.connect();
    expect((await client.query('SELECT session_user AS me')).rows).toEqual([{ me: 'ann' }]);
    await endServers(postgres, agent, 'ann');
    expect((await client.query('SELECT session_user AS me')).rows).toEqual([{ me: 'ann' }]);
    await client.end();
    expect(await refusalOf({ ...as(agent, 'ann'), password: randomUUID() })).toBe(WRONG('ann'));
  });

  test(`an expired password, none, no login and no role are refused alike by ${authType} (CVE-2025-2291)`, async () => {
    await using agent = await serveAsked({ settings: { auth_type: authType } });
    const hasNone = (user: string) => `user "${user}" has no password at the server, or it has expired`;
    const isNobody = (user: string) => `user "${user}" does not exist: auth_query gave no row`;
    for (const [user, why] of [
      ['expired', hasNone],
      ['bare', hasNone],
      ['group_of_roles', isNobody],
      ['nobody', isNobody],
    ] as const) {
      const password = user === 'nobody' ? randomUUID() : postgres.passwordOf(user);
      expect(await reasonOf(agent, as(agent, 'app', { user, password }))).toEqual([WRONG(user), why(user)]);
    }
  });
}

test('nobody logs in as auth_user but whoever is auth_user (CVE-2015-6817)', async () => {
  await using agent = await serveAsked();
  for (const user of ['nobody', 'pooler ', 'POOLER', 'ann']) {
    for (const password of ['', randomUUID(), postgres.passwordOf('pooler')])
      expect((await psql(as(agent, 'app', { user, password }), ['-c', 'SELECT session_user'])).stdout).toBe(
        '',
      );
  }
  expect(await ask(as(agent, 'pooler'), 'SELECT session_user')).toBe('pooler');
  expect(await ask(as(agent, 'ann'), 'SELECT session_user')).toBe('ann');
});

test('nothing that a client sets reaches the connection that asks (CVE-2025-12819)', async () => {
  await postgres.sql(
    `CREATE SCHEMA evil;
     GRANT USAGE ON SCHEMA evil TO PUBLIC;
     CREATE VIEW evil.pg_authid AS SELECT rolname, true AS rolcanlogin, 'known'::text AS rolpassword, NULL::timestamptz AS rolvaliduntil FROM pg_catalog.pg_authid;
     GRANT SELECT ON evil.pg_authid TO PUBLIC;`,
    'shop',
  );
  await using agent = await serveAsked({ shop: { parameters: { search_path: 'evil, pg_catalog' } } });
  for (const env of [{}, { PGOPTIONS: '-c search_path=evil,pg_catalog' }]) {
    expect(await refusalOf(as(agent, 'ann', { password: 'known', env }))).toBe(WRONG('ann'));
    expect(await ask(as(agent, 'ann', { env }), 'SHOW search_path')).toBe(
      'PGOPTIONS' in env ? 'evil,pg_catalog' : 'evil, pg_catalog',
    );
    // Whose session it is makes no difference, the role that asks included.
    expect(await ask(as(agent, 'pooler', { env }), 'SELECT 1')).toBe('1');
    expect(await refusalOf(as(agent, 'later', { password: 'known', env }))).toBe(WRONG('later'));
  }
});

test('a name is a parameter of the query, whatever is in it', async () => {
  await using agent = await serveAsked();
  const [weird, password] = ['we"ird\'; DROP', randomUUID()];
  await postgres.sql(`CREATE ROLE "we""ird'; DROP" LOGIN PASSWORD '${password}'`);
  expect(await ask(through(agent, password, { user: weird }), 'SELECT session_user')).toBe(weird);
  for (const user of [
    "' OR true --",
    "x'; DROP ROLE ann; --",
    '$1',
    '%',
    "ann' --",
    'ann\\',
    'a'.repeat(200),
  ])
    expect(await refusalOf(as(agent, 'app', { user }))).toBe(WRONG(user));
  expect(await ask(as(agent, 'ann'), 'SELECT session_user')).toBe('ann');
});

test('a name that PostgreSQL cuts off is not the role that is left of it', async () => {
  const name = 'x'.repeat(63);
  const password = randomUUID();
  await postgres.sql(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
  await using agent = await serveAsked();
  expect(await ask(through(agent, password, { user: name }), 'SELECT session_user')).toBe(name);
  const [text, reason] = await reasonOf(agent, through(agent, password, { user: `${name}yz` }));
  expect([text, reason]).toEqual([WRONG(`${name}yz`), `auth_query gave another user, "${name}"`]);
});

test('a changed password holds from the next login on, and nobody is disconnected', async () => {
  await using agent = await serveAsked();
  const [old, fresh] = [postgres.passwordOf('later'), randomUUID()];
  const client = new pg.Client(agent.url('later', old, 'shop'));
  await client.connect();
  await postgres.sql(`ALTER ROLE later PASSWORD '${fresh}'`);
  expect(await refusalOf(through(agent, old, { user: 'later' }))).toBe(WRONG('later'));
  await client.query('SELECT 1');
  expect(await ask(through(agent, fresh, { user: 'later' }), 'SELECT session_user')).toBe('later');
  await endServers(postgres, agent, 'later');
  expect((await client.query('SELECT session_user AS me')).rows).toEqual([{ me: 'later' }]);
  await client.end();
  await postgres.sql(`ALTER ROLE later PASSWORD '${old}'`);
});

test('auth_query and auth_dbname are each database’s own: a function, for a role that may do nothing else', async () => {
  const password = randomUUID();
  await postgres.sql(
    `CREATE ROLE asker LOGIN PASSWORD '${password}';
     CREATE FUNCTION user_secret(wanted text) RETURNS TABLE (name text, secret text)
       LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
       AS $$ SELECT rolname, rolpassword FROM pg_authid WHERE rolname = wanted AND rolname <> 'app' $$;
     REVOKE ALL ON FUNCTION user_secret FROM PUBLIC;
     GRANT EXECUTE ON FUNCTION user_secret TO asker;`,
    'users',
  );
  const auth_query = 'SELECT name, secret FROM user_secret($1)';
  const shop = { auth_user: 'asker', auth_query, auth_dbname: 'users' };
  await using agent = await serveAsked({ shop, users: { asker: { password } } });
  expect(await ask(as(agent, 'ann'), 'SELECT session_user')).toBe('ann');
  const hidden = (await reasonOf(agent, as(agent, 'app')))[1];
  expect(hidden).toBe('user "app" does not exist: auth_query gave no row');
  // By the other database’s query, which is the one for all.
  expect(await ask(as(agent, 'app', { database: 'users' }), 'SELECT session_user')).toBe('app');
  const asking =
    "SELECT usename, datname FROM pg_stat_activity WHERE usename IN ('asker', 'pooler') ORDER BY 1";
  expect(await postgres.sql(asking)).toEqual([
    { usename: 'asker', datname: 'users' },
    { usename: 'pooler', datname: 'users' },
  ]);
});

test('forced to one role, everybody is asked for himself and works as that one', async () => {
  const forced = { user: 'app', password: postgres.passwordOf('app'), force_user: true };
  await using agent = await serveAsked({ shop: forced });
  expect(await ask(as(agent, 'ann'), 'SELECT session_user')).toBe('app');
  expect(await refusalOf({ ...as(agent, 'ann'), password: postgres.passwordOf('app') })).toBe(WRONG('ann'));
});

test('a query that fails is told to the log in full, and to the client without a detail', async () => {
  const [name, told] = ['FATAL:  cannot find out who user "ann" is just now', { sqlstate: '57P03' }];
  for (const [auth_query, why] of [
    [
      'SELECT nothing_there($1)',
      'the server refused auth_query: function nothing_there(unknown) does not exist (SQLSTATE 42883)',
    ],
    [
      "SELECT 'ann', $1 FROM generate_series(1, 5)",
      'the answer of auth_query cannot be used: it gave more than one row',
    ],
    [
      'SELECT $1::text',
      'the answer of auth_query cannot be used: it gave one column, and has to give a name and a secret',
    ],
    [
      "SELECT $1, 'SCRAM-SHA-256$4096:x'",
      'the answer of auth_query cannot be used: the secret begins like a SCRAM verifier and is not a whole one',
    ],
    ['SELECT $1, pg_sleep(60)::text', 'auth_query was not answered within auth_query_timeout (0.3 s)'],
    [
      'SELECT $1, pg_terminate_backend(pg_backend_pid())::text',
      'terminating connection due to administrator command',
    ],
  ] as const) {
    await using agent = await serveAsked({ settings: { auth_query, auth_query_timeout: '300ms' } });
    const [text, reason] = await reasonOf(agent, as(agent, 'ann'));
    expect(text).toBe(name);
    expect(reason).toContain(why);
    expect(await refused(as(agent, 'ann'))).toMatchObject(told);
    // Who is in the files needs nobody to be asked.
    expect(await ask(as(agent, 'pooler'), 'SELECT 1')).toBe('1');
  }
});

test('a query that takes too long is cancelled, not left to run', async () => {
  const settings = { auth_query: 'SELECT $1, pg_sleep(600)::text', auth_query_timeout: '300ms' };
  await using agent = await serveAsked({ settings });
  await refusalOf(as(agent, 'ann'));
  const running = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND usename = 'pooler'";
  while ((await postgres.sql(running)).length > 0);
});

test('a hundred clients who come at once are asked for on the few connections that there are', async () => {
  await using agent = await serveAsked({
    settings: { client_login_concurrency: 200, auth_query_pool_size: 2 },
  });
  const users = ['ann', 'app', 'later'];
  const logins = Array.from({ length: 100 }, async (_, index) => {
    const user = users[index % users.length]!;
    const client = new pg.Client(agent.url(user, postgres.passwordOf(user), 'shop'));
    await client.connect();
    return client;
  });
  const clients = await Promise.all(logins);
  const { pools } = (await agent.status()) as { pools: readonly Record<string, unknown>[] };
  const asking = pools.find(({ database, user }) => database === 'shop' && user === 'pooler');
  expect([asking?.poolSize, Number(asking?.serversIdle) <= 2, asking?.clients]).toEqual([2, true, 0]);
  await Promise.all(clients.map((client) => client.end()));
});

test('a client that binds to our certificate is found, and its key binds to the server’s', async () => {
  const own = authority.issueServer();
  const port = await freePort();
  const tls = {
    client_tls_sslmode: 'require',
    client_tls_cert_file: 'agent.crt',
    client_tls_key_file: 'agent.key',
  };
  const settings = { listen_addr: '127.0.0.1', listen_port: port, server_channel_binding: 'require', ...tls };
  await using agent = await serveAsked({
    settings,
    files: { 'agent.crt': own.certificate, 'agent.key': own.key },
  });
  const env = { PGSSLMODE: 'require', PGCHANNELBINDING: 'require' };
  const ann = as(agent, 'ann', { host: '127.0.0.1', port, env });
  expect(await ask(ann, 'SELECT session_user')).toBe('ann');
  expect(await refusalOf({ ...ann, password: randomUUID() })).toContain(WRONG('ann'));
});

test('while the server is away nobody is found, and once it is back everybody is', async () => {
  await using agent = await serveAsked({ settings: { server_login_retry: '100ms' } });
  const client = new pg.Client(agent.url('ann', postgres.passwordOf('ann'), 'shop'));
  await client.connect();
  await postgres.shutDown();
  const [text, reason] = await reasonOf(agent, as(agent, 'app'));
  expect(text).toBe('FATAL:  cannot find out who user "app" is just now');
  expect(reason).toMatch(
    /^cannot connect to the server|^server conn crashed\? The connection to the server was lost|^the server/,
  );
  await postgres.restart();
  while ((await psql(as(agent, 'app'), ['-c', 'SELECT 1'])).code !== 0);
  expect(await ask(as(agent, 'app'), 'SELECT session_user')).toBe('app');
  expect((await client.query('SELECT session_user AS me')).rows).toEqual([{ me: 'ann' }]);
  await client.end();
});
