// The tokens of one statement, and what they say when they are names and strings.

import * as lex from './lex.ts';

/** PostgreSQL cuts identifiers that are longer. */
const NAME_BYTES_MAX = 63;

const NOT_ASCII = /[\x80-\xff]/;
const UPPER = /[A-Z]/;
const EVERY_UPPER = /[A-Z]+/g;

/** PostgreSQL folds ASCII only, whatever the encoding. */
export function fold(name: string): string {
  return UPPER.test(name) ? name.replace(EVERY_UPPER, (letters) => letters.toLowerCase()) : name;
}

export class Tokens {
  readonly bytes: Uint8Array;
  /** Where the text begins. */
  readonly base: number;
  readonly isConforming: boolean;
  readonly kinds: number[] = [];
  readonly words: string[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  constructor(bytes: Uint8Array, base: number, isConforming: boolean) {
    this.bytes = bytes;
    this.base = base;
    this.isConforming = isConforming;
  }

  get length(): number {
    return this.kinds.length;
  }

  add(lexer: lex.Lexer): void {
    this.kinds.push(lexer.kind);
    this.words.push(lexer.word);
    this.starts.push(lexer.start);
    this.ends.push(lexer.end);
  }

  clear(): void {
    this.kinds.length = this.words.length = this.starts.length = this.ends.length = 0;
  }

  /** The keyword or symbol `word` is there; in quotes it would be a name. */
  is(index: number, word: string): boolean {
    return this.words[index] === word && this.kinds[index] !== lex.QUOTED;
  }

  /** Nothing stands behind what was read. */
  isEnd(index: number): boolean {
    return index >= this.kinds.length;
  }

  isName(index: number): boolean {
    const kind = this.kinds[index];
    return kind === lex.WORD || kind === lex.QUOTED || kind === lex.UNICODE_NAME;
  }

  isString(index: number): boolean {
    const kind = this.kinds[index];
    return kind === lex.STRING || kind === lex.ESCAPED || kind === lex.DOLLAR;
  }

  /** Is it the name of a schema of temporary objects: pg_temp or pg_temp_7? */
  isTemporarySchema(index: number): boolean {
    if (!this.isName(index)) return false;
    if (this.kinds[index] === lex.UNICODE_NAME) return true;
    return this.latin1(this.starts[index]!, this.ends[index]!)
      .replace('"', '')
      .toLowerCase()
      .startsWith('pg_temp');
  }

  /** An identifier as the server looks it up, its bytes as latin-1; undefined when it is not certain, or there is none. */
  nameAt(index: number): string | undefined {
    const kind = this.kinds[index];
    const written = this.latin1(this.starts[index]!, this.ends[index]!);
    if (kind === lex.QUOTED) return cut(written.slice(1, -1).replaceAll('""', '"'));
    return kind === lex.WORD ? cut(fold(written)) : undefined;
  }

  /** The same as text. */
  textNameAt(index: number): string | undefined {
    const name = this.nameAt(index);
    return name === undefined || !NOT_ASCII.test(name) ? name : decodeUtf8(Buffer.from(name, 'latin1'));
  }

  /** What a string says; undefined when it is not certain, or there is none. */
  stringAt(index: number): string | undefined {
    const [start, end] = [this.starts[index]!, this.ends[index]!];
    switch (this.kinds[index]) {
      case lex.DOLLAR: {
        const [from, to] = this.insideOfDollars(index);
        return decodeUtf8(this.bytes.subarray(from, to));
      }
      case lex.STRING:
        return decodeQuoted(this.bytes, start, end, false);
      case lex.ESCAPED:
        return decodeQuoted(this.bytes, start, end, true);
      default:
        return undefined;
    }
  }

  insideOfDollars(index: number): [number, number] {
    const start = this.starts[index]!;
    const length = this.bytes.indexOf(0x24, start + 1) + 1 - start;
    return [start + length, this.ends[index]! - length];
  }

  latin1(start: number, end: number): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start).toString('latin1');
  }
}

function cut(name: string): string | undefined {
  if (name.length <= NAME_BYTES_MAX) return name;
  // Where a letter of several bytes is cut depends on the encoding.
  return NOT_ASCII.test(name) ? undefined : name.slice(0, NAME_BYTES_MAX);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (!NOT_ASCII.test(text)) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @param start of the token: E or its first quote; @param end behind its last. */
function decodeQuoted(
  bytes: Uint8Array,
  start: number,
  end: number,
  hasEscapes: boolean,
): string | undefined {
  const out: number[] = [];
  let at = bytes.indexOf(0x27, start) + 1;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === 0x27) {
      if (bytes[at + 1] === 0x27 && at + 2 < end) {
        out.push(0x27);
        at += 2;
      } else at = nextPiece(bytes, at + 1, end);
    } else if (byte === 0x5c && hasEscapes) {
      at = readEscape(bytes, at + 1, out);
      if (at < 0) return undefined;
    } else {
      out.push(byte);
      at++;
    }
  }
  return decodeUtf8(Uint8Array.from(out));
}

/** Behind the first quote of the next piece; `end` when there is none. Comments between them may have quotes too. */
function nextPiece(bytes: Uint8Array, from: number, end: number): number {
  let isComment = false;
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x0a || byte === 0x0d) isComment = false;
    else if (byte === 0x2d) isComment = true;
    else if (byte === 0x27 && !isComment) return at + 1;
  }
  return end;
}

/** What stands for a control character behind a backslash. */
const CONTROLS: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);

/**
 * Behind the escape, or -1: what is no ASCII is written in the server's encoding, or as a code point of another, and a NUL
 * is refused.
 */
function readEscape(bytes: Uint8Array, at: number, out: number[]): number {
  const letter = bytes[at]!;
  const isOctal = letter >= 0x30 && letter <= 0x37;
  const digits = isOctal ? /^[0-7]{1,3}/ : DIGITS_OF.get(letter);
  if (digits === undefined) {
    out.push(CONTROLS.get(letter) ?? letter);
    return at + 1;
  }
  const from = isOctal ? at : at + 1;
  const found = digits.exec(Buffer.from(bytes.subarray(from, from + 8)).toString('latin1'))?.[0];
  if (found === undefined) {
    // \x without digits is an x; \u without them is refused.
    out.push(letter);
    return letter === 0x78 ? at + 1 : -1;
  }
  const code = Number.parseInt(found, isOctal ? 8 : 16);
  if (code === 0 || code > 0x7f) return -1;
  out.push(code);
  return from + found.length;
}

const DIGITS_OF: ReadonlyMap<number, RegExp> = new Map([
  [0x78, /^[0-9a-f]{1,2}/i],
  [0x75, /^[0-9a-f]{4}/i],
  [0x55, /^[0-9a-f]{8}/i],
]);
