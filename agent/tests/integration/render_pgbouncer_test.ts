// What `render --format pgbouncer` writes, in the hands of a real PgBouncer: it starts, and its clients get where they should.

import { afterAll, expect } from 'bun:test';
import { chmodSync, chownSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runPgsidecar } from '../harness/agent.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { createNursery, makeDirectory, unprivilegedAccount } from '../harness/nursery.ts';
import { type Login, psql } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';

const test = testNeeding(missingPrograms('pgbouncer', 'psql'));
/** Everything that ini or userlist.txt could stumble over. */
const ODD_USER = `o'dd "us;er#`;
const ODD_DATABASE = `it's; a #name`;
/** PgBouncer refuses to be root. */
const account = unprivilegedAccount();

const { authority, postgres } = await openShop();
const nursery = createNursery('pgbouncer', account);
afterAll(() => nursery.close());

test('PgBouncer serves what pgsidecar render wrote for it', async () => {
  const oddPassword = `${crypto.randomUUID()}'"\\; #=`;
  await createOddOnes(oddPassword);
  const { socketDir, out } = await renderInto(oddPassword);
  const log = join(nursery.directory, 'log');
  nursery.spawn(['pgbouncer', '-q', join(out, 'pgbouncer.ini')], {
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
    cwd: nursery.directory,
    account,
    output: openSync(log, 'w'),
  });
  const shop: Login = {
    host: socketDir,
    user: 'app',
    password: postgres.passwordOf('app'),
    database: 'shop',
  };
  await untilItAnswers(shop, log);
  const question = `SELECT current_user, current_database(), current_setting('statement_timeout'), ssl
    FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
  expect(await psql(shop, ['-c', question])).toEqual({ code: 0, stdout: 'app|shop|4321ms|t\n', stderr: '' });
  const odd: Login = { host: socketDir, user: ODD_USER, password: oddPassword, database: 'odd' };
  expect(await psql(odd, ['-c', question])).toEqual({
    code: 0,
    stdout: `${ODD_USER}|${ODD_DATABASE}|0|t\n`,
    stderr: '',
  });
  expect((await psql({ ...odd, password: 'wrong' }, ['-c', question])).code).toBe(2);
});

async function createOddOnes(password: string): Promise<void> {
  const role = `"${ODD_USER.replaceAll('"', '""')}"`;
  await postgres.sql(`CREATE ROLE ${role} LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
  await postgres.sql(`CREATE DATABASE "${ODD_DATABASE}"`);
}

async function renderInto(oddPassword: string): Promise<{ socketDir: string; out: string }> {
  const socketDir = makeDirectory(join(nursery.directory, 's'), account, 0o755);
  const out = makeDirectory(join(nursery.directory, 'out'), account, 0o755);
  const ca = join(nursery.directory, 'ca.crt');
  writeFileSync(ca, authority.certificate);
  chmodSync(ca, 0o644);
  const server = { host: 'localhost', port: String(postgres.port) };
  const configuration = {
    unix_socket_mode: '0777',
    server_tls_ca_file: ca,
    default_pool_size: 3,
    query_wait_timeout: '1500ms',
    databases: {
      shop: {
        ...server,
        user: 'app',
        password: postgres.passwordOf('app'),
        pool_size: 2,
        parameters: { statement_timeout: '4321ms' },
      },
      odd: { ...server, dbname: ODD_DATABASE, user: ODD_USER, password: oddPassword, pool_mode: 'session' },
    },
  };
  const rendered = await runPgsidecar(['render', '--format', 'pgbouncer', '--out', out], {
    files: { 'pgsidecar.yml': JSON.stringify(configuration) },
    env: { PGSIDECAR_UNIX_SOCKET_DIR: socketDir },
  });
  expect(rendered).toMatchObject({ code: 0, stderr: '' });
  expect(statSync(join(out, 'userlist.txt')).mode & 0o777).toBe(0o600);
  for (const name of ['userlist.txt', 'pgbouncer.ini']) {
    if (account !== undefined) chownSync(join(out, name), account.uid, account.gid);
  }
  return { socketDir, out };
}

/** Until it listens; psql cannot be told to wait. */
async function untilItAnswers(login: Login, log: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { code, stderr } = await psql(login, ['-c', 'SELECT 1']);
    if (code === 0) return;
    if (attempt > 100 || !/No such file|Connection refused/.test(stderr))
      throw new Error(`${stderr}\n${readFileSync(log, 'utf8')}`);
  }
}
