// Makes a release in dist/release: a commit and a tag with the version and the changelog, then the packages of just that commit.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { billOfMaterials } from '../packaging/bill.ts';
import { MACHINES, type Machine } from '../packaging/compile.ts';
import { run } from '../packaging/run.ts';

const HELP = `scripts/release VERSION [--dry-run]

  Writes VERSION into package.json and CHANGELOG.md, commits and tags that (vVERSION), and makes in dist/release the deb and the rpm
  for each machine, SHA256SUMS and the bill of materials. Nothing is pushed: it says what to push. Run \`npm test\` and
  \`scripts/release_checks\` before.

  --dry-run    takes the commit back and makes no tag; dist/release stays
`;
const OUT = 'dist/release';

if (import.meta.main) process.exit(main(process.argv.slice(2)));

function main(words: readonly string[]): number {
  const [version] = words.filter((word) => !word.startsWith('--'));
  if (version === undefined || words.includes('--help')) {
    process.stdout.write(HELP);
    return words.includes('--help') ? 0 : 64;
  }
  const reason = whyNot(
    version,
    JSON.parse(readFileSync('package.json', 'utf8')).version,
    git('status', '--porcelain'),
  );
  if (reason !== undefined) {
    process.stderr.write(`error: ${reason}\n`);
    return 1;
  }
  const date = new Date().toISOString().slice(0, 10);
  for (const path of ['package.json', 'package-lock.json'])
    rewrite(path, (text) => withVersion(text, version));
  rewrite('CHANGELOG.md', (text) => withHeading(text, version, date));
  git('commit', '--quiet', '--all', '--message', `Release ${version}`);
  try {
    makeFiles(version);
  } catch (error) {
    git('reset', '--quiet', '--hard', 'HEAD~1');
    throw error;
  }
  if (words.includes('--dry-run')) git('reset', '--quiet', '--hard', 'HEAD~1');
  else git('tag', '--annotate', `v${version}`, '--message', `pgsidecar ${version}`);
  console.log(readFileSync(join(OUT, 'SHA256SUMS'), 'utf8'));
  console.log(
    words.includes('--dry-run') ? 'Nothing was committed.' : `Now: git push origin main v${version}`,
  );
  return 0;
}

/** Why there cannot be a release of that name now; undefined when there can. @param changes what `git status --porcelain` says. */
export function whyNot(version: string, before: string, changes: string): string | undefined {
  if (!/^\d+\.\d+\.\d+$/.test(version)) return `${version} is no version: three numbers, as 1.2.3`;
  if (changes !== '') return `there is something that is not committed:\n${changes.trimEnd()}`;
  const [next, last] = [version, before].map((each) => each.split('.').map(Number)) as [number[], number[]];
  const at = next.findIndex((number, i) => number !== last[i]);
  // The very first one has the version that package.json began with.
  if (at >= 0 && next[at]! < last[at]!) return `${version} is older than ${before}`;
  return undefined;
}

/** package.json or package-lock.json with the version of the project itself, and of nothing else, replaced. */
export function withVersion(text: string, version: string): string {
  const read = JSON.parse(text);
  read.version = version;
  if (read.packages?.[''] !== undefined) read.packages[''].version = version;
  return `${JSON.stringify(read, undefined, 2)}\n`;
}

/** CHANGELOG.md whose unreleased changes are those of this version, with a place for the next ones. */
export function withHeading(text: string, version: string, date: string): string {
  const heading = '## Unreleased\n';
  if (!text.includes(heading)) throw new Error('CHANGELOG.md has no heading "## Unreleased"');
  return text.replace(heading, `${heading}\n## ${version} (${date})\n`);
}

function makeFiles(version: string): void {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  const epoch = Number(git('log', '-1', '--format=%ct').trim());
  for (const machine of Object.keys(MACHINES) as Machine[]) {
    // In a process of its own: this one has read the version that was.
    const made = run([process.execPath, 'packaging/package.ts', '--machine', machine], '.')
      .trim()
      .split('\n');
    for (const path of made) copyFileSync(path, join(OUT, basename(path)));
  }
  writeFileSync(join(OUT, `pgsidecar-${version}.cdx.json`), billOfMaterials({ version, epoch }));
  const sums = readdirSync(OUT)
    .sort()
    .map(
      (name) =>
        `${new Bun.CryptoHasher('sha256').update(readFileSync(join(OUT, name))).digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(OUT, 'SHA256SUMS'), sums.join(''));
}

function git(...words: string[]): string {
  return run(['git', ...words], '.');
}

function rewrite(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}
