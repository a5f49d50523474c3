// The role over a host's life on a booted Debian: instances, units that change, versions up and down, and off again.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { testNeeding } from '../../../agent/tests/harness/needs.ts';
import { buildPackage } from '../../../packaging/tests/build.ts';
import { type Host, openHost, secret, VERSION, whyNoHost } from './host.ts';

setDefaultTimeout(300_000);
const test = testNeeding(whyNoHost());
let host: Host;
beforeAll(async () => {
  if (whyNoHost() === undefined) host = await openHost();
});
afterAll(() => host?.[Symbol.asyncDispose]());

const JOBS = {
  name: 'jobs',
  sources: ['/srv/jobs/database.yml'],
  environment_files: ['/etc/default/the jobs'],
  settings: { default_pool_size: 2 },
};

test('an instance serves beside the default one, with variables that its application takes from a file', async () => {
  const { debian, password } = host;
  const database =
    'adapter: postgresql\n  host: 127.0.0.1\n  database: idp\n  username: idp_app\n  sslmode: disable';
  debian.write(
    '/srv/jobs/database.yml',
    `production:\n  ${database}\n  password: <%= ENV.fetch("JOBS_PASSWORD") %>\n`,
  );
  debian.write('/etc/default/the jobs', `JOBS_PASSWORD="${password}"\n`, 0o600);
  const variables = { pgsidecar_instances: [JOBS] };
  const { exitCode, output } = await host.converge(variables, '-v');
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  expect(output).toContain('"pgsidecar": "postgresql://idp_app:***@/idp?host=/run/pgsidecar"');
  expect(output).toContain('"pgsidecar@jobs": "postgresql://idp_app:***@/idp?host=/run/pgsidecar-jobs"');
  expect(await host.query('SELECT 1')).toBe('1');
  expect(await host.query('SELECT 2', '/run/pgsidecar-jobs')).toBe('2');
  expect(await host.converge(variables)).toMatchObject({ exitCode: 0, changed: 0 });
});

test('a changed unit is restarted, that one alone, and its socket stays', async () => {
  const pids = async () => [await host.mainPid(), await host.mainPid('pgsidecar@jobs.service')];
  const socket = () => host.debian.must('stat -c %i /run/pgsidecar-jobs/.s.PGSQL.5432');
  const [before, inode] = [await pids(), await socket()];
  const changed = { ...JOBS, service_options: { LimitNOFILE: 4096 } };
  const variables = { pgsidecar_instances: [changed] };
  expect(await host.converge(variables)).toMatchObject({ exitCode: 0, changed: 2 });
  const after = await pids();
  expect(after[0]).toBe(before[0]!);
  expect(after[1]).not.toBe(before[1]!);
  expect(await socket()).toBe(inode);
  expect(await host.debian.must(`grep 'open files' /proc/${after[1]}/limits`)).toContain('4096');
});

test('an instance that is absent is stopped and forgotten', async () => {
  const variables = { pgsidecar_instances: [{ name: 'jobs', state: 'absent' }] };
  expect(await host.converge(variables)).toMatchObject({ exitCode: 0, changed: 3 });
  expect(existsSync(join(host.debian.root, '/etc/pgsidecar/jobs.yml'))).toBe(false);
  const states = await host.debian.run(
    'systemctl is-active pgsidecar@jobs.service pgsidecar@jobs.socket pgsidecar.service',
  );
  expect(states.stdout).toBe('inactive\ninactive\nactive\n');
});

test('a pinned version is installed from a repository, and a newer one is downgraded', async () => {
  const [older, newer] = await repository(host);
  const fromRepository = { pgsidecar_install_from: 'repository' };
  for (const version of [newer, older]) {
    const { exitCode, output } = await host.converge({ ...fromRepository, pgsidecar_version: version });
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(await installed()).toBe(version);
  }
  expect(await host.query('SELECT 1')).toBe('1');
  // What the administrator's tool has written is no question of dpkg's.
  expect(host.debian.read('/etc/pgsidecar/pgsidecar.yml')).toContain('"/srv/idp/config/application.yml"');
});

test('a package that is not what its checksum says is not installed', async () => {
  const { debian } = host;
  const [, newer] = await repository(host);
  const url = `file:///srv/repository/${newer}.deb`;
  const sum = (await debian.must(['sha256sum', `/srv/repository/${newer}.deb`])).slice(0, 64);
  const variables = { pgsidecar_install_from: 'url', pgsidecar_package_url: url, pgsidecar_version: newer };
  const wrong = { ...variables, pgsidecar_package_checksum: `sha256:${secret().padEnd(64, '0')}` };
  const refused = await host.converge(wrong);
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.output).toContain('did not match');
  expect(await installed()).not.toBe(newer);
  const right = { ...variables, pgsidecar_package_checksum: `sha256:${sum}` };
  expect(await host.converge(right)).toMatchObject({ exitCode: 0 });
  expect(await installed()).toBe(newer);
});

test('absent says so in a check, takes it away, and then has nothing to do', async () => {
  const absent = { pgsidecar_state: 'absent', pgsidecar_purge: true };
  expect(await host.converge(absent, '--check')).toMatchObject({ exitCode: 0 });
  expect(await host.query('SELECT 1')).toBe('1');
  expect(await host.converge(absent)).toMatchObject({ exitCode: 0 });
  const all = ['/usr/bin/pgsidecar', '/etc/pgsidecar', '/var/lib/pgsidecar', '/var/cache/ansible-pgsidecar'];
  expect(all.filter((path) => existsSync(join(host.debian.root, path)))).toEqual([]);
  expect((await host.debian.run('pgrep pgsidecar')).code).toBe(1);
  expect(await host.converge(absent)).toMatchObject({ exitCode: 0, changed: 0 });
});

async function installed(): Promise<string> {
  return (await host.debian.must('dpkg-query --show pgsidecar | cut -f 2')).trim();
}

/** Makes apt know two versions of the package: the one of a new host, and a newer one. */
async function repository({ debian }: Host): Promise<[older: string, newer: string]> {
  const versions: [string, string] = [VERSION, '0.0.2'];
  if (existsSync(join(debian.root, '/srv/repository'))) return versions;
  await debian.must(['mkdir', '/srv/repository']);
  for (const version of versions) {
    cpSync(buildPackage('deb', version), join(debian.root, `/srv/repository/${version}.deb`));
  }
  await debian.must(`set -e
    cd /srv/repository
    for file in *.deb; do
      dpkg-deb --field $file
      echo "Filename: ./$file"
      echo "Size: $(stat -c %s $file)"
      echo "SHA256: $(sha256sum $file | cut -c -64)"
      echo
    done >Packages
    rm -rf /etc/apt/sources.list /etc/apt/sources.list.d
    echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list`);
  return versions;
}
