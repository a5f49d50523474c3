// Every Ruby file of the cookbook and its double: Ruby parses it without a warning, RuboCop has nothing to say, the tests in Ruby pass.

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Glob } from 'bun';
import { missingPrograms, testNeeding } from '../../../agent/tests/harness/needs.ts';

const CHEF = resolve(import.meta.dir, '..');
const PROGRAMS = ['double/converge', 'double/describe'];
const FILES = [...new Glob('**/*.rb').scanSync(CHEF), ...PROGRAMS].sort();
/** Ruby starts fifty times. */
const TIMEOUT_MS = 60_000;
const testWithRuby = testNeeding(missingPrograms('ruby'));

test('the folders that Chef looks into are among the files', () => {
  for (const folder of ['attributes', 'libraries', 'recipes', 'resources', 'spec', 'test']) {
    expect(FILES.some((file) => file.startsWith(`pgsidecar/${folder}/`))).toBe(true);
  }
});

testWithRuby(
  'Ruby parses every file without a warning',
  async () => {
    const wrong: string[] = [];
    for (const file of FILES) {
      const { code, output } = await run(['ruby', '-wc', file]);
      if (code !== 0 || output !== 'Syntax OK\n') wrong.push(output);
    }
    expect(wrong).toEqual([]);
  },
  TIMEOUT_MS,
);

testNeeding(missingPrograms('rubocop'))(
  'RuboCop finds nothing',
  async () => {
    const { code, output } = await run(['rubocop', '--cache', 'false', '--format', 'simple', ...FILES]);
    expect(output).toContain(`${FILES.length} files inspected, no offenses detected`);
    expect(code).toBe(0);
  },
  TIMEOUT_MS,
);

test('each file begins with a sentence that says what it is for', () => {
  const wrong = FILES.filter((file) => {
    const lines = readFileSync(join(CHEF, file), 'utf8').split('\n');
    return !/^# .*[.!?]$/.test(lines[0]!.startsWith('#!') ? lines[1]! : lines[0]!);
  });
  expect(wrong).toEqual([]);
});

const noMinitest =
  missingPrograms('ruby') ??
  ((await hasLibrary('minitest')) ? undefined : 'ruby-minitest not installed: scripts/setup --debian');
const noRoot = process.getuid?.() === 0 ? undefined : 'it gives files to other groups, which needs root';
for (const file of FILES.filter((each) => /^(?:double\/)?tests\/\w+_test\.rb$/.test(each))) {
  testNeeding(noMinitest ?? (file.startsWith('tests/') ? noRoot : undefined))(
    `${file} passes`,
    async () => {
      const { code, output } = await run(['ruby', '-w', file]);
      expect(output).toMatch(/^[1-9]\d* runs, [1-9]\d* assertions, 0 failures, 0 errors, 0 skips$/m);
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );
}

const noRspec =
  missingPrograms('ruby') ??
  ((await hasLibrary('rspec')) ? undefined : 'ruby-rspec not installed: scripts/setup --debian');
testNeeding(noRspec)(
  "the specs pass on the double's words for ChefSpec",
  async () => {
    const { code, output } = await run(
      ['ruby', '-w', '-S', 'rspec', '-I', '../double/stubs', '--no-color', 'spec'],
      'pgsidecar',
    );
    expect(output).toMatch(/^[1-9]\d examples, 0 failures$/m);
    expect(code).toBe(0);
  },
  TIMEOUT_MS,
);

async function hasLibrary(name: string): Promise<boolean> {
  return (await run(['ruby', '-e', `require '${name}'`])).code === 0;
}

async function run(command: readonly string[], folder = '.'): Promise<{ code: number; output: string }> {
  const child = Bun.spawn([...command], {
    cwd: join(CHEF, folder),
    env: { ...process.env, COOKBOOK: join(CHEF, 'pgsidecar') },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, output: stdout + stderr };
}
