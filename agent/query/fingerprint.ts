// The fingerprint of a text: what it says without the values in it, so that all calls of it are the same, and a log may show it.

import * as lex from './lex.ts';

/** It is cut there; what is alike so far is held to be the same. */
const LENGTH_MAX = 300;
/** How far a text is read for it. */
const TEXT_BYTES_MAX = 65_536;

const VALUE = '?';
/** Behind this nothing is shown. */
const CUT = ' …';
const QUOTE = 0x27;
const BACKSLASH = 0x5c;

/**
 * Values and parameters are `?`, several in a row are one, comments are left out, and words without quotes are in lower case. It is
 * the same whatever the session's settings are: where those decide what is a value and what is none, it ends.
 */
export function fingerprintOf(bytes: Uint8Array, from: number, to: number): string {
  const end = Math.min(to, from + TEXT_BYTES_MAX);
  const lexer = new lex.Lexer(bytes, from, end, true);
  const pieces: string[] = [];
  let length = 0;
  let last = lex.END;
  let lastEnd = -1;
  while (lexer.next() && length <= LENGTH_MAX) {
    const { kind, start } = lexer;
    const isBehind = start === lastEnd && (kind === lex.WORD || kind === lex.NUMBER);
    // A quote inside of a value was not doubled: what follows may be the rest of the value.
    if (isBehind && isQuoted(last)) return pieces.join(' ') + CUT;
    // 0xff and 1_000 are numbers too.
    if (!(isBehind && isNumber(last))) {
      length += add(pieces, pieceOf(lexer));
      last = kind;
    }
    lastEnd = lexer.end;
    if (isAmbiguous(lexer)) return pieces.join(' ') + CUT;
  }
  // What does not end is a comment, or a value.
  if (lexer.isUnterminated && pieces.at(-1) !== VALUE) pieces.push(VALUE);
  const text = pieces.join(' ');
  return text.length <= LENGTH_MAX ? text : text.slice(0, LENGTH_MAX) + CUT;
}

function pieceOf({ kind, word, bytes, start, end }: lex.Lexer): string {
  switch (kind) {
    case lex.WORD:
      return Buffer.from(bytes.subarray(start, Math.min(end, start + LENGTH_MAX)))
        .toString()
        .toLowerCase();
    case lex.QUOTED:
    case lex.UNICODE_NAME:
      return Buffer.from(bytes.subarray(start, Math.min(end, start + LENGTH_MAX))).toString();
    case lex.SYMBOL:
      return bytes[start]! < 0x80 ? word : VALUE;
    default:
      return VALUE;
  }
}

/** Of `? , ?` one is left, and of `( ? ) , ( ? )` as well: how many values there are is no matter. Gives by how much it got longer. */
function add(pieces: string[], piece: string): number {
  if (piece === VALUE && endsWith(pieces, [VALUE, ','])) {
    pieces.pop();
    return 0;
  }
  if (piece === ')' && endsWith(pieces, ['(', VALUE, ')', ',', '(', VALUE])) {
    pieces.length -= 3;
    return 0;
  }
  pieces.push(piece);
  return piece.length + 1;
}

function endsWith(pieces: readonly string[], tail: readonly string[]): boolean {
  return tail.every((each, i) => pieces[pieces.length - tail.length + i] === each);
}

/**
 * Would another session take the value to end elsewhere? A backslash before a quote may be an escape (standard_conforming_strings),
 * and behind a byte of another script it may be the second half of a letter (SJIS, BIG5, GBK).
 */
function isAmbiguous({ kind, bytes, start, end }: lex.Lexer): boolean {
  if (!isQuoted(kind) || kind === lex.DOLLAR) return false;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== BACKSLASH) continue;
    if (kind === lex.ESCAPED ? bytes[at - 1]! >= 0x80 : bytes[at + 1] === QUOTE) return true;
  }
  return false;
}

function isQuoted(kind: number): boolean {
  return kind === lex.STRING || kind === lex.OTHER_STRING || kind === lex.ESCAPED || kind === lex.DOLLAR;
}

function isNumber(kind: number): boolean {
  return kind === lex.NUMBER || kind === lex.PARAMETER;
}
