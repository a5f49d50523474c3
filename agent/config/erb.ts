// Fills the ERB of a Rails file from the environment: the few expressions that only look there, and nothing else.

import { type Problem, problem } from '../base/errors.ts';

/** More than a file of a person's making ever has. */
export const ERB_EXPRESSIONS_MAX = 1_000;

export interface ErbReading {
  /** With as many lines as the file, so that line numbers stay true. Refused expressions left a mark. */
  readonly text: string;
  /** What makes the whole file unusable: code that may write anything anywhere. */
  readonly problems: readonly Problem[];
  /** What is wrong with the expressions that left a mark, in the order of their marks. */
  readonly refused: readonly Problem[];
}

// Characters of Unicode's private use, which YAML lets through and nobody types.
const MARK = /\uE000(\d+)\uE001/g;
const TAG = /<%%|<%(=|-|#)?([\s\S]*?)-?%>|<%/g;

const NAME = `(?:'([A-Za-z_][A-Za-z0-9_]*)'|"([A-Za-z_][A-Za-z0-9_]*)")`;
// A word in quotes, on one line, without escapes or #{}; a number, true, false, nil.
const LITERAL = `(?:'([^'\\\\\\n]*)'|"((?:[^"\\\\#\\n]|#(?![{@$]))*)"|(-?\\d[\\d_]*(?:\\.\\d+)?|true|false|nil))`;
const INDEX = new RegExp(`^ENV\\[\\s*${NAME}\\s*\\]$`);
const FETCH = new RegExp(`^ENV\\.fetch\\(\\s*${NAME}\\s*(?:,\\s*${LITERAL}\\s*)?\\)$`);
const FETCH_BLOCK = new RegExp(`^ENV\\.fetch\\(\\s*${NAME}\\s*\\)\\s*\\{\\s*${LITERAL}\\s*\\}$`);

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `<%= ENV['X'] %>`, `ENV["X"]`, `ENV.fetch('X')`, `ENV.fetch('X', 'default')`, `ENV.fetch("X") { 5 }`, comments and
 * `<%%`. Any other expression is refused, and it is for the caller to say so where its value would be used; a `<% … %>`
 * without `=` may do anything to the rest of the file and is an error at once.
 */
export function expandErb(text: string, path: string, env: Environment): ErbReading {
  const problems: Problem[] = [];
  const refused: Problem[] = [];
  if (!text.includes('<%')) return { text, problems, refused };
  let out = '';
  let done = 0;
  let owed = 0;
  let line = 1;
  let count = 0;
  for (const match of text.matchAll(TAG)) {
    const between = text.slice(done, match.index);
    line += linesIn(between);
    out += withLines(between, owed);
    if (between.includes('\n')) owed = 0;
    const [whole, kind, body] = match;
    const origin = { place: path, line };
    count += 1;
    if (count > ERB_EXPRESSIONS_MAX) {
      const reason = `it has more than ${ERB_EXPRESSIONS_MAX} (ERB_EXPRESSIONS_MAX) ERB expressions`;
      problems.push(problem('error', 'yaml_limit', { reason }, origin));
      return { text: out, problems, refused };
    }
    if (whole === '<%%') out += '<%';
    else if (body === undefined) {
      // Nothing behind it is closed either, and each one would be looked for up to the end of the file.
      problems.push(problem('error', 'erb_unclosed', {}, origin));
      return { text: out, problems, refused };
    } else if (kind === '=') {
      const value = fill(body.trim(), env, origin);
      if (typeof value === 'string') out += value;
      else out += `\uE000${refused.push(value) - 1}\uE001`;
    } else if (kind !== '#') problems.push(problem('error', 'erb_refused', {}, origin));
    done = match.index + whole.length;
    // The lines within a tag come after its line is over, so that what stands behind the tag stays on that line.
    owed += linesIn(whole);
    line += linesIn(whole);
  }
  return { text: out + withLines(text.slice(done), owed), problems, refused };
}

/** The text with `owed` more line ends where its first line ends. */
function withLines(text: string, owed: number): string {
  const lineEnd = text.indexOf('\n');
  return owed === 0 || lineEnd === -1
    ? text
    : text.slice(0, lineEnd) + '\n'.repeat(owed) + text.slice(lineEnd);
}

/** The complaints about the expressions whose marks stand in `text`: there is no value, and this is why. */
export function refusedIn(text: string, reading: Pick<ErbReading, 'refused'>): readonly Problem[] {
  return [...text.matchAll(MARK)].flatMap((match) => reading.refused[Number(match[1])] ?? []);
}

function fill(
  expression: string,
  env: Environment,
  origin: { place: string; line: number },
): string | Problem {
  const index = INDEX.exec(expression);
  const [, single, double, ...literal] =
    index ?? FETCH.exec(expression) ?? FETCH_BLOCK.exec(expression) ?? [];
  const variable = single ?? double;
  if (variable === undefined) return problem('error', 'erb_refused', {}, origin);
  const value = Object.hasOwn(env, variable) ? env[variable] : undefined;
  const details = { setting: 'the expression', variable };
  if (value?.includes('\n')) return problem('error', 'erb_lines', details, origin);
  if (value !== undefined) return value;
  // Ruby's ENV['X'] is nil, which ERB writes as nothing; ENV.fetch without a default raises KeyError.
  if (index !== null) return '';
  const fallback = literal[0] ?? literal[1] ?? literal[2]?.replace(/^nil$/, '').replaceAll('_', '');
  return fallback ?? problem('error', 'variable_unset', details, origin);
}

function linesIn(text: string): number {
  return text.split('\n').length - 1;
}
