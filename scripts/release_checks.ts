// Runs the tests of packages and cookbooks, file by file, and writes docs/internals/release_checks.md: each check and what came of it.

import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { VERSION } from '../agent/base/version.ts';
import { ANSIBLE, CHEF, COOKBOOK, PACKAGING, type TestGroup, testFiles } from './steps.ts';

const PAGE = 'docs/internals/release_checks.md';
/** What tests print as a figure of theirs, and not as chatter: `NAME: VALUE`. */
const FIGURE = /^figure: (.+)$/;

interface Check {
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
}

interface Result {
  readonly file: string;
  /** What the file says of itself in its first line. */
  readonly about: string;
  readonly checks: readonly Check[];
  readonly figures: readonly string[];
}

process.exit(await main());

async function main(): Promise<number> {
  const results: Result[] = [];
  for (const group of [PACKAGING, CHEF, ANSIBLE, COOKBOOK])
    for (const file of testFiles(group)) results.push(await runFile(file, group));
  writeFileSync(PAGE, page(results));
  const all = results.flatMap(({ checks }) => checks);
  const count = (outcome: Check['outcome']): number =>
    all.filter((check) => check.outcome === outcome).length;
  console.log(`wrote ${PAGE}`);
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return count('failed') === 0 && all.length > 0 ? 0 : 1;
}

async function runFile(file: string, { timeoutMs }: TestGroup): Promise<Result> {
  console.log(`-- ${file}`);
  const child = Bun.spawn([process.execPath, 'test', '--timeout', String(timeoutMs), `./${file}`], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  const lines = `${stdout}\n${stderr}`.split('\n');
  const checks = lines.flatMap(readCheck);
  if (code !== 0) console.log(`${stdout}${stderr}`);
  // A file that breaks before its first test has no line of its own.
  if (code !== 0 && checks.every(({ outcome }) => outcome !== 'failed'))
    checks.push({ title: 'the file itself', outcome: 'failed' });
  const figures = lines.flatMap((line) => FIGURE.exec(line)?.[1] ?? []);
  const [first = ''] = readFileSync(file, 'utf8').split('\n');
  return { file, about: first.replace(/^\/\/ /, ''), checks, figures };
}

/** `(pass) the title [12.34ms]`, as bun prints it where it is not a terminal. */
function readCheck(line: string): Check[] {
  const [, word, title] = /^\((pass|fail|skip)\) (.*?)(?: \[[\d.]+m?s\])?$/.exec(line) ?? [];
  if (title === undefined) return [];
  const outcome = ({ pass: 'passed', fail: 'failed', skip: 'skipped' } as const)[word as 'pass'];
  return [{ title, outcome }];
}

function page(files: readonly Result[]): string {
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const date = new Date().toISOString().slice(0, 10);
  return `${[
    '# Release checks',
    '',
    `Written by \`scripts/release_checks\` on ${date}, for pgsidecar ${VERSION}, on ${system} with Linux ${release().split('-')[0]}. CI runs the same tests with all others.`,
    'A *booted Debian* has a real systemd as its process 1, in namespaces of its own (`packaging/box/box`). It is Debian 12, unless the check says 13.',
    '',
    ...files.flatMap(({ file, about, checks, figures }) => [
      `## ${file}`,
      '',
      about,
      '',
      '| check | |',
      '|---|---|',
      ...checks.map(({ title, outcome }) => `| ${title.replaceAll('|', '\\|')} | ${outcome} |`),
      '',
      ...(figures.length === 0 ? [] : [...figures.map((figure) => `- ${figure}`), '']),
    ]),
  ].join('\n')}`;
}
