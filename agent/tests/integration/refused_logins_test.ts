// Clients that are turned away: each learns why in its own words, and nobody learns more than he has proved to know.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { connect } from 'node:net';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { message, startup } from '../harness/client_words.ts';
import { ask, refused, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres } = await openShop({
  users: { app: '', clerk: '', auditor: '' },
  databases: { shop: 'app', books: 'app' },
});

/** Two databases, and three users of whom one may use only one of them. */
function application(settings: Application['settings'] = {}): Application {
  const { host, port } = { host: 'localhost', port: postgres.port };
  return {
    postgres,
    authority,
    settings: {
      databases: {
        books: { host, port, user: 'app', password: postgres.passwordOf('app') },
      },
      users: {
        clerk: { password: postgres.passwordOf('clerk'), databases: ['shop'] },
        auditor: { password: postgres.passwordOf('auditor') },
      },
      ...settings,
    },
  };
}

test('a wrong password and a user that does not exist are told in the same words', async () => {
  await using agent = await serve(application());
  const login = through(agent, crypto.randomUUID());
  expect(await refused(login)).toEqual({
    sqlstate: '28P01',
    text: 'FATAL:  password authentication failed for user "app"',
  });
  expect(await refused({ ...login, user: 'nobody' })).toEqual({
    sqlstate: '28P01',
    text: 'FATAL:  password authentication failed for user "nobody"',
  });
  // The operator learns the difference.
  const reasons = agent
    .logLines()
    .flatMap(({ msg, user, reason }) => (msg === 'login refused' ? [[user, reason]] : []));
  expect(reasons.slice(0, 1)).toEqual([['app', 'wrong password']]);
  expect(reasons.at(-1)).toEqual(['nobody', 'user "nobody" does not exist']);
  expect((await agent.status()).logins).toEqual({ succeeded: 0, failed: 4 });
});

for (const authType of ['scram-sha-256', 'md5', 'plain']) {
  test(`${authType}: a user that does not exist gets byte for byte what a wrong password gets`, async () => {
    await using agent = await serve(application({ auth_type: authType }));
    // As long as the other name, so that even lengths can be compared.
    const known = await failedLogin(agent, 'app', authType);
    const unknown = await failedLogin(agent, 'apq', authType);
    expect(known).toContain('password authentication failed for user "app"');
    expect(unknown).toBe(known.replace('"app"', '"apq"'));
    // The salt of a user that does not exist stays the same, as a real one's does.
    expect(await failedLogin(agent, 'apq', authType)).toBe(unknown);
  });
}

test('a user who may not use the database is told so, once he has proved who he is', async () => {
  await using agent = await serve(application());
  const clerk = { ...through(agent, postgres.passwordOf('clerk')), user: 'clerk' };
  expect(await ask(clerk, 'SELECT current_user')).toBe('clerk');
  expect(await refused({ ...clerk, database: 'books' })).toEqual({
    sqlstate: '42501',
    text: 'FATAL:  permission denied for database "books": user "clerk" may use shop',
  });
  expect(await refused({ ...clerk, database: 'books', password: crypto.randomUUID() })).toMatchObject({
    sqlstate: '28P01',
  });
  const auditor = { ...through(agent, postgres.passwordOf('auditor')), user: 'auditor', database: 'books' };
  expect(await ask(auditor, 'SELECT current_user')).toBe('auditor');
});

test('a database that is not served is named to whoever has proved who he is, and to nobody else', async () => {
  await using agent = await serve(application());
  const login = through(agent, postgres.passwordOf('app'), { database: 'shopp' });
  expect(await refused(login)).toEqual({
    sqlstate: '3D000',
    text: 'FATAL:  no such database: shopp (pgsidecar serves shop, books)',
  });
  expect(await refused({ ...login, password: crypto.randomUUID() })).toMatchObject({ sqlstate: '28P01' });
  expect(await refused({ ...login, user: 'nobody' })).toMatchObject({ sqlstate: '28P01' });
});

test('names that JavaScript knows are databases and users like any other that do not exist', async () => {
  await using agent = await serve(application());
  const login = through(agent, postgres.passwordOf('app'));
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(await refused({ ...login, database: name })).toMatchObject({ sqlstate: '3D000' });
    expect(await refused({ ...login, user: name })).toMatchObject({ sqlstate: '28P01' });
  }
  expect(await ask(login, 'SELECT 1')).toBe('1');
});

test('plain with a stored verifier checks on another thread, and refuses the database all the same', async () => {
  const { verifier } = (
    await postgres.sql<{ verifier: string }>(
      "SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = 'auditor'",
    )
  )[0]!;
  const users = { auditor: { password: verifier } };
  await using agent = await serve(application({ auth_type: 'plain', users }));
  const auditor = { ...through(agent, postgres.passwordOf('auditor')), user: 'auditor' };
  expect(await refused({ ...auditor, password: crypto.randomUUID() })).toMatchObject({ sqlstate: '28P01' });
  expect(await refused({ ...auditor, database: 'nowhere' })).toMatchObject({ sqlstate: '3D000' });
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
});

test('max_client_conn: the next one is told so, also when all come at once to an agent that has no server yet', async () => {
  await using agent = await serve(application({ max_client_conn: 5 }));
  const password = postgres.passwordOf('app');
  const clients = Array.from({ length: 12 }, () => new pg.Client(agent.url('app', password, 'shop')));
  const outcomes = await Promise.all(
    clients.map((client) =>
      client.connect().then(
        () => 'let in',
        ({ code }: { code?: string }) => code,
      ),
    ),
  );
  expect(outcomes.filter((each) => each === 'let in').length).toBe(5);
  expect(outcomes.filter((each) => each === '53300').length).toBe(7);
  expect(await refused(through(agent, password))).toEqual({
    sqlstate: '53300',
    text: 'FATAL:  no more connections allowed (max_client_conn): it is 5',
  });
  await Promise.all(clients.map((client) => client.end().catch(() => {}))); // seven never connected
  expect(await ask(through(agent, password), 'SELECT 1')).toBe('1');
});

test('max_db_client_connections and max_user_client_connections have their own words', async () => {
  const more = { max_db_client_connections: 2 };
  const users = { auditor: { password: postgres.passwordOf('auditor'), max_user_client_connections: 1 } };
  await using agent = await serve(application({ ...more, users }));
  const password = postgres.passwordOf('app');
  const auditor = { ...through(agent, postgres.passwordOf('auditor')), user: 'auditor' };
  const first = new pg.Client(agent.url('auditor', auditor.password, 'shop'));
  await first.connect();
  expect(await refused(auditor)).toEqual({
    sqlstate: '53300',
    text: 'FATAL:  client connections exceeded (max_user_client_connections): it is 1',
  });
  const second = new pg.Client(agent.url('app', password, 'shop'));
  await second.connect();
  expect(await refused(through(agent, password))).toEqual({
    sqlstate: '53300',
    text: 'FATAL:  client connections exceeded (max_db_client_connections): it is 2',
  });
  expect(await ask(through(agent, password, { database: 'books' }), 'SELECT 1')).toBe('1');
  await Promise.all([first.end(), second.end()]);
});

test('client_login_timeout closes whoever connects and says nothing, or stops halfway', async () => {
  await using agent = await serve(application({ client_login_timeout: '1s' }));
  const silent = await conversation(agent, []);
  expect(silent).toContain('client_login_timeout: the login was not finished in time');
  const halfway = await conversation(agent, [startup({ user: 'app', database: 'shop' })]);
  expect(halfway).toContain('SCRAM-SHA-256');
  expect(halfway).toContain('client_login_timeout: the login was not finished in time');
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');
});

test('a parameter that PostgreSQL refuses is refused with a reason', async () => {
  await using agent = await serve(application());
  const login = through(agent, postgres.passwordOf('app'));
  const wrong = await ask(
    { ...login, env: { PGOPTIONS: '-c no.such_setting=1 -c statement_timeout=soon' } },
    'SELECT 1',
  ).catch((error: Error) => error.message);
  expect(wrong).toContain('invalid value for parameter "statement_timeout": "soon"');
  expect(await ask(login, 'SELECT 1')).toBe('1');
});

/** Sends each of the messages, one after each answer, and gives all that was answered until the agent closed. */
function conversation(agent: Agent, messages: readonly Uint8Array[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const left = [...messages];
    let heard = '';
    const socket = connect(`${agent.socketDir}/.s.PGSQL.5432`);
    const next = () => {
      const bytes = left.shift();
      if (bytes !== undefined) socket.write(bytes);
    };
    socket.on('connect', next);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      next();
    });
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });
}

/** A whole login with a wrong proof; what is random in it is taken out. */
async function failedLogin(agent: Agent, user: string, authType: string): Promise<string> {
  const hello = startup({ user, database: 'shop' });
  if (authType !== 'scram-sha-256') {
    const wrong = authType === 'md5' ? `md5${'0'.repeat(32)}` : 'wrong';
    const said = await conversation(agent, [hello, message('p', `${wrong}\0`)]);
    // R, its length, 5 for md5, and then the salt of this login.
    return authType === 'md5' ? said.slice(0, 9) + said.slice(13) : said;
  }
  const first = Buffer.from('n,,n=,r=fyko+d2lbbFgONRv9qkxdawL');
  const length = Buffer.alloc(4);
  length.writeInt32BE(first.length);
  const initial = message('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), length, first]));
  const proof = Buffer.alloc(32).toString('base64');
  return new Promise((resolve, reject) => {
    let heard = '';
    let step = 0;
    const socket = connect(`${agent.socketDir}/.s.PGSQL.5432`, () => socket.write(hello));
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      step++;
      if (step === 1) socket.write(initial);
      const nonce = /r=([^,]+),s=/.exec(heard)?.[1];
      if (step === 2) socket.write(message('p', `c=biws,r=${nonce},p=${proof}`));
    });
    // The nonce is of this login; the salt is of the user, so only its length has to be the same.
    socket.on('close', () =>
      resolve(heard.replace(/r=[^,]+,s=([^,]+),/, (_, salt: string) => `r=…,s=${salt.length},`)),
    );
    socket.on('error', reject);
  });
}
