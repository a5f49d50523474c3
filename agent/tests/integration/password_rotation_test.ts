// A password is rotated while clients work: the agent has two, clients use either, the server takes whichever it has by then.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, applicationYml, serve } from '../harness/application.ts';
import { endServers } from '../harness/end_servers.ts';
import { startPostgres } from '../harness/postgres.ts';
import { ask, refusalOf, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres } = await openShop({ users: { app: '', clerk: '' } });

const WRONG = 'FATAL:  password authentication failed for user "app"';
const SWITCHED = 'the server takes the other one of two passwords';

async function setPassword(user: string, password: string, agent?: Agent): Promise<void> {
  await postgres.sql(`ALTER ROLE ${user} PASSWORD '${password}'`);
  // Connections that are logged in stay; these are ended, so that somebody has to log in anew.
  if (agent !== undefined) await endServers(postgres, agent, user);
}

function application(password: string, next?: string, settings: Application['settings'] = {}): Application {
  const more = next === undefined ? {} : { database_password_next: next };
  return { postgres, authority, password, more, settings };
}

async function connected(agent: Agent, password: string): Promise<pg.Client> {
  const client = new pg.Client(agent.url('app', password, 'shop'));
  await client.connect();
  return client;
}

async function rewrite(agent: Agent, { password, more }: Application): Promise<void> {
  const from = agent.logLines().length;
  agent.writeFile(
    'application.yml',
    applicationYml({ postgres, authority, password: password!, more: more! }),
  );
  await agent.waitForLog('reloaded', from);
}

for (const authType of ['scram-sha-256', 'md5', 'plain']) {
  test(`clients by ${authType} come in by either password, and none of them is dropped on the way`, async () => {
    const [old, fresh] = [randomUUID(), randomUUID()];
    await setPassword('app', old);
    await using agent = await serve(application(old, undefined, { auth_type: authType }));
    const first = await connected(agent, old);
    expect(await refusalOf(through(agent, fresh))).toBe(WRONG);

    await rewrite(agent, application(old, fresh));
    const second = await connected(agent, fresh);
    const both = async () => {
      for (const client of [first, second])
        expect((await client.query('SELECT current_user AS me')).rows).toEqual([{ me: 'app' }]);
      for (const password of [old, fresh]) expect(await ask(through(agent, password), 'SELECT 1')).toBe('1');
      expect(await refusalOf(through(agent, randomUUID()))).toBe(WRONG);
    };
    await both();
    expect(agent.logLines().filter(({ msg }) => msg === SWITCHED)).toEqual([]);

    await setPassword('app', fresh, agent);
    await both();
    expect(agent.logLines().filter(({ msg }) => msg === SWITCHED)).toEqual([
      expect.objectContaining({ level: 30, database: 'shop', user: 'app', which: 'password_next' }),
    ]);

    await rewrite(agent, application(fresh));
    for (const client of [first, second]) await client.query('SELECT 1');
    expect(await ask(through(agent, fresh), 'SELECT 1')).toBe('1');
    expect(await refusalOf(through(agent, old))).toBe(WRONG);
    await Promise.all([first.end(), second.end()]);
  });
}

test('the server is shown once what it does not take, and then what it took', async () => {
  const [old, fresh] = [randomUUID(), randomUUID()];
  await setPassword('app', fresh);
  await using agent = await serve(application(old, fresh, { server_lifetime: '0s' }));
  const refused = () => postgres.logText().split('password authentication failed for user "app"').length;
  const before = refused();
  for (let login = 0; login < 3; login++) expect(await ask(through(agent, old), 'SELECT 1')).toBe('1');
  expect(refused()).toBe(before + 1);
});

test('a server that takes neither is told to clients that come, and a reload mends it', async () => {
  const [old, fresh, right] = [randomUUID(), randomUUID(), randomUUID()];
  await setPassword('app', right);
  await using agent = await serve(application(old, fresh));
  expect(await refusalOf(through(agent, old))).toContain('the server refused our login');
  await rewrite(agent, application(fresh, right));
  expect(await ask(through(agent, fresh), 'SELECT 1')).toBe('1');
});

test('two lines of auth_file are the two passwords of their user, with a warning', async () => {
  const [old, fresh] = [randomUUID(), randomUUID()];
  await setPassword('clerk', old);
  const files = { 'userlist.txt': `"clerk" "${old}"\n"clerk" "${fresh}"\n` };
  await setPassword('app', randomUUID());
  await using agent = await serve(application(randomUUID(), undefined, { auth_file: 'userlist.txt' }), {
    files,
  });
  const clerk = (password: string) => through(agent, password, { user: 'clerk' });
  for (const password of [old, fresh])
    expect(await ask(clerk(password), 'SELECT current_user')).toBe('clerk');
  await setPassword('clerk', fresh, agent);
  for (const password of [old, fresh])
    expect(await ask(clerk(password), 'SELECT current_user')).toBe('clerk');
  const warning = expect.stringMatching(
    /^user "clerk" has a second secret at .*userlist\.txt:2, besides the one in line 1/,
  );
  expect((await agent.status()).warnings).toEqual([warning]);
});

test('password files are read again when they change, and each database has its own two', async () => {
  const [one, two, three, four] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  await using other = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { jobs: 'app' },
  });
  await setPassword('app', one);
  await other.sql(`ALTER ROLE app PASSWORD '${three}'`);
  const databases = {
    shop: { password_file: 'shop', password_file_next: 'shop.next' },
    jobs: {
      host: 'localhost',
      port: other.port,
      user: 'app',
      password_file: 'jobs',
      password_command_next: 'cat jobs.next',
    },
  };
  const files = { shop: one, 'shop.next': `${randomUUID()}\n`, jobs: three, 'jobs.next': four };
  await using agent = await serve(application(one, undefined, { databases }), { files });
  const at = (database: string, password: string) => through(agent, password, { database });
  for (const [database, password] of [
    ['shop', one],
    ['jobs', three],
    ['jobs', four],
  ] as const)
    expect(await ask(at(database, password), 'SELECT current_database()')).toBe(database);
  for (const [database, password] of [
    ['shop', two],
    ['shop', three],
    ['shop', four],
    ['jobs', one],
  ] as const)
    expect(await refusalOf(at(database, password))).toBe(WRONG);

  const from = agent.logLines().length;
  agent.writeFile('shop.next', `${two}\n`);
  await agent.waitForLog('reloaded', from);
  await setPassword('app', two, agent);
  await other.sql(`ALTER ROLE app PASSWORD '${four}'`);
  await endServers(other, agent, 'app');
  for (const [database, password] of [
    ['shop', one],
    ['shop', two],
    ['jobs', three],
    ['jobs', four],
  ] as const)
    expect(await ask(at(database, password), 'SELECT current_database()')).toBe(database);
});
