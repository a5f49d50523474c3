// An operator's day with a running agent: wait, status, reload, drain, each with its exit code.

import { expect, test } from 'bun:test';
import { dirname, join } from 'node:path';
import { type Agent, pgsidecarProgram, runPgsidecar } from '../harness/agent.ts';
import { applicationFiles, applicationYml, serve } from '../harness/application.ts';
import { testNeeding } from '../harness/needs.ts';
import { isReachableByAll, unprivilegedAccount } from '../harness/nursery.ts';
import { ask, libpqEnvironment, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

const { authority, postgres } = await openShop();
const application = { postgres, authority, settings: { default_pool_size: 3 } };

/** A client that stays until it is ended. */
function stay(agent: Agent) {
  const login = through(agent, postgres.passwordOf('app'));
  const child = Bun.spawn(['psql', '-X', '-A', '-t', '-q'], {
    env: libpqEnvironment(login),
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  return child;
}

async function connected(agent: Agent, count: number): Promise<void> {
  for (;;) {
    const { clients } = (await agent.status()) as { clients: { connected: number } };
    if (clients.connected === count) return;
  }
}

test('wait, status and reload find the agent by the configuration, and say how it is', async () => {
  await using agent = await serve(application);
  expect(await agent.command('wait', '--timeout', '20s')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 1')).toBe('1');

  const page = await agent.command('status');
  expect(page.code).toBe(0);
  expect(page.stdout).toStartWith(`pgsidecar 0.1.0 is running: process ${agent.pid}, up `);
  expect(page.stdout).toContain(`Listening  ${agent.socketDir}/.s.PGSQL.5432\n`);
  expect(page.stdout).toMatch(
    /^ {2}shop +writer +localhost:\d+\/shop +app +verify-full +application\.yml:\d+$/m,
  );
  expect(page.stdout).toMatch(/^ {2}shop +app +transaction +0 +0 +- +0 +1 +0 +3$/m);

  expect(await agent.command('reload')).toMatchObject({
    ...{ code: 0, stdout: expect.stringMatching(/^nothing has changed since/), stderr: '' },
  });
  agent.writeFile('application.yml', `${applicationYml(application)}  database_statement_timeout: "7000"\n`);
  const changed = await agent.command('reload');
  // The watcher may have been faster, and then there is nothing left to change.
  expect(changed).toMatchObject({ code: 0, stderr: '' });
  const after = await agent.command('status');
  expect(after.stdout).toMatch(/^Reload {5}\d+m?s ago \(.+\): (applied|nothing had changed)$/m);
});

test('a broken file is refused with exit code 78, and hinders neither status nor the clients', async () => {
  await using agent = await serve(application);
  agent.writeFile('application.yml', 'production: [\n');
  const refused = await agent.command('reload');
  expect(refused.code).toBe(78);
  expect(refused.stderr).toMatch(
    /^error: Cannot read application\.yml:\d+ as YAML: .+\nThe agent goes on with the settings that it had\.\n$/,
  );
  const page = await agent.command('status');
  expect(page.code).toBe(0);
  expect(page.stdout).toMatch(/^Reload {5}.*: refused, the settings before it stay in force$/m);
  expect(await ask(through(agent, postgres.passwordOf('app')), 'SELECT 2')).toBe('2');
});

test('drain waits for the clients, and the agent ends', async () => {
  await using agent = await serve(application);
  const client = stay(agent);
  client.stdin.write('SELECT 3;\n');
  client.stdin.flush();
  await connected(agent, 1);
  const drained = agent.command('drain', '--timeout', '30s');
  await agent.waitForLog('draining');
  client.stdin.end();
  expect(await client.exited).toBe(0);
  expect(await drained).toEqual({
    code: 0,
    stdout: 'draining: 1 clients, 30s\nthe agent has ended\n',
    stderr: '',
  });
  expect(await agent.exited).toBe(0);
  expect(await agent.command('status')).toMatchObject({ code: 69, stdout: '' });
});

test('drain says with exit code 75 that it cut clients off', async () => {
  await using agent = await serve(application);
  const client = stay(agent);
  client.stdin.write('SELECT 4;\n');
  client.stdin.flush();
  await connected(agent, 1);
  const drained = await agent.command('drain', '--timeout', '300ms');
  expect(drained.code).toBe(75);
  expect(drained.stderr).toBe('error: Not every client had finished within 300ms: 1 of them were closed\n');
  client.stdin.end();
  await client.exited;
});

test('wait says yes only when there was a server, whom it asks for itself, once', async () => {
  await using agent = await serve(application);
  const pools = async () =>
    ((await agent.status()) as unknown as { pools: { serversIdle: number; statistics: object }[] }).pools;
  expect(await pools()).toEqual([]);
  for (let time = 0; time < 2; time++) {
    expect((await agent.command('wait', '--timeout', '20s')).code).toBe(0);
    expect(await pools()).toMatchObject([
      { serversIdle: 1, hadServer: true, statistics: { serverLogins: 1 } },
    ]);
  }
});

test('wait gives up with exit code 75 when the server is dead, and says so, before any client has come', async () => {
  const dead = { ...application, port: 1 };
  await using agent = await serve(dead);
  const waited = await agent.command('wait', '--timeout', '500ms');
  expect(waited.code).toBe(75);
  expect(waited.stderr).toMatch(
    /^error: The agent was not ready within 500ms: no server for database "shop": cannot connect/,
  );
});

test('status without an agent is exit code 69', async () => {
  const files = applicationFiles(application);
  expect(await runPgsidecar(['status'], { files })).toMatchObject({ code: 69, stdout: '' });
});

testNeeding(missingOtherAccount())('status that is not let in is exit code 77', async () => {
  await using agent = await serve(application);
  const account = unprivilegedAccount()!;
  const socket = join(agent.socketDir, 'pgsidecar.control');
  const child = Bun.spawn([...pgsidecarProgram(), 'status', '--control-socket', socket], {
    ...account,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(await child.stderr.text()).toBe(
    `error: Cannot open ${socket}: permission denied; run as the agent's user, or as root\n`,
  );
  expect(await child.exited).toBe(77);
});

/** Somebody else has to be had, and has to be able to run pgsidecar. */
function missingOtherAccount(): string | undefined {
  if (unprivilegedAccount() === undefined) return 'only root can be somebody else';
  const hidden = pgsidecarProgram().find((path) => !isReachableByAll(dirname(path)));
  return hidden === undefined ? undefined : `${hidden} cannot be reached by an unprivileged user`;
}

test('status, reload, wait and drain refuse an agent that was started with another file', async () => {
  await using agent = await serve(application);
  const own = join(agent.directory, 'pgsidecar.yml');
  const other = join(agent.directory, 'other.yml');
  agent.writeFile('other.yml', await Bun.file(own).text());
  for (const command of ['status', 'reload', 'wait', 'drain']) {
    const said = await agent.command(command, '--config', 'other.yml');
    expect([command, said.code]).toEqual([command, 69]);
    expect(said.stderr).toContain(`was started with ${own}, and not with ${other}: --control-socket PATH`);
  }
  expect((await agent.command('reload', '--config', 'pgsidecar.yml')).code).toBe(0);
  expect((await agent.command('drain', '--config', own)).code).toBe(0);
});

test('an instance is named by --instance, or by its file: the folder of its socket comes with it', async () => {
  const there = (name: string) => `Cannot reach the agent at /run/pgsidecar-${name}/pgsidecar.control: `;
  for (const words of [
    ['--instance', 'no-such'],
    ['--config', '/etc/pgsidecar/no-such.yml'],
  ]) {
    const said = await runPgsidecar(['status', ...words], { env: { PGSIDECAR_UNIX_SOCKET_DIR: '' } });
    expect(said.stderr).toContain(there('no-such'));
  }
  const both = await runPgsidecar(['status', '--instance', 'shop', '--config', 'a.yml']);
  expect([both.code, both.stderr]).toEqual([
    64,
    'error: Cannot use --instance "shop": expected either --instance or --config\n',
  ]);
  expect((await runPgsidecar(['drain', '--instance', '../shop'])).code).toBe(64);
});

test('status --watch ends when nobody reads it any more', async () => {
  await using agent = await serve(application);
  const words = [
    ...pgsidecarProgram(),
    'status',
    '--watch',
    '--control-socket',
    `${agent.socketDir}/pgsidecar.control`,
  ];
  const line = `${words.map((word) => `'${word}'`).join(' ')} | head -n 1`;
  const { stdout } = Bun.spawnSync(['bash', '-c', line]);
  expect(stdout.toString()).toContain(' is running: ');
});
