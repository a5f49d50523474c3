// Run-time parameters of a session: what the server last reported, and what the client asked for at its start.

import { isReserved } from './reserved_words.ts';

/** Reported by the server, never to be set by a SET (PostgreSQL documentation, 55.2.7). */
const READ_ONLY: ReadonlySet<string> = new Set([
  'server_version',
  'server_encoding',
  'integer_datetimes',
  'is_superuser',
  'session_authorization',
  'in_hot_standby',
  'role',
]);

/** SET quotes each element of these, as a name (GUC_LIST_QUOTE in guc_tables.c; no extension may have one). */
const NAME_LISTS: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** Whose rights a session has, in the order in which they are taken: everything else is set before, and given up after. */
const IDENTITY = ['session_authorization', 'role'] as const;

/** Encodings of clients in which the second byte of a letter may look like ASCII (PostgreSQL documentation, 23.3). */
const UNSAFE: ReadonlySet<string> = new Set([
  'BIG5',
  'GB18030',
  'GBK',
  'JOHAB',
  'SJIS',
  'SHIFT_JIS_2004',
  'UHC',
]);

export const NOT_ASCII: RegExp = /[^\0-\x7f]/u;
/** Less the NUL. */
const IDENTIFIER_BYTES_MAX = 63;

const NONE: ReadonlyMap<string, string> = new Map();

/** By these the server reads a text once and for all, in its Parse: what a literal is, and which date or moment it means. */
const READ_BY = [
  'client_encoding',
  'standard_conforming_strings',
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
] as const;

/** The statements that have texts read by another `Parameters.reading`. None of them is a query, so that a SET TRANSACTION may still follow. */
export function readingSql(from: string, to: string, isLocal: boolean): string[] {
  const [has, wants] = [from.split('\0'), to.split('\0')];
  return READ_BY.flatMap((name, i) =>
    has[i] === wants[i] ? [] : [setting(name, wants[i]!, true, isLocal).slice(0, -1)],
  );
}

/**
 * Values by name, never edited: a change makes a new one. Two sessions that share the object agree for certain, which
 * is what makes the ordinary case of `difference()` one comparison.
 */
export class Parameters {
  /** Reported by ParameterStatus, under the server's own spelling. */
  readonly reported: ReadonlyMap<string, string>;
  /** Asked for in the startup packet, and not reported by the server: lower case name → value. */
  readonly unreported: ReadonlyMap<string, string>;
  /** How the server takes a text apart: is a backslash in a plain literal a letter like any other? Asked for every text, as the next. */
  readonly isConforming: boolean;
  /** Can a byte below 0x80 be taken for the letter that it looks like? Not in encodings whose letters end with such bytes. */
  readonly isAsciiSafe: boolean;
  /** Are its letters read as they are written? Asked for texts that have an effect. */
  readonly isUtf8: boolean;
  /** Does the server make other bytes of letters that are written in LATIN1? */
  readonly isLatin1: boolean;
  #reading: string | undefined;
  #spellings: ReadonlyMap<string, string> | undefined;

  constructor(reported: ReadonlyMap<string, string>, unreported: ReadonlyMap<string, string> = NONE) {
    this.reported = reported;
    this.unreported = unreported;
    this.isConforming = reported.get('standard_conforming_strings') !== 'off';
    const encoding = reported.get('client_encoding') ?? '';
    this.isAsciiSafe = !UNSAFE.has(encoding);
    this.isUtf8 = encoding === 'UTF8' || encoding === 'SQL_ASCII' || encoding === '';
    this.isLatin1 = encoding === 'LATIN1' && reported.get('server_encoding') !== 'SQL_ASCII';
  }

  /** Two of the same reading make the same statement of the same text. No value has a NUL, so that it ends with the last of five. */
  get reading(): string {
    this.#reading ??= READ_BY.map((name) => `${this.reported.get(name) ?? ''}\0`).join('');
    return this.#reading;
  }

  withReported(name: string, value: string): Parameters {
    if (this.reported.get(name) === value) return this;
    return new Parameters(new Map(this.reported).set(name, value), this.unreported);
  }

  withUnreported(unreported: ReadonlyMap<string, string>): Parameters {
    return new Parameters(this.reported, unreported);
  }

  /** With another value of what is not reported; undefined: as the server has it by itself. @param name in lower case. */
  withSetting(name: string, value: string | undefined): Parameters {
    if (this.unreported.get(name) === value) return this;
    const unreported = new Map(this.unreported);
    if (value === undefined) unreported.delete(name);
    else unreported.set(name, value);
    return new Parameters(this.reported, unreported);
  }

  /** Does the server report it by itself? @param name in lower case. */
  reports(name: string): boolean {
    return this.spellingOf(name) !== undefined;
  }

  /** The server's own spelling of what it reports; undefined: it does not. @param name in lower case. */
  spellingOf(name: string): string | undefined {
    this.#spellings ??= new Map([...this.reported.keys()].map((each) => [each.toLowerCase(), each]));
    return this.#spellings.get(name);
  }

  /** What the server reports; undefined: it does not. @param name in lower case. */
  reportedOf(name: string): string | undefined {
    const own = this.spellingOf(name);
    return own === undefined ? undefined : this.reported.get(own);
  }

  /**
   * Something may have set or reset what is not reported: whoever asked for a value sets it again, and whoever did not
   * resets it. A NUL can stand in no value, so that no client can ask for this one.
   */
  withUncertain(): Parameters {
    if (this.unreported.size === 0) return this;
    return new Parameters(this.reported, new Map([...this.unreported.keys()].map((name) => [name, '\0'])));
  }

  /** This session's start: `asked` (any spelling) over what the server reports by itself. */
  startWith(asked: ReadonlyMap<string, string>): Parameters {
    const spelling = new Map([...this.reported.keys()].map((name) => [name.toLowerCase(), name]));
    const reported = new Map(this.reported);
    const unreported = new Map<string, string>();
    for (const [name, value] of asked) {
      const own = spelling.get(name.toLowerCase());
      if (own !== undefined) reported.set(own, value);
      else unreported.set(name.toLowerCase(), value);
    }
    return new Parameters(reported, unreported);
  }
}

/**
 * Brings equal values to one object: of two that say the same, the one that was seen first goes on. Clients and servers
 * that meet often enough then all share it, and none of them compares names and values any more.
 */
export class Elders {
  readonly #ranks = new WeakMap<Parameters, number>();
  #next = 0;

  /** Undefined when they do not say the same. */
  elderOf(one: Parameters, other: Parameters): Parameters | undefined {
    if (!sameValues(one.reported, other.reported) || !sameValues(one.unreported, other.unreported))
      return undefined;
    return this.#rank(one) <= this.#rank(other) ? one : other;
  }

  #rank(parameters: Parameters): number {
    const known = this.#ranks.get(parameters);
    if (known !== undefined) return known;
    this.#ranks.set(parameters, this.#next);
    return this.#next++;
  }
}

/**
 * The statements that bring a server from `has` to `wants`, each with its semicolon; none when they agree already.
 * Only one round trip, because a simple Query of several SETs is one implicit transaction.
 */
export function difference(has: Parameters, wants: Parameters): string[] {
  if (has === wants) return [];
  const isAscii = has.reported.get('server_encoding') !== 'SQL_ASCII';
  const statements: string[] = [];
  for (const [name, value] of wants.reported) {
    if (has.reported.get(name) !== value && !READ_ONLY.has(name))
      statements.push(setting(name, value, isAscii));
  }
  for (const [name, value] of wants.unreported) {
    if (has.unreported.get(name) !== value && !isIdentity(name))
      statements.push(setting(name, value, isAscii));
  }
  for (const name of has.unreported.keys()) {
    if (!wants.unreported.has(name) && !isIdentity(name)) statements.push(resetting(name, isAscii));
  }
  return withIdentity(has.unreported, wants.unreported, statements, isAscii);
}

/** When a server that has `has` has done the `difference()`, does it have `wants` in every respect? Not where only the server can say what it has. */
export function isReached(has: Parameters, wants: Parameters): boolean {
  if (IDENTITY.some((name) => has.unreported.has(name) || wants.unreported.has(name))) return false;
  if (has.reported.size !== wants.reported.size) return false;
  for (const [name, value] of wants.reported)
    if (READ_ONLY.has(name) ? has.reported.get(name) !== value : !has.reported.has(name)) return false;
  return true;
}

/**
 * The same for a server on which somebody may have set anything: it is as at its start first.
 * @param start what servers report at their start.
 */
export function anew(has: Parameters, wants: Parameters, start: Parameters | undefined): string {
  const isAscii = has.reported.get('server_encoding') !== 'SQL_ASCII';
  let sql = 'RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL;';
  for (const [name, value] of wants.reported) {
    const isSame = has.reported.get(name) === value && start?.reported.get(name) === value;
    if (!isSame && !READ_ONLY.has(name)) sql += setting(name, value, isAscii);
  }
  return sql + settingSql(wants.unreported, has);
}

/** What a client may set is judged by the rights that it had before it took others. */
function withIdentity(
  has: ReadonlyMap<string, string>,
  wants: ReadonlyMap<string, string>,
  statements: string[],
  isAscii: boolean,
): string[] {
  if (statements.length === 0 && IDENTITY.every((name) => has.get(name) === wants.get(name)))
    return statements;
  const before = has.has('session_authorization')
    ? ['RESET SESSION AUTHORIZATION;', 'RESET ROLE;']
    : has.has('role')
      ? ['RESET ROLE;']
      : [];
  return [...before, ...statements, ...identity(wants, isAscii)];
}

function isIdentity(name: string): boolean {
  return name === 'role' || name === 'session_authorization';
}

/** Sets all of them, whatever is there. */
export function settingSql(wanted: ReadonlyMap<string, string>, at: Parameters): string {
  const isAscii = at.reported.get('server_encoding') !== 'SQL_ASCII';
  let sql = '';
  for (const [name, value] of wanted)
    if (!IDENTITY.includes(name as 'role')) sql += setting(name, value, isAscii);
  return sql + identity(wanted, isAscii).join('');
}

/**
 * Both may be there although the one may not take the other: a role that was taken with the rights of before, or of SET LOCAL, stays.
 * Whoever may take the one could always take the other at his start.
 */
function identity(wanted: ReadonlyMap<string, string>, isAscii: boolean): string[] {
  const [session, role] = IDENTITY.map((name) => wanted.get(name));
  const statements: string[] = [];
  if (session !== undefined) statements.push(setting('session_authorization', session, isAscii));
  if (session !== undefined && role !== undefined)
    statements.push('SET LOCAL SESSION AUTHORIZATION DEFAULT;');
  if (role !== undefined) statements.push(setting('role', role, isAscii));
  return statements;
}

/** The values of a SET as one, as set_config() takes it (PostgreSQL, flatten_set_variable_args()). @param name in lower case. */
export function flatten(name: string, values: readonly string[]): string {
  return (NAME_LISTS.has(name) ? values.map(quoteIdentifier) : values).join(', ');
}

/** What `flatten()` makes the list of, where it is spelled as that spells it. */
function namesOf(list: string): string[] {
  const names = list.match(/"(?:[^"]|"")*"|[^", ]+/g) ?? [];
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
}

/** A name is quoted where it has to be, and where PostgreSQL does it to be sure. */
function quoteIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !isReserved(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function sameValues(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one.size !== other.size) return false;
  for (const [name, value] of one) if (other.get(name) !== value) return false;
  return true;
}

/** One statement; no query, where that can be. */
export function setting(name: string, value: string, isAscii: boolean, isLocal = false): string {
  // Three times as cheap as a SELECT; but a list of names has to be told name by name.
  const values = NAME_LISTS.has(name) ? namesOf(value) : [value];
  const literals = values.map((each) => quoteLiteral(each, isAscii)).join(', ');
  if (isPlainName(name) && values.length > 0 && flatten(name, values) === value)
    return `SET ${isLocal ? 'LOCAL ' : ''}${quoteName(name)} TO ${literals};`;
  return `SELECT pg_catalog.set_config(${quoteLiteral(name, isAscii)}, ${quoteLiteral(value, isAscii)}, ${isLocal});`;
}

function resetting(name: string, isAscii: boolean): string {
  if (isPlainName(name)) return `RESET ${quoteName(name)};`;
  return `SELECT pg_catalog.set_config(${quoteLiteral(name, isAscii)}, NULL, false);`;
}

/** An identifier says it, in any encoding: PostgreSQL cuts those at NAMEDATALEN. */
function isPlainName(name: string): boolean {
  return !NOT_ASCII.test(name) && name.split('.').every((part) => part.length <= IDENTIFIER_BYTES_MAX);
}

function quoteName(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}

/**
 * A literal that means the same whatever standard_conforming_strings says; and with `isAscii`, whatever client_encoding the
 * client before left there: in SJIS, Big5 or GBK the backslash may be the second half of a letter, and so may the quote be
 * one's end. Only what is for a server that knows no letters (SQL_ASCII) is left as it is.
 */
export function quoteLiteral(value: string, isAscii: boolean): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  const isSpelled = isAscii && NOT_ASCII.test(value);
  if (!isSpelled && !value.includes('\\')) return quoted;
  const escaped = quoted.replaceAll('\\', '\\\\');
  return ` E${isSpelled ? escaped.replace(ALL_NOT_ASCII, spelled) : escaped}`;
}

const ALL_NOT_ASCII = /[^\0-\x7f]/gu;

function spelled(letter: string): string {
  return `\\U${letter.codePointAt(0)!.toString(16).padStart(8, '0')}`;
}
