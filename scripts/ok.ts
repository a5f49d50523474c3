// `npm run ok`: everything that has to hold before a commit and needs no server; stops at the first thing that does not.

import { CHECKS, failureOf, GOLDEN, runGroup, seconds, UNIT } from './steps.ts';
import { summaryLine } from './test_report.ts';

const start = performance.now();

for (const check of CHECKS) {
  const began = performance.now();
  const failure = failureOf(check);
  if (failure !== undefined) stop(check.name, check.remedy, failure);
  say(check.name, began);
}
for (const group of [UNIT, GOLDEN]) {
  const began = performance.now();
  const report = await runGroup(group);
  if (report.failed > 0) stop(group.name, summaryLine(report), report.problems.join('\n'));
  say(group.name, began, summaryLine(report));
}
console.log(`ok in ${seconds(start)}`);

function say(name: string, began: number, detail = ''): void {
  console.log(`${name.padEnd(16)} ${seconds(began).padStart(7)}  ${detail}`.trimEnd());
}

function stop(name: string, remedy: string, output: string): never {
  if (output !== '') console.error(output);
  console.error(`not ok: ${name} (${remedy})`);
  process.exit(1);
}
