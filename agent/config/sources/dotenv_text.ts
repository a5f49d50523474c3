// One .env file becomes its entries: dotenv reads the values, and tells, by a trick, on which line each one stands.

import { parse } from 'dotenv';
import { type Problem, problem } from '../../base/errors.ts';
import type { Origin } from '../../base/origin.ts';

/** dotenv's expression goes back and forth over blank lines; within these bounds it takes no noticeable time. */
export const DOTENV_CHARS_MAX = 64 * 1024;
export const DOTENV_LINES_MAX = 2_000;

export interface DotenvEntry {
  readonly key: string;
  /** As dotenv gives it: without quotes, comments and `export`, not yet expanded. */
  readonly value: string;
  readonly origin: Origin;
  /** In single quotes: `$` means nothing there. */
  readonly literal: boolean;
  /** A bare value went on behind a # that no blank stands in front of: `p#w` is `p` to dotenv. */
  readonly cut: boolean;
}

export interface DotenvReading {
  /** In the order of the lines; of a key that is set twice, the last. */
  readonly entries: readonly DotenvEntry[];
  readonly problems: readonly Problem[];
}

// Wherever dotenv may find a key: at the beginning of a line, behind blanks and `export`, in front of `=` or `: `.
const KEY = /(^\s*(?:export\s+)?)([\w.-]+)(?=\s*=|:\s)/gm;

/** Never throws. */
export function parseDotenv(written: string, path: string): DotenvReading {
  const text = written.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const lines = text.split('\n').length;
  if (text.length > DOTENV_CHARS_MAX || lines > DOTENV_LINES_MAX) {
    const limits = `${DOTENV_LINES_MAX} lines (DOTENV_LINES_MAX) and ${DOTENV_CHARS_MAX} characters (DOTENV_CHARS_MAX)`;
    const reason = `it has ${lines} lines and ${text.length} characters, and at most ${limits} are read`;
    return { entries: [], problems: [problem('error', 'dotenv_limit', { reason }, { place: path })] };
  }
  const values = parse(text);
  const found = new Map<string, DotenvEntry>();
  for (const { key, line, end } of assignments(text)) {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value === undefined) continue;
    const start = end + (/^(?:\s*=|:\s)/.exec(text.slice(end))?.[0].length ?? 0);
    const literal = /^\s*'/.test(text.slice(start)) && !value.startsWith("'");
    const cut = isCut(text, start);
    found.delete(key);
    found.set(key, { key, value, origin: { place: path, line, key }, literal, cut });
  }
  return { entries: [...found.values()], problems: [] };
}

/** A bare value on the line from `start` on, with a # in it that no blank stands in front of. */
function isCut(text: string, start: number): boolean {
  const lineEnd = text.indexOf('\n', start);
  const line = text.slice(start, lineEnd === -1 ? undefined : lineEnd);
  const hash = line.indexOf('#');
  return hash !== -1 && !/^\s*['"`]/.test(line) && !/\s/.test(text[start + hash - 1] ?? ' ');
}

/**
 * What looks like an assignment may be a line of a quoted value, and only dotenv knows. So each candidate's key gets its
 * own number, dotenv reads that text, and the numbered keys that it finds are the assignments. A number behind a key
 * changes nothing else: not where quotes open and close, nor where lines end.
 */
function assignments(text: string): readonly { key: string; line: number; end: number }[] {
  const candidates = new Map<string, { key: string; line: number; end: number }>();
  let line = 1;
  let counted = 0;
  const numbered = text.replace(KEY, (_, lead: string, key: string, at: number) => {
    const start = at + lead.length;
    for (; counted < start; counted += 1) if (text[counted] === '\n') line += 1;
    const name = `${key}.${candidates.size}`;
    candidates.set(name, { key, line, end: start + key.length });
    return `${lead}${name}`;
  });
  const read = parse(numbered);
  return [...candidates].flatMap(([name, candidate]) => (Object.hasOwn(read, name) ? [candidate] : []));
}
