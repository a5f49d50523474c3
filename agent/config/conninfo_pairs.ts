// A keyword=value connection string becomes libpq's words: blanks between them, quotes and backslashes within.

import type { ConninfoWords } from './conninfo_url.ts';

/**
 * PostgreSQL documentation, "Keyword/Value Connection Strings": a keyword ends at `=` or a blank, a bare value at a
 * blank, a quoted one at its quote; a backslash keeps the next character as it is. A keyword that is said twice means
 * what it says the second time.
 */
export function wordsOfPairs(text: string): ConninfoWords {
  const words = new Map<string, string>();
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const start = at;
    while (at < text.length && text[at] !== '=' && !isBlank(text[at])) at += 1;
    const keyword = text.slice(start, at);
    at = skipBlanks(text, at);
    if (text[at] !== '=')
      return {
        reason: `word ${words.size + 1} has no "=" behind it; put a value with blanks in single quotes`,
      };
    if (keyword === '') return { reason: `word ${words.size + 1} has no name in front of its "="` };
    at = skipBlanks(text, at + 1);
    const value = text[at] === "'" ? quotedValue(text, at + 1) : bareValue(text, at);
    if (value === undefined) return { reason: `the quote around "${keyword}" is never closed` };
    words.set(keyword, value.text);
    at = skipBlanks(text, value.end);
  }
  return { words: [...words] };
}

interface Value {
  readonly text: string;
  readonly end: number;
}

function quotedValue(text: string, start: number): Value | undefined {
  let value = '';
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "'") return { text: value, end: at + 1 };
    if (text[at] === '\\') at += 1;
    value += text[at] ?? '';
  }
  return undefined;
}

function bareValue(text: string, start: number): Value {
  let value = '';
  let at = start;
  for (; at < text.length && !isBlank(text[at]); at += 1) {
    if (text[at] === '\\') at += 1;
    value += text[at] ?? '';
  }
  return { text: value, end: at };
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (at < text.length && isBlank(text[at])) at += 1;
  return at;
}

/** C's isspace in the C locale, as libpq asks it. */
function isBlank(character: string | undefined): boolean {
  return character !== undefined && ' \t\n\v\f\r'.includes(character);
}
