// docs/start.md, "As a package": its commands, one block after the other, on a booted Debian, by somebody who may use sudo.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { readFileSync } from 'node:fs';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { RELEASE_VERSION } from '../stage.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, openDebian, whyNoDebian } from './debian.ts';
import { type Idp, installIdp, put } from './idp.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);

let debian: Debian;
let idp: Idp;

beforeAll(async () => {
  if (missing !== undefined) return;
  debian = await openDebian();
  idp = await installIdp(debian);
  put(debian, buildPackage('deb', RELEASE_VERSION));
  await debian.must('cp /etc/ssl/certs/idp-ca.crt /etc/ssl/certs/our-ca.crt');
  await debian.must(
    'useradd --create-home newcomer && echo "newcomer ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/newcomer',
  );
}, 600_000);
afterAll(async () => await debian?.close());

function blocks(): string[] {
  const page = readFileSync('docs/start.md', 'utf8');
  const part = page.slice(page.indexOf('### As a package'), page.indexOf('### From source'));
  return [...part.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block!);
}

test('from the package to psql through the socket, by the page alone', async () => {
  const all = blocks();
  expect(all.length).toBeGreaterThan(3);
  let said = '';
  for (const block of all) {
    debian.write('/srv/block', `cd /srv\nset -e\n${block}`);
    said = await debian.must('runuser -u newcomer -- bash /srv/block');
  }
  expect(said).toMatch(/current_user\s+-+\s+idp_app/);
  expect(await idp.psql('SELECT 7')).toBe('7\n');
});

test('following the page leaves the password in no log: sudo writes down what is on a command line', async () => {
  const journal = await debian.must('journalctl --no-pager; cat /var/log/auth.log 2>/dev/null || true');
  expect(journal).toMatch(/COMMAND=.* psql -c .*SELECT current_user/);
  expect(journal).not.toContain(idp.password);
});
