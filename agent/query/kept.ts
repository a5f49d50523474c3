// Whether a text makes something temporary, and whether what it does to its server's process is all that it does.

import { DEMANDS, LIBRARY, TEMPORARY } from './effects.ts';
import type { Tokens } from './tokens.ts';
import { FUNCTIONS } from './words.ts';

const BEFORE_A_NAME: ReadonlySet<string> = new Set([
  'local',
  'global',
  'unlogged',
  'table',
  'if',
  'not',
  'exists',
]);

/**
 * Could the object with the name that follows be a temporary one? It says so, or its schema does; and without a schema
 * search_path decides, where pg_temp may stand in front.
 */
export function temporaryBits(tokens: Tokens, from: number): number {
  let i = from;
  for (; BEFORE_A_NAME.has(tokens.words[i] ?? '') && !tokens.is(i + 1, '.'); i++)
    if (tokens.isEnd(i + 1)) break;
  if (!tokens.is(i + 1, '.')) return TEMPORARY;
  for (; tokens.is(i + 1, '.'); i += 2) if (tokens.isTemporarySchema(i)) return TEMPORARY | DEMANDS;
  return 0;
}

const TEMPORARY_WORDS: ReadonlySet<string> = new Set(['temp', 'temporary']);

/** SELECT … INTO [LOCAL] TEMP [TABLE] t. */
export function isIntoTemporary(tokens: Tokens, from: number): boolean {
  const at = tokens.is(from, 'local') || tokens.is(from, 'global') ? from + 1 : from;
  return TEMPORARY_WORDS.has(tokens.words[at] ?? '') && !isBehindAName(tokens, at + 1);
}

/** SELECT … INTO temp FROM …: that is its name. */
function isBehindAName(tokens: Tokens, at: number): boolean {
  return tokens.isEnd(at) || MORE_OF_A_QUERY.has(tokens.words[at]!) || tokens.is(at, '.');
}

const MORE_OF_A_QUERY: ReadonlySet<string> = new Set(
  'from where group having window union intersect except order limit offset fetch for'.split(' '),
);

const CONNECTS = LIBRARY | DEMANDS;

/** SELECT dblink_connect(…), and nothing else: where that fails there is no connection. */
export function connectsOnce(tokens: Tokens, from: number): boolean {
  if (!tokens.is(from, 'select') || FUNCTIONS.get(tokens.words[from + 1] ?? '') !== CONNECTS) return false;
  return isOneCall(tokens, from + 2);
}

/** The bracket at this place is the last thing of the text, and nothing in it may be done more than once. */
function isOneCall(tokens: Tokens, at: number): boolean {
  let i = at;
  while (!tokens.isEnd(i + 1) && !tokens.is(i + 1, '(') && !tokens.is(i, ')')) i++;
  return tokens.is(at, '(') && tokens.is(i, ')') && tokens.isEnd(i + 1);
}
