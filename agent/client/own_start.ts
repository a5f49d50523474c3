// What a client began with by its startup packet: a RESET in its text has to lead back to that, and the server's own start is another.

import { readClosely } from '../query/classify.ts';
import type { Action, Effects, StatementEffects } from '../query/effects.ts';
import { findResets, isReset } from '../query/resets.ts';
import type { Shift } from '../state/client_statements.ts';
import { type Parameters, quoteLiteral } from '../state/parameters.ts';
import type { Greeting } from './greetings.ts';

/** A text as it goes to a server. */
export interface StartedText {
  readonly text: Uint8Array;
  readonly effects: Effects;
  readonly shifts: readonly Shift[];
}

/** Whose rights a session has: RESET ALL leaves that as it is (GUC_NO_RESET_ALL). */
const IDENTITY: ReadonlySet<string> = new Set(['session_authorization', 'role']);

export class OwnStart {
  readonly #greeting: Greeting;

  constructor(greeting: Greeting) {
    this.#greeting = greeting;
  }

  get isEmpty(): boolean {
    return this.#greeting.asked.size === 0;
  }

  get names(): Iterable<string> {
    return this.#greeting.asked.keys();
  }

  /** The text with each reset followed by what sets the client's own start again, all in one transaction; undefined: it has none. */
  inQuery(text: Uint8Array, effects: Effects, parameters: Parameters): StartedText | undefined {
    return this.#isConcerned(effects) ? this.#rewritten(text, effects, parameters, true) : undefined;
  }

  /** The same of a text that has to be one statement: what resets as a statement is put right behind its Execute. */
  inStatement(text: Uint8Array, effects: Effects, parameters: Parameters): StartedText | undefined {
    return this.#isConcerned(effects) ? this.#rewritten(text, effects, parameters, false) : undefined;
  }

  /** What is to be run behind a statement that has reset something; empty: nothing. */
  sqlBehind({ statements }: Effects, parameters: Parameters): string {
    if (this.isEmpty) return '';
    for (const { actions } of statements)
      for (const action of actions) {
        const sql = this.#sqlOf(action, parameters);
        if (sql !== '') return sql;
      }
    return '';
  }

  /** All of it, whatever is there. */
  sql(parameters: Parameters): string {
    return this.#select([...this.#greeting.asked.keys()], false, parameters);
  }

  #isConcerned({ statements }: Effects): boolean {
    if (this.isEmpty) return false;
    const isNamed = (action: Action): boolean => 'name' in action && this.#greeting.asked.has(action.name);
    return statements.some(({ actions }) =>
      actions.some(
        (action) =>
          action.kind === 'reset_all' || ((isReset(action) || action.kind === 'change') && isNamed(action)),
      ),
    );
  }

  #rewritten(
    text: Uint8Array,
    effects: Effects,
    parameters: Parameters,
    isQuery: boolean,
  ): StartedText | undefined {
    const pieces: Uint8Array[] = [];
    const shifts: Shift[] = [];
    /** Statements with one of ours behind them. */
    const followed = new Set<number>();
    let [at, grown] = [0, 0];
    for (const reset of findResets(text, parameters.isConforming)) {
      const isOwn = reset.kind === 'null';
      if (!isOwn && !isQuery) continue;
      const [from, to] = isOwn ? [reset.from, reset.to] : [reset.at, reset.at];
      const put = Buffer.from(
        isOwn ? this.#literal(reset.name, parameters) : this.#behind(reset.action, parameters),
      );
      if (put.length === 0) continue;
      if (!isOwn) followed.add(reset.statement);
      pieces.push(text.subarray(at, from), put);
      at = to;
      shifts.push({ at: from + grown, by: put.length - (to - from) });
      grown += put.length - (to - from);
    }
    if (pieces.length === 0) return undefined;
    const rewritten = new Uint8Array(Buffer.concat([...pieces, text.subarray(at)]));
    const read = readAgain(rewritten, effects, followed, parameters.isConforming);
    return read && { text: rewritten, effects: read, shifts };
  }

  #behind(action: Action, parameters: Parameters): string {
    const sql = this.#sqlOf(action, parameters);
    return sql === '' ? '' : `;${sql}`;
  }

  #sqlOf(action: Action, parameters: Parameters): string {
    const names = [...this.#greeting.asked.keys()];
    switch (action.kind) {
      case 'reset':
      case 'reset_local': {
        const { name, kind } = action;
        return names.includes(name) ? this.#select([name], kind === 'reset_local', parameters) : '';
      }
      case 'reset_all':
        return this.#select(
          names.filter((name) => !IDENTITY.has(name)),
          false,
          parameters,
        );
      case 'discard':
        return action.what === 'all' ? this.sql(parameters) : '';
      default:
        return '';
    }
  }

  /** One statement; whose rights the session has comes last. */
  #select(names: readonly string[], isLocal: boolean, parameters: Parameters): string {
    if (names.length === 0) return '';
    const ordered = [...names].sort((a, b) => Number(IDENTITY.has(a)) - Number(IDENTITY.has(b)));
    const calls = ordered.map(
      (name) =>
        `pg_catalog.set_config(${quoteLiteral(name, true)}, ${this.#literal(name, parameters)}, ${isLocal})`,
    );
    return `SELECT ${calls.join(', ')}`;
  }

  /** As a server has spelled it, once one has: `SQL` alone would keep the order of days and months that is there. Empty: not its own. */
  #literal(name: string, { reported }: Parameters): string {
    const { asked, parameters } = this.#greeting;
    const value = parameters.reportedOf(name) ?? asked.get(name);
    if (!asked.has(name) || value === undefined) return '';
    return quoteLiteral(value, reported.get('server_encoding') !== 'SQL_ASCII');
  }
}

/** The effects of the text as it is now, statement by statement what they were. Undefined: it is not certain. */
function readAgain(
  text: Uint8Array,
  before: Effects,
  followed: ReadonlySet<number>,
  isConforming: boolean,
): Effects | undefined {
  const { statements } = readClosely(text, 0, text.length, isConforming);
  const again: StatementEffects[] = [];
  for (const [i, { lesson, bits }] of before.statements.entries()) {
    const read = statements[again.length];
    if (read === undefined) return undefined;
    const isFollowed = followed.has(i);
    again.push({
      bits: lesson === undefined ? read.bits : bits,
      actions: read.actions,
      ...(lesson !== undefined && { lesson }),
      ...(isFollowed && { behind: 'statement' }),
    });
    if (isFollowed) again.push({ bits: 0, actions: [] });
  }
  if (again.length !== statements.length) return undefined;
  return { bits: before.bits, statements: again, isSingle: again.length === 1 };
}
