// The one question that a server is asked when nobody can tell from a text what it has left behind: in SQL, and what the answer says.

import { CURSORS, LISTENS, LOCKS, SETTINGS, STATEMENTS, TEMPORARY, UNNAMED } from '../query/effects.ts';
import { type Parameters, quoteLiteral } from './parameters.ts';
import type { Pin } from './pins.ts';
import { isSameValue } from './same_value.ts';

/** What the server has of what it was asked about. */
export interface Findings {
  /** Bits of `Effects`: what the question was about. */
  readonly asked: number;
  readonly pins: ReadonlySet<Pin>;
  /** Settings that are not as the session began with: lower case name → value. Only when SETTINGS was asked about. */
  readonly settings: ReadonlyMap<string, string>;
  /** How many shared statements are there, and how many under such a name that SQL has made. Only when STATEMENTS was asked about. */
  readonly shared: number;
  readonly bySql: number;
}

/** More rows than this are not kept of any answer. */
const ROWS_MAX = 2_000;

/**
 * Each of them gives rows of two texts, a pin and NULL or `set NAME` and a value, and costs little where nothing is there. Every
 * operator is said with its schema: a client may have others of the same names in front of them in its search_path.
 */
const PARTS: readonly (readonly [bit: number, sql: string])[] = [
  [
    LOCKS,
    "SELECT 'advisory_lock', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() AND mode <> 'SIReadLock')",
  ],
  [
    TEMPORARY,
    // 2615 is pg_namespace: whatever is in the schema depends on it, which is how DISCARD TEMP finds it too.
    "SELECT 'temporary_object', NULL WHERE pg_catalog.pg_my_temp_schema() <> 0 AND EXISTS (SELECT FROM pg_catalog.pg_depend WHERE refclassid = 2615 AND refobjid = pg_catalog.pg_my_temp_schema())",
  ],
  [CURSORS, "SELECT 'cursor', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)"],
  [LISTENS, "SELECT 'listen', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_listening_channels())"],
  [
    STATEMENTS,
    "SELECT 'prepared_statement', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql AND name !~ '^pgsidecar_')" +
      " UNION ALL SELECT 'shared', pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_prepared_statements WHERE NOT from_sql AND name ~ '^pgsidecar_'" +
      " UNION ALL SELECT 'shared by sql', pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_prepared_statements WHERE from_sql AND name ~ '^pgsidecar_'",
  ],
  [
    UNNAMED,
    // Of statement_timeout what the session began with: what it is, is asked before.
    "SELECT 'set ' || pg_catalog.lower(name), CASE WHEN name = 'statement_timeout' THEN reset_val || 'ms' ELSE pg_catalog.current_setting(name) END" +
      " FROM pg_catalog.pg_settings WHERE (source = 'session' OR name = 'statement_timeout')" +
      " AND name <> 'transaction_isolation' AND name <> 'transaction_read_only' AND name <> 'transaction_deferrable'" +
      " UNION ALL SELECT 'set role', pg_catalog.current_setting('role') WHERE pg_catalog.current_setting('role') <> 'none'",
  ],
].map(([bit, sql]) => [bit as number, qualified(sql as string)] as const);

/** No literal of ours has a blank on either side of such a symbol. */
function qualified(sql: string): string {
  return sql.replace(/ (=|<>|~|!~|\|\|) /g, ' OPERATOR(pg_catalog.$1) ');
}

/** However little time the client gives its own statements. From then on that is what the server says of it. */
const IN_TIME = 'SET LOCAL statement_timeout TO 0;';
const IN_DIGITS =
  "SELECT what, CASE WHEN pg_catalog.left(what, 4) OPERATOR(pg_catalog.=) 'set ' THEN pg_catalog.encode(pg_catalog.convert_to(value, 'UTF8'), 'hex') ELSE value END FROM";
const BEFORE_THAT = "SELECT 'timeout', pg_catalog.current_setting('statement_timeout');";

/**
 * @param names settings that are asked for by name, where SETTINGS is: those that the text names, and, where it names none (UNNAMED), those
 * that pg_settings does not show, custom ones such as `app.tenant`. @param isUtf8 the server answers in letters that can be read; otherwise values
 * come as the hexadecimal digits of their bytes.
 */
export function inquirySql(bits: number, names: Iterable<string>, isUtf8 = true): string {
  const parts = PARTS.filter(([bit]) => (bits & bit) !== 0).map(([, sql]) => sql);
  if ((bits & SETTINGS) !== 0)
    for (const name of names) {
      const literal = quoteLiteral(name, true);
      const value = `pg_catalog.current_setting(${literal}, true)`;
      // One of an extension's is in the view like any other.
      const isHidden =
        (bits & UNNAMED) === 0 || !name.includes('.')
          ? ''
          : ` AND NOT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE pg_catalog.lower(name) OPERATOR(pg_catalog.=) ${literal})`;
      parts.push(
        `SELECT ${quoteLiteral(`set ${name}`, true)}, ${value} WHERE ${value} OPERATOR(pg_catalog.<>) ''${isHidden}`,
      );
    }
  if (parts.length === 0) return '';
  const all = parts.join(' UNION ALL ');
  if ((bits & SETTINGS) === 0) return IN_TIME + all;
  return BEFORE_THAT + IN_TIME + (isUtf8 ? all : `${IN_DIGITS} (${all}) AS all_of_it (what, value)`);
}

/** With those settings of an application's own that an operator tracks, or the client has set: no view shows them. */
export function withHidden(
  names: Iterable<string>,
  tracked: readonly string[],
  current: Parameters,
): ReadonlySet<string> {
  const all = new Set(names);
  for (const name of tracked) if (name.includes('.')) all.add(name.toLowerCase());
  for (const name of current.unreported.keys()) if (name.includes('.')) all.add(name);
  return all;
}

/** Reads the answer, row by row. */
export class Answers {
  readonly #asked: number;
  readonly #pins = new Set<Pin>();
  readonly #settings = new Map<string, string>();
  #shared = 0;
  #bySql = 0;
  #rows = 0;
  #timeout: string | undefined;

  readonly #isUtf8: boolean;

  constructor(asked: number, isUtf8 = true) {
    this.#asked = asked;
    this.#isUtf8 = isUtf8;
  }

  /** @param values of the two columns; NULL is undefined. */
  onRow(values: readonly (string | undefined)[]): void {
    const [what, value] = values;
    // What was injected beside it has answers of one column.
    if (values.length !== 2 || what === undefined || this.#rows++ >= ROWS_MAX) return;
    if (what.startsWith('set ')) this.#settings.set(what.slice(4), this.#read(value ?? ''));
    else if (what === 'timeout') this.#timeout = value;
    else if (what === 'shared') this.#shared = Number(value);
    else if (what === 'shared by sql') this.#bySql = Number(value);
    else this.#pins.add(what as Pin);
  }

  #read(value: string): string {
    return this.#isUtf8 ? value : Buffer.from(value, 'hex').toString('utf8');
  }

  get findings(): Findings {
    return {
      ...{ asked: this.#asked, pins: this.#pins, settings: this.#foundSettings },
      ...{ shared: this.#shared, bySql: this.#bySql },
    };
  }

  /** The question has a statement_timeout of its own. */
  get #foundSettings(): ReadonlyMap<string, string> {
    const timeout = this.#timeout;
    const found = this.#settings.get(TIMEOUT);
    if (timeout === undefined || found === undefined) return this.#settings;
    const settings = new Map(this.#settings);
    if ((this.#asked & UNNAMED) !== 0 && isSameValue(timeout, found)) settings.delete(TIMEOUT);
    else settings.set(TIMEOUT, timeout);
    return settings;
  }
}

const TIMEOUT = 'statement_timeout';
