// The cookbook's recipes on booted Debians with the real package: why-run, converge, converge again, and queries through the socket.

import { expect } from 'bun:test';
import { EACH_RELEASE } from '../../../packaging/tests/debian.ts';
import { makePassword, openNode, startPostgres, testOnNode } from './node.ts';
import { openShelf } from './package.ts';

const TIMEOUT_MS = 240_000;
const putPackages = openShelf();
const WHO = 'SELECT current_user, current_database()';

for (const [release, name] of EACH_RELEASE) {
  testOnNode(
    `${name}: autoconfig tells, does, and then does nothing; the application gets its answers, and a stranger does not`,
    async () => {
      await using node = await openNode(release);
      const { debian } = node;
      const password = makePassword();
      const [first] = await putPackages(debian, '0.1.0');
      const attributes = { pgsidecar: { package_file: first!.path }, test: { password } };
      await startPostgres(debian, { idp: { role: 'idp_app', password } });

      const before = await node.state();
      const told = await node.mustConverge('test::default', attributes, '--why-run');
      expect(told.updated).toBeGreaterThan(5);
      expect(await node.state()).toBe(before);

      const done = await node.mustConverge('test::default', attributes);
      expect(done.updated).toBeGreaterThanOrEqual(told.updated);
      expect(debian.read('/etc/pgsidecar/pgsidecar.yml')).toEndWith(
        '\n\nsources:\n- "/srv/idp/config/application.yml"\n',
      );
      expect(await debian.must('stat -c "%a %U:%G" /etc/pgsidecar/pgsidecar.yml')).toBe(
        '640 root:pgsidecar-config\n',
      );
      expect(debian.read('/etc/systemd/system/pgsidecar.service.d/50-chef-groups.conf')).toContain(
        'SupplementaryGroups=idp',
      );
      expect(await debian.must('systemctl is-enabled pgsidecar.socket pgsidecar.service')).toBe(
        'enabled\nenabled\n',
      );

      expect(await node.mustConverge('test::default', attributes)).toMatchObject({ updated: 0 });
      expect((await node.mustConverge('test::default', attributes, '--why-run')).updated).toBe(0);

      expect(await node.query('idp', 'idp_app', password, 'idp', WHO)).toMatchObject({
        code: 0,
        stdout: 'idp_app|idp\n',
      });
      expect((await node.query('nobody', 'idp_app', password, 'idp', WHO)).stderr).toContain(
        'Permission denied',
      );

      for (const { stdout, stderr } of [told, done]) expect(stdout + stderr).not.toContain(password);
      const places = '/etc/pgsidecar /etc/systemd /var/cache/chef /var/chef';
      expect((await debian.run(`grep -rlF ${password} ${places}`)).stdout).toBe('');
    },
    TIMEOUT_MS,
  );
}

testOnNode(
  'default serves an instance beside the main agent, its password from its own environment',
  async () => {
    await using node = await openNode();
    const { debian } = node;
    const password = makePassword();
    const [first] = await putPackages(debian, '0.1.0');
    const attributes = { pgsidecar: { package_file: first!.path }, test: { password } };
    await startPostgres(debian, {
      idp: { role: 'idp_app', password },
      reports: { role: 'reports_app', password },
    });

    const done = await node.mustConverge('test::instances', attributes);
    expect(done.stdout).toContain('* pgsidecar_config[reports] action create');
    expect(await node.mustConverge('test::instances', attributes)).toMatchObject({ updated: 0 });

    expect(await node.query('idp', 'idp_app', password, 'idp', WHO)).toMatchObject({
      stdout: 'idp_app|idp\n',
    });
    await debian.must('gpasswd -a postgres pgsidecar');
    expect(await node.query('postgres', 'reports_app', password, 'reports', WHO)).toMatchObject({
      code: 0,
      stdout: 'reports_app|reports\n',
    });
    expect(done.stdout + done.stderr).not.toContain(password);

    node.writeRecipe(
      'without_reports',
      "pgsidecar_service 'reports' do\n  action %i(stop disable)\nend\n\npgsidecar_config 'reports' do\n  action :delete\nend\n",
    );
    await node.mustConverge('test::without_reports', {});
    const units = "systemctl list-units --plain --no-legend --state=active 'pgsidecar*' | cut -d' ' -f1";
    expect(await debian.must(units)).toBe('pgsidecar.service\npgsidecar.socket\n');
    expect(
      (await debian.run('find /etc/pgsidecar -name "reports.yml" -o -path "*reports/application.yml"'))
        .stdout,
    ).toBe('');
    expect(await node.mustConverge('test::without_reports', {})).toMatchObject({ updated: 0 });
    expect(await node.query('idp', 'idp_app', password, 'idp', WHO)).toMatchObject({
      stdout: 'idp_app|idp\n',
    });
  },
  TIMEOUT_MS,
);

testOnNode(
  'a mistyped attribute is refused before anything is changed',
  async () => {
    await using node = await openNode();
    const before = await node.state();
    const instances = { reports: { application_yaml: '/srv/reports/application.yml' }, pgsidecar: {} };
    const wrong = { pgsidecar: { enviroment: 'production', settings: 'none', instances } };
    const { code, stderr, seen } = await node.converge('pgsidecar::autoconfig', wrong);
    expect({ code, seen }).toEqual({ code: 1, seen: 0 });
    expect(stderr).toContain(
      "node['pgsidecar']['enviroment'] is no attribute of pgsidecar: did you mean 'environment'?",
    );
    expect(stderr).toContain("node['pgsidecar']['settings'] has to be a hash");
    expect(stderr).toContain(
      "['instances']['reports']['application_yaml'] is no attribute of pgsidecar: did you mean 'application_yml'?",
    );
    expect(stderr).toContain('"pgsidecar" is no name for an instance');
    expect(await node.state()).toBe(before);
  },
  TIMEOUT_MS,
);

testOnNode(
  'autoconfig takes no one of two applications, and says which there are',
  async () => {
    await using node = await openNode();
    const [first] = await putPackages(node.debian, '0.1.0');
    for (const name of ['idp', 'shop'])
      node.debian.write(`/srv/${name}/config/application.yml`, 'production: {}\n');
    const attributes = { pgsidecar: { package_file: first!.path } };
    const { code, stderr } = await node.converge('pgsidecar::autoconfig', attributes);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'There are 2 applications: /srv/idp/config/application.yml, /srv/shop/config/application.yml.',
    );
  },
  TIMEOUT_MS,
);
