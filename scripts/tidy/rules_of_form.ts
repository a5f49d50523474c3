// Rules about a file's form: its name, its first line, its length, the length of its functions.

import { basename } from 'node:path';
import type { ReadFile, Rule } from './read_file.ts';
import { functionsOf } from './syntax.ts';

const FILE_LINES_MAX = 400;
/** A table is as long as what it lists, and no harder to read for it. */
const TABLE_LINES_MAX = 1_000;
const FUNCTION_LINES_MAX = 60;

export const FORM_RULES: readonly Rule[] = [fileName, firstLine, fileLength, functionLength];

function* fileName({ path }: ReadFile): Iterable<readonly [number, string]> {
  const wrong = path.split('/').find((part) => !/^[a-z][a-z0-9_]*(?:\.d)?(?:\.ts)?$/.test(part));
  if (wrong !== undefined) yield [1, `Rename ${wrong}: files and folders are snake_case`];
  if (basename(path) === 'index.ts') yield [1, 'Rename index.ts: an import line names the room and the file'];
}

function* firstLine({ lines }: ReadFile): Iterable<readonly [number, string]> {
  const first = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
  if (!/^\/\/ \S.*[.!?]\)?$/.test(first ?? '')) {
    yield [1, 'Begin the file with one `// ` sentence, on one line, that says what happens here'];
  }
}

function* fileLength({ lines }: ReadFile): Iterable<readonly [number, string]> {
  const isTable = /^\/\/ THE .*\btable\b/.test(lines[0] ?? '');
  const max = isTable ? TABLE_LINES_MAX : FILE_LINES_MAX;
  if (lines.length > max)
    yield [max + 1, `Split this file: it has ${lines.length} lines, ${max} are the limit`];
}

function* functionLength({ code }: ReadFile): Iterable<readonly [number, string]> {
  for (const { name, line, lines } of functionsOf(code)) {
    if (lines <= FUNCTION_LINES_MAX) continue;
    yield [
      line,
      `Give the parts of ${name} names: it has ${lines} lines, ${FUNCTION_LINES_MAX} are the limit`,
    ];
  }
}
