// The deb on each release of Debian, booted: installed, configured, run under its hardening, reloaded, watched, upgraded, removed, purged.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from 'bun:test';
import { readFileSync } from 'node:fs';
import { missingPrograms, testNeeding } from '../../agent/tests/harness/needs.ts';
import { buildPackage, whyNoPackages } from './build.ts';
import { type Debian, EACH_RELEASE, openDebian, whyNoDebian } from './debian.ts';
import { configureIdp, type Idp, installIdp, put } from './idp.ts';

setDefaultTimeout(600_000);

const missing = whyNoDebian() ?? whyNoPackages();
const test = testNeeding(missing);
const [OLD, NEW] = ['0.0.1', '0.0.2'];

let debian: Debian;
let idp: Idp;
let older: string;
let newer: string;

beforeAll(() => {
  if (missing !== undefined) return;
  older = buildPackage('deb', OLD);
  newer = buildPackage('deb', NEW);
}, 600_000);

for (const [release, name] of EACH_RELEASE) {
  describe(name, () => {
    beforeAll(async () => {
      if (missing !== undefined) return;
      debian = await openDebian(release);
      idp = await installIdp(debian);
    }, 600_000);
    afterAll(async () => await debian?.close());

    installs();
    runs(name);
    reloads();
    upgrades();
    goes();
  });
}

const install = (path: string) => debian.must(['dpkg', '--install', put(debian, path)]);
testNeeding(missing ?? missingPrograms('lintian'))('lintian has nothing to say of it', async () => {
  const { exitCode, stdout } = Bun.spawnSync(['lintian', '--allow-root', newer]);
  expect([exitCode, stdout.toString()]).toEqual([0, '']);
});

test('the same tree gives the same bytes', async () => {
  const first = readFileSync(newer);
  expect(buildPackage('deb', NEW)).toBe(newer);
  expect(readFileSync(newer).equals(first)).toBe(true);
});

function installs(): void {
  test('installed, it starts nothing yet; the configuration is for root and the agent', async () => {
    await install(older);
    expect((await debian.run('systemctl is-enabled pgsidecar.socket pgsidecar.service')).stdout).toBe(
      'disabled\ndisabled\n',
    );
    expect(
      await debian.must(['stat', '-c', '%U:%G %a', '/etc/pgsidecar/pgsidecar.yml', '/run/pgsidecar']),
    ).toBe('root:pgsidecar-config 640\npgsidecar:pgsidecar 755\n');
    expect(
      (
        await debian.run(
          'systemd-analyze verify --man=no pgsidecar.service pgsidecar.socket pgsidecar@a.service',
        )
      ).stderr,
    ).toBe('');
  });

  test('configured and enabled, the application reaches its database through the socket, and nobody else the socket', async () => {
    await configureIdp(debian);
    await debian.must('systemctl enable --now pgsidecar.socket pgsidecar.service');
    expect(await idp.psql('SELECT current_user, current_database()')).toBe('idp_app|idp\n');
    const stranger = await debian.run(
      'runuser -u nobody -- psql -h /run/pgsidecar -U idp_app idp -c "SELECT 1"',
    );
    expect(stranger.stderr).toContain('Permission denied');
  });
}

function runs(name: string): void {
  test('its exposure is at most 1.5, and it runs under all of that', async () => {
    const said = await debian.must('systemd-analyze security --no-pager pgsidecar.service | tail -n 1');
    const level = Number(/level for pgsidecar\.service: ([0-9.]+)/.exec(said)?.[1]);
    console.log(`figure: exposure by systemd-analyze security on ${name}: ${level}`);
    expect(level).toBeLessThanOrEqual(1.5);
    const status = await debian.must(`cat /proc/${await debian.property('MainPID')}/status`);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
  });
}

function reloads(): void {
  test('a reload changes the settings of the same process, and a bad one changes nothing', async () => {
    const pid = await debian.property('MainPID');
    await configureIdp(debian, 'default_pool_size: 7\n');
    await debian.must('systemctl reload pgsidecar.service');
    expect(await status()).toMatchObject({ poolSize: 7 });
    await configureIdp(debian, 'default_pool_size: many\n');
    const refused = await debian.run('systemctl reload pgsidecar.service');
    expect(refused.code).not.toBe(0);
    expect(await debian.must('journalctl --no-pager -u pgsidecar.service')).toContain(
      'Cannot use default_pool_size',
    );
    expect([await debian.property('MainPID'), await debian.property('ActiveState')]).toEqual([pid, 'active']);
    expect(await idp.psql('SELECT 1')).toBe('1\n');
    await configureIdp(debian);
  });

  test('an agent that hangs is started again by the watchdog', async () => {
    debian.write('/etc/systemd/system/pgsidecar.service.d/watchdog.conf', '[Service]\nWatchdogSec=1s\n');
    await debian.must('systemctl daemon-reload && systemctl restart pgsidecar.service');
    const pid = await debian.property('MainPID');
    await debian.must(['kill', '-STOP', pid]);
    while ((await debian.property('NRestarts')) === '0') await Bun.sleep(100);
    expect(await idp.psql('SELECT 2')).toBe('2\n');
    expect(await debian.property('MainPID')).not.toBe(pid);
    await debian.must(
      'rm /etc/systemd/system/pgsidecar.service.d/watchdog.conf && systemctl daemon-reload && systemctl restart pgsidecar.service',
    );
  });
}

function upgrades(): void {
  test('an upgrade lets a transaction that is under way end, keeps what the administrator wrote, and a downgrade does too', async () => {
    const before = await debian.property('MainPID');
    await configureIdp(debian, '# edited by hand\n');
    for (const [path, version] of [
      [newer, NEW],
      [older, OLD],
    ] as const) {
      const slow = idp.psql('BEGIN; SELECT pg_sleep(8); COMMIT; SELECT 8');
      while ((await status())?.serversActive !== 1) await Bun.sleep(50);
      await install(path);
      expect(await slow).toBe('\n8\n');
      expect(await debian.must('dpkg -s pgsidecar')).toContain(`\nVersion: ${version}\n`);
      expect(debian.read('/etc/pgsidecar/pgsidecar.yml')).toContain('# edited by hand');
      expect(await idp.psql('SELECT 3')).toBe('3\n');
    }
    expect(await debian.property('MainPID')).not.toBe(before);
  });

  test('several agents run beside each other, each with its own socket and configuration', async () => {
    await debian.must('cp -p /etc/pgsidecar/pgsidecar.yml /etc/pgsidecar/jobs.yml');
    await debian.must(
      'mkdir -p /etc/systemd/system/pgsidecar@jobs.service.d && cp /etc/systemd/system/pgsidecar.service.d/idp.conf /etc/systemd/system/pgsidecar@jobs.service.d/',
    );
    await debian.must(
      'systemctl daemon-reload && systemctl enable --now pgsidecar@jobs.socket pgsidecar@jobs.service',
    );
    const sql = `runuser -u idp -- env PGPASSWORD=${idp.password} psql -XAtq -h /run/pgsidecar-jobs -U idp_app idp -c 'SELECT 4'`;
    expect(await debian.must(sql)).toBe('4\n');
    await debian.must('systemctl reload pgsidecar@jobs.service');
    expect(await idp.psql('SELECT 5')).toBe('5\n');
    await debian.must('systemctl disable --now pgsidecar@jobs.socket pgsidecar@jobs.service');
  });
}

function goes(): void {
  test('the journal has no password in it', async () => {
    const journal = await debian.must('journalctl --no-pager');
    expect(journal).toContain('pgsidecar');
    expect(journal).not.toContain(idp.password);
  });

  test('removed, it is stopped and its configuration stays; installed again it goes on; purged, nothing is left', async () => {
    await debian.must('dpkg --remove pgsidecar');
    expect(await debian.property('ActiveState')).toBe('inactive');
    expect(debian.read('/etc/pgsidecar/pgsidecar.yml')).toContain('# edited by hand');
    await install(newer);
    await debian.must('systemctl start pgsidecar.socket');
    expect(await idp.psql('SELECT 6')).toBe('6\n');
    // An instance that nobody has come to, and another's folder of nearly the same name.
    await debian.must('systemctl start pgsidecar@never.socket && test -d /run/pgsidecar-never');
    debian.write('/etc/systemd/system/pgsidecar-exporter.service', '[Service]\nExecStart=/bin/true\n');
    await debian.must('mkdir /run/pgsidecar-exporter && systemctl daemon-reload');
    await debian.must('rm /etc/pgsidecar/jobs.yml && dpkg --purge pgsidecar');
    await debian.must('rmdir /run/pgsidecar-exporter');
    const left = await debian.must(
      'find / -xdev \\( -path /proc -o -path /sys -o -path /srv -o -path "/var/log/*" \\) -prune -o -name "*pgsidecar*" -print',
    );
    expect(left.split('\n').filter((path) => path !== '' && !path.includes('/etc/systemd/system/'))).toEqual(
      [],
    );
  });
}

interface PoolStatus {
  readonly poolSize: number;
  readonly serversActive: number;
}

/** Of the one pool; undefined before its first client. */
async function status(): Promise<PoolStatus | undefined> {
  const said = await debian.must('pgsidecar status --json --config /etc/pgsidecar/pgsidecar.yml');
  const { pools } = JSON.parse(said) as { pools: PoolStatus[] };
  return pools[0];
}
