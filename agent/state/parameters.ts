// Run-time parameters of a session: what the server last reported, and what the client asked for at its start.

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

const NONE: ReadonlyMap<string, string> = new Map();

/** By these the server reads a text once and for all, in its Parse: what a literal is, and which date or moment it means. */
const READ_BY = [
  'client_encoding',
  'standard_conforming_strings',
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
] as const;

/**
 * Values by name, never edited: a change makes a new one. Two sessions that share the object agree for certain, which
 * is what makes the ordinary case of `difference()` one comparison.
 */
export class Parameters {
  /** Reported by ParameterStatus, under the server's own spelling. */
  readonly reported: ReadonlyMap<string, string>;
  /** Asked for in the startup packet, and not reported by the server: lower case name → value. */
  readonly unreported: ReadonlyMap<string, string>;
  #reading: string | undefined;

  constructor(reported: ReadonlyMap<string, string>, unreported: ReadonlyMap<string, string> = NONE) {
    this.reported = reported;
    this.unreported = unreported;
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
 * The SQL that brings a server from `has` to `wants`; empty when they agree already.
 * Only one round trip, because a simple Query of several SETs is one implicit transaction.
 */
export function difference(has: Parameters, wants: Parameters): string {
  if (has === wants) return '';
  let sql = '';
  const isAscii = has.reported.get('server_encoding') !== 'SQL_ASCII';
  for (const [name, value] of wants.reported) {
    if (has.reported.get(name) !== value && !READ_ONLY.has(name)) sql += setting(name, value, isAscii);
  }
  for (const [name, value] of wants.unreported) {
    if (has.unreported.get(name) !== value) sql += setting(name, value, isAscii);
  }
  for (const name of has.unreported.keys()) {
    if (!wants.unreported.has(name)) sql += `RESET ${quoteName(name)};`;
  }
  return sql;
}

function sameValues(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one.size !== other.size) return false;
  for (const [name, value] of one) if (other.get(name) !== value) return false;
  return true;
}

function setting(name: string, value: string, isAscii: boolean): string {
  // A list like search_path must not be quoted as one name: set_config() takes the value as the startup packet has it.
  return `SELECT pg_catalog.set_config(${quoteLiteral(name, isAscii)}, ${quoteLiteral(value, isAscii)}, false);`;
}

function quoteName(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}

/**
 * A literal that means the same whatever standard_conforming_strings says; and with `isAscii`, whatever client_encoding the
 * client before left there: in SJIS, Big5 or GBK the backslash may be the second half of a letter. What could not be
 * decoded is left as it is, and so is all that is for a server that knows no letters (SQL_ASCII).
 */
function quoteLiteral(value: string, isAscii: boolean): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  const isSpelled = isAscii && NOT_ASCII.test(value) && !value.includes('\ufffd');
  if (!isSpelled && !value.includes('\\')) return quoted;
  const escaped = quoted.replaceAll('\\', '\\\\');
  return ` E${isSpelled ? escaped.replace(ALL_NOT_ASCII, spelled) : escaped}`;
}

const NOT_ASCII = /[^\0-\x7f]/u;
const ALL_NOT_ASCII = /[^\0-\x7f]/gu;

function spelled(letter: string): string {
  return `\\U${letter.codePointAt(0)!.toString(16).padStart(8, '0')}`;
}
