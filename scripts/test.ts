// Every test there is: checks of the files, unit, golden, simulation, harness, integration, drivers; then the sum.

import { existsSync } from 'node:fs';
import * as steps from './steps.ts';
import { addReports, summaryLine, type TestReport } from './test_report.ts';

const EXECUTABLE = 'dist/pgsidecar';

const reports: TestReport[] = [];

for (const check of steps.CHECKS) {
  const began = performance.now();
  const failure = steps.failureOf(check);
  if (failure !== undefined) console.log(failure);
  const problems = failure === undefined ? [] : [`${check.name} (${check.remedy})`];
  // A check is no test, so it does not count as one that passed; but a broken one fails the run.
  reports.push({ passed: 0, failed: problems.length, skipped: [], problems });
  console.log(`-- ${check.name}: ${failure === undefined ? 'ok' : 'failed'}, ${steps.seconds(began)}`);
}
for (const group of [
  steps.UNIT,
  steps.GOLDEN,
  steps.HARNESS,
  steps.SIMULATION,
  steps.INTEGRATION,
  steps.DRIVERS,
]) {
  await run(group.name, group);
}
await runAgainstExecutable();

const sum = addReports(reports);
for (const title of sum.skipped) console.log(`skipped: ${title}`);
for (const problem of sum.problems) console.log(`problem: ${problem}`);
console.log(summaryLine(sum));
process.exit(sum.failed === 0 && sum.passed > 0 ? 0 : 1);

async function run(
  name: string,
  group: steps.TestGroup,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const began = performance.now();
  const report = await steps.runGroup(group, env);
  reports.push(report);
  console.log(`-- ${name}: ${summaryLine(report)}, ${steps.seconds(began)}`);
}

/** The integration tests once more, against what users get. */
async function runAgainstExecutable(): Promise<void> {
  const built = Bun.spawnSync(['npm', 'run', '--silent', 'build'], { stdio: ['ignore', 'pipe', 'pipe'] });
  if (built.exitCode === 0 && existsSync(EXECUTABLE)) {
    await run('integration, single executable', steps.INTEGRATION, { PGSIDECAR_EXECUTABLE: EXECUTABLE });
    return;
  }
  console.log(`${built.stdout}${built.stderr}`);
  reports.push({ passed: 0, failed: 1, skipped: [], problems: ['npm run build failed'] });
}
