// Nothing that the agent logs, prints or tells holds a secret, whatever goes wrong in the neighbourhood of one.

import { expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import { type Agent, type Finished, runPgsidecar } from '../harness/agent.ts';
import {
  type Application,
  applicationFiles,
  applicationYml,
  expectNoSecrets,
  pgsidecarYml,
  serve,
} from '../harness/application.ts';
import { ask, psql, refused, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const { authority, postgres } = await openShop();
const sql = "SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = 'app'";
const verifier = (await postgres.sql<{ verifier: string }>(sql))[0]!.verifier;

function application(settings: Application['settings'] = {}): Application {
  return { postgres, authority, settings: { source_settle_time: '20ms', ...settings } };
}

/** In its log, in its crashes, in whatever a command printed. */
function expectNone(texts: readonly (Finished | string)[], secrets: readonly string[]): void {
  const text = texts.map((each) => (typeof each === 'string' ? each : each.stdout + each.stderr)).join('\n');
  for (const secret of secrets)
    expect(text.includes(secret) ? text.replaceAll(secret, '<the secret>') : '').toBe('');
}

/** Files that no agent can use, each with the password in it where a person might have put it. */
async function saveMistakes(agent: Agent, password: string, next: string): Promise<Finished[]> {
  const said: Finished[] = [];
  for (const yml of [
    applicationYml(application()).replace(`"${password}"`, `"${next}`),
    applicationYml(application()).replace(`"${password}"`, `[${next}, ${next}`),
    applicationYml(application()).replace(`"${password}"`, `"${next}"\n  database_password: "${next}"`),
    applicationYml(application()).replace(`"${password}"`, `{ a: ${next} }`),
    applicationYml(application()).replace('database_password:', `database_password ${next}:`),
  ]) {
    agent.writeFile('application.yml', yml);
    said.push(await agent.reload());
  }
  for (const url of [
    `postgres://app:${next}@localhost:many/shop`,
    `postgres://app:${next}`,
    `host=localhost password='${next}`,
  ]) {
    agent.writeFile('pgsidecar.yml', pgsidecarYml({ databases: { other: { url } } }));
    said.push(await agent.reload());
  }
  return said;
}

test('a day with wrong passwords, wrong files, new passwords and a server that refuses them', async () => {
  const [guess, hash, next, stale, literal] = Array.from({ length: 5 }, () => crypto.randomUUID());
  const users = { clerk: { password: verifier }, monitor: { password: hash } };
  await using agent = await serve(application({ users }));
  const password = postgres.passwordOf('app');
  const login = through(agent, password);
  const secrets = [password, verifier, guess!, hash!, next!, stale!, literal!];
  const said: (Finished | string)[] = [];

  said.push((await refused({ ...login, password: guess! })).text);
  said.push((await refused({ ...login, user: 'clerk', password: guess! })).text);
  // What clients ask and set is theirs as well.
  await ask(login, `SELECT length('${literal}')`);
  await ask({ ...login, env: { PGOPTIONS: `-c search_path=${literal!.replaceAll('-', '_')}` } }, 'SELECT 1');
  said.push((await psql(login, ['-c', `SELECT '${literal}'::int`])).stdout);
  const client = new pg.Client(agent.url('app', password, 'shop'));
  await client.connect();
  await client.query({ name: 'secret', text: `SELECT '${literal}' = $1`, values: [literal] });
  await client.end();

  said.push(...(await saveMistakes(agent, password, next!)));
  agent.writeFile(
    'pgsidecar.yml',
    pgsidecarYml(application({ users: { ...users, [next!]: { password: stale } } }).settings),
  );
  agent.writeFile('application.yml', applicationYml({ ...application(), password: stale! }));
  said.push(await agent.reload());
  said.push((await refused({ ...login, password: stale! })).text);
  said.push(JSON.stringify(await agent.status()));
  for (const words of [
    ['status'],
    ['check'],
    ['explain'],
    ['explain', 'databases.shop'],
    ['url'],
    ['render'],
    ['render', '--format', 'pgbouncer'],
  ])
    said.push(await agent.command(...words));

  expect(said.length).toBeGreaterThan(15);
  // A user's name is no secret, although it looks like one here.
  expectNone(
    said,
    secrets.filter((secret) => secret !== next),
  );
  expectNoSecrets(
    agent,
    secrets.filter((secret) => secret !== next),
  );
});

test('what cannot be read is not quoted where a password stands in it', async () => {
  const secret = crypto.randomUUID();
  const files = applicationFiles(application());
  const yml = files['application.yml']!;
  const password = postgres.passwordOf('app');
  const wrong: Record<string, string>[] = [
    { 'application.yml': yml.replace(`"${password}"`, `"${secret}`) },
    { 'application.yml': yml.replace(`"${password}"`, `[${secret}`) },
    { 'application.yml': yml.replace(`"${password}"`, `"a" "${secret}"`) },
    { 'application.yml': yml.replace(`"${password}"`, `<%= ${secret} %>`) },
    { '.env': `DATABASE_URL=postgres://app:${secret}@localhost:many/shop\n`, 'application.yml': '' },
    { '.env': `DATABASE_URL="postgres://app:$(${secret})@localhost/shop"\n`, 'application.yml': '' },
    { 'pgsidecar.yml': `databases: { one: { url: "postgres://app:${secret}@[::1/shop" } }\n` },
    { 'pgsidecar.yml': `users: { one: { password: "${secret}", no_such_key: 1 } }\n` },
    { 'pgsidecar.yml': `users: { one: { password: [${secret}] } }\n` },
    { 'pgsidecar.yml': `password: ${secret}\n` },
    { 'pgsidecar.yml': 'auth_file: userlist.txt\n', 'userlist.txt': `"one" "${secret}\n` },
  ];
  const others = [['run'], ['explain'], ['url'], ['render']];
  for (const [n, change] of wrong.entries()) {
    for (const words of [['check'], others[n % others.length]!]) {
      const finished = await runPgsidecar(words, { files: { ...files, ...change } });
      expect([JSON.stringify(change).replaceAll(secret, 'SECRET'), words, finished.code]).toEqual([
        expect.any(String),
        words,
        78,
      ]);
      expectNone([finished], [secret]);
    }
  }
});
