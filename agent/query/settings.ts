// Reads SET, RESET and set_config(): which setting gets which value, said exactly or not at all.

import { type Action, SETTINGS, type StatementEffects, UNNAMED } from './effects.ts';
import { NUMBER, STRING, SYMBOL, WORD } from './lex.ts';
import { fold, type Tokens } from './tokens.ts';

const NO_EFFECTS: StatementEffects = { bits: 0, actions: [] };
/** Some setting changes, and it cannot be said which. */
const UNCERTAIN: StatementEffects = { bits: SETTINGS | UNNAMED, actions: [] };

/** These end with their transaction, whatever SET says of the session; or are an order and no value, which no RESET takes back. */
const OF_TRANSACTION: ReadonlySet<string> = new Set([
  'seed',
  'transaction_isolation',
  'transaction_read_only',
  'transaction_deferrable',
]);

const INT32_MAX = 2_147_483_647;
/** A longer call is not looked through. */
const CALL_TOKENS_MAX = 200;

/** @param at the word SET */
export function readSet(tokens: Tokens, at: number): StatementEffects {
  let i = at + 1;
  if (tokens.is(i, 'local') && !isAssigned(tokens, i + 1)) return readLocal(tokens, i + 1);
  if (tokens.is(i, 'session') && !isAssigned(tokens, i + 1) && !isOfSession(tokens, i + 1)) i++;
  if (isAssigned(tokens, i + 1)) return readAssignment(tokens, i);
  switch (tokens.words[i]) {
    case 'transaction':
    case 'constraints':
      return NO_EFFECTS;
    case 'session':
      if (tokens.is(i + 1, 'authorization')) return readOne(tokens, 'session_authorization', i + 2);
      return readCharacteristics(tokens, i + 2);
    case 'role':
      return readOne(tokens, 'role', i + 1);
    case 'schema':
      return readOne(tokens, 'search_path', i + 1);
    case 'names':
      return tokens.isEnd(i + 1) ? resets('client_encoding') : readOne(tokens, 'client_encoding', i + 1);
    case 'time':
      return tokens.is(i + 1, 'zone') ? readTimeZone(tokens, i + 2) : UNCERTAIN;
    case 'xml':
      return tokens.is(i + 1, 'option') ? readOne(tokens, 'xmloption', i + 2) : UNCERTAIN;
    default:
      return UNCERTAIN;
  }
}

/** It ends with its transaction. But its DEFAULT is what the session began with. @param from behind SET LOCAL */
function readLocal(tokens: Tokens, from: number): StatementEffects {
  const isZone = tokens.is(from, 'time') && tokens.is(from + 1, 'zone');
  const name = isZone ? { value: 'timezone', next: from + 2 } : readVariable(tokens, from);
  if (name === undefined) return NO_EFFECTS;
  const at = isZone ? name.next : name.next + 1;
  if (!isZone && !isAssigned(tokens, name.next)) return NO_EFFECTS;
  const isDefault = tokens.is(at, 'default') || (isZone && tokens.is(at, 'local'));
  if (!isDefault || !tokens.isEnd(at + 1)) return NO_EFFECTS;
  return { bits: 0, actions: [{ kind: 'reset_local', name: name.value }] };
}

/** @param at the word RESET */
export function readReset(tokens: Tokens, at: number): StatementEffects {
  const i = at + 1;
  const isLast = tokens.isEnd(i + 1);
  if (tokens.is(i, 'all') && isLast) return { bits: 0, actions: [{ kind: 'reset_all' }] };
  if (tokens.is(i, 'time') && tokens.is(i + 1, 'zone') && tokens.isEnd(i + 2)) return resets('timezone');
  if (tokens.is(i, 'session') && tokens.is(i + 1, 'authorization') && tokens.isEnd(i + 2))
    return resets('session_authorization');
  if (tokens.is(i, 'transaction') && tokens.is(i + 1, 'isolation')) return NO_EFFECTS;
  const name = readVariable(tokens, i);
  return name !== undefined && tokens.isEnd(name.next) ? resets(name.value) : UNCERTAIN;
}

/** The text says which, but not what it will be. */
function changes(name: string): StatementEffects {
  if (OF_TRANSACTION.has(name)) return NO_EFFECTS;
  // The server reports it, and is not asked by its name.
  if (name === 'session_authorization') return UNCERTAIN;
  return { bits: SETTINGS, actions: [{ kind: 'change', name }] };
}

interface Read {
  readonly value: string;
  /** The token behind it. */
  readonly next: number;
}

/** `SET session = x` sets something called session. */
function isAssigned(tokens: Tokens, index: number): boolean {
  return ['=', 'to', '.', 'from'].some((word) => tokens.is(index, word));
}

function isOfSession(tokens: Tokens, index: number): boolean {
  return tokens.is(index, 'characteristics') || tokens.is(index, 'authorization');
}

function resets(name: string): StatementEffects {
  return OF_TRANSACTION.has(name) ? NO_EFFECTS : { bits: 0, actions: [{ kind: 'reset', name }] };
}

function sets(name: string, values: readonly string[]): StatementEffects {
  return OF_TRANSACTION.has(name) ? NO_EFFECTS : { bits: 0, actions: [{ kind: 'set', name, values }] };
}

/** A name, with dots or without. */
function readVariable(tokens: Tokens, from: number): Read | undefined {
  let name = tokens.textNameAt(from);
  let i = from + 1;
  while (name !== undefined && tokens.is(i, '.')) {
    const part = tokens.textNameAt(i + 1);
    name = part === undefined ? undefined : `${name}.${part}`;
    i += 2;
  }
  if (name === undefined) return undefined;
  return { value: fold(name), next: i };
}

/** SET x TO a, 'b', 3 */
function readAssignment(tokens: Tokens, from: number): StatementEffects {
  const name = readVariable(tokens, from);
  if (name === undefined) return UNCERTAIN;
  let i = name.next + 1;
  if (!tokens.is(name.next, '=') && !tokens.is(name.next, 'to')) return changes(name.value);
  if (tokens.is(i, 'default')) return tokens.isEnd(i + 1) ? resets(name.value) : changes(name.value);
  const values: string[] = [];
  for (;;) {
    const value = readValue(tokens, i);
    if (value === undefined) return changes(name.value);
    values.push(value.value);
    i = value.next;
    if (tokens.isEnd(i)) return sets(name.value, values);
    if (!tokens.is(i, ',')) return changes(name.value);
    i++;
  }
}

/** Forms that take one value and nothing else. */
function readOne(tokens: Tokens, name: string, at: number): StatementEffects {
  if (!tokens.isEnd(at + 1)) return changes(name);
  if (tokens.is(at, 'default')) return resets(name);
  const value = readValue(tokens, at);
  return value === undefined ? changes(name) : sets(name, [value.value]);
}

/** A word, a string or a number, as PostgreSQL has it when it has flattened the list. */
function readValue(tokens: Tokens, at: number): Read | undefined {
  if (tokens.isString(at)) return readAs(tokens.stringAt(at), at + 1);
  if (tokens.isName(at)) return readAs(tokens.textNameAt(at), at + 1);
  const isSigned = tokens.is(at, '-') || tokens.is(at, '+');
  const i = isSigned ? at + 1 : at;
  if (tokens.kinds[i] !== NUMBER) return undefined;
  const written = tokens.latin1(tokens.starts[i]!, tokens.ends[i]!);
  // 0x1f and 1_000 are two tokens here, and so are left to the server. 010 is ten.
  if (tokens.starts[i + 1] === tokens.ends[i]! && tokens.kinds[i + 1] !== SYMBOL) return undefined;
  const isWhole = /^\d+$/.test(written) && Number(written) <= INT32_MAX;
  const number = isWhole ? String(Number(written)) : written;
  return readAs(tokens.is(at, '-') && number !== '0' ? `-${number}` : number, i + 1);
}

function readAs(value: string | undefined, next: number): Read | undefined {
  return value === undefined ? undefined : { value, next };
}

function readTimeZone(tokens: Tokens, at: number): StatementEffects {
  if (tokens.is(at, 'local') && tokens.isEnd(at + 1)) return resets('timezone');
  if (!tokens.is(at, 'interval')) {
    const value = readValue(tokens, at);
    if (tokens.is(at, 'default')) return readOne(tokens, 'timezone', at);
    return value !== undefined && tokens.isEnd(value.next)
      ? sets('timezone', [value.value])
      : changes('timezone');
  }
  // The setting takes an interval in these words too, but knows nothing of its fields: only +HH:MM means the same without.
  const offset = tokens.kinds[at + 1] === STRING ? tokens.stringAt(at + 1) : undefined;
  if (offset === undefined || !/^[-+]\d{1,2}:\d{2}$/.test(offset)) return changes('timezone');
  const i = at + 2;
  const isPlain = tokens.isEnd(i);
  const hasFields = tokens.is(i, 'hour') && tokens.is(i + 1, 'to') && tokens.is(i + 2, 'minute');
  if (!isPlain && !(hasFields && tokens.isEnd(i + 3))) return changes('timezone');
  return sets('timezone', [`INTERVAL '${offset}'`]);
}

/** @param from behind SESSION CHARACTERISTICS */
function readCharacteristics(tokens: Tokens, from: number): StatementEffects {
  if (!tokens.is(from, 'as') || !tokens.is(from + 1, 'transaction')) return UNCERTAIN;
  const actions: Action[] = [];
  let i = from + 2;
  while (!tokens.isEnd(i)) {
    const rest = [0, 1, 2, 3].map((offset) =>
      tokens.kinds[i + offset] === WORD ? tokens.words[i + offset] : '',
    );
    const mode = MODES.find(({ words }) => words.every((word, index) => rest[index] === word));
    if (mode === undefined) return UNCERTAIN;
    actions.push({ kind: 'set', name: `default_transaction_${mode.name}`, values: [mode.value] });
    i += mode.words.length;
    if (tokens.is(i, ',')) i++;
  }
  return actions.length > 0 ? { bits: 0, actions } : UNCERTAIN;
}

const MODES: readonly { readonly words: readonly string[]; readonly name: string; readonly value: string }[] =
  [
    ...['serializable', 'repeatable read', 'read committed', 'read uncommitted'].map((value) => ({
      words: ['isolation', 'level', ...value.split(' ')],
      name: 'isolation',
      value,
    })),
    { words: ['read', 'only'], name: 'read_only', value: 'on' },
    { words: ['read', 'write'], name: 'read_only', value: 'off' },
    { words: ['deferrable'], name: 'deferrable', value: 'on' },
    { words: ['not', 'deferrable'], name: 'deferrable', value: 'off' },
  ];

/**
 * SELECT set_config('x', 'y', false), set_config(…) AS z, with constants and nothing else.
 * @param at the word SELECT
 */
export function readSetConfigs(tokens: Tokens, at: number): readonly Action[] | undefined {
  const actions: Action[] = [];
  for (let i = at + 1; ; i++) {
    if (tokens.is(i, 'pg_catalog') && tokens.is(i + 1, '.')) i += 2;
    if (!tokens.is(i, 'set_config') || !tokens.is(i + 1, '(')) return undefined;
    const name = readConstant(tokens, i + 2);
    if (name === undefined || !tokens.is(name.next, ',')) return undefined;
    const isNull = tokens.is(name.next + 1, 'null');
    const value = isNull ? { value: '', next: name.next + 2 } : readConstant(tokens, name.next + 1);
    if (value === undefined || !tokens.is(value.next, ',')) return undefined;
    const isLocal = tokens.is(value.next + 1, 'true');
    if (!isLocal && !tokens.is(value.next + 1, 'false')) return undefined;
    const close = skipCast(tokens, value.next + 2, ['bool', 'boolean']);
    if (!tokens.is(close, ')')) return undefined;
    const setting = fold(name.value);
    if (isNull && !OF_TRANSACTION.has(setting))
      actions.push({ kind: isLocal ? 'reset_local' : 'reset', name: setting });
    else if (!isLocal && !OF_TRANSACTION.has(setting))
      actions.push({ kind: 'config', name: setting, value: value.value });
    i = close + 1;
    if (tokens.is(i, 'as')) i++;
    if (tokens.isName(i)) i++;
    if (tokens.isEnd(i)) return actions;
    if (!tokens.is(i, ',')) return undefined;
  }
}

/** A call that cannot be followed: still it may say which setting it is. @param at its opening bracket */
export function readCall(tokens: Tokens, at: number): StatementEffects {
  const name = readConstant(tokens, at + 1);
  return name !== undefined && tokens.is(name.next, ',') ? changes(fold(name.value)) : UNCERTAIN;
}

/** set_config(…, true) ends with its transaction, whatever the first two say. @param at its opening bracket */
export function isLocalCall(tokens: Tokens, at: number): boolean {
  let depth = 1;
  let commas = 0;
  for (let i = at + 1; i < Math.min(tokens.length, at + CALL_TOKENS_MAX); i++) {
    if (tokens.is(i, '(') || tokens.is(i, '[')) depth++;
    else if (tokens.is(i, ')') || tokens.is(i, ']')) depth--;
    if (depth === 0) return false;
    if (depth > 1 || !tokens.is(i, ',') || ++commas < 2) continue;
    return tokens.is(i + 1, 'true') && tokens.is(skipCast(tokens, i + 2, ['bool', 'boolean']), ')');
  }
  return false;
}

function readConstant(tokens: Tokens, at: number): Read | undefined {
  const value = tokens.stringAt(at);
  return value === undefined ? undefined : { value, next: skipCast(tokens, at + 1, ['text', 'varchar']) };
}

function skipCast(tokens: Tokens, at: number, types: readonly string[]): number {
  if (!tokens.is(at, ':') || !tokens.is(at + 1, ':')) return at;
  const type = tokens.is(at + 2, 'pg_catalog') && tokens.is(at + 3, '.') ? at + 4 : at + 2;
  return types.some((name) => tokens.is(type, name)) ? type + 1 : at;
}
