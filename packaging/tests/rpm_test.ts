// The rpm in a root of its own, by `rpm --root`: installed, upgraded, downgraded, erased; what the administrator wrote stays.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingPrograms, testNeeding } from '../../agent/tests/harness/needs.ts';
import { run } from '../run.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, openDebian, whyNoDebian } from './debian.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);
const CONFIGURATION = '/etc/pgsidecar/pgsidecar.yml';

let debian: Debian;
let older: string;
let newer: string;

beforeAll(async () => {
  if (missing !== undefined) return;
  older = buildPackage('rpm', '0.0.1');
  newer = buildPackage('rpm', '0.0.2');
  debian = await openDebian();
}, 600_000);
afterAll(async () => await debian?.close());

/** What an rpm system has, this root has from Debian, so that rpm does not know of it. */
const rpm = (...words: string[]): string => run(['rpm', '--root', debian.root, ...words], '/');
const exists = (path: string): boolean => existsSync(join(debian.root, path));

testNeeding(missing ?? missingPrograms('rpmlint'))('rpmlint has nothing to say of it', async () => {
  const { exitCode, stdout } = Bun.spawnSync(['rpmlint', '--config', 'packaging/rpm/rpmlint.toml', newer]);
  expect([exitCode, stdout.toString()]).toEqual([0, expect.stringContaining(' 0 errors, 0 warnings')]);
});

test('the same tree gives the same bytes', async () => {
  const first = readFileSync(newer);
  expect(buildPackage('rpm', '0.0.2')).toBe(newer);
  expect(readFileSync(newer).equals(first)).toBe(true);
});

test('installed, it has its user, and the configuration is for root and the agent', async () => {
  rpm('--install', '--nodeps', older);
  expect(await debian.must(['stat', '-c', '%U:%G %a', CONFIGURATION])).toBe('root:pgsidecar-config 640\n');
  expect(await debian.must('getent passwd pgsidecar')).toContain('/var/lib/pgsidecar:/sbin/nologin');
  expect(await debian.must('pgsidecar version')).toMatch(/^pgsidecar \d/);
  expect(rpm('--verify', '--nodeps', 'pgsidecar')).toBe('');
  expect(
    (await debian.run('systemd-analyze verify --man=no pgsidecar.service pgsidecar.socket')).stderr,
  ).toBe('');
});

test('an upgrade and a downgrade keep what the administrator wrote', async () => {
  debian.write(CONFIGURATION, '# edited by hand\n', 0o640);
  await debian.must(['chown', 'root:pgsidecar-config', CONFIGURATION]);
  rpm('--upgrade', '--nodeps', newer);
  expect(rpm('--query', 'pgsidecar')).toBe('pgsidecar-0.0.2-1.x86_64\n');
  rpm('--upgrade', '--nodeps', '--oldpackage', older);
  expect(rpm('--query', 'pgsidecar')).toBe('pgsidecar-0.0.1-1.x86_64\n');
  expect(debian.read(CONFIGURATION)).toBe('# edited by hand\n');
});

test('erased, nothing of it is left but what was edited', async () => {
  rpm('--erase', 'pgsidecar');
  expect([
    exists('/usr/bin/pgsidecar'),
    exists('/usr/lib/systemd/system/pgsidecar.service'),
    exists(CONFIGURATION),
  ]).toEqual([false, false, false]);
  expect(debian.read(`${CONFIGURATION}.rpmsave`)).toBe('# edited by hand\n');
});
