// One quick pass over a text: most are a query that leaves nothing behind, and this says so without reading them properly.

import { addToHash, HASH_START, hashOf, SUSPECTS } from './words.ts';

/** What a glance finds. It may ask for a closer look in vain; it never says NOTHING of what has effects. */
export const SEES_NOTHING = 0;
export const SEES_ADVANCING = 1;
export const LOOK_CLOSER = 2;

/** What a byte is: a letter or `_`, one of the two others that matter, or something between words. */
const BETWEEN = 0;
const LETTER = 1;
const SEMICOLON = 2;
const QUOTE = 3;
const OF_BYTE: Readonly<Uint8Array> = classify();
/** By a word's length, first and last letter: could it be one of the suspects? Most words need no closer look than that. */
const SUSPICIOUS: Readonly<Uint8Array> = spread();
const SUSPECT_HASHES: ReadonlySet<number> = new Set(SUSPECTS.map(hashOf));

const [INSERT, INTO, ROLLBACK, UPDATE] = [
  hashOf('insert'),
  hashOf('into'),
  hashOf('rollback'),
  hashOf('update'),
];
const [SELECT, DELETE, BEGIN, COMMIT] = [
  hashOf('select'),
  hashOf('delete'),
  hashOf('begin'),
  hashOf('commit'),
];
/** The rest of what may begin a statement that does nothing to its session. */
const HARMLESS: ReadonlySet<number> = new Set(
  ['with', 'values', 'table', 'show', 'fetch', 'move', 'start', 'end', 'abort'].map(hashOf),
);

/**
 * Every word of the text is looked at, wherever it stands (in strings and comments too), and so is the first word behind
 * each semicolon. What is no letter ends a word, so that nothing can be hidden by what stands before it.
 */
export function glance(bytes: Uint8Array, from: number, to: number): number {
  let at = skipToFirstWord(bytes, from, to);
  if (at >= to) return SEES_NOTHING;
  let sees = SEES_NOTHING;
  let isFirst = true;
  const begin = at;
  while (at < to) {
    const kind = OF_BYTE[bytes[at]!]!;
    if (kind === LETTER) {
      const start = at;
      do at++;
      while (at < to && OF_BYTE[bytes[at]!] === LETTER);
      if (isFirst) {
        isFirst = false;
        if (at < to && goesOn(bytes[at]!)) return LOOK_CLOSER;
        const hash = hashAt(bytes, start, at);
        if (hash === INSERT && start === begin) {
          sees = SEES_ADVANCING;
          at = skipInto(bytes, at, to);
        } else if (!isHarmless(hash)) {
          return hash === ROLLBACK && isOver(bytes, at, to) ? sees : LOOK_CLOSER;
        }
      } else if (SUSPICIOUS[slotOf(bytes[start]!, bytes[at - 1]!, at - start)] === 1) {
        if (SUSPECT_HASHES.has(hashAt(bytes, start, at))) return LOOK_CLOSER;
      }
    } else {
      // Between a semicolon and a word only blanks may stand: a comment or a bracket there wants to be read properly.
      if (kind === SEMICOLON) isFirst = true;
      else if (isFirst && !isBlank(bytes[at]!)) return LOOK_CLOSER;
      // A name in U&"" may be any.
      else if (kind === QUOTE && bytes[at - 1] === 0x26) return LOOK_CLOSER;
      at++;
    }
  }
  return sees;
}

const NAMING: ReadonlySet<number> = new Set(
  ['prepare', 'execute', 'deallocate', 'explain', 'create'].map(hashOf),
);

/**
 * Does the text begin with a word behind which prepared statements are called by their names? A part of it is given; undefined
 * when that is too little to say so.
 */
export function beginsNaming(bytes: Uint8Array, from: number, to: number): boolean | undefined {
  const start = skipToFirstWord(bytes, from, to);
  let at = start;
  while (at < to && OF_BYTE[bytes[at]!] === LETTER) at++;
  return at === to || bytes[start] === 0x2f ? undefined : NAMING.has(hashAt(bytes, start, at));
}

/** The INTO of INSERT; any other may be the one of SELECT. */
function skipInto(bytes: Uint8Array, from: number, to: number): number {
  let start = from;
  while (start < to && isBlank(bytes[start]!)) start++;
  let at = start;
  while (at < to && OF_BYTE[bytes[at]!] === LETTER) at++;
  return hashAt(bytes, start, at) === INTO ? at : from;
}

function hashAt(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    hash = addToHash(hash, byte === 0x5f ? byte : byte | 0x20);
  }
  return hash;
}

function isHarmless(hash: number): boolean {
  if (hash === SELECT || hash === UPDATE || hash === BEGIN || hash === COMMIT || hash === DELETE) return true;
  return HARMLESS.has(hash);
}

/** Only at the beginning is it certain that a comment is one, and not a part of a string. */
export function skipToFirstWord(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at]!;
    if (byte === 0x2f && bytes[at + 1] === 0x2a) {
      const end = endOfFlatComment(bytes, at + 2, to);
      if (end < 0) return at;
      at = end;
    } else if (byte === 0x2d && bytes[at + 1] === 0x2d) {
      while (at < to && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at++;
    } else if (isBlank(byte)) at++;
    else return at;
  }
  return at;
}

/** Behind the comment; -1 where another begins in it, or it does not end. */
function endOfFlatComment(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at + 1 < to; at++) {
    const byte = bytes[at]!;
    if (byte === 0x2a && bytes[at + 1] === 0x2f) return at + 2;
    if (byte === 0x2f && bytes[at + 1] === 0x2a) return -1;
  }
  return -1;
}

/** Nothing but blanks and semicolons is left. */
function isOver(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (!isBlank(byte) && byte !== 0x3b) return false;
  }
  return true;
}

/** What may stand in an identifier, though not at its beginning, or is a letter of another script. */
function goesOn(byte: number): boolean {
  return byte >= 0x80 || byte === 0x24 || (byte >= 0x30 && byte <= 0x39);
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function slotOf(first: number, last: number, length: number): number {
  return ((first & 0x1f) << 5) | (last & 0x1f) | ((length < 31 ? length : 31) << 10);
}

function classify(): Uint8Array {
  const table = new Uint8Array(256).fill(BETWEEN);
  for (let byte = 0x61; byte <= 0x7a; byte++) {
    table[byte] = LETTER;
    table[byte - 0x20] = LETTER;
  }
  table[0x5f] = LETTER;
  table[0x3b] = SEMICOLON;
  table[0x22] = QUOTE;
  return table;
}

function spread(): Uint8Array {
  const table = new Uint8Array(0x8000);
  for (const word of SUSPECTS)
    table[slotOf(word.charCodeAt(0), word.charCodeAt(word.length - 1), word.length)] = 1;
  return table;
}
