// Fifty restarts and upgrades while clients connect: none is refused, and none is cut off before it was answered.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, openDebian, whyNoDebian } from './debian.ts';
import { configureIdp, type Idp, installIdp, put } from './idp.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);
const TIMES = 50;
/** Every tenth is an upgrade, or a downgrade. */
const PACKAGES_EACH = 10;
/** Without its limit of starts in a minute. Why one failed is in the journal, with systemd's own words. */
const RESTART =
  'systemctl reset-failed pgsidecar.service; systemctl restart pgsidecar.service || { journalctl --no-pager -u pgsidecar.service | tail -n 20; exit 1; }';

let debian: Debian;
let idp: Idp;
let packages: string[];

beforeAll(async () => {
  if (missing !== undefined) return;
  const built = ['0.0.1', '0.0.2'].map((version) => buildPackage('deb', version));
  debian = await openDebian();
  idp = await installIdp(debian);
  packages = built.map((path) => put(debian, path));
  await debian.must(['dpkg', '--install', packages[0]!]);
  await configureIdp(debian);
  await debian.must('systemctl enable --now pgsidecar.socket pgsidecar.service');
  await idp.psql('SELECT 1');
}, 600_000);
afterAll(async () => await debian?.close());

interface Counts {
  readonly answered: number;
  readonly refused: number;
  readonly reset: number;
  readonly ended: number;
  readonly other: readonly string[];
}

test('50 restarts and upgrades under a loop of connects: 0 refused, 0 cut off, 0 told anything but to prove themselves', async () => {
  copyFileSync(join(import.meta.dir, 'connect_loop.py'), join(debian.root, 'srv/connect_loop.py'));
  const loop = debian.must(
    'exec runuser -u idp -- python3 /srv/connect_loop.py /run/pgsidecar/.s.PGSQL.5432 idp_app idp /srv/stop',
  );
  const pids = new Set<string>();
  for (let i = 1; i <= TIMES; i++) {
    if (i % PACKAGES_EACH === 0) await debian.must(['dpkg', '--install', packages[(i / PACKAGES_EACH) % 2]!]);
    else await debian.must(RESTART);
    pids.add(await debian.property('MainPID'));
  }
  debian.write('/srv/stop', '');
  const counts = JSON.parse(await loop) as Counts;
  console.log(
    `figure: ${TIMES} restarts, ${TIMES / PACKAGES_EACH} of them upgrades or downgrades: ${JSON.stringify(counts)}`,
  );
  expect(pids.size).toBe(TIMES);
  expect(counts).toMatchObject({ refused: 0, reset: 0, ended: 0, other: [] });
  expect(counts.answered).toBeGreaterThan(1_000);
  expect(await idp.psql('SELECT 2')).toBe('2\n');
});
