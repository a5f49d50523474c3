// Verifiers and hashes are all that the operator has: what a client proves to the agent logs in to PostgreSQL.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { makeVerifier, printVerifier } from '../../auth/scram_verifier.ts';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { endServers } from '../harness/end_servers.ts';
import { ask, type Login, refusalOf, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const { authority, postgres } = await openShop({
  users: { app: '', clerk: '', auditor: '' },
  hba: ['hostssl all auditor all md5'],
});

/** What PostgreSQL has in place of the password. */
async function storedOf(user: string): Promise<string> {
  const rows = await postgres.sql<{ secret: string }>(
    `SELECT rolpassword AS secret FROM pg_authid WHERE rolname = '${user}'`,
  );
  return rows[0]!.secret;
}

async function userlistOf(users: readonly string[]): Promise<string> {
  const lines = await Promise.all(users.map(async (user) => `"${user}" "${await storedOf(user)}"\n`));
  return lines.join('');
}

/** No password of the application's own: its file names the server and the role, and userlist.txt has the rest. */
async function serveVerifiers(
  users: readonly string[],
  settings: Application['settings'] = {},
): Promise<Agent> {
  const files = {
    'userlist.txt': await userlistOf(users),
    'application.yml': `production:\n  database_host: localhost\n  database_port: "${postgres.port}"\n  database_name: shop\n  database_username: app\n`,
  };
  return serve({ postgres, authority, settings: { auth_file: 'userlist.txt', ...settings } }, { files });
}

function as(agent: Agent, user: string): Login {
  return through(agent, postgres.passwordOf(user), { user });
}

for (const authType of ['scram-sha-256', 'md5', 'plain']) {
  test(`a verifier and ${authType} are enough to work as oneself, in every pool`, async () => {
    await using agent = await serveVerifiers(['app', 'clerk'], { auth_type: authType });
    expect(await ask(as(agent, 'app'), 'SELECT current_user')).toBe('app');
    expect(await ask(as(agent, 'clerk'), 'SELECT current_user')).toBe('clerk');
    const client = new pg.Client(agent.url('clerk', postgres.passwordOf('clerk'), 'shop'));
    await client.connect();
    expect((await client.query('SELECT session_user AS me')).rows).toEqual([{ me: 'clerk' }]);
    await client.end();
    for (const password of [randomUUID(), await storedOf('clerk')])
      expect(await refusalOf({ ...as(agent, 'clerk'), password })).toBe(
        'FATAL:  password authentication failed for user "clerk"',
      );
  });
}

test('connections are made anew with the key while its clients are there, and after a reload', async () => {
  await using agent = await serveVerifiers(['app', 'clerk', 'auditor']);
  const client = new pg.Client(agent.url('clerk', postgres.passwordOf('clerk'), 'shop'));
  await client.connect();
  const pid = async () => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
  const first = await pid();
  await endServers(postgres, agent, 'clerk');
  const second = await pid();
  expect(second).not.toBe(first);
  const from = agent.logLines().length;
  agent.writeFile('userlist.txt', `${await userlistOf(['app', 'clerk'])}"somebody" "else"\n`);
  await agent.waitForLog('reloaded', from);
  await endServers(postgres, agent, 'clerk');
  expect(await pid()).not.toBe(second);
  await client.end();
});

test('a verifier with another salt than the server’s is told, and mended by a reload', async () => {
  await using agent = await serveVerifiers(['app', 'clerk']);
  // The same password, stored anew: PostgreSQL takes another salt.
  await postgres.sql(`ALTER ROLE clerk PASSWORD '${postgres.passwordOf('clerk')}'`);
  expect(await refusalOf(as(agent, 'clerk'))).toContain(
    'the server stores another SCRAM verifier than we do (one password, two salts)',
  );
  const from = agent.logLines().length;
  agent.writeFile('userlist.txt', await userlistOf(['app', 'clerk']));
  await agent.waitForLog('reloaded', from);
  expect(await ask(as(agent, 'clerk'), 'SELECT current_user')).toBe('clerk');
});

test('an md5 hash logs in to a server that asks for md5', async () => {
  const password = postgres.passwordOf('auditor');
  await postgres.sql(`SET password_encryption = md5; ALTER ROLE auditor PASSWORD '${password}'`);
  await using agent = await serveVerifiers(['app', 'auditor'], { auth_type: 'md5' });
  expect(await ask(as(agent, 'auditor'), 'SELECT current_user')).toBe('auditor');
});

test('a verifier without the key of a client logs in nowhere, and says what is missing', async () => {
  await using agent = await serveVerifiers(['app', 'clerk'], { auth_type: 'trust' });
  expect(await refusalOf(as(agent, 'clerk'))).toContain(
    'the secret of "clerk" is a SCRAM verifier: it logs in where the server asks by SCRAM, with the key of a client',
  );
});

test('of two verifiers with one salt the server takes the one whose password it has', async () => {
  const [old, fresh, salt] = [randomUUID(), randomUUID(), crypto.getRandomValues(new Uint8Array(16))];
  const [before, after] = [await makeVerifier(old, salt), await makeVerifier(fresh, salt)].map(printVerifier);
  await postgres.sql(`ALTER ROLE clerk PASSWORD '${before}'`);
  const users = { clerk: { password: before, password_next: after } };
  await using agent = await serveVerifiers(['app'], { users });
  const clerk = (password: string) => through(agent, password, { user: 'clerk' });
  // His key opens an account that the server does not have yet.
  expect(await refusalOf(clerk(fresh))).toContain('the server refused our login');
  for (const password of [old, fresh])
    expect(await ask(clerk(password), 'SELECT current_user')).toBe('clerk');
  await postgres.sql(`ALTER ROLE clerk PASSWORD '${after}'`);
  await endServers(postgres, agent, 'clerk');
  for (const password of [old, fresh])
    expect(await ask(clerk(password), 'SELECT current_user')).toBe('clerk');
  expect(await refusalOf(clerk(randomUUID()))).toBe(
    'FATAL:  password authentication failed for user "clerk"',
  );
});
