// Runs a Python script of checks beside this file, and holds each of its findings to what is expected.

import { beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { runProgram } from '../harness/psql.ts';
import type { Stage } from './stage.ts';

/** Debian's, which has Debian's drivers; another one that comes first in the PATH has not. */
const PYTHON = '/usr/bin/python3';

type Finding = { readonly value: unknown } | { readonly failure: string };

/** Declares one test for each check that the script is expected to report, in this order. */
export function pythonChecks(
  stage: Stage,
  script: string,
  expected: Readonly<Record<string, unknown>>,
): void {
  let report: Readonly<Record<string, Finding>>;
  beforeAll(async () => {
    const path = join(import.meta.dir, script);
    const { stdout, stderr } = await runProgram(stage.login, [PYTHON, '-B', path]);
    if (!stdout.startsWith('{')) throw new Error(`${script} reported nothing: ${stderr}`);
    report = JSON.parse(stdout) as typeof report;
  }, 60_000);
  for (const [check, value] of Object.entries(expected)) {
    test(check.replaceAll('_', ' '), () => {
      const finding = report[check] ?? { failure: 'the script has no such check' };
      if ('failure' in finding) throw new Error(finding.failure);
      expect(finding.value).toEqual(value);
    });
  }
  test('every check of the script was expected', () => {
    expect(Object.keys(report)).toEqual(Object.keys(expected));
  });
}

/** A sentence about the Python module, for describeNeeding(); undefined when it is there. */
export function missingModule(module: string, debianPackage: string): string | undefined {
  const { exitCode } = Bun.spawnSync([PYTHON, '-c', `import ${module}`], { stderr: 'ignore' });
  return exitCode === 0 ? undefined : `${debianPackage} is not installed (scripts/setup --debian)`;
}
