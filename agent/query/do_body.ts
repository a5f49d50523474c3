// Reads what a DO block may leave behind: its body's words, without PL/pgSQL's grammar.

import { SETTINGS, type StatementEffects, UNKNOWN, UNNAMED } from './effects.ts';
import { DOLLAR, Lexer, QUOTED, UNICODE_NAME } from './lex.ts';
import type { Tokens } from './tokens.ts';
import { BODY_WORDS, FUNCTIONS } from './words.ts';

/** @param at the word DO */
export function readDo(tokens: Tokens, at: number): StatementEffects {
  let bits = -1;
  for (let i = at + 1; i < tokens.length; i++) {
    if (tokens.is(i, 'language')) {
      i++;
      const language = tokens.isString(i) ? tokens.stringAt(i) : tokens.textNameAt(i);
      if (language !== 'plpgsql') return { bits: UNKNOWN, actions: [] };
    } else if (tokens.isString(i) && bits < 0) bits = readBody(tokens, i);
    else return { bits: UNKNOWN, actions: [] };
  }
  return { bits: bits < 0 ? UNKNOWN : bits, actions: [] };
}

function readBody(tokens: Tokens, index: number): number {
  if (tokens.kinds[index] === DOLLAR) {
    const [from, to] = tokens.insideOfDollars(index);
    return bitsOf(new Lexer(tokens.bytes, from, to, tokens.isConforming));
  }
  const text = tokens.stringAt(index);
  if (text === undefined) return UNKNOWN;
  const bytes = Buffer.from(text, 'utf8');
  return bitsOf(new Lexer(bytes, 0, bytes.length, tokens.isConforming));
}

/** Behind these a statement begins: SET is one there, and elsewhere a part of UPDATE. */
const BEGINNINGS: ReadonlySet<string> = new Set([';', 'begin', 'then', 'else', 'loop', '>']);

function bitsOf(lexer: Lexer): number {
  let bits = 0;
  let before = '';
  /** What it would be if it is called. */
  let called = 0;
  let isPerformed = false;
  let isFirst = true;
  while (lexer.next()) {
    const { word, kind } = lexer;
    if (word === '(') bits |= called;
    called = kind === UNICODE_NAME ? UNKNOWN : (FUNCTIONS.get(word) ?? 0);
    // PERFORM of a function that is known is a call like any other.
    if (isPerformed && called === 0) bits |= UNKNOWN;
    isPerformed = false;
    if (kind !== QUOTED) {
      if (word === 'perform') isPerformed = true;
      else bits |= BODY_WORDS.get(word) ?? 0;
      if (word === 'set' && (isFirst || BEGINNINGS.has(before))) bits |= SETTINGS | UNNAMED;
    }
    // A word without a meaning is no beginning.
    before = word === '' ? '?' : word;
    isFirst = false;
  }
  return lexer.isUnterminated ? UNKNOWN : bits;
}
