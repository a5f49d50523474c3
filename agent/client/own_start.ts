// What a client began with by its startup packet: a RESET in its text has to lead back to that, and the server's own start is another.

import { readClosely } from '../query/classify.ts';
import type { Action, Effects, StatementEffects } from '../query/effects.ts';
import { findResets, isReset } from '../query/resets.ts';
import type { Shift } from '../state/client_statements.ts';
import { type Parameters, quoteLiteral, setting } from '../state/parameters.ts';
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

  /** What is to be run behind a statement that has reset something. */
  sqlBehind({ statements }: Effects, parameters: Parameters): readonly string[] {
    if (this.isEmpty) return NOTHING;
    for (const { actions } of statements)
      for (const action of actions) {
        const sql = this.#sqlOf(action, parameters);
        if (sql.length > 0) return sql;
      }
    return NOTHING;
  }

  /** All of it, whatever is there. */
  sql(parameters: Parameters): string {
    return this.#settings([...this.#greeting.asked.keys()], false, parameters).join('');
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
    /** Statements with some of ours behind them, and how many. */
    const followed = new Map<number, number>();
    let [at, grown] = [0, 0];
    for (const reset of findResets(text, parameters.isConforming)) {
      const isOwn = reset.kind === 'null';
      if (!isOwn && !isQuery) continue;
      const [from, to] = isOwn ? [reset.from, reset.to] : [reset.at, reset.at];
      const behind = isOwn ? NOTHING : this.#sqlOf(reset.action, parameters);
      const put = Buffer.from(isOwn ? this.#literal(reset.name, parameters) : inside(behind));
      if (put.length === 0) continue;
      if (!isOwn) followed.set(reset.statement, behind.length);
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

  #sqlOf(action: Action, parameters: Parameters): readonly string[] {
    const names = [...this.#greeting.asked.keys()];
    switch (action.kind) {
      case 'reset':
      case 'reset_local': {
        const { name, kind } = action;
        return names.includes(name) ? this.#settings([name], kind === 'reset_local', parameters) : NOTHING;
      }
      case 'reset_all':
        return this.#settings(
          names.filter((name) => !IDENTITY.has(name)),
          false,
          parameters,
        );
      case 'discard':
        return action.what === 'all' ? this.#settings(names, false, parameters) : NOTHING;
      default:
        return NOTHING;
    }
  }

  /** Whose rights the session has comes last. */
  #settings(names: readonly string[], isLocal: boolean, parameters: Parameters): readonly string[] {
    const ordered = [...names].sort((a, b) => Number(IDENTITY.has(a)) - Number(IDENTITY.has(b)));
    const isAscii = parameters.reported.get('server_encoding') !== 'SQL_ASCII';
    return ordered.map((name) => setting(name, this.#valueOf(name)!, isAscii, isLocal));
  }

  /** As a server has spelled it, once one has: `SQL` alone would keep the order of days and months that is there. Undefined: not its own. */
  #valueOf(name: string): string | undefined {
    const { asked, parameters } = this.#greeting;
    return asked.has(name) ? (parameters.reportedOf(name) ?? asked.get(name)) : undefined;
  }

  #literal(name: string, { reported }: Parameters): string {
    const value = this.#valueOf(name);
    return value === undefined ? '' : quoteLiteral(value, reported.get('server_encoding') !== 'SQL_ASCII');
  }
}

const NOTHING: readonly string[] = [];

/** Behind a statement of a text; the last of them has no semicolon of its own. */
function inside(statements: readonly string[]): string {
  return statements.map((sql) => `;${sql.slice(0, -1)}`).join('');
}

/** The effects of the text as it is now, statement by statement what they were. Undefined: it is not certain. */
function readAgain(
  text: Uint8Array,
  before: Effects,
  followed: ReadonlyMap<number, number>,
  isConforming: boolean,
): Effects | undefined {
  const { statements } = readClosely(text, 0, text.length, isConforming);
  const again: StatementEffects[] = [];
  for (const [i, { lesson, bits }] of before.statements.entries()) {
    const read = statements[again.length];
    if (read === undefined) return undefined;
    const count = followed.get(i) ?? 0;
    again.push({
      bits: lesson === undefined ? read.bits : bits,
      actions: read.actions,
      ...(lesson !== undefined && { lesson }),
      ...(count > 0 && { behind: 'statement' }),
    });
    for (let left = count; left > 0; left--)
      again.push({ bits: 0, actions: [], ...(left > 1 && { behind: 'statement' }) });
  }
  if (again.length !== statements.length) return undefined;
  return { bits: before.bits, statements: again, isSingle: again.length === 1 };
}
