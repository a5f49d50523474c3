// Ansible's own tools on the collection: the syntax of its playbooks, ansible-lint, and that it can be built and installed.

import { afterAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glob } from 'bun';
import { missingPrograms, testNeeding } from '../../../agent/tests/harness/needs.ts';
import { openCollection, SOURCE } from './collection.ts';

const needing = testNeeding(missingPrograms('ansible-playbook', 'ansible-lint'));
const collection = openCollection();
afterAll(() => collection.nursery.close());

describe('ansible-playbook', () => {
  for (const name of readdirSync(join(SOURCE, 'roles/pgsidecar/molecule/default')).filter(
    (file) => file !== 'molecule.yml',
  )) {
    needing(`reads ${name}, and the role where it is used`, async () => {
      const playbook = `roles/pgsidecar/molecule/default/${name}`;
      const { exitCode, output } = await collection.run([
        'ansible-playbook',
        '-i',
        'host,',
        '--syntax-check',
        playbook,
      ]);
      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    });
  }

  needing('refuses a variable of the wrong type before the first task', async () => {
    const play = [
      '-i',
      'localhost,',
      '-c',
      'local',
      'roles/pgsidecar/molecule/default/converge.yml',
      '--check',
    ];
    const wrong = ['-e', '{"ansible_become": false, "pgsidecar_settings": ["default_pool_size"]}'];
    const { exitCode, output } = await collection.run(['ansible-playbook', ...play, ...wrong]);
    expect(exitCode).toBe(2);
    expect(output).toContain(
      "argument 'pgsidecar_settings' is of type <class 'list'> and we were unable to convert to dict",
    );
    expect(output).not.toContain('Look before anything is changed');
  });
});

describe('ansible-lint', () => {
  needing('finds nothing in the profile production', async () => {
    const { exitCode, output } = await collection.run(['ansible-lint', '--nocolor', '-p']);
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(output).toMatch(/Passed with production profile: 0 failure\(s\), 2 warning\(s\)/);
  });

  needing('sees what is wrong: a planted fault', async () => {
    const planted = openCollection();
    try {
      const users = join(planted.directory, 'roles/pgsidecar/tasks/users.yml');
      writeFileSync(
        users,
        `${readFileSync(users, 'utf8')}\n- name: planted\n  file: path=/etc/planted state=touch\n`,
      );
      const { exitCode, output } = await planted.run(['ansible-lint', '--nocolor', '-p']);
      expect(exitCode).toBe(2);
      expect(output).toMatch(/users\.yml:\d+: (?:fqcn|name|no-free-form)/);
    } finally {
      await planted.nursery.close();
    }
  });

  test('passes over nothing without a reason in the line above', () => {
    const files = ['.ansible-lint-ignore', ...new Glob('**/*.yml').scanSync(SOURCE)];
    const skips = files.flatMap((file) => {
      const lines = readFileSync(join(SOURCE, file), 'utf8').split('\n');
      const isSkip = (line: string) =>
        file.startsWith('.') ? /^[^#\s]/.test(line) : line.includes('# noqa');
      return lines.flatMap((line, index) =>
        isSkip(line) ? [{ line, above: reasonAbove(lines, index) }] : [],
      );
    });
    expect(skips.length).toBe(3);
    for (const { above } of skips) expect(above).toMatch(/^# [A-Z].*\.$/);
  });
});

describe('ansible-galaxy', () => {
  needing('builds the collection, without its tests, and installs it from the file', async () => {
    const out = collection.nursery.directory;
    const built = await collection.run(['ansible-galaxy', 'collection', 'build', '--output-path', out]);
    expect(built).toMatchObject({ exitCode: 0 });
    const archive = join(
      out,
      readdirSync(out).find((name) => /^pgsidecar-pgsidecar-[\d.]+\.tar\.gz$/.test(name))!,
    );
    const installed = join(out, 'installed');
    const install = ['install', '--offline', '-p', installed, archive];
    expect(await collection.run(['ansible-galaxy', 'collection', ...install])).toMatchObject({ exitCode: 0 });
    const folder = join(installed, 'ansible_collections/pgsidecar/pgsidecar');
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['MANIFEST.json', 'README.md', 'meta', 'roles']),
    );
    expect(readdirSync(folder)).not.toContain('tests');
  });

  test('has the version of the program', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(readFileSync(join(SOURCE, 'galaxy.yml'), 'utf8')).toContain(`\nversion: ${version}\n`);
  });
});

/** The comment above a line, past the beginning of the task that the line is in. */
function reasonAbove(lines: readonly string[], index: number): string {
  const above = lines.slice(0, index).findLast((line) => !line.startsWith('- name:'));
  return above?.trim() ?? '';
}
