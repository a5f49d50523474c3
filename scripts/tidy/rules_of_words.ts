// Rules about words: TypeScript that does not erase, tests that do not run, notes that were meant to go.

import type { ReadFile, Rule, TextFile, TextRule } from './read_file.ts';
import { readsAs, word } from './syntax.ts';

/** For every file, whatever its language. */
export const TEXT_RULES: readonly TextRule[] = [machines];

export const WORD_RULES: readonly Rule[] = [syntax, tests, leftovers];

function* syntax({ code }: ReadFile): Iterable<readonly [number, string]> {
  for (const [index, token] of code.tokens.entries()) {
    if (token.text === '@') yield [token.line, 'No decorators: call the function'];
    if (token.kind !== 'name' || word(code, index - 1) === '.') continue;
    const isDeclaration = code.tokens[index + 1]?.kind === 'name' && word(code, index + 2) === '{';
    if (token.text === 'enum' && isDeclaration)
      yield [token.line, 'No enum: a union of strings says the same'];
    if (token.text === 'namespace' && isDeclaration) yield [token.line, 'No namespace: a file is one'];
    if (token.text === 'debugger') yield [token.line, 'Take the debugger statement out'];
  }
}

/** The one place where a test may be left out, because it has to say why. */
const SKIPPER = 'agent/tests/harness/needs.ts';

function* tests({ path, isTest, code }: ReadFile): Iterable<readonly [number, string]> {
  if (!isTest || path === SKIPPER) return;
  for (const [index, token] of code.tokens.entries()) {
    if (!['test', 'it', 'describe'].includes(token.text) || word(code, index + 1) !== '.') continue;
    const modifier = word(code, index + 2);
    if (modifier === 'only') yield [token.line, `Take ${token.text}.only out: the other tests do not run`];
    if (!/^(?:skip|skipIf|if|todo|todoIf|failing)$/.test(modifier) || readsAs(code, index - 1, '.')) continue;
    yield [
      token.line,
      `No ${token.text}.${modifier}: testNeeding() of ${SKIPPER} leaves a test out and says why`,
    ];
  }
}

const LEFTOVERS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:FIXME|XXX|TODO|HACK)\b/, 'Do it, or open an issue: no notes to oneself'],
  [/@ts-(?:ignore|nocheck)/, 'Tell the compiler the truth instead of silencing it'],
  [/biome-ignore(?!\S* \S+: \S)/, 'Say why the linter is wrong: `biome-ignore rule: reason`'],
];

function* leftovers({ tokens }: ReadFile): Iterable<readonly [number, string]> {
  for (const token of tokens) {
    if (token.kind !== 'comment') continue;
    for (const [pattern, sentence] of LEFTOVERS) {
      const line = token.text.split('\n').findIndex((text) => pattern.test(text));
      if (line >= 0) yield [token.line + line, sentence];
    }
  }
}

const MACHINES: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w.])\/(?:root|Users|work)\/\w/, "Take the path on somebody's machine out"],
  [/"resolved": "\w/, 'Take the resolved lines out: whoever installs has a registry of their own'],
];

function* machines({ text }: TextFile): Iterable<readonly [number, string]> {
  for (const [index, line] of text.split('\n').entries()) {
    for (const [pattern, sentence] of MACHINES) if (pattern.test(line)) yield [index + 1, sentence];
  }
}
