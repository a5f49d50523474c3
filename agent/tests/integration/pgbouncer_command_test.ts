// `pgsidecar pgbouncer`: PgBouncer's own command line, from -V to a daemon that is stopped by its pidfile.

import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../base/version.ts';
import { pgsidecarProgram } from '../harness/agent.ts';
import { testNeeding } from '../harness/needs.ts';
import { type Account, createNursery, unprivilegedAccount } from '../harness/nursery.ts';
import { freePort, startPostgres } from '../harness/postgres.ts';
import { ask } from '../harness/psql.ts';

setDefaultTimeout(30_000);

const account = unprivilegedAccount();
const nursery = createNursery('pgbouncer', account);
const postgres = await startPostgres({ users: { app: '' }, databases: { shop: 'app' } });
afterAll(async () => {
  await nursery.close();
  await postgres.stop();
});

const PASSWORD = postgres.passwordOf('app');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with a pgbouncer.ini of `more` lines and its userlist.txt. */
function folder(name: string, more: readonly string[]): string {
  const directory = join(nursery.directory, name);
  mkdirSync(directory);
  const lines = [
    ...['[databases]', `shop = host=127.0.0.1 port=${postgres.port}`, '[pgbouncer]', 'listen_port = 6432'],
    ...[`unix_socket_dir = ${directory}`, 'auth_file = userlist.txt', 'auth_type = scram-sha-256', ...more],
  ];
  writeFileSync(join(directory, 'pgbouncer.ini'), `${lines.join('\n')}\n`);
  writeFileSync(join(directory, 'userlist.txt'), `"app" "${PASSWORD}"\n`);
  const paths = [directory, join(directory, 'pgbouncer.ini'), join(directory, 'userlist.txt')];
  if (account !== undefined) for (const path of paths) chownSync(path, account.uid, account.gid);
  return directory;
}

function spawn(
  cwd: string,
  words: readonly string[],
  as: Account | undefined | 'root' = account,
  more: Readonly<Record<string, string>> = {},
) {
  return nursery.spawn([...pgsidecarProgram(), 'pgbouncer', ...words], {
    env: { PATH: '/usr/bin:/bin', HOME: cwd, ...more },
    cwd,
    account: as === 'root' ? undefined : as,
    output: 'pipe',
  });
}

async function run(
  cwd: string,
  words: readonly string[],
  as: Account | undefined | 'root' = account,
): Promise<Ended> {
  const child = spawn(cwd, words, as);
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  return { code: await child.exited, stdout, stderr };
}

function textOf(stream: unknown): Promise<string> {
  return new Response(stream as ReadableStream<Uint8Array>).text();
}

function login(directory: string) {
  return { host: directory, port: 6432, user: 'app', password: PASSWORD, database: 'shop' };
}

/** Once it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(20);
}

/** It has opened the last of its sockets, and hears signals. */
function isUp(directory: string): boolean {
  return existsSync(join(directory, 'pgsidecar.control'));
}

function isAlive(pid: number): boolean {
  return (
    existsSync(`/proc/${pid}/status`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  );
}

test('-V and -h say what they are asked for, with no file', async () => {
  expect(await run('/', ['-V'])).toMatchObject({ code: 0, stdout: expect.stringContaining(VERSION) });
  const help = await run('/', ['-h']);
  expect(help.code).toBe(0);
  for (const flag of ['-d, --daemon', '-q, --quiet', '-R, --reboot', '-u, --user USER', '-v, --verbose'])
    expect(help.stdout).toContain(flag);
});

test('a command line without a file, or with a flag that there is not, says so', async () => {
  const none = await run('/', []);
  expect(none.code).toBe(64);
  expect(none.stderr).toContain('pgsidecar pgbouncer needs FILE.ini');
  expect((await run('/', ['-x', 'a.ini'])).stderr).toContain('Unknown flag -x');
  const missing = await run('/', ['/nowhere/a.ini']);
  expect(missing.code).toBe(78);
  expect(missing.stderr).toContain('/nowhere/a.ini');
});

test('serves in the foreground with PgBouncer’s defaults and its lines, more of them by -v', async () => {
  const directory = folder('foreground', []);
  const child = spawn(directory, ['-v', 'pgbouncer.ini']);
  const stderr = textOf(child.stderr);
  await until(() => isUp(directory));
  // The server has no TLS, and PgBouncer's default takes it all the same: server_tls_sslmode = prefer.
  expect(await ask(login(directory), 'SELECT 1')).toBe('1');
  child.kill('SIGINT');
  expect(await child.exited).toBe(0);
  const text = await stderr;
  expect(text).toMatch(/^\d{4}-\d\d-\d\d \S+ \S+ \[\d+\] LOG process up: /m);
  expect(text).toContain('login attempt: db=shop user=app tls=no');
  expect(text).toContain('got SIGINT, shutting down');
  expect(text).toContain('server connections dropped, exiting');
});

test('serves over TCP alone where no socket of its own can be made, and says what is missing without it', async () => {
  const directory = folder('tcp', ['listen_addr = 127.0.0.1', 'pidfile = pid']);
  const port = await freePort();
  const path = join(directory, 'pgbouncer.ini');
  const lines = readFileSync(path, 'utf8').split('\n');
  const own = lines.map((line) =>
    line.startsWith('unix_socket_dir')
      ? 'unix_socket_dir ='
      : line.startsWith('listen_port')
        ? `listen_port = ${port}`
        : line,
  );
  writeFileSync(path, own.join('\n'));
  const child = spawn(directory, ['pgbouncer.ini'], account, {
    PGSIDECAR_CONTROL_SOCKET: '/nowhere/control',
  });
  const stderr = textOf(child.stderr);
  const at = { ...login(directory), host: '127.0.0.1', port };
  const answer = async (): Promise<string> => ask(at, 'SELECT 1').catch(() => '');
  let answered = '';
  while (answered === '' && child.exitCode === null) answered = await answer();
  expect(answered).toBe('1');
  child.kill('SIGINT');
  expect(await child.exited).toBe(0);
  expect(await stderr).toContain('it serves without a control socket (status, reload, wait, drain)');
});

test('-d is a daemon that serves when the command ends, by its logfile and pidfile alone', async () => {
  const directory = folder('daemon', ['logfile = log', 'pidfile = pid']);
  expect(await run(directory, ['-d', 'pgbouncer.ini'])).toEqual({ code: 0, stdout: '', stderr: '' });
  const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
  try {
    expect(await ask(login(directory), 'SELECT 1')).toBe('1');
    expect(readFileSync(join(directory, 'log'), 'utf8')).toMatch(/LOG process up: /);
    // Its own session, and nothing of the terminal's.
    const [, , , , , session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
    expect(Number(session)).toBe(pid);
    const second = await run(directory, ['-d', 'pgbouncer.ini']);
    expect(second.code).toBe(69);
    expect(second.stderr).toContain(`pidfile exists: ${join(directory, 'pid')} names process ${pid}`);
  } finally {
    process.kill(pid, 'SIGQUIT');
  }
  await until(() => !isAlive(pid));
  expect(existsSync(join(directory, 'pid'))).toBe(false);
});

test('-d keeps its log where the terminal’s errors go to the same file', async () => {
  const directory = folder('same', ['logfile = log', 'pidfile = pid']);
  const child = nursery.spawn(
    [
      ...['sh', '-c', 'exec "$@" 2>>log', 'sh'],
      ...pgsidecarProgram(),
      ...['pgbouncer', '-d', 'pgbouncer.ini'],
    ],
    { env: { PATH: '/usr/bin:/bin', HOME: directory }, cwd: directory, account, output: 'pipe' },
  );
  expect(await child.exited).toBe(0);
  const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
  try {
    expect(await ask(login(directory), 'SELECT 1')).toBe('1');
  } finally {
    process.kill(pid, 'SIGQUIT');
  }
  await until(() => !isAlive(pid));
  const text = readFileSync(join(directory, 'log'), 'utf8');
  expect(text).toContain('login attempt: db=shop user=app tls=no');
  expect(text).toContain('got SIGQUIT, fast exit');
});

test('-d without a pidfile, and with a log that cannot be written, says why in the terminal', async () => {
  const bare = await run(folder('bare', []), ['-d', 'pgbouncer.ini']);
  expect(bare).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('daemon needs pidfile configured'),
  });
  const unwritable = folder('unwritable', ['logfile = /nowhere/log', 'pidfile = pid']);
  const { code, stderr } = await run(unwritable, ['-d', 'pgbouncer.ini']);
  expect(code).toBe(73);
  expect(stderr).toContain('Cannot write logfile /nowhere/log');
});

test('-q is silent in the terminal, and -R says what has replaced it', async () => {
  const directory = folder('quiet', ['logfile = log']);
  const child = spawn(directory, ['-q', '-R', 'pgbouncer.ini']);
  const stderr = textOf(child.stderr);
  await until(() => isUp(directory));
  child.kill('SIGQUIT');
  expect(await child.exited).toBe(0);
  expect(await stderr).toMatch(/^warning: -R .*systemd keeps them.*\n$/);
  expect(readFileSync(join(directory, 'log'), 'utf8')).toContain('got SIGQUIT, fast exit');
});

testNeeding(account === undefined ? 'only root can become somebody else' : undefined)(
  'root is refused, and becomes who is named by -u, or by the file',
  async () => {
    const directory = folder('root', []);
    const asRoot = await run(directory, ['pgbouncer.ini'], 'root');
    expect(asRoot).toMatchObject({ code: 77, stderr: expect.stringContaining('should not run as root') });
    const unknown = await run(directory, ['-u', 'nosuchuser', 'pgbouncer.ini'], 'root');
    expect(unknown.stderr).toContain('Cannot become user "nosuchuser": there is no such user');
    chmodSync(directory, 0o777);
    const child = spawn(directory, ['-u', 'nobody', 'pgbouncer.ini'], 'root');
    await until(() => isUp(directory));
    expect(readFileSync(`/proc/${child.pid}/status`, 'utf8')).not.toMatch(/^Uid:\t0/m);
    child.kill('SIGQUIT');
    expect(await child.exited).toBe(0);
  },
);
