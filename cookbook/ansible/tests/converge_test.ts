// The role on each release of Debian, booted: what a check says, what a converge does, that a second one does nothing, and what is refused.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { testNeeding } from '../../../agent/tests/harness/needs.ts';
import { EACH_RELEASE } from '../../../packaging/tests/debian.ts';
import { type Host, openHost, SCENARIO, secret, whyNoHost } from './host.ts';

const CONFIG = '/etc/pgsidecar/pgsidecar.yml';
setDefaultTimeout(300_000);
const test = testNeeding(whyNoHost());
let host: Host;

for (const [release, name] of EACH_RELEASE) {
  describe(name, () => {
    beforeAll(async () => {
      if (whyNoHost() === undefined) host = await openHost(release);
    });
    afterAll(() => host?.[Symbol.asyncDispose]());

    describe('a new host', converges);
    describe('a changed configuration', changes);
    // The role's own texts and sentences are the same everywhere: each run takes seconds.
    if (release !== 'bookworm') return;
    describe('a changed configuration', hides);
    describe('what cannot work', refuses);
  });
}

function converges(): void {
  test('a check says what would be done, and does nothing', async () => {
    const { exitCode, output, changed } = await host.converge({}, '--check', '--diff');
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(changed).toBeGreaterThan(3);
    for (const path of ['/etc/pgsidecar', '/var/cache/ansible-pgsidecar', '/usr/bin/pgsidecar']) {
      expect(existsSync(join(host.debian.root, path))).toBe(false);
    }
  });

  test('a converge installs it, and the application is served through the socket', async () => {
    const { exitCode, output } = await host.converge();
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(await host.query('SELECT current_user, current_database()')).toBe('idp_app|idp');
    expect(await host.play(`${SCENARIO}/verify.yml`, {})).toMatchObject({ exitCode: 0, changed: 0 });
    expect(output).not.toContain(host.password);
    const read = await host.debian.run(['runuser', '-u', 'idp', '--', 'cat', CONFIG]);
    expect(read).toMatchObject({ code: 1, stdout: '' });
  });

  test('a second converge changes nothing', async () => {
    expect(await host.converge()).toMatchObject({ exitCode: 0, changed: 0 });
  });
}

function changes(): void {
  test('is reloaded: the process stays, and has the new settings', async () => {
    const before = await host.mainPid();
    const settings = { pgsidecar_settings: { default_pool_size: 7 } };
    expect(await host.converge(settings, '--check')).toMatchObject({ exitCode: 0, changed: 2 });
    expect(host.debian.read(CONFIG)).not.toContain('default_pool_size');
    const { exitCode, output, changed } = await host.converge(settings);
    expect({ exitCode, changed }).toEqual({ exitCode: 0, changed: 2 });
    expect(output).toMatch(/RUNNING HANDLER \[\S+ : Reload pgsidecar\]\s[*]+\nchanged/);
    expect(await host.mainPid()).toBe(before);
    const log = await host.debian.must('journalctl --unit pgsidecar.service --output cat');
    expect(log).toContain('default_pool_size: 20 → 7');
  });

  test('a mistake is refused before the old file is replaced, and the agent goes on', async () => {
    const [file, pid, password] = [host.debian.read(CONFIG), await host.mainPid(), secret()];
    const users = { reporting: { password, databases: ['idp'] } };
    const wrong = { pgsidecar_settings: { default_pool_size: 'many', pool_mdoe: 'session', users } };
    for (const flags of [['--check'], []]) {
      const { exitCode, output, failed } = await host.converge(wrong, '--diff', '-vvv', ...flags);
      expect({ exitCode, failed }).toEqual({ exitCode: 2, failed: 1 });
      expect(output).toMatch(/Cannot use default_pool_size \\"many\\" at \S+: expected a whole number/);
      expect(output).toContain('did you mean \\"pool_mode\\"?');
      expect(output).not.toContain(password);
    }
    expect(host.debian.read(CONFIG)).toBe(file);
    expect(await host.mainPid()).toBe(pid);
    expect(await host.query('SELECT 1')).toBe('1');
  });
}

function hides(): void {
  test('hides its passwords and keeps its texts, whatever they look like', async () => {
    const [first, second] = [secret(), secret()];
    const names = ['no', '1e5', '0x1F', '12:30', '~', 'ä ö 🐘', 'a: b # c', "it's", 'back\\slash', '"'];
    const settings = (password: string) => {
      const users = names.map((name) => [name, { password: `${password}${name}`, databases: ['idp'] }]);
      return { pgsidecar_settings: { users: Object.fromEntries(users) as object } };
    };
    for (const flags of [['--check'], []]) {
      const { exitCode, output } = await host.converge(settings(first), '--diff', '-vvv', ...flags);
      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      expect(output).not.toContain(first);
    }
    expect(parse(host.debian.read(CONFIG))).toEqual({
      sources: ['/srv/idp/config/application.yml'],
      environment: 'production',
      ...settings(first).pgsidecar_settings,
    });
    const shown = await host.converge(
      { ...settings(second), pgsidecar_show_diff: true },
      '--diff',
      '--check',
    );
    expect(shown.output).toContain(`+    password: "${second}1e5"`);
  });
}

function refuses(): void {
  test('a source that the agent cannot read is refused before anything is written', async () => {
    const [file, pid] = [host.debian.read(CONFIG), await host.mainPid()];
    const { exitCode, output, changed } = await host.converge({ pgsidecar_supplementary_groups: [] });
    expect({ exitCode, changed }).toEqual({ exitCode: 2, changed: 0 });
    expect(output).toContain('user pgsidecar cannot read /srv/idp/config/application.yml');
    expect(host.debian.read(CONFIG)).toBe(file);
    expect(await host.mainPid()).toBe(pid);
  });

  test('a user who does not exist is refused, and not made', async () => {
    const { exitCode, output } = await host.converge({ pgsidecar_users: ['idpp'] });
    expect(exitCode).toBe(2);
    expect(output).toContain('Cannot put user idpp into group pgsidecar: there is no such user');
    expect((await host.debian.run('getent passwd idpp')).code).toBe(2);
  });

  const refused: readonly [Readonly<Record<string, unknown>>, string][] = [
    [
      { pgsidecar_sources: ['config/application.yml'] },
      'Cannot use the sources of pgsidecar: write absolute paths',
    ],
    [{ pgsidecar_sources: [] }, "Cannot configure pgsidecar: say the application's file in `sources`"],
    [
      { pgsidecar_instances: [{ name: 'pgsidecar' }] },
      'Cannot use the names of pgsidecar_instances (pgsidecar)',
    ],
    [{ pgsidecar_install_from: 'url' }, 'url needs pgsidecar_package_url'],
    [{ pgsidecar_settings: 'default_pool_size=5' }, 'Cannot use the settings: expected a dict'],
    [
      { pgsidecar_setings: {}, pgsidecar_souces: [] },
      'Unknown variable pgsidecar_setings: did you mean pgsidecar_settings?; Unknown variable pgsidecar_souces: did you mean pgsidecar_sources?',
    ],
    [{ pgsidecar_user: ['idp'] }, 'Unknown variable pgsidecar_user: did you mean pgsidecar_users?'],
    [
      { pgsidecar_zzz: 1 },
      'Unknown variable pgsidecar_zzz: the README of the role has all of them; name a variable of your own otherwise',
    ],
    [
      { pgsidecar_state: 'presant' },
      'value of pgsidecar_state must be one of: present, absent, got: presant',
    ],
  ];
  for (const [variables, sentence] of refused) {
    test(`${JSON.stringify(variables)} is refused: ${sentence}`, async () => {
      const { exitCode, output, changed } = await host.converge(variables);
      expect({ exitCode, changed }).toEqual({ exitCode: 2, changed: 0 });
      expect(output).toContain(sentence);
    });
  }
}
