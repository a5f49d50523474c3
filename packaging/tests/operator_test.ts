// What an operator of the installed package does wrong, or does before its time, on a booted Debian: what he is told, and what mends it.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
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

const property = async (name: string, unit = 'pgsidecar.service') =>
  (await debian.must(['systemctl', 'show', '--value', '--property', name, unit])).trim();

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
  expect(await property('ActiveState', 'pgsidecar.socket')).toBe('active');
  await configureIdp(debian);
  await untilServed();
  expect([await property('ActiveState'), await property('ActiveState', 'pgsidecar.socket')]).toEqual([
    'active',
    'active',
  ]);
});

test("at a boot the application's file comes later than the agent, and is served when it is there", async () => {
  await debian.must(`mv ${APPLICATION_YML} /srv/idp/later.yml`);
  await debian.reboot();
  // By then a client has come, and systemd has tried more than once.
  expect((await psql('/run/pgsidecar')).stderr).toContain('pgsidecar cannot serve: ');
  while (Number(await property('NRestarts')) < 3) await Bun.sleep(100);
  await debian.must(`mv /srv/idp/later.yml ${APPLICATION_YML}`);
  await untilServed();
  expect(await property('ActiveState')).toBe('active');
});
