// Clients that prove who they are, in each way that auth_type knows, with each kind of secret that may be stored.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, pgsidecarYml, serve } from '../harness/application.ts';
import { testNeeding } from '../harness/needs.ts';
import { reachableRoot, unprivilegedAccount } from '../harness/nursery.ts';
import { ask, type Login, libpqEnvironment, refusalOf, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

/** What PostgreSQL itself stores for the password of `app`. */

const { authority, postgres } = await openShop({ users: { app: '', clerk: '' } });
const rows = await postgres.sql<{ verifier: string }>(
  "SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = 'clerk'",
);
const verifier = rows[0]!.verifier;

function application(settings: Application['settings'] = {}): Application {
  return { postgres, authority, settings };
}

/** A database whose clients all work as `app`, whoever they are. */
function shared(users: Record<string, unknown>, settings: Application['settings'] = {}): Application {
  return application({ databases: { shop: { force_user: true } }, users, ...settings });
}

function clerk(agent: Agent, password: string): Login {
  return through(agent, password, { user: 'clerk' });
}

/** Who runs this, as the user database has it. */
function systemUser(): string {
  return Bun.spawnSync(['id', '-un']).stdout.toString().trim();
}

function md5Of(user: string, password: string): string {
  return `md5${new Bun.CryptoHasher('md5').update(password + user).digest('hex')}`;
}

for (const authType of ['scram-sha-256', 'md5', 'plain']) {
  test(`auth_type ${authType} lets in with the application's own password, and with no other`, async () => {
    await using agent = await serve(application({ auth_type: authType }));
    const login = through(agent, postgres.passwordOf('app'));
    expect(await ask(login, 'SELECT current_user')).toBe('app');
    const refused = 'FATAL:  password authentication failed for user "app"';
    for (const password of [
      crypto.randomUUID(),
      `${login.password} `,
      login.password.toUpperCase(),
      'x'.repeat(9_000),
    ]) {
      expect(await refusalOf({ ...login, password })).toBe(refused);
    }
  });

  test(`auth_type ${authType} knows a SCRAM verifier in place of a password`, async () => {
    await using agent = await serve(shared({ clerk: { password: verifier } }, { auth_type: authType }));
    expect(await ask(clerk(agent, postgres.passwordOf('clerk')), 'SELECT current_user')).toBe('app');
    // The verifier itself is no password.
    expect(await refusalOf(clerk(agent, verifier))).toBe(
      'FATAL:  password authentication failed for user "clerk"',
    );
  });
}

for (const authType of ['md5', 'plain']) {
  test(`auth_type ${authType} knows an md5 hash in place of a password`, async () => {
    const password = crypto.randomUUID();
    const hash = md5Of('clerk', password);
    await using agent = await serve(shared({ clerk: { password: hash } }, { auth_type: authType }));
    expect(await ask(clerk(agent, password), 'SELECT current_user')).toBe('app');
    expect(await refusalOf(clerk(agent, hash))).toBe(
      'FATAL:  password authentication failed for user "clerk"',
    );
  });
}

test('a password with every kind of letter in it works through each auth_type', async () => {
  const password = `ä ß€𝄞"'\\%40:/?#${crypto.randomUUID()}`;
  for (const authType of ['scram-sha-256', 'md5', 'plain']) {
    await using agent = await serve(shared({ clerk: { password } }, { auth_type: authType }));
    expect(await ask(clerk(agent, password), 'SELECT 1')).toBe('1');
  }
});

test('auth_file adds users, passwords and verifiers alike, and is read again when it changes', async () => {
  const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
  const files = { 'userlist.txt': `"clerk" "${verifier}"\n"monitor" "${one}"\n` };
  await using agent = await serve(shared({}, { auth_file: 'userlist.txt' }), { files });
  expect(await ask(clerk(agent, postgres.passwordOf('clerk')), 'SELECT 1')).toBe('1');
  const monitor = (password: string) => through(agent, password, { user: 'monitor' });
  expect(await ask(monitor(one), 'SELECT 1')).toBe('1');
  const from = agent.logLines().length;
  agent.writeFile('userlist.txt', `"monitor" "${two}"\n`);
  await agent.waitForLog('reloaded', from);
  expect(await ask(monitor(two), 'SELECT 1')).toBe('1');
  expect(await refusalOf(monitor(one))).toBe('FATAL:  password authentication failed for user "monitor"');
  expect(await refusalOf(clerk(agent, postgres.passwordOf('clerk')))).toBe(
    'FATAL:  password authentication failed for user "clerk"',
  );
});

test('password_file and password_command fetch what is proved', async () => {
  const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
  const users = {
    clerk: { password_file: 'clerk.password' },
    monitor: { password_command: 'cat monitor.password' },
  };
  const files = { 'clerk.password': `${one}\n`, 'monitor.password': `${two}\n` };
  await using agent = await serve(shared(users), { files });
  expect(await ask(clerk(agent, one), 'SELECT 1')).toBe('1');
  expect(await ask(through(agent, two, { user: 'monitor' }), 'SELECT 1')).toBe('1');
});

test('valid_until refuses a password from then on like a wrong one, and is read again by a reload', async () => {
  const password = crypto.randomUUID();
  const users = (validUntil: string) => ({ clerk: { password, valid_until: validUntil } });
  for (const authType of ['scram-sha-256', 'md5', 'plain']) {
    await using agent = await serve(shared(users('2001-01-01'), { auth_type: authType }));
    const from = agent.logLines().length;
    expect(await refusalOf(clerk(agent, password))).toBe(
      'FATAL:  password authentication failed for user "clerk"',
    );
    const { reason } = await agent.waitForLog('login refused', from);
    expect(reason).toBe('its password was valid until 2001-01-01T00:00:00.000Z');
    const later = { databases: { shop: { force_user: true } }, auth_type: authType };
    agent.writeFile('pgsidecar.yml', pgsidecarYml({ ...later, users: users('2999-12-31 23:59:59+00') }));
    await agent.waitForLog('reloaded', from);
    expect(await ask(clerk(agent, password), 'SELECT 1')).toBe('1');
  }
});

test('a login of ten million iterations holds up nobody’s queries', async () => {
  const random = (bytes: number) =>
    Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('base64');
  const slow = `SCRAM-SHA-256$10000000:${random(16)}$${random(32)}:${random(32)}`;
  await using agent = await serve(shared({ clerk: { password: slow } }, { auth_type: 'plain' }));
  const other = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'shop'));
  await other.connect();
  // To say whether the password fits, the agent has to run all iterations: seconds of work for one thread.
  const login = new pg.Client(agent.url('clerk', crypto.randomUUID(), 'shop'));
  let isDecided = false;
  const decided = login.connect().then(
    () => expect.unreachable(),
    () => {
      isDecided = true;
    },
  );
  while (((await agent.status()).clients as { loggingIn: number }).loggingIn === 0);
  for (let answered = 0; answered < 100; answered++) await other.query('SELECT 1');
  expect(isDecided).toBe(false);
  await other.end();
  await agent.stop();
  await decided;
});

test('peer lets a system user in as the roles that peer_map gives it, without a password', async () => {
  const me = systemUser();
  const settings = { auth_type: 'peer', peer_map: `${me}:app, ${me}:clerk, somebody:auditor` };
  await using agent = await serve(shared({ clerk: {}, auditor: {} }, settings));
  expect(await ask(through(agent, ''), 'SELECT current_user')).toBe('app');
  expect(await ask(clerk(agent, ''), 'SELECT current_user')).toBe('app');
  const refused = (user: string) =>
    `FATAL:  unix socket login rejected: peer authentication failed for user "${user}"`;
  expect(await refusalOf(through(agent, '', { user: 'auditor' }))).toBe(refused('auditor'));
  expect(await refusalOf(through(agent, '', { user: 'nobody' }))).toBe(refused('nobody'));
  expect(agent.logLines().map(({ reason }) => reason)).toContain(`system user "${me}" may not be "auditor"`);
});

test('peer without a map is the role of the same name', async () => {
  const me = systemUser();
  await using agent = await serve(shared({ [me]: {} }, { auth_type: 'peer' }));
  expect(await ask(through(agent, '', { user: me }), 'SELECT current_user')).toBe('app');
  expect(await refusalOf(through(agent, ''))).toBe(
    'FATAL:  unix socket login rejected: peer authentication failed for user "app"',
  );
});

const account = unprivilegedAccount();
const testAsOther = testNeeding(account === undefined ? 'only root can be somebody else' : undefined);

/** What psql says to another system user, through a directory that everybody may enter. */
async function askAsOther(settings: Application['settings'], password: string): Promise<string> {
  const directory = mkdtempSync(join(reachableRoot(), 'pgsidecar-open-'));
  chmodSync(directory, 0o755);
  try {
    await using agent = await serve(application(settings), { args: ['--unix-socket-dir', directory] });
    const login = { ...through(agent, password), host: directory };
    expect(await ask(login, 'SELECT 1')).toBe('1');
    const env = libpqEnvironment(login);
    const { stdout, stderr } = Bun.spawnSync(['psql', '-XAtc', 'SELECT 2'], { env, cwd: '/', ...account });
    return stdout.toString() + stderr.toString();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

testAsOther('peer asks the kernel, which knows another system user when it sees one', async () => {
  const settings = { auth_type: 'peer', peer_map: `${systemUser()}:app`, unix_socket_mode: '0777' };
  expect(await askAsOther(settings, '')).toContain(
    'FATAL:  unix socket login rejected: peer authentication failed for user "app"',
  );
});

testAsOther('the socket is closed to other system users until its mode or group says otherwise', async () => {
  const password = postgres.passwordOf('app');
  const group = String(account?.gid);
  expect(await askAsOther({}, password)).toContain('Permission denied');
  expect(await askAsOther({ unix_socket_mode: '0777' }, password)).toBe('2\n');
  expect(await askAsOther({ unix_socket_group: group }, password)).toBe('2\n');
  expect(await askAsOther({ unix_socket_group: group, unix_socket_mode: '0700' }, password)).toContain(
    'Permission denied',
  );
});

test('trust asks for nothing, and is warned about at the start and in status', async () => {
  await using agent = await serve(application({ auth_type: 'trust' }));
  expect(await ask(through(agent, ''), 'SELECT current_user')).toBe('app');
  expect(await refusalOf(through(agent, '', { user: 'nobody' }))).toContain('"nobody"');
  const warning = expect.stringMatching(
    /^auth_type is "trust" at pgsidecar\.yml:\d+: whoever reaches the socket is whoever they say they are; write scram-sha-256$/,
  );
  expect(agent.logLines()).toContainEqual(expect.objectContaining({ level: 40, msg: warning }));
  expect((await agent.status()).warnings).toEqual([warning]);
});
