// The log beside standard error: a file that is rotated, PgBouncer's words; the pidfile; and root that becomes somebody else.

import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLibc } from '../../native/libc.ts';
import { openSyslog } from '../../native/syslog.ts';
import { userIds } from '../../native/users.ts';
import { serve } from '../harness/application.ts';
import { testNeeding } from '../harness/needs.ts';
import { createNursery, makeDirectory } from '../harness/nursery.ts';
import { ask, refusalOf, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const nursery = createNursery('log');
const { authority, postgres } = await openShop();
afterAll(() => nursery.close());

/** What has come into the file, once `wanted` is in it. */
async function textOf(path: string, wanted: RegExp): Promise<string> {
  for (;;) {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (wanted.test(text)) return text;
    await Bun.sleep(20);
  }
}

const WHY_NO_ROOT = process.getuid?.() === 0 ? undefined : 'only root can become somebody else';
const PASSWORD = postgres.passwordOf('app');

const STAMP = String.raw`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3} \S+ \[\d+\]`;

test('a client from its login to its end, in PgBouncer’s words, in a file that is rotated under the agent', async () => {
  const directory = makeDirectory(join(nursery.directory, 'words'));
  const [logfile, pidfile] = [join(directory, 'agent.log'), join(directory, 'agent.pid')];
  const settings = { logfile, pidfile, log_format: 'pgbouncer', server_idle_timeout: '1s' };
  await using agent = await serve({ postgres, authority, settings }, { expectFailure: true });
  await agent.waitForLog(({ msg }) => msg.includes('process up'));
  expect(readFileSync(pidfile, 'utf8')).toBe(`${agent.pid}\n`);
  expect(await ask(through(agent, PASSWORD), 'SELECT 1')).toBe('1');
  await refusalOf(through(agent, 'wrong'));
  const text = await textOf(logfile, /server idle timeout/);
  const lines = [
    String.raw`LOG listening on unix:/\S+`,
    String.raw`LOG process up: pgsidecar \S+`,
    String.raw`LOG C-0x[0-9a-f]+: shop/\w+@unix login attempt: db=shop user=\w+ tls=no`,
    String.raw`LOG S-0x[0-9a-f]+: shop/\w+@\S+:\d+ new connection to server`,
    String.raw`LOG C-0x[0-9a-f]+: shop/\w+@unix closing because: client close request \(age=\d+s\)`,
    String.raw`WARNING C-0x0: shop/\w+@unix pooler error: password authentication failed for user "\w+"`,
    String.raw`LOG S-0x[0-9a-f]+: shop/\w+@\S+:\d+ closing because: server idle timeout \(age=\d+s\)`,
  ];
  for (const line of lines) expect(text).toMatch(new RegExp(`${STAMP} ${line}`, 'm'));
  for (const line of text.trimEnd().split('\n')) expect(line).toMatch(new RegExp(STAMP));
  renameSync(logfile, `${logfile}.1`);
  expect((await agent.reload()).code).toBe(0);
  await textOf(logfile, /reloaded/);
  expect(statSync(logfile).mode & 0o007).toBe(0);
  await agent.stop();
  expect(existsSync(pidfile)).toBe(false);
});

test('a second agent does not take the pidfile of one that lives', async () => {
  const pidfile = join(makeDirectory(join(nursery.directory, 'pid')), 'agent.pid');
  await using first = await serve({ postgres, authority, settings: { pidfile } });
  await using second = await serve({ postgres, authority, settings: { pidfile } }, { expectFailure: true });
  expect(await second.exited).toBe(69);
  expect(second.logLines().map(({ msg }) => msg)).toContain(
    `pidfile exists: ${pidfile} names process ${first.pid}, which is alive; stop that one, or remove the file`,
  );
  expect(readFileSync(pidfile, 'utf8')).toBe(`${first.pid}\n`);
});

test('a reload that names a log that cannot be opened changes nothing', async () => {
  await using agent = await serve({ postgres, authority, settings: {} });
  const text = readFileSync(join(agent.directory, 'pgsidecar.yml'), 'utf8');
  agent.writeFile('pgsidecar.yml', `${text}\nlogfile: /nowhere/agent.log\ndefault_pool_size: 7\n`);
  const { code, stderr, stdout } = await agent.reload();
  expect(code).toBe(78);
  expect(`${stdout}${stderr}`).toContain('Cannot write logfile /nowhere/agent.log');
  expect(await ask(through(agent, PASSWORD), 'SELECT 1')).toBe('1');
});

testNeeding(WHY_NO_ROOT)('root becomes the user that is named, in every thread and group', async () => {
  const socketDir = makeDirectory(join(nursery.directory, 'user'));
  chmodSync(nursery.directory, 0o755);
  chmodSync(socketDir, 0o777);
  const server_tls_ca_file = join(socketDir, 'ca.crt');
  writeFileSync(server_tls_ca_file, authority.certificate);
  const settings = { user: 'nobody', unix_socket_dir: socketDir, server_tls_ca_file };
  // The harness has its own directory for the socket, which nobody could write to.
  const env = { PGSIDECAR_UNIX_SOCKET_DIR: socketDir };
  await using agent = await serve({ postgres, authority, settings }, { env });
  const ids = userIds(openLibc(), 'nobody')!;
  const threads = Array.from(new Bun.Glob('*/status').scanSync(`/proc/${agent.pid}/task`));
  expect(threads.length).toBeGreaterThan(1);
  for (const thread of threads) {
    const status = readFileSync(`/proc/${agent.pid}/task/${thread}`, 'utf8');
    const all = (id: number): string => Array(4).fill(id).join('\t');
    expect(status).toContain(`Uid:\t${all(ids.uid)}`);
    expect(status).toContain(`Gid:\t${all(ids.gid)}`);
    expect(status).toMatch(/CapEff:\t0+\n/);
    expect(/^Groups:\t(.*?) ?$/m.exec(status)?.[1]).toBe(String(ids.gid));
  }
  expect(statSync(join(socketDir, '.s.PGSQL.5432')).uid).toBe(ids.uid);
});

test('a user that there is not is named, and nothing is started', async () => {
  await using agent = await serve(
    { postgres, authority, settings: { user: 'nosuchuser' } },
    { expectFailure: true },
  );
  expect(await agent.exited).toBe(77);
  expect(
    agent
      .logLines()
      .map(({ msg }) => msg)
      .join(),
  ).toContain('Cannot become user "nosuchuser"');
});

test('syslog takes a line as one datagram, and one that nobody takes has an error', async () => {
  const path = join(nursery.directory, 'log');
  const receiver = nursery.spawn(
    [
      ...['python3', '-c'],
      'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("bound",flush=True)\nprint(s.recv(65536).decode(),flush=True)',
      path,
    ],
    { output: 'pipe', env: { PATH: process.env.PATH ?? '/usr/bin:/bin' } },
  );
  const lines: string[] = [];
  const syslog = openSyslog(openLibc(), path);
  expect(() => syslog.send(Buffer.from('too early'))).toThrow(/ENOENT|ECONNREFUSED/);
  for await (const chunk of receiver.stdout as ReadableStream<Uint8Array>) {
    lines.push(...Buffer.from(chunk).toString().trim().split('\n'));
    if (lines.length === 1) expect(syslog.send(Buffer.from('<30>pgsidecar[1]: LOG hello'))).toBe(27);
  }
  syslog.close();
  expect(lines).toEqual(['bound', '<30>pgsidecar[1]: LOG hello']);
});
