// What an operator of the installed package does wrong, or does before its time, on a booted Debian: what he is told, and what mends it.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { parseEnvironmentFile } from '../../agent/config/environment_file.ts';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, openDebian, whyNoDebian } from './debian.ts';
import { configureIdp, type Idp, installIdp, put } from './idp.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);

const UNITS = 'pgsidecar.socket pgsidecar.service';
const APPLICATION_YML = '/srv/idp/config/application.yml';

let debian: Debian;
let idp: Idp;

beforeAll(async () => {
  if (missing !== undefined) return;
  const path = buildPackage('deb', '0.0.1');
  debian = await openDebian();
  idp = await installIdp(debian);
  await debian.must(['dpkg', '--install', put(debian, path)]);
  await configureIdp(debian);
  await debian.must(`systemctl enable --now ${UNITS}`);
}, 600_000);
afterAll(async () => await debian?.close());

/** The application's psql, to whichever of these hosts answers. */
const psql = (host: string) =>
  debian.run([
    ...['runuser', '-u', 'idp', '--', 'env', `PGPASSWORD=${idp.password}`, 'psql', '-XAtq'],
    `host=${host} user=idp_app dbname=idp`,
    ...['-c', 'SELECT 1'],
  ]);

async function untilServed(): Promise<void> {
  while ((await psql('/run/pgsidecar')).code !== 0) await Bun.sleep(200);
}

test('a mistake fails the restart, clients are told why and go to their fallback, and the repaired file is served with nothing else to do', async () => {
  await configureIdp(debian, 'default_pool_size: many\n');
  expect((await debian.run('systemctl restart pgsidecar.service')).code).not.toBe(0);
  // More than the ten starts in five seconds that systemd allows where a unit does not say otherwise.
  for (let attempt = 0; attempt < 12; attempt++) {
    const refused = await psql('/run/pgsidecar');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      'FATAL:  pgsidecar cannot serve: Cannot use default_pool_size "many" at /etc/pgsidecar/pgsidecar.yml:4',
    );
  }
  const fallback = await psql('/run/pgsidecar,localhost');
  expect([fallback.code, fallback.stderr]).toEqual([0, '']);
  expect(await debian.property('ActiveState', 'pgsidecar.socket')).toBe('active');
  await configureIdp(debian);
  await untilServed();
  expect([
    await debian.property('ActiveState'),
    await debian.property('ActiveState', 'pgsidecar.socket'),
  ]).toEqual(['active', 'active']);
});

test("at a boot the application's file comes later than the agent, and is served when it is there", async () => {
  await debian.must(`mv ${APPLICATION_YML} /srv/idp/later.yml`);
  await debian.reboot();
  // By then a client has come, and systemd has tried more than once.
  expect((await psql('/run/pgsidecar')).stderr).toContain('pgsidecar cannot serve: ');
  while (Number(await debian.property('NRestarts')) < 3) await Bun.sleep(100);
  await debian.must(`mv /srv/idp/later.yml ${APPLICATION_YML}`);
  await untilServed();
  expect(await debian.property('ActiveState')).toBe('active');
});

const CHECK = 'pgsidecar check --config /etc/pgsidecar/pgsidecar.yml';
const DROP_IN = '/etc/systemd/system/pgsidecar.service.d/idp.conf';

test('check as root sees what the service would, and both say who may not read which file, and what lets him in', async () => {
  await debian.must('chmod 0755 /srv/idp');
  expect((await debian.run(CHECK)).code).toBe(0);
  await debian.must(`mv ${DROP_IN} /srv/idp.conf && systemctl daemon-reload`);
  const told = [
    `Cannot read ${APPLICATION_YML}: permission denied: user "pgsidecar" may not; it belongs to root:idp, mode 0640.`,
    'Let the agent in: SupplementaryGroups=idp in a drop-in of pgsidecar.service',
  ].join(' ');
  const checked = await debian.run(CHECK);
  expect([checked.code, checked.stderr]).toEqual([78, `error: ${told}\n`]);
  expect((await debian.run('systemctl restart pgsidecar.service')).code).not.toBe(0);
  const journal = await debian.must('journalctl --no-pager --output cat -u pgsidecar.service');
  expect(journal.replaceAll('\\"', '"')).toContain(told);
  // As bad as it is, and in the form of the log.
  const bad = await debian.must('journalctl --no-pager --output cat --priority 3 -u pgsidecar.service');
  expect(bad).toMatch(/^\{"level":50,.*"code":"config_unreadable","msg":"Cannot read \/srv\/idp/m);
  expect(bad).not.toContain('"level":30');

  // A folder on the way.
  await debian.must(`mv /srv/idp.conf ${DROP_IN} && systemctl daemon-reload`);
  await debian.must('chmod 0700 /srv/idp/config && chown root: /srv/idp/config');
  expect((await debian.run(CHECK)).stderr).toContain(
    'user "pgsidecar" may not go into /srv/idp/config; it belongs to root:root, mode 0700. Let the agent in: give it a group',
  );
  await debian.must('chmod 0755 /srv/idp/config');
  await untilServed();
});

test('check as root judges from where the service stands, wherever root is', async () => {
  const database = `{ host: localhost, user: idp_app, password: ${idp.password}, sslmode: disable }`;
  debian.write('/etc/pgsidecar/alone.yml', `databases:\n  idp: ${database}\n`, 0o640);
  await debian.must('chown root:pgsidecar-config /etc/pgsidecar/alone.yml && chmod 0700 /root');
  const checked = await debian.run('cd /root && pgsidecar check --config /etc/pgsidecar/alone.yml');
  expect([checked.code, checked.stderr]).toEqual([0, expect.not.stringContaining('error:')]);
  await debian.must('rm /etc/pgsidecar/alone.yml');
});

test('somebody who may not read the configuration is told to be root, or the agent', async () => {
  const said = await debian.run(`runuser -u nobody -- pgsidecar url --config /etc/pgsidecar/pgsidecar.yml`);
  expect(said.code).toBe(78);
  expect(said.stderr).toContain("Run as root, or as the agent's user");
});

test("commands on the service's configuration have the variables of its EnvironmentFile=, as systemd reads them", async () => {
  const text = [
    '# of the application',
    `IDP_PASSWORD="${idp.password}"`,
    'SINGLE=\'a \\ "b" $c\'',
    'DOUBLE="a \\"b\\" \\$c \\d"',
    'BARE=a\\ b  c\\$c  ',
    'HASH=p#w',
    'LONG=one\\',
    'two',
    'LINES="one',
    'two"',
    '; end',
  ].join('\n');
  debian.write('/etc/pgsidecar/environment', text, 0o600);
  const words =
    'systemd-run --quiet --wait --pipe --property EnvironmentFile=/etc/pgsidecar/environment env -0';
  const seen = (await debian.must(words)).split('\0').map((each) => each.split(/=(.*)/s));
  expect(Object.fromEntries(seen)).toMatchObject(parseEnvironmentFile(text));

  const database = ['host: localhost', 'database: idp', 'username: idp_app', 'sslmode: verify-full'];
  const lines = [...database, 'adapter: postgresql', "password: <%= ENV.fetch('IDP_PASSWORD') %>"];
  debian.write('/srv/idp/config/database.yml', `production:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  await debian.must('sed -i s/application.yml/database.yml/ /etc/pgsidecar/pgsidecar.yml');
  expect((await debian.run(CHECK)).stderr).toBe('');
  for (const command of ['url', 'eject'])
    expect(
      await debian.must(`pgsidecar ${command} --show-secrets --config /etc/pgsidecar/pgsidecar.yml`),
    ).toContain(idp.password);
  await configureIdp(debian);
});

const YML = '/etc/pgsidecar/pgsidecar.yml';

test('settings of sockets that systemd opened are warned about: at the start, at a reload, in status', async () => {
  await configureIdp(debian, 'listen_addr: 127.0.0.1\nlisten_port: 6432\n');
  const told = [
    `listen_addr at ${YML}:4 has no effect: systemd opened the sockets (pgsidecar.socket); write ListenStream= there`,
    `listen_port at ${YML}:5 has no effect: systemd opened the sockets (pgsidecar.socket); write ListenStream= there`,
  ];
  const reloaded = await debian.run(`pgsidecar reload --config ${YML}`);
  expect([reloaded.code, reloaded.stderr]).toEqual([0, told.map((line) => `warning: ${line}\n`).join('')]);
  const checked = await debian.run(CHECK);
  expect([checked.code, checked.stderr]).toEqual([0, told.map((line) => `warning: ${line}\n`).join('')]);
  expect(checked.stdout).toContain(
    'Would listen at\n  /run/pgsidecar/.s.PGSQL.5432 (opened by systemd: pgsidecar.socket)\n',
  );
  expect(await debian.must(`pgsidecar url --config ${YML}`)).toBe(
    'postgresql://idp_app:***@/idp?host=/run/pgsidecar\n',
  );
  const since = (await debian.must('date +%s.%N')).trim();
  await debian.must('systemctl restart pgsidecar.service');
  const journal = await debian.must(
    `journalctl --no-pager --output cat -u pgsidecar.service --since @${since}`,
  );
  const status = await debian.must(`pgsidecar status --config ${YML}`);
  expect(status).toContain('Listening  /run/pgsidecar/.s.PGSQL.5432\n');
  for (const line of told) {
    expect(journal).toContain(line);
    expect(status).toContain(line);
  }
  await configureIdp(debian);
});

test('systemctl status says which database has no server, and no longer when it is there', async () => {
  await debian.must('systemctl stop postgresql@15-main.service');
  while ((await psql('/run/pgsidecar')).code === 0) await Bun.sleep(100);
  while (!(await debian.property('StatusText')).endsWith('serving idp; idp: no server')) await Bun.sleep(100);
  await debian.must('systemctl start postgresql@15-main.service');
  await untilServed();
  while (!(await debian.property('StatusText')).endsWith('serving idp')) await Bun.sleep(100);
});
