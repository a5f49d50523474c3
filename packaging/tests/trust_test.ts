// What the installed agent cannot do to its host, and its clients not to each other: looked for from the attacker's side, on a booted Debian.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, type Outcome, openDebian, whyNoDebian } from './debian.ts';
import { configureIdp, installIdp, put } from './idp.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);

let debian: Debian;

beforeAll(async () => {
  if (missing !== undefined) return;
  const path = buildPackage('deb', '0.0.1');
  debian = await openDebian();
  await installIdp(debian);
  await debian.must(['dpkg', '--install', put(debian, path)]);
  await configureIdp(debian);
  await debian.must('systemctl enable --now pgsidecar.socket pgsidecar.service');
}, 600_000);
afterAll(async () => await debian?.close());

/** Runs a line of `sh` as whatever runs in the agent's place: its user, its groups, what it sees of the file system. */
async function asAgent(line: string): Promise<Outcome> {
  const pid = await debian.property('MainPID');
  const as = ['setpriv', '--reuid', 'pgsidecar', '--regid', 'pgsidecar', '--init-groups'];
  return await debian.run(['nsenter', '--target', pid, '--mount', ...as, 'sh', '-c', line]);
}

test('the agent cannot write its configuration, of which root runs the commands; not even where the file is its own', async () => {
  expect((await asAgent('cat /etc/pgsidecar/pgsidecar.yml')).stdout).toContain('sources:');
  await debian.must('install -o pgsidecar -m 0600 /dev/null /etc/pgsidecar/other.yml');
  const said = async (line: string) => (await asAgent(line)).stderr;
  const root = 'echo >>/etc/pgsidecar/pgsidecar.yml';
  expect(await said(root)).toContain('Permission denied');
  const own = ['echo >>/etc/pgsidecar/other.yml', 'chmod 0666 /etc/pgsidecar/other.yml'];
  for (const line of [...own, 'touch /etc/pgsidecar/new.yml']) {
    expect(await said(line), line).toContain('Read-only file system');
  }
  expect(debian.read('/etc/pgsidecar/other.yml')).toBe('');
});

test('whoever may connect cannot read the configuration', async () => {
  const outcome = await debian.run('runuser -u idp -- cat /etc/pgsidecar/pgsidecar.yml');
  expect(outcome.stderr).toContain('Permission denied');
  expect((await debian.must('getent group pgsidecar-config')).trim()).toMatch(/:pgsidecar$/);
});

/** SQL as a system user, by the role of the application and without a password. */
const asPeer = (user: string) =>
  debian.run(
    `runuser -u ${user} -- psql -XAtqw -h /run/pgsidecar -U idp_app -d idp -c 'SELECT current_user'`,
  );

test('peer lets in the system user that the map names, and nobody else of the group', async () => {
  await debian.must('useradd --groups pgsidecar member');
  await configureIdp(debian, 'auth_type: peer\npeer_map: ["idp:idp_app"]\n');
  await debian.must('systemctl restart pgsidecar.service');
  expect(await asPeer('idp')).toMatchObject({ code: 0, stdout: 'idp_app\n' });
  expect((await asPeer('member')).stderr).toContain('peer authentication failed for user "idp_app"');
});

test('one user of the socket cannot take the places of another: each is a source of its own', async () => {
  await configureIdp(
    debian,
    'auth_type: peer\npeer_map: ["idp:idp_app", "member:idp_app"]\nclient_login_concurrency_per_source: 5\n',
  );
  await debian.must('systemctl restart pgsidecar.service');
  debian.write(
    '/srv/silent.py',
    [
      'import socket, time, os',
      'held = [socket.socket(socket.AF_UNIX) for _ in range(5)]',
      "for each in held: each.connect('/run/pgsidecar/.s.PGSQL.5432')",
      "while not os.path.exists('/srv/enough'): time.sleep(0.05)",
    ].join('\n'),
  );
  const held = debian.must('runuser -u member -- python3 /srv/silent.py');
  let refused = await asPeer('member');
  while (refused.code === 0) refused = await asPeer('member');
  expect(refused.stderr).toContain('client_login_concurrency_per_source');
  expect(await asPeer('idp')).toMatchObject({ code: 0, stdout: 'idp_app\n' });
  debian.write('/srv/enough', '');
  await held;
});

test('as many connections wait in the socket while the agent runs as systemd lets wait while it does not', async () => {
  await debian.must('systemctl is-active pgsidecar.service');
  const waiting = await debian.must("ss -xlnH src /run/pgsidecar/.s.PGSQL.5432 | awk '{ print $4 }'");
  expect(waiting).toBe('4096\n');
});

test('purge takes what the agent and its instances have kept, and nothing of others who have such a name', async () => {
  await debian.must('install -d -o pgsidecar /var/lib/pgsidecar-jobs /run/pgsidecar-jobs');
  await debian.must(
    'install -d -o idp /var/lib/pgsidecar-exporter && ln -s /srv/idp /var/lib/pgsidecar-link',
  );
  debian.write('/var/lib/pgsidecar-exporter/data', 'precious');
  await debian.must('dpkg --purge pgsidecar');
  expect(await debian.must('cd / && ls -d var/lib/pgsidecar* run/pgsidecar* 2>/dev/null || true')).toBe(
    'var/lib/pgsidecar-exporter\nvar/lib/pgsidecar-link\n',
  );
  expect(debian.read('/var/lib/pgsidecar-exporter/data')).toBe('precious');
  expect(await debian.must('ls /srv/idp')).toContain('config');
});
