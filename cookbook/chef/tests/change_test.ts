// What happens to an agent that runs when a recipe changes: told without secrets, judged first, reloaded, restarted only for new groups.

import { expect } from 'bun:test';
import { makePassword, openNode, startPostgres, testOnNode } from './node.ts';
import { openShelf } from './package.ts';

const TIMEOUT_MS = 240_000;
const putPackages = openShelf();
const CONFIG = '/etc/pgsidecar/pgsidecar.yml';
const WHO = 'SELECT current_user, current_database()';

testOnNode(
  'a text is fetched once in a run; a changed setting is shown and reloaded, a changed secret is not shown',
  async () => {
    await using node = await openNode();
    const { debian } = node;
    const [password, rotated] = [makePassword(), makePassword()];
    const [first] = await putPackages(debian, '0.1.0');
    await startPostgres(debian, { idp: { role: 'idp_app', password } });
    const withSettings = (secret: string, settings: object) => ({
      pgsidecar: { package_file: first!.path },
      test: { password: secret, settings },
    });

    const done = await node.mustConverge('test::text', withSettings(password, { default_pool_size: 5 }));
    expect(done.stdout.match(/the text is fetched/g)).toHaveLength(1);
    expect(
      await node.mustConverge('test::text', withSettings(password, { default_pool_size: 5 })),
    ).toMatchObject({ updated: 0 });
    const process = await debian.must('systemctl show -p MainPID pgsidecar.service');

    const changed = await node.mustConverge('test::text', withSettings(password, { default_pool_size: 8 }));
    expect(changed.stdout).toContain(
      'set settings to {"default_pool_size"=>8} (was {"default_pool_size"=>5})',
    );
    expect(changed.stdout).toContain('- reload pgsidecar.service');
    expect(
      await debian.must('pgsidecar explain default_pool_size --config /etc/pgsidecar/pgsidecar.yml'),
    ).toContain('default_pool_size = 8');

    debian.write('/srv/rotate.sql', `ALTER ROLE idp_app PASSWORD '${rotated}';\n`);
    await debian.must('runuser -u postgres -- psql -XqA -f /srv/rotate.sql && rm /srv/rotate.sql');
    const after = await node.mustConverge('test::text', withSettings(rotated, { default_pool_size: 8 }));
    expect(after.stdout).toContain('set secret_settings to (suppressed sensitive property)');
    await debian.must('gpasswd -a postgres pgsidecar');
    for (const path of ['/etc/pgsidecar/pgsidecar.yml', '/etc/pgsidecar/sources/default/application.yml']) {
      expect((await debian.run(`runuser -u postgres -- cat ${path}`)).stderr).toContain('Permission denied');
    }
    expect(await node.query('postgres', 'idp_app', rotated, 'idp', WHO)).toMatchObject({
      code: 0,
      stdout: 'idp_app|idp\n',
    });

    expect(await debian.must('systemctl show -p MainPID pgsidecar.service')).toBe(process);
    for (const { stdout, stderr } of [done, changed, after]) {
      for (const secret of [password, rotated]) expect(stdout + stderr).not.toContain(secret);
    }
    expect((await debian.run(`grep -rlE '${password}|${rotated}' /var/cache/chef /var/chef`)).stdout).toBe(
      '',
    );
  },
  TIMEOUT_MS,
);

testOnNode(
  'what pgsidecar check refuses is not put in place, says why, leaves no copy, and the agent goes on',
  async () => {
    await using node = await openNode();
    const { debian } = node;
    const password = makePassword();
    const [first] = await putPackages(debian, '0.1.0');
    await startPostgres(debian, { idp: { role: 'idp_app', password } });
    const withSettings = (settings: object) => ({
      pgsidecar: { package_file: first!.path },
      test: { password, settings },
    });
    await node.mustConverge('test::text', withSettings({ default_pool_size: 5 }));
    const before = debian.read(CONFIG);
    const process = await debian.must('systemctl show -p MainPID pgsidecar.service');

    const told = await node.mustConverge(
      'test::text',
      withSettings({ default_pool_size: 'many' }),
      '--why-run',
    );
    expect(told.stdout).toContain('WARN: error: Cannot use default_pool_size "many"');

    const { code, stdout, stderr } = await node.converge(
      'test::text',
      withSettings({ default_pool_size: 'many' }),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('pgsidecar check refuses what would be /etc/pgsidecar/pgsidecar.yml');
    expect(stderr).toMatch(
      /error: Cannot use default_pool_size "many" at .*: expected a whole number from 1 to 10000/,
    );
    expect(stdout + stderr).not.toContain(password);
    expect(debian.read(CONFIG)).toBe(before);
    expect(
      (await debian.run('find /etc/pgsidecar /var/cache/chef /var/chef -name ".chef*" -o -path "*failed*"'))
        .stdout,
    ).toBe('');
    expect(await debian.must('systemctl show -p MainPID pgsidecar.service')).toBe(process);
    await debian.must('gpasswd -a postgres pgsidecar');
    expect(await node.query('postgres', 'idp_app', password, 'idp', WHO)).toMatchObject({
      stdout: 'idp_app|idp\n',
    });
  },
  TIMEOUT_MS,
);

testOnNode(
  'a secret that somebody has written into the file is replaced, and shown nowhere; one among the settings is refused',
  async () => {
    await using node = await openNode();
    const { debian } = node;
    const [password, foreign] = [makePassword(), makePassword()];
    const [first] = await putPackages(debian, '0.1.0');
    await startPostgres(debian, { idp: { role: 'idp_app', password } });
    const attributes = { pgsidecar: { package_file: first!.path }, test: { password } };
    await node.mustConverge('test::default', attributes);
    // Somebody's own hand: also what no recipe could have written.
    debian.write(
      CONFIG,
      `sources: application.yml\nenvironment: 5\nusers:\n  guest:\n    password: '${foreign}'\n`,
      0o640,
    );

    const mended = await node.mustConverge('test::default', attributes);
    expect(mended.updated).toBeGreaterThan(0);
    expect(mended.stdout).toContain('(a secret that Chef does not know)');
    expect(mended.stdout).toContain('(was ["application.yml"])');
    expect(mended.stdout).not.toContain(foreign);
    expect(debian.read(CONFIG)).not.toContain(foreign);

    const before = await node.state();
    const settings = { users: { guest: { password: foreign } } };
    const refused = await node.converge('test::default', {
      ...attributes,
      pgsidecar: { ...attributes.pgsidecar, settings },
    });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('users.guest.password would be shown');
    expect(refused.stdout).toContain('pgsidecar_config[default]: suppressed sensitive resource output');
    expect(refused.stdout + refused.stderr).not.toContain(foreign);
    expect(await node.state()).toBe(before);
  },
  TIMEOUT_MS,
);

testOnNode(
  "the agent follows the file's group by a restart, and a file for its owner alone is an error that names it",
  async () => {
    await using node = await openNode();
    const { debian } = node;
    const password = makePassword();
    const [first] = await putPackages(debian, '0.1.0');
    await startPostgres(debian, { idp: { role: 'idp_app', password } });
    const attributes = { pgsidecar: { package_file: first!.path }, test: { password } };
    await node.mustConverge('test::default', attributes);
    const process = await debian.must('systemctl show -p MainPID pgsidecar.service');

    await debian.must(
      'groupadd --system secrets && chgrp secrets /srv/idp /srv/idp/config /srv/idp/config/application.yml',
    );
    const moved = await node.mustConverge('pgsidecar::autoconfig', attributes);
    expect(moved.stdout).toContain('+SupplementaryGroups=secrets');
    expect(moved.stdout).toContain('- restart pgsidecar.service');
    expect(await debian.must('systemctl show -p MainPID pgsidecar.service')).not.toBe(process);
    node.writeRecipe('reload', "pgsidecar_service 'default' do\n  action :reload\nend\n");
    expect((await node.mustConverge('test::reload', attributes)).stdout).toContain(
      '- reload pgsidecar.service',
    );

    await debian.must('chmod 600 /srv/idp/config/application.yml');
    const { code, stderr } = await node.converge('pgsidecar::autoconfig', attributes);
    expect(code).toBe(1);
    expect(stderr).toContain('/srv/idp/config/application.yml is 0600 idp:secrets. Give its group the right');
  },
  TIMEOUT_MS,
);
