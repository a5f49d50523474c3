// An application that is ordered after the agent by the package's drop-in, on a booted Debian that is booted again and again.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, openDebian, whyNoDebian } from './debian.ts';
import { configureIdp, installIdp, put } from './idp.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);

const EXAMPLE = '/usr/share/doc/pgsidecar/examples/after-pgsidecar.conf';
const ATTEMPTS = '/srv/idp/attempts';
const UNITS = 'pgsidecar.socket pgsidecar.service idp.service';
/** Connects until it is served, as an application's pool does, and keeps what each attempt came to. */
const APPLICATION = `#!/bin/sh
: >${ATTEMPTS}
until psql -XAtq -h /run/pgsidecar -U idp_app -d idp -c 'SELECT current_user' >>${ATTEMPTS} 2>&1; do sleep 0.1; done
exec sleep infinity
`;
const UNIT = `[Service]
User=idp
EnvironmentFile=/srv/idp/environment
ExecStart=/srv/idp/application
[Install]
WantedBy=multi-user.target
`;

let debian: Debian;

beforeAll(async () => {
  if (missing !== undefined) return;
  const path = buildPackage('deb', '0.0.1');
  debian = await openDebian();
  const idp = await installIdp(debian);
  await debian.must(['dpkg', '--install', put(debian, path)]);
  await configureIdp(debian);
  debian.write('/srv/idp/application', APPLICATION, 0o755);
  debian.write('/srv/idp/environment', `PGPASSWORD=${idp.password}\n`, 0o600);
  debian.write('/etc/systemd/system/idp.service', UNIT);
  await debian.must(
    `mkdir /etc/systemd/system/idp.service.d && cp ${EXAMPLE} /etc/systemd/system/idp.service.d/after-pgsidecar.conf`,
  );
  await debian.must(
    'systemctl daemon-reload && systemctl enable idp.service pgsidecar.socket pgsidecar.service',
  );
}, 600_000);
afterAll(async () => await debian?.close());

/** Microseconds since the boot. */
const momentOf = async (name: string, unit: string) =>
  Number(await debian.property(`${name}TimestampMonotonic`, unit));

async function served(): Promise<readonly string[]> {
  let attempts: readonly string[];
  do {
    await Bun.sleep(50);
    attempts = debian.read(ATTEMPTS).split('\n');
  } while (!attempts.includes('idp_app'));
  return attempts;
}

test('systemd finds no fault with the drop-in, and no cycle', async () => {
  const { code, stderr } = await debian.run(`systemd-analyze verify --man=no ${UNITS}`);
  expect([code, stderr]).toEqual([0, '']);
});

test('at a boot the application is started after the agent is ready, and served at its first connect', async () => {
  debian.write(ATTEMPTS, '');
  await debian.must(`chown idp: ${ATTEMPTS}`);
  await debian.reboot();
  expect(await served()).toEqual(['idp_app', '']);
  const ready = await momentOf('ActiveEnter', 'pgsidecar.service');
  expect(await momentOf('ExecMainStart', 'idp.service')).toBeGreaterThan(ready);
  // The database is on this machine: it was there before the agent.
  expect(ready).toBeGreaterThan(await momentOf('ActiveEnter', 'postgresql@15-main.service'));
});

test('an application that nobody has ordered is not refused: it waits in the socket until the agent is there', async () => {
  const dropIn = '/etc/systemd/system/idp.service.d/after-pgsidecar.conf';
  await debian.must(`mv ${dropIn} /srv/pgsidecar.conf`);
  // Its database is to be there, or it would be told that it is not.
  debian.write(
    '/etc/systemd/system/idp.service.d/early.conf',
    '[Unit]\nAfter=postgresql.service\nBefore=pgsidecar.service\n',
  );
  debian.write(ATTEMPTS, '');
  await debian.reboot();
  expect(await served()).toEqual(['idp_app', '']);
  expect(await momentOf('ExecMainStart', 'idp.service')).toBeLessThan(
    await momentOf('ActiveEnter', 'pgsidecar.service'),
  );
  await debian.must(`rm /etc/systemd/system/idp.service.d/early.conf && mv /srv/pgsidecar.conf ${dropIn}`);
});

test('at a shutdown the application is stopped first, and the agent before the database', async () => {
  await debian.must('systemctl daemon-reload');
  // Queued together, as at a shutdown; the cluster is part of postgresql.service.
  await debian.must('systemctl stop idp.service pgsidecar.service pgsidecar.socket postgresql.service');
  const moments = [
    await momentOf('InactiveEnter', 'idp.service'),
    await momentOf('ActiveExit', 'pgsidecar.service'),
    await momentOf('InactiveEnter', 'pgsidecar.service'),
    await momentOf('ActiveExit', 'postgresql@15-main.service'),
  ];
  expect(moments[0]).toBeGreaterThan(0);
  expect(moments).toEqual(moments.toSorted((a, b) => a - b));
});

test('with the database away at a boot, agent and application come up all the same, and it is served when the database is there', async () => {
  await debian.must('systemctl mask postgresql@15-main.service');
  debian.write(ATTEMPTS, '');
  await debian.reboot();
  for (const unit of UNITS.split(' '))
    expect([unit, await debian.property('ActiveState', unit)]).toEqual([unit, 'active']);
  while (!debian.read(ATTEMPTS).includes('FATAL')) await Bun.sleep(50);
  expect(debian.read(ATTEMPTS)).not.toContain('Connection refused\n\tIs the server running locally');
  await debian.must(
    'systemctl unmask postgresql@15-main.service && systemctl start postgresql@15-main.service',
  );
  expect((await served()).at(-2)).toBe('idp_app');
});

test('an agent that cannot start keeps no application from starting', async () => {
  await configureIdp(debian, 'default_pool_size: many\n');
  debian.write(ATTEMPTS, '');
  await debian.reboot();
  expect(await debian.property('ActiveState', 'idp.service')).toBe('active');
  // It is told why at each attempt, and need not wait.
  while (!debian.read(ATTEMPTS).includes('FATAL:  pgsidecar cannot serve: Cannot use default_pool_size'))
    await Bun.sleep(50);
  await configureIdp(debian);
  expect((await served()).at(-2)).toBe('idp_app');
});
