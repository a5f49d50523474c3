// docs/guides/from_pgbouncer.md on a booted Debian: its commands and its unit, as they stand there, on an ini as Debian's pgbouncer brings it.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { readFileSync } from 'node:fs';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, openDebian, whyNoDebian } from './debian.ts';
import { type Idp, installIdp, put } from './idp.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);

const GUIDE = readFileSync('docs/guides/from_pgbouncer.md', 'utf8');
const INI = '/etc/pgbouncer/pgbouncer.ini';
const UNIT = 'pgbouncer.service';
const POSTGRESQL = '/run/postgresql/.s.PGSQL.5432';

let debian: Debian;
let idp: Idp;

beforeAll(async () => {
  if (missing !== undefined) return;
  const path = buildPackage('deb', '0.0.1');
  debian = await openDebian();
  idp = await installIdp(debian);
  await debian.must(['dpkg', '--install', put(debian, path)]);
  writeIni();
  debian.write('/etc/pgbouncer/userlist.txt', `"idp_app" "${idp.password}"\n`, 0o640);
  // What PgBouncer's package has for its own.
  debian.write(`/lib/systemd/system/${UNIT}`, '[Service]\nExecStart=/bin/sleep infinity\n');
  await debian.must(
    `chown -R postgres: /etc/pgbouncer && systemctl daemon-reload && systemctl start ${UNIT}`,
  );
}, 600_000);
afterAll(async () => await debian?.close());

function writeIni(...more: readonly string[]): void {
  const lines = [
    ...['[databases]', 'idp = host=localhost', '[users]', '[pgbouncer]'],
    ...['logfile = /var/log/postgresql/pgbouncer.log', 'pidfile = /var/run/postgresql/pgbouncer.pid'],
    ...['listen_addr = localhost', 'listen_port = 6432', 'unix_socket_dir = /var/run/postgresql'],
    ...['auth_type = md5', 'auth_file = /etc/pgbouncer/userlist.txt', ...more],
  ];
  debian.write(INI, `${lines.join('\n')}\n`, 0o644);
}

/** The application's psql: by the UNIX socket, or by TCP. */
const psql = (host: string) =>
  debian.run([
    ...['runuser', '-u', 'idp', '--', 'env', `PGPASSWORD=${idp.password}`, 'psql', '-XAtq'],
    ...[`host=${host} port=6432 user=idp_app dbname=idp`, '-c', 'SELECT current_user'],
  ]);

const admin = (sql: string) =>
  debian.must([
    'runuser',
    '-u',
    'postgres',
    '--',
    'psql',
    '-XAtq',
    '-p',
    '6432',
    '-U',
    'pgbouncer',
    'pgbouncer',
    '-c',
    sql,
  ]);

const show = async (name: string) => await debian.property(name, UNIT);

test('"In two minutes": its commands, one after the other', async () => {
  const [, block] = /```sh\n(.*?)```/s.exec(GUIDE.slice(GUIDE.indexOf('## In two minutes')))!;
  debian.write('/srv/block', `set -e\n${block}`);
  const said = await debian.must('cd / && bash /srv/block');
  expect(said).toContain('ok: 0 errors');
  expect(said).toMatch(/database +\| +user/);
  for (const host of ['/var/run/postgresql', 'localhost'])
    expect(await psql(host)).toEqual({ code: 0, stdout: 'idp_app\n', stderr: '' });
  const pid = (await debian.must('cat /var/run/postgresql/pgbouncer.pid')).trim();
  await debian.must(`kill -INT ${pid} && while kill -0 ${pid} 2>/dev/null; do sleep 0.1; done`);
  // As it was: nothing of PgBouncer's is left, and PostgreSQL has what it had.
  expect(await debian.must('ls -A /run/postgresql')).not.toContain('6432');
  await debian.must(`test -S ${POSTGRESQL}`);
});

test('the unit: it starts, is reloaded, restarted and stopped, and leaves everything as it was', async () => {
  const [, unit] = /```ini\n(# \/etc\/systemd\/system\/pgbouncer\.service\n.*?)```/s.exec(GUIDE)!;
  debian.write(`/etc/systemd/system/${UNIT}`, unit!);
  await debian.must(`systemd-analyze verify /etc/systemd/system/${UNIT}`);
  await debian.must(`systemctl daemon-reload && systemctl enable ${UNIT} && systemctl restart ${UNIT}`);
  const first = await show('MainPID');
  expect(await debian.must(`ps -o user= -p ${first}`)).toBe('postgres\n');
  for (const host of ['/var/run/postgresql', 'localhost'])
    expect(await psql(host)).toEqual({ code: 0, stdout: 'idp_app\n', stderr: '' });

  writeIni('default_pool_size = 7');
  await debian.must(`systemctl reload ${UNIT}`);
  while (!(await admin('SHOW CONFIG')).includes('default_pool_size|7|20|yes')) await Bun.sleep(50);
  writeIni('default_pool_size = many');
  await debian.must(`systemctl reload ${UNIT}`);
  const log = 'cat /var/log/postgresql/pgbouncer.log';
  while (!(await debian.must(log)).includes('reload refused: nothing was changed')) await Bun.sleep(50);
  expect(await admin('SHOW CONFIG')).toContain('default_pool_size|7|20|yes');
  expect([await show('MainPID'), await show('ActiveState')]).toEqual([first, 'active']);

  writeIni();
  await debian.must(`systemctl restart ${UNIT}`);
  expect(await psql('/var/run/postgresql')).toMatchObject({ code: 0, stdout: 'idp_app\n' });
  await debian.must(`systemctl stop ${UNIT}`);
  const ended = ['ActiveState', 'Result', 'ExecMainStatus', 'NRestarts'].map(show);
  expect(await Promise.all(ended)).toEqual(['inactive', 'success', '0', '0']);
  expect(await debian.must('ls -A /run/postgresql')).not.toContain('6432');
  // The folder is PostgreSQL's too.
  expect((await debian.run(`test -S ${POSTGRESQL}`)).code).toBe(0);
});

test('what else it names: status by the ini, import, and the way back', async () => {
  await debian.must(`systemctl start ${UNIT}`);
  expect(await debian.must(`pgsidecar status --config ${INI}`)).toContain('/.s.PGSQL.6432');
  expect(await debian.must(`pgsidecar import ${INI}`)).toContain('host: localhost');
  for (const [more, version] of [
    ['', '1.24'],
    ['--no-newer', '1.18'],
  ]) {
    const out = `/srv/back${more}`;
    await debian.must(
      `mkdir ${out} && pgsidecar render --format pgbouncer ${more} --config ${INI} --out ${out}`,
    );
    expect(debian.read(`${out}/pgbouncer.ini`)).toContain(`for PgBouncer ${version} and newer`);
    expect(debian.read(`${out}/userlist.txt`)).toContain(`"idp_app" "${idp.password}"`);
  }
});

test('the unit is there again after a boot', async () => {
  await debian.reboot();
  while ((await show('ActiveState')) === 'activating') await Bun.sleep(100);
  expect(await show('ActiveState')).toBe('active');
  expect(await psql('localhost')).toMatchObject({ code: 0, stdout: 'idp_app\n' });
});
