// One quick pass over a text: most are a query that leaves nothing behind, and this says so without reading them properly.

import { addToHash, HASH_START, hashOf, SUSPECTS } from './words.ts';

/** What a glance finds. It may ask for a closer look in vain; it never says NOTHING of what has effects. */
export const SEES_NOTHING = 0;
export const SEES_ADVANCING = 1;
export const LOOK_CLOSER = 2;

/** A letter or `_` in lower case; a mark for the few other bytes that matter; 0 for what is between words. */
const MARK_MIN = 0x80;
const SEMICOLON = 0x80;
const QUOTE = 0x81;
const OF_BYTE: Readonly<Uint8Array> = classify();
/** By 13 bits of a word's hash: could it be one of the suspects? */
const SUSPICIOUS: Readonly<Uint8Array> = spread();

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
  let isFirst = true;
  let previous = 0;
  let sees = SEES_NOTHING;
  while (at < to) {
    const byte = OF_BYTE[bytes[at]!]!;
    if (byte === 0) {
      // Between a semicolon and a word only blanks may stand: a comment or a bracket there wants to be read properly.
      if (isFirst && bytes[at]! > 0x20) return LOOK_CLOSER;
      at++;
    } else if (byte < MARK_MIN) {
      let hash = HASH_START;
      let folded = byte;
      do {
        hash = addToHash(hash, folded);
        if (++at === to) break;
        folded = OF_BYTE[bytes[at]!]!;
      } while (folded !== 0 && folded < MARK_MIN);
      if (isFirst) {
        isFirst = false;
        if (hash === INSERT && previous === 0) sees = SEES_ADVANCING;
        else if (!isHarmless(hash)) {
          if (hash === ROLLBACK && isOver(bytes, at, to)) return sees;
          return LOOK_CLOSER;
        }
      } else if (SUSPICIOUS[slotOf(hash)] === 1 && !(hash === INTO && previous === INSERT))
        return LOOK_CLOSER;
      previous = hash;
    } else {
      // A name in U&"" may be any.
      if (byte === SEMICOLON) isFirst = true;
      else if (isFirst || bytes[at - 1] === 0x26) return LOOK_CLOSER;
      at++;
    }
  }
  return sees;
}

function isHarmless(hash: number): boolean {
  if (hash === SELECT || hash === UPDATE || hash === BEGIN || hash === COMMIT || hash === DELETE) return true;
  return HARMLESS.has(hash);
}

/** Only at the beginning is it certain that a comment is one, and not a part of a string. */
function skipToFirstWord(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at]!;
    if (byte === 0x2f && bytes[at + 1] === 0x2a) {
      const end = endOfFlatComment(bytes, at + 2, to);
      if (end < 0) return at;
      at = end;
    } else if (byte === 0x2d && bytes[at + 1] === 0x2d) {
      while (at < to && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at++;
    } else if (byte <= 0x20) at++;
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
    if (byte > 0x20 && byte !== 0x3b) return false;
  }
  return true;
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 13)) & 0x1fff;
}

function classify(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0x61; byte <= 0x7a; byte++) {
    table[byte] = byte;
    table[byte - 0x20] = byte;
  }
  table[0x5f] = 0x5f;
  table[0x3b] = SEMICOLON;
  table[0x22] = QUOTE;
  return table;
}

function spread(): Uint8Array {
  const table = new Uint8Array(0x2000);
  for (const word of SUSPECTS) table[slotOf(hashOf(word))] = 1;
  return table;
}
