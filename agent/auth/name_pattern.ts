// What a word of pg_hba.conf or pg_ident.conf says about a name: this one, every one, or those that fit a regular expression.

import type { HbaWord } from './hba_words.ts';

export type NamePattern =
  | { readonly kind: 'all' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'expression'; readonly expression: RegExp };

/**
 * A name in a startup packet may be longer than any that exists, and the time of a bad expression grows with it.
 * PostgreSQL's own names end at 63 bytes; longer ones fit nothing here, and so come in nowhere.
 */
export const NAME_CHARS_MAX = 255;

/**
 * As PostgreSQL 16: a slash begins a regular expression, in quotes too, and it may fit anywhere in the name. It is
 * JavaScript's, with its `u` flag: what only PostgreSQL knows (`\m`, `[[:alpha:]]`) is a mistake there and not another meaning.
 *
 * @returns a sentence's end, what was expected, when the expression is none.
 */
export function readNamePattern(word: HbaWord): NamePattern | string {
  if (!word.quoted && word.text === 'all') return { kind: 'all' };
  if (!word.text.startsWith('/')) return { kind: 'name', name: word.text };
  const expression = readExpression(word.text);
  return typeof expression === 'string' ? expression : { kind: 'expression', expression };
}

/** Of `/…`. */
export function readExpression(text: string): RegExp | string {
  try {
    return new RegExp(text.slice(1), 'us');
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: (\/.*\/[a-z]*: )?/, '');
    return `a regular expression behind the slash as JavaScript reads it (${reason})`;
  }
}

export function fitsName(pattern: NamePattern, name: string): boolean {
  switch (pattern.kind) {
    case 'all':
      return true;
    case 'name':
      return pattern.name === name;
    case 'expression':
      return pattern.expression.test(name);
  }
}
