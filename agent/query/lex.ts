// Cuts SQL into tokens as PostgreSQL's scanner does (src/backend/parser/scan.l), and into statements at their semicolons.

import { addToHash, HASH_START, KNOWN_WORDS } from './words.ts';

export const END = 0;
/** An identifier or keyword as it stands. */
export const WORD = 1;
/** "an identifier" */
export const QUOTED = 2;
/** U&"an identifier" */
export const UNICODE_NAME = 3;
/** 'a string' without escapes, in one piece. */
export const STRING = 4;
/** E'a string', or one whose backslashes are escapes because standard_conforming_strings is off. */
export const ESCAPED = 5;
/** $tag$a string$tag$ */
export const DOLLAR = 6;
/** U&'', B'', X'', N'': nobody here reads what is in them. */
export const OTHER_STRING = 7;
export const NUMBER = 8;
/** $1 */
export const PARAMETER = 9;
/** One byte of anything else: a bracket, a comma, each byte of an operator. */
export const SYMBOL = 10;

const LETTER = 1;
const DIGIT = 2;
const BLANK = 4;
const DOLLAR_SIGN = 8;

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const DOUBLE_QUOTE = 0x22;
const DOLLAR_BYTE = 0x24;
const QUOTE = 0x27;
const STAR = 0x2a;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

const OF_BYTE: Readonly<Uint8Array> = classify();

/** Reads one text from the front to the back; each `next()` replaces the fields. Its time is linear in the text. */
export class Lexer {
  readonly bytes: Uint8Array;
  readonly to: number;
  kind = END;
  /** Of the token. */
  start = 0;
  end = 0;
  /** A known word in lower case (`words.ts`), the symbol itself, or nothing. */
  word = '';
  /** A string, name or comment that does not end: PostgreSQL refuses the whole text before it runs any of it. */
  isUnterminated = false;
  /** The string is in several pieces, with blanks between them. */
  isContinued = false;
  readonly #isConforming: boolean;

  constructor(bytes: Uint8Array, from: number, to: number, isConforming: boolean) {
    this.bytes = bytes;
    this.end = from;
    this.to = to;
    this.#isConforming = isConforming;
  }

  /** False: the text is over, or goes no further (`isUnterminated`). */
  next(): boolean {
    const start = this.#skipBlanks(this.end);
    if (start >= this.to) {
      this.kind = END;
      return false;
    }
    this.start = start;
    this.word = '';
    const byte = this.bytes[start]!;
    const kind = OF_BYTE[byte]!;
    if ((kind & LETTER) !== 0) this.#readWord(start);
    else if ((kind & DIGIT) !== 0) this.#readNumber(start);
    else if (byte === QUOTE) this.#readString(start, !this.#isConforming);
    else if (byte === DOUBLE_QUOTE) this.#readName(start, QUOTED);
    else if (byte === DOLLAR_BYTE) this.#readDollar(start);
    else if (byte === DOT && (OF_BYTE[this.#at(start + 1)]! & DIGIT) !== 0) this.#readNumber(start);
    else this.#readSymbol(start);
    if (this.isUnterminated) this.kind = END;
    return !this.isUnterminated;
  }

  /** 0 behind the end, which is no byte of any token. */
  #at(index: number): number {
    return index < this.to ? this.bytes[index]! : 0;
  }

  #skipBlanks(from: number): number {
    let at = from;
    for (;;) {
      const byte = this.#at(at);
      if ((OF_BYTE[byte]! & BLANK) !== 0) at++;
      else if (byte === MINUS && this.#at(at + 1) === MINUS) at = this.#endOfLine(at);
      else if (byte === SLASH && this.#at(at + 1) === STAR) at = this.#skipComment(at);
      else return at;
    }
  }

  #endOfLine(from: number): number {
    let at = from;
    while (at < this.to && this.bytes[at] !== NEWLINE && this.bytes[at] !== RETURN) at++;
    return at;
  }

  /** Comments nest. */
  #skipComment(from: number): number {
    let depth = 1;
    for (let at = from + 2; at < this.to; at++) {
      const byte = this.bytes[at];
      if (byte === STAR && this.#at(at + 1) === SLASH) {
        at++;
        if (--depth === 0) return at + 1;
      } else if (byte === SLASH && this.#at(at + 1) === STAR) {
        at++;
        depth++;
      }
    }
    this.isUnterminated = true;
    return this.to;
  }

  #readSymbol(start: number): void {
    this.kind = SYMBOL;
    this.end = start + 1;
    this.word = SYMBOLS[this.bytes[start]!]!;
  }

  #readWord(start: number): void {
    const { bytes, to } = this;
    if (start + 1 < to && this.#readPrefixed(start)) return;
    let at = start;
    let hash = HASH_START;
    while (at < to) {
      const byte = bytes[at]!;
      if ((OF_BYTE[byte]! & (LETTER | DIGIT | DOLLAR_SIGN)) === 0) break;
      hash = addToHash(hash, byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
      at++;
    }
    this.kind = WORD;
    this.end = at;
    this.word = this.#knownWord(hash, start, at, true);
  }

  /** E'', B'', X'', N'', U&'' and U&"". */
  #readPrefixed(start: number): boolean {
    const next = this.bytes[start + 1]!;
    const letter = this.bytes[start]! | 0x20;
    if (next === QUOTE) {
      if (letter === 0x65) this.#readString(start + 1, true);
      // N'' is the word NCHAR and then a string like any other.
      else if (letter === 0x62 || letter === 0x78 || letter === 0x6e) {
        this.#readString(start + 1, letter === 0x6e && !this.#isConforming);
        this.kind = OTHER_STRING;
      } else return false;
      return true;
    }
    if (next !== 0x26 || letter !== 0x75) return false;
    const third = this.#at(start + 2);
    if (third === DOUBLE_QUOTE) this.#readName(start + 2, UNICODE_NAME);
    else if (third === QUOTE) {
      this.#readString(start + 2, false);
      this.kind = OTHER_STRING;
    } else return false;
    return true;
  }

  #readName(from: number, kind: number): void {
    this.kind = kind;
    let hash = HASH_START;
    for (let at = from + 1; at < this.to; at++) {
      const byte = this.bytes[at]!;
      if (byte === DOUBLE_QUOTE) {
        if (this.#at(at + 1) !== DOUBLE_QUOTE) {
          this.end = at + 1;
          if (kind === QUOTED) this.word = this.#knownWord(hash, from + 1, at, false);
          return;
        }
        at++;
      }
      hash = addToHash(hash, byte);
    }
    this.isUnterminated = true;
  }

  #knownWord(hash: number, start: number, end: number, isFolded: boolean): string {
    const word = KNOWN_WORDS.get(hash);
    if (word === undefined || word.length !== end - start) return '';
    for (let i = 0; i < word.length; i++) {
      const byte = this.bytes[start + i]!;
      const letter = isFolded && byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
      if (letter !== word.charCodeAt(i)) return '';
    }
    return word;
  }

  /** @param from where its quote is. Pieces with a newline between them are one string. */
  #readString(from: number, hasEscapes: boolean): void {
    this.kind = hasEscapes ? ESCAPED : STRING;
    this.isContinued = false;
    let at = from + 1;
    while (at < this.to) {
      const byte = this.bytes[at]!;
      if (byte === QUOTE) {
        if (this.#at(at + 1) === QUOTE) at += 2;
        else {
          this.end = at + 1;
          const more = this.#continuation(at + 1);
          if (more < 0) return;
          this.isContinued = true;
          at = more + 1;
        }
      } else if (byte === BACKSLASH && hasEscapes) at += 2;
      else at++;
    }
    this.isUnterminated = true;
  }

  /** Where the string's next piece begins, or -1: between them are blanks and `--` comments, and a newline at least. */
  #continuation(from: number): number {
    let hasNewline = false;
    for (let at = from; at < this.to; ) {
      const byte = this.bytes[at]!;
      if ((OF_BYTE[byte]! & BLANK) !== 0) {
        hasNewline ||= byte === NEWLINE || byte === RETURN;
        at++;
      } else if (byte === MINUS && this.#at(at + 1) === MINUS) at = this.#endOfLine(at);
      else return hasNewline && byte === QUOTE ? at : -1;
    }
    return -1;
  }

  #readNumber(start: number): void {
    let at = this.#skipDigits(start);
    if (this.#at(at) === DOT) at = this.#skipDigits(at + 1);
    if ((this.#at(at) | 0x20) === 0x65) {
      const sign = this.#at(at + 1);
      const digits = sign === 0x2b || sign === MINUS ? at + 2 : at + 1;
      const end = this.#skipDigits(digits);
      if (end > digits) at = end;
    }
    this.kind = NUMBER;
    this.end = at;
  }

  #skipDigits(from: number): number {
    let at = from;
    while ((OF_BYTE[this.#at(at)]! & DIGIT) !== 0) at++;
    return at;
  }

  /** $1, $$…$$, $tag$…$tag$, or a dollar that PostgreSQL does not know what to do with. */
  #readDollar(start: number): void {
    const digits = this.#skipDigits(start + 1);
    if (digits > start + 1) {
      this.kind = PARAMETER;
      this.end = digits;
      return;
    }
    let at = start + 1;
    while ((OF_BYTE[this.#at(at)]! & (LETTER | DIGIT)) !== 0) at++;
    if (this.#at(at) !== DOLLAR_BYTE) return this.#readSymbol(start);
    this.kind = DOLLAR;
    const found = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.to).indexOf(
      this.bytes.subarray(start, at + 1),
      at + 1,
    );
    if (found < 0) this.isUnterminated = true;
    else this.end = found + at + 1 - start;
  }
}

const SYMBOLS: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

function classify(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte >= 0x80;
    if (isLetter || byte === 0x5f) table[byte] = LETTER;
    else if (byte >= 0x30 && byte <= 0x39) table[byte] = DIGIT;
    else if (byte === 0x20 || (byte >= TAB && byte <= RETURN)) table[byte] = BLANK;
    else if (byte === DOLLAR_BYTE) table[byte] = DOLLAR_SIGN;
  }
  return table;
}
