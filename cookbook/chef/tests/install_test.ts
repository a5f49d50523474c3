// Where the package may come from, and which version is put in place of which, on a booted Debian.

import { expect } from 'bun:test';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Debian } from '../../../packaging/tests/debian.ts';
import { makePassword, openNode, startPostgres, testOnNode } from './node.ts';
import { openShelf, type Package } from './package.ts';

const TIMEOUT_MS = 240_000;
const putPackages = openShelf();
const INSTALLED = `dpkg-query -W -f '\${db:Status-Status} \${Version}' pgsidecar`;

testOnNode(
  'a file: a newer one replaces an older one under the agent, an older one only when it may; removed and purged',
  async () => {
    await using node = await openNode();
    const { debian } = node;
    const password = makePassword();
    const [older, newer] = (await putPackages(debian, '0.1.0', '0.2.0')) as [Package, Package];
    await startPostgres(debian, { idp: { role: 'idp_app', password } });
    const from = ({ path }: Package, more = {}) => ({
      pgsidecar: { package_file: path, ...more },
      test: { password },
    });

    await node.mustConverge('test::default', from(older));
    const config = debian.read('/etc/pgsidecar/pgsidecar.yml');
    const upgraded = await node.mustConverge('test::default', from(newer));
    expect(upgraded.stdout).toContain(`install version ${newer.version} of package pgsidecar`);
    expect(await debian.must(INSTALLED)).toBe(`installed ${newer.version}`);
    expect(debian.read('/etc/pgsidecar/pgsidecar.yml')).toBe(config);
    expect(await node.query('idp', 'idp_app', password, 'idp', 'SELECT 1')).toMatchObject({
      code: 0,
      stdout: '1\n',
    });
    expect(await node.mustConverge('test::default', from(newer))).toMatchObject({ updated: 0 });

    const refused = await node.converge('test::default', from(older));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`version ${newer.version} is installed, and ${older.version} is older`);
    const mistaken = await node.converge('test::default', from(newer, { version: older.version }));
    expect(mistaken.stderr).toContain(`holds version ${newer.version}, and version is ${older.version}`);
    expect(await debian.must(INSTALLED)).toBe(`installed ${newer.version}`);

    await node.mustConverge('test::default', from(older, { allow_downgrade: true }));
    expect(await debian.must(INSTALLED)).toBe(`installed ${older.version}`);
    expect(await node.mustConverge('test::default', from(older, { allow_downgrade: true }))).toMatchObject({
      updated: 0,
    });

    node.writeRecipe('away', "pgsidecar_install 'default' do\n  action %i(remove purge)\nend\n");
    await node.mustConverge('test::away', {});
    expect((await debian.run(INSTALLED)).code).not.toBe(0);
    expect(await node.mustConverge('test::away', {})).toMatchObject({ updated: 0 });
  },
  TIMEOUT_MS,
);

testOnNode(
  'a URL: what has another checksum is not installed, what has the right one is fetched once',
  async () => {
    await using node = await openNode();
    const { debian } = node;
    const [first] = (await putPackages(debian, '0.1.0')) as [Package];
    await debian.must(
      'systemd-run --quiet --unit=web python3 -m http.server 8000 --bind 127.0.0.1 --directory /opt/packages',
    );
    await debian.must(
      'for i in $(seq 100); do python3 -c "import socket; socket.create_connection((\'127.0.0.1\', 8000))" 2>/dev/null && exit; sleep 0.1; done; exit 1',
    );
    const url = `http://127.0.0.1:8000/${basename(first.path)}`;
    const from = (package_checksum?: string) => ({
      pgsidecar: { package_url: url, ...(package_checksum === undefined ? {} : { package_checksum }) },
    });
    const sum = checksumOf(debian, first);

    expect((await node.converge('pgsidecar::_install', from())).stderr).toContain(
      'package_url needs its checksum',
    );
    const wrong = await node.converge('pgsidecar::_install', from(sum.replace(/./g, '0')));
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.stderr).toContain('does not match checksum on content');
    expect((await debian.run(INSTALLED)).code).not.toBe(0);

    await node.mustConverge('pgsidecar::_install', from(sum));
    expect(await debian.must(INSTALLED)).toBe(`installed ${first.version}`);
    await debian.must('systemctl stop web');
    expect(await node.mustConverge('pgsidecar::_install', from(sum))).toMatchObject({ updated: 0 });
  },
  TIMEOUT_MS,
);

testOnNode(
  'a repository: the pinned version, which stays until the pin moves, and the newest for those who ask',
  async () => {
    await using node = await openNode();
    const { debian } = node;
    const [older, newer] = (await putPackages(debian, '0.1.0', '0.2.0')) as [Package, Package];
    await makeRepository(debian, older, newer);
    const pinned = ({ version }: Package, more = {}) => ({ pgsidecar: { version, ...more } });

    await node.mustConverge('pgsidecar::_install', pinned(older));
    expect(await debian.must(INSTALLED)).toBe(`installed ${older.version}`);
    expect(await node.mustConverge('pgsidecar::_install', pinned(older))).toMatchObject({ updated: 0 });
    expect(await node.mustConverge('pgsidecar::_install', {})).toMatchObject({ updated: 0 });

    node.writeRecipe('newest', "pgsidecar_install 'default' do\n  action :upgrade\nend\n");
    await node.mustConverge('test::newest', {});
    expect(await debian.must(INSTALLED)).toBe(`installed ${newer.version}`);
    expect(await node.mustConverge('test::newest', {})).toMatchObject({ updated: 0 });

    expect((await node.converge('pgsidecar::_install', pinned(older))).stderr).toContain(
      'set allow_downgrade to go back',
    );
    await node.mustConverge('pgsidecar::_install', pinned(older, { allow_downgrade: true }));
    expect(await debian.must(INSTALLED)).toBe(`installed ${older.version}`);
  },
  TIMEOUT_MS,
);

/** A folder that apt takes packages from, in place of Debian's repositories. */
async function makeRepository(debian: Debian, ...packages: readonly Package[]): Promise<void> {
  const entries: string[] = [];
  for (const each of packages) {
    const control = (await debian.must(['dpkg-deb', '-f', each.path])).trim();
    const size = readFileSync(join(debian.root, each.path)).length;
    entries.push(
      `${control}\nFilename: ./${basename(each.path)}\nSize: ${size}\nSHA256: ${checksumOf(debian, each)}\n`,
    );
  }
  debian.write('/opt/packages/Packages', entries.join('\n'));
  debian.write('/etc/apt/sources.list', 'deb [trusted=yes] file:/opt/packages ./\n');
  await debian.must('rm -rf /etc/apt/sources.list.d/* && apt-get -qq update');
}

function checksumOf({ root }: Debian, { path }: Package): string {
  return createHash('sha256')
    .update(readFileSync(join(root, path)))
    .digest('hex');
}
