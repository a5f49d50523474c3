// Reads what a text of SQL does to the session that runs it, statement by statement, as far as it has to be read.

import { readDo } from './do_body.ts';
import {
  type Action,
  ADVANCES,
  ADVANCING,
  ANYTHING,
  CURSORS,
  DEMANDS,
  type Effects,
  LIBRARY,
  LISTENS,
  LOCKS,
  type Naming,
  NOTHING,
  NOTIFIES,
  SETTINGS,
  STATEMENTS,
  type StatementEffects,
  TEMPORARY,
  UNKNOWN,
  UNNAMED,
  UNREAD,
  WHOLE,
} from './effects.ts';
import { glance, LOOK_CLOSER, SEES_NOTHING } from './glance.ts';
import { connectsOnce, isIntoTemporary, temporaryBits } from './kept.ts';
import { QUOTED, UNICODE_NAME } from './lex.ts';
import { isLocalCall, readCall, readReset, readSet, readSetConfigs } from './settings.ts';
import { StatementReader } from './statements.ts';
import type { Tokens } from './tokens.ts';
import { FUNCTIONS, MANNERS, type Manner, SCHEMA_OBJECTS, SHARED_OBJECTS } from './words.ts';

/**
 * @param from where the text begins in `bytes`; @param to where it ends, without its NUL.
 * @param isConforming standard_conforming_strings is on, as it is by default.
 * @param isAsciiSafe false where client_encoding is SJIS, SHIFT_JIS_2004, BIG5, GBK, UHC, GB18030 or JOHAB: there a byte of a
 *   letter can look like a backslash.
 */
export function readEffects(
  bytes: Uint8Array,
  from: number,
  to: number,
  isConforming: boolean,
  isAsciiSafe: boolean,
): Effects {
  const seen = glance(bytes, from, to);
  if (seen !== LOOK_CLOSER) return seen === SEES_NOTHING ? NOTHING : ADVANCING;
  if (!isAsciiSafe && hasHighByte(bytes, from, to)) return UNREAD;
  return readClosely(bytes, from, to, isConforming);
}

/** The same without the glance. */
export function readClosely(bytes: Uint8Array, from: number, to: number, isConforming: boolean): Effects {
  const reader = new StatementReader(bytes, from, to, isConforming);
  const statements: StatementEffects[] = [];
  let bits = 0;
  let hasActions = false;
  for (let tokens = reader.next(); tokens !== undefined; tokens = reader.next()) {
    const effects = readStatement(tokens);
    bits |= effects.bits;
    hasActions ||= effects.actions.length > 0;
    statements.push(effects);
    if (statements.length > STATEMENTS_MAX) return UNREAD;
  }
  // PostgreSQL reads the whole text before it runs any of it.
  if (reader.isRefused) return NOTHING;
  if (!hasActions && bits === 0) return NOTHING;
  if (!hasActions && bits === ADVANCES) return ADVANCING;
  return { bits, statements, isSingle: statements.length === 1 };
}

/** More are not told apart. */
export const STATEMENTS_MAX = 10_000;

export function hasHighByte(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at]! > 0x7f) return true;
  return false;
}

/** Statements with more calls of set_config() are asked about, not followed. */
const CHANGES_MAX = 100;

const HARMLESS: StatementEffects = { bits: 0, actions: [] };

/** One statement, whatever stands beside it. */
export function readStatement(tokens: Tokens): StatementEffects {
  if (tokens.is(0, 'select')) {
    const actions = readSetConfigs(tokens, 0);
    if (actions !== undefined) return { bits: 0, actions };
  }
  const effects = readFrom(tokens, 0);
  // Of what PREPARE prepares nothing runs yet.
  return effects.actions[0]?.kind === 'prepare' ? effects : withCalls(tokens, 0, effects);
}

/** A statement, or what EXPLAIN and PREPARE have in them. @param at its first word */
function readFrom(tokens: Tokens, at: number): StatementEffects {
  const manner = tokens.kinds[at] === QUOTED ? undefined : MANNERS.get(tokens.words[at] ?? '');
  return manner === undefined ? { bits: UNKNOWN, actions: [] } : READERS[manner](tokens, at);
}

const READERS: Readonly<Record<Manner, (tokens: Tokens, at: number) => StatementEffects>> = {
  plain: () => HARMLESS,
  query: readQuery,
  write: () => ({ bits: ADVANCES, actions: [] }),
  anything: () => ({ bits: UNKNOWN, actions: [] }),
  temporary: () => ({ bits: TEMPORARY, actions: [] }),
  alter: readAlter,
  close: () => ({ bits: CURSORS, actions: [] }),
  copy: readCopy,
  create: readCreate,
  deallocate: readDeallocate,
  declare: (tokens, at) => ({ bits: holds(tokens, at) ? CURSORS | DEMANDS : 0, actions: [] }),
  discard: readDiscard,
  do: readDo,
  execute: (tokens, at) => naming(tokens, 'execute', at + 1),
  explain: readExplain,
  listen: readListen,
  load: () => ({ bits: LIBRARY | DEMANDS | WHOLE, actions: [] }),
  notify: () => ({ bits: NOTIFIES, actions: [] }),
  prepare: readPrepare,
  release: (tokens, at) => savepoint(tokens, 'release', skipNoise(tokens, at + 1)),
  reset: readReset,
  rollback: readRollback,
  savepoint: (tokens, at) => savepoint(tokens, 'savepoint', at + 1),
  set: readSet,
  unlisten: readUnlisten,
};

/** And what is called in it, wherever that stands. */
function withCalls(tokens: Tokens, from: number, effects: StatementEffects): StatementEffects {
  let bits = effects.bits;
  const actions = [...effects.actions];
  for (let i = from; i < tokens.length - 1; i++) {
    const word = tokens.words[i]!;
    if (tokens.kinds[i] === UNICODE_NAME && tokens.is(i + 1, '(')) bits |= UNKNOWN;
    if (word.length < 2) continue;
    const found = FUNCTIONS.get(word);
    if (found === undefined || !tokens.is(i + 1, '(')) continue;
    if (word !== 'set_config') bits |= found;
    else if ((bits & UNNAMED) !== 0) continue;
    else if (actions.length >= CHANGES_MAX) bits |= SETTINGS | UNNAMED;
    else if (!isLocalCall(tokens, i + 1)) {
      const call = readCall(tokens, i + 1);
      bits |= call.bits;
      actions.push(...call.actions);
    }
  }
  if (connectsOnce(tokens, from)) bits |= WHOLE;
  return bits === effects.bits ? effects : { bits, actions };
}

/** SELECT may say INTO, and WITH may write. An UPDATE of pg_settings is a SET. */
function readQuery(tokens: Tokens, at: number): StatementEffects {
  let bits = 0;
  let updates = false;
  for (let i = at; i < tokens.length; i++) {
    updates ||= tokens.is(i, 'update');
    if (updates && tokens.words[i] === 'pg_settings') bits |= SETTINGS | UNNAMED;
    if (tokens.is(i, 'insert') || tokens.is(i, 'merge')) bits |= ADVANCES;
    if (
      !tokens.is(i, 'into') ||
      tokens.is(i - 1, '.') ||
      tokens.is(i - 1, 'insert') ||
      tokens.is(i - 1, 'merge')
    )
      continue;
    bits |= temporaryBits(tokens, i + 1);
    if (isIntoTemporary(tokens, i + 1)) bits |= DEMANDS;
  }
  return bits === 0 ? HARMLESS : { bits, actions: [] };
}

function readCopy(tokens: Tokens, at: number): StatementEffects {
  let depth = 0;
  for (let i = at; i < tokens.length; i++) {
    if (tokens.is(i, '(')) depth++;
    else if (tokens.is(i, ')')) depth--;
    const advances = depth === 0 ? tokens.is(i, 'from') : tokens.is(i, 'insert') || tokens.is(i, 'merge');
    if (advances) return { bits: ADVANCES, actions: [] };
  }
  return HARMLESS;
}

const ALTERED: ReadonlySet<string> = new Set([
  'default',
  'foreign',
  'large',
  'materialized',
  'routine',
  'system',
]);

/** Nothing of a session's, but for what an extension's script may do. */
function readAlter(tokens: Tokens, at: number): StatementEffects {
  const kind = tokens.words[at + 1] ?? '';
  const isKnown = ALTERED.has(kind) || SHARED_OBJECTS.has(kind) || SCHEMA_OBJECTS.has(kind);
  return isKnown ? HARMLESS : { bits: UNKNOWN, actions: [] };
}

const BEFORE_AN_OBJECT: ReadonlySet<string> = new Set([
  ...[
    'or',
    'replace',
    'global',
    'local',
    'unlogged',
    'temp',
    'temporary',
    'recursive',
    'materialized',
    'default',
  ],
  'foreign',
]);

function readCreate(tokens: Tokens, at: number): StatementEffects {
  let i = at + 1;
  let bits = 0;
  for (; BEFORE_AN_OBJECT.has(tokens.words[i] ?? ''); i++) {
    if (tokens.is(i, 'temp') || tokens.is(i, 'temporary')) bits = TEMPORARY | DEMANDS;
  }
  const kind = tokens.words[i] ?? '';
  const offset = SCHEMA_OBJECTS.get(kind);
  // A wrapper of foreign data.
  if (tokens.is(i, 'data')) return HARMLESS;
  if (offset === undefined) {
    return SHARED_OBJECTS.has(kind) ? HARMLESS : { bits: UNKNOWN, actions: [] };
  }
  const isFamily = kind === 'operator' && (tokens.is(i + 1, 'class') || tokens.is(i + 1, 'family'));
  bits |= temporaryBits(tokens, isFamily ? i + 2 : i + offset);
  if (kind !== 'table' && kind !== 'view') return { bits, actions: [] };
  for (let next = i; next < tokens.length - 1; next++) {
    // It ends with its transaction, which may be this statement's own.
    if (tokens.is(next, 'commit') && tokens.is(next - 1, 'on') && tokens.is(next + 1, 'drop'))
      bits &= ~DEMANDS;
    if (!tokens.is(next, 'as')) continue;
    if (!tokens.is(next + 1, 'execute')) break;
    const { bits: more, actions } = naming(tokens, 'execute', next + 2);
    return { bits: bits | more, actions };
  }
  return { bits, actions: [] };
}

/** EXPLAIN (ANALYZE, …) or EXPLAIN ANALYZE VERBOSE, and then a statement, which may be run. */
function readExplain(tokens: Tokens, at: number): StatementEffects {
  let i = at + 1;
  if (tokens.is(i, '(')) {
    let depth = 0;
    do {
      if (tokens.is(i, '(')) depth++;
      else if (tokens.is(i, ')')) depth--;
      i++;
    } while (depth > 0 && i < tokens.length);
    // EXPLAIN (SELECT 1) UNION …: no word that begins a statement is the name of an option.
    if (MANNERS.get(tokens.words[at + 2] ?? '') === 'query' && !tokens.is(at + 2, 'analyze')) i = at + 1;
  }
  while (['analyze', 'analyse', 'verbose'].some((word) => tokens.is(i, word))) i++;
  // None of these is what may be explained, and so they do not nest.
  return ['explain', 'prepare'].some((word) => tokens.is(i, word)) ? HARMLESS : readFrom(tokens, i);
}

function readPrepare(tokens: Tokens, at: number): StatementEffects {
  const name = at + 1;
  // PREPARE TRANSACTION 'x'
  if (tokens.is(name, 'transaction') && !tokens.is(name + 1, '(') && !tokens.is(name + 1, 'as'))
    return HARMLESS;
  let i = name + 1;
  while (i < tokens.length && !tokens.is(i, 'as')) i++;
  const manner = MANNERS.get(tokens.words[i + 1] ?? '');
  // Anything else cannot be prepared.
  const isPreparable = manner === 'query' || manner === 'write';
  const prepared = isPreparable ? readFrom(tokens, i + 1) : { bits: UNKNOWN, actions: [] };
  return naming(tokens, 'prepare', name, withCalls(tokens, i + 1, prepared), i + 1);
}

function readDeallocate(tokens: Tokens, at: number): StatementEffects {
  // PREPARE is noise, unless it is the name itself.
  const i = tokens.is(at + 1, 'prepare') && !tokens.isEnd(at + 2) ? at + 2 : at + 1;
  if (tokens.is(i, 'all')) return { bits: 0, actions: [{ kind: 'deallocate_all' }] };
  return naming(tokens, 'deallocate', i);
}

function naming(
  tokens: Tokens,
  kind: Naming['kind'],
  at: number,
  prepares?: StatementEffects,
  inner = tokens.length,
): StatementEffects {
  const name = tokens.isName(at) ? tokens.nameAt(at) : undefined;
  if (name === undefined) return { bits: kind === 'execute' ? UNKNOWN : STATEMENTS, actions: [] };
  const place = { from: tokens.starts[at]! - tokens.base, to: tokens.ends[at]! - tokens.base };
  const [start, end] = [tokens.starts[0]! - tokens.base, tokens.ends.at(-1)! - tokens.base];
  const action: Naming = {
    ...{ kind, name, ...place, start, end },
    ...(tokens.is(0, kind) ? {} : { isInside: true }),
    ...(prepares === undefined ? {} : { prepares }),
    ...(inner < tokens.length ? { inner: tokens.starts[inner]! - tokens.base } : {}),
  };
  return { bits: 0, actions: [action] };
}

function holds(tokens: Tokens, at: number): boolean {
  for (let i = at + 2; i < tokens.length - 2; i++) {
    if (tokens.is(i, 'cursor')) return tokens.is(i + 1, 'with') && tokens.is(i + 2, 'hold');
  }
  return false;
}

function readDiscard(tokens: Tokens, at: number): StatementEffects {
  const what = tokens.words[at + 1];
  switch (what) {
    case 'all':
      return { bits: LOCKS | TEMPORARY | CURSORS, actions: [{ kind: 'discard', what }] };
    case 'temp':
    case 'temporary':
      return { bits: TEMPORARY, actions: [{ kind: 'discard', what: 'temp' }] };
    case 'plans':
    case 'sequences':
      return { bits: 0, actions: [{ kind: 'discard', what }] };
    default:
      return { bits: ANYTHING, actions: [] };
  }
}

function readListen(tokens: Tokens, at: number): StatementEffects {
  const channel = tokens.textNameAt(at + 1);
  if (channel === undefined) return { bits: LISTENS, actions: [] };
  const place = { from: tokens.starts[at]! - tokens.base, to: tokens.ends[at]! - tokens.base };
  return { bits: 0, actions: [{ kind: 'listen', channel, ...place }] };
}

function readUnlisten(tokens: Tokens, at: number): StatementEffects {
  const isAll = tokens.is(at + 1, '*');
  const channel = isAll ? undefined : tokens.textNameAt(at + 1);
  if (!isAll && channel === undefined) return { bits: LISTENS, actions: [] };
  return { bits: 0, actions: [{ kind: 'unlisten', channel }] };
}

/** ROLLBACK, ROLLBACK PREPARED 'x', ROLLBACK [WORK] TO [SAVEPOINT] x */
function readRollback(tokens: Tokens, at: number): StatementEffects {
  const i = tokens.is(at + 1, 'work') || tokens.is(at + 1, 'transaction') ? at + 2 : at + 1;
  return tokens.is(i, 'to') ? savepoint(tokens, 'rollback_to', skipNoise(tokens, i + 1)) : HARMLESS;
}

/** The word SAVEPOINT, unless it is the name itself. */
function skipNoise(tokens: Tokens, at: number): number {
  return tokens.is(at, 'savepoint') && !tokens.isEnd(at + 1) ? at + 1 : at;
}

function savepoint(
  tokens: Tokens,
  kind: 'savepoint' | 'release' | 'rollback_to',
  at: number,
): StatementEffects {
  const name = tokens.isName(at) ? tokens.nameAt(at) : undefined;
  // With a name that nobody can compare, nothing is certain of what stays and what is undone.
  if (name === undefined) return { bits: ANYTHING, actions: [] };
  const action: Action = { kind, name };
  return { bits: 0, actions: [action] };
}
