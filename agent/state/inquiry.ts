// The one question that a server is asked when nobody can tell from a text what it has left behind: in SQL, and what the answer says.

import { CURSORS, LISTENS, LOCKS, SETTINGS, STATEMENTS, TEMPORARY, UNNAMED } from '../query/effects.ts';
import { quoteLiteral } from './parameters.ts';
import type { Pin } from './pins.ts';

/** What the server has of what it was asked about. */
export interface Findings {
  /** Bits of `Effects`: what the question was about. */
  readonly asked: number;
  readonly pins: ReadonlySet<Pin>;
  /** Settings that are not as the session began with: lower case name → value. Only when SETTINGS was asked about. */
  readonly settings: ReadonlyMap<string, string>;
}

/** More rows than this are not kept of any answer. */
const ROWS_MAX = 2_000;

/** Each of them gives rows of two texts, a pin and NULL or `set NAME` and a value, and costs little where nothing is there. */
const PARTS: readonly (readonly [bit: number, sql: string])[] = [
  [
    LOCKS,
    "SELECT 'advisory_lock', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() AND mode <> 'SIReadLock')",
  ],
  [
    TEMPORARY,
    "SELECT 'temporary_object', NULL WHERE pg_catalog.pg_my_temp_schema() <> 0 AND (EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema())" +
      ' OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.pg_my_temp_schema())' +
      ' OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace = pg_catalog.pg_my_temp_schema()))',
  ],
  [CURSORS, "SELECT 'cursor', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)"],
  [LISTENS, "SELECT 'listen', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_listening_channels())"],
  [
    STATEMENTS,
    "SELECT 'prepared_statement', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql AND name !~ '^pgsidecar_')",
  ],
  [
    UNNAMED,
    "SELECT 'set ' || pg_catalog.lower(name), pg_catalog.current_setting(name) FROM pg_catalog.pg_settings WHERE source = 'session'" +
      " AND name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')" +
      " UNION ALL SELECT 'set role', pg_catalog.current_setting('role') WHERE pg_catalog.current_setting('role') <> 'none'",
  ],
];

/**
 * @param names settings that are asked for by name, where SETTINGS is: those that the text names, and, where it names none (UNNAMED), those
 * that pg_settings does not show, custom ones such as `app.tenant`.
 */
export function inquirySql(bits: number, names: Iterable<string>): string {
  const parts = PARTS.filter(([bit]) => (bits & bit) !== 0).map(([, sql]) => sql);
  if ((bits & SETTINGS) !== 0)
    for (const name of names) {
      const literal = quoteLiteral(name, true);
      parts.push(
        `SELECT 'set ' || ${literal}, pg_catalog.current_setting(${literal}, true) WHERE pg_catalog.current_setting(${literal}, true) <> ''`,
      );
    }
  return parts.join(' UNION ALL ');
}

/** Reads the answer, row by row. */
export class Answers {
  readonly #asked: number;
  readonly #pins = new Set<Pin>();
  readonly #settings = new Map<string, string>();
  #rows = 0;

  constructor(asked: number) {
    this.#asked = asked;
  }

  /** @param values of the two columns; NULL is undefined. */
  onRow(values: readonly (string | undefined)[]): void {
    const [what, value] = values;
    // What was injected beside it has answers of one column.
    if (values.length !== 2 || what === undefined || this.#rows++ >= ROWS_MAX) return;
    if (what.startsWith('set ')) this.#settings.set(what.slice(4), value ?? '');
    else this.#pins.add(what as Pin);
  }

  get findings(): Findings {
    return { asked: this.#asked, pins: this.#pins, settings: this.#settings };
  }
}
