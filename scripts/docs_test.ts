// The documents keep their word: every link leads somewhere, and every file, function, test and command that they name is there.

import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { Glob } from 'bun';
import { ERRORS } from '../agent/base/errors.ts';
import { COMMANDS } from '../agent/cli/cli.ts';
import { ROOMS } from './tidy/rooms.ts';

const NOT_OURS = /^(?:node_modules|dist|\.cache)\//;
const DOCUMENTS = [...new Glob('**/*.md').scanSync('.')].filter((path) => !NOT_OURS.test(path)).sort();
const SOURCES: ReadonlyMap<string, string> = new Map(
  ['agent', 'scripts'].flatMap((folder) =>
    [...new Glob(`${folder}/**/*.ts`).scanSync('.')].map(
      (path) => [path, readFileSync(path, 'utf8')] as const,
    ),
  ),
);

for (const document of DOCUMENTS) {
  const text = readFileSync(document, 'utf8');
  test(`${document}: every link leads to a file, and to a heading that it has`, () => {
    expect(linksOf(text).filter((link) => !leadsSomewhere(link, document))).toEqual([]);
  });
  test(`${document}: every file that it names is there`, () => {
    expect(codeOf(text).filter((code) => isPath(code) && !isThere(code))).toEqual([]);
  });
  test(`${document}: every function that it names is in the code`, () => {
    expect(codeOf(text).filter((code) => !isFunctionThatIs(code))).toEqual([]);
  });
  test(`${document}: every test that it names by its title has that title`, () => {
    expect(titlesOf(text).filter(([path, title]) => !hasTitle(path, title))).toEqual([]);
  });
  test(`${document}: every command and npm script that it names is one`, () => {
    expect(codeOf(text).filter((code) => !isCommandThatIs(code))).toEqual([]);
  });
}

test('ARCHITECTURE.md draws the import law as scripts/tidy has it', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const drawn = [...text.matchAll(/^([0-9]) {3}(.+?)(?: {6,}.*)?$/gm)].map(([, row, rooms]) => [
    Number(row),
    rooms!.match(/[a-z]+/g)!.sort(),
  ]);
  const law = [5, 4, 3, 2, 1, 0].map((row) => [
    row,
    Object.keys(ROOMS)
      .filter((room) => ROOMS[room]!.row === row)
      .sort(),
  ]);
  expect(drawn as unknown).toEqual(law);
});

test('ARCHITECTURE.md says of every room what happens there', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const rooms = Object.keys(ROOMS).filter((room) => room !== 'main');
  expect(rooms.filter((room) => !new RegExp(`^\\| \`${room}/\``, 'm').test(text))).toEqual([]);
});

test('docs/reference/exit_codes_and_signals.md has every exit code of the error table', () => {
  const text = readFileSync('docs/reference/exit_codes_and_signals.md', 'utf8');
  const codes = [...new Set(Object.values(ERRORS).map(({ exit }) => exit))];
  expect(codes.filter((code) => !text.includes(`| ${code} |`))).toEqual([]);
});

/** Without the blocks between fences: what stands there is an example. */
function proseOf(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '');
}

function linksOf(text: string): string[] {
  return [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
}

function leadsSomewhere(link: string, document: string): boolean {
  if (/^[a-z]+:/.test(link)) return true;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : posix.normalize(posix.join(dirname(document), path));
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
}

/** As the hosts of repositories make them from headings. */
function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function codeOf(text: string): string[] {
  return [...proseOf(text).matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, code]) => code!);
}

/** From the root of the repository, or from `agent/` when it begins with a room. */
function isPath(code: string): boolean {
  if (!/^[\w.]+\/[\w./*{},-]*$/.test(code) || /(?:^|\/)x(?:_test)?(?:\.\w+)?$/.test(code)) return false;
  const [first = ''] = code.split('/');
  return /^(?:agent|scripts|docs|templates|\.ci)$/.test(first) || (first in ROOMS && code.endsWith('.ts'));
}

function isThere(path: string): boolean {
  const [first = ''] = path.split('/');
  const whole = first in ROOMS ? `agent/${path}` : path;
  if (!/[*{]/.test(whole)) return existsSync(whole);
  return [...new Glob(whole).scanSync({ cwd: '.', dot: true })].length > 0;
}

/** `decide()`, `Pool.resume()`, `#move()`; whatever is no such word is not asked. */
function isFunctionThatIs(code: string): boolean {
  const [, owner, name] = /^(?:([A-Z]\w*)\.)?(#?[a-z]\w*)\(\)$/.exec(code) ?? [];
  if (name === undefined) return true;
  const defines = new RegExp(`(?<![\\w.])${name.replace('#', '#')}(?:<[^>]+>)?\\??\\s*[(:=]`);
  const texts = [...SOURCES.values()];
  if (owner === undefined) return texts.some((text) => defines.test(text));
  const owns = new RegExp(`\\b(?:class|interface|const) ${owner}\\b`);
  return texts.some((text) => owns.test(text) && defines.test(text));
}

/** A test file in code, then its title in curly quotes. */
function titlesOf(text: string): [string, string][] {
  return [...proseOf(text).matchAll(/`([\w./]+_test\.ts)`:? “([^”]+)”/g)].map(([, path, title]) => [
    path!,
    title!.replace(/\s+/g, ' '),
  ]);
}

function hasTitle(path: string, title: string): boolean {
  const [first = ''] = path.split('/');
  return (
    SOURCES.get(first in ROOMS ? `agent/${path}` : path)
      ?.replaceAll("\\'", "'")
      .includes(title) === true
  );
}

function isCommandThatIs(code: string): boolean {
  const command = /^pgsidecar ([a-z]+)/.exec(code)?.[1];
  if (command !== undefined && !COMMANDS.some(({ name }) => name === command)) return false;
  const script = /^npm run ([\w:-]+)/.exec(code)?.[1];
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
  return script === undefined || script in scripts;
}
