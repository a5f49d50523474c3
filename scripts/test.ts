// Every test there is: checks of the files, unit, golden, harness, integration, drivers; then the sum.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RECORD_VARIABLE } from '../agent/tests/harness/record.ts';
import { checkRecord } from './secrets.ts';
import * as steps from './steps.ts';
import { addReports, summaryLine, type TestReport } from './test_report.ts';

const EXECUTABLE = 'dist/pgsidecar';

process.exit(await main());

async function main(): Promise<number> {
  const reports: TestReport[] = [];
  const record = mkdtempSync(join(tmpdir(), 'pgsidecar-record-'));
  process.env[RECORD_VARIABLE] = record;
  try {
    for (const check of steps.CHECKS) reports.push(runCheck(check));
    for (const group of steps.GROUPS) reports.push(await run(group.name, group));
    reports.push(await runAgainstExecutable());
    reports.push(searchForSecrets(record));
  } finally {
    rmSync(record, { recursive: true, force: true });
  }

  const forgotten = steps.forgottenTestFiles().map((file) => `${file}: no group of scripts/steps.ts runs it`);
  reports.push({ passed: 0, failed: forgotten.length, skipped: [], problems: forgotten });

  const sum = addReports(reports);
  for (const title of sum.skipped) console.log(`skipped: ${title}`);
  for (const problem of sum.problems) console.log(`problem: ${problem}`);
  console.log(summaryLine(sum));
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

/** A check is no test, so it does not count as one that passed; but a broken one fails the run. */
function runCheck(check: steps.Check): TestReport {
  const began = performance.now();
  const failure = steps.failureOf(check);
  if (failure !== undefined) console.log(failure);
  const problems = failure === undefined ? [] : [`${check.name} (${check.remedy})`];
  console.log(`-- ${check.name}: ${failure === undefined ? 'ok' : 'failed'}, ${steps.seconds(began)}`);
  return { passed: 0, failed: problems.length, skipped: [], problems };
}

/** Every secret that a test made up, in everything that an agent or a command said. */
function searchForSecrets(record: string): TestReport {
  const began = performance.now();
  const { problems, summary } = checkRecord(record);
  const verdict = problems.length === 0 ? 'none found' : 'failed';
  console.log(`-- secrets: ${verdict} (${summary}), ${steps.seconds(began)}`);
  return { passed: 0, failed: problems.length, skipped: [], problems };
}

async function run(
  name: string,
  group: steps.TestGroup,
  env: Readonly<Record<string, string>> = {},
): Promise<TestReport> {
  const began = performance.now();
  const report = await steps.runGroup(group, env);
  console.log(`-- ${name}: ${summaryLine(report)}, ${steps.seconds(began)}`);
  return report;
}

/** The integration tests once more, against what users get. */
async function runAgainstExecutable(): Promise<TestReport> {
  const built = Bun.spawnSync(['npm', 'run', '--silent', 'build'], { stdio: ['ignore', 'pipe', 'pipe'] });
  if (built.exitCode === 0 && existsSync(EXECUTABLE)) {
    return await run(steps.INTEGRATION_OF_EXECUTABLE.name, steps.INTEGRATION_OF_EXECUTABLE, {
      PGSIDECAR_EXECUTABLE: EXECUTABLE,
    });
  }
  console.log(`${built.stdout}${built.stderr}`);
  return { passed: 0, failed: 1, skipped: [], problems: ['npm run build failed'] };
}
