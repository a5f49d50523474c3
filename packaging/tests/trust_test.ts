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
  const pid = (await debian.must('systemctl show --value --property MainPID pgsidecar.service')).trim();
  const as = ['setpriv', '--reuid', 'pgsidecar', '--regid', 'pgsidecar', '--init-groups'];
  return await debian.run(['nsenter', '--target', pid, '--mount', ...as, 'sh', '-c', line]);
}

test('the agent cannot write its configuration, of which root runs the commands; not even where the file is its own', async () => {
  expect((await asAgent('cat /etc/pgsidecar/pgsidecar.yml')).stdout).toContain('sources:');
  await debian.must('install -o pgsidecar -m 0600 /dev/null /etc/pgsidecar/other.yml');
  const said = async (line: string) => (await asAgent(line)).stderr;
  for (const line of ['echo >>/etc/pgsidecar/pgsidecar.yml', 'touch /etc/pgsidecar/new.yml']) {
    expect(await said(line), line).toContain('Permission denied');
  }
  for (const line of ['echo >>/etc/pgsidecar/other.yml', 'chmod 0666 /etc/pgsidecar/other.yml']) {
    expect(await said(line), line).toContain('Read-only file system');
  }
  expect(debian.read('/etc/pgsidecar/other.yml')).toBe('');
});

test('whoever may connect cannot read the configuration', async () => {
  const outcome = await debian.run('runuser -u idp -- cat /etc/pgsidecar/pgsidecar.yml');
  expect(outcome.stderr).toContain('Permission denied');
  expect((await debian.must('getent group pgsidecar-config')).trim()).toMatch(/:pgsidecar$/);
});
