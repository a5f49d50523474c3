// A client's simple Queries in transaction mode: what they do to prepared statements, and what they leave in the session.

import { AgentError } from '../base/errors.ts';
import { type Effects, UNREAD } from '../query/effects.ts';
import { beginsNaming } from '../query/glance.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { type ClientStatements, type Mention, mentionOf, type Shift } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import type { Statement, StatementRegistry } from '../state/statements.ts';
import { concat } from '../wire/bytes.ts';
import { encodeQuery, encodeQueryBytes, encodeSync } from '../wire/client_messages.ts';
import type { Framer } from '../wire/frame.ts';
import type { Pieces } from '../wire/pieces.ts';
import { IDLE, IN_FAILED_TRANSACTION, IN_TRANSACTION } from '../wire/types.ts';
import { unlistening } from './listen_text.ts';
import { tellCut } from './naming_statements.ts';
import { AS_IT_IS, REPLACED, WAIT } from './pass_on.ts';
import { need } from './put_statement.ts';
import { REFUSED } from './refused.ts';
import { combined } from './rewriting.ts';
import type { SessionParameters } from './session_parameters.ts';
import { isName, isNaming, type Named, onDeallocating, translate, withStatements } from './sql_names.ts';
import type { StatementLimits } from './statement_limits.ts';

const HEADER_BYTES = 5;
/**
 * A longer Query that does not come in one piece is passed on as it comes, and the server is asked what it has left; but for one
 * that begins as those which speak of statements by their names.
 */
const TEXT_BYTES_MAX = 64 * 1024;
/** By then it is known how it begins. */
const BEGINNING_BYTES = 1024;
/** A definition is only read, whatever is in it. */
const BODY = Buffer.from('CREATE FUNCTION pgsidecar() RETURNS void BEGIN ATOMIC ');
const BODY_END = Buffer.from('\n; END');
const SET_BYTES_MAX = 1_000;

export interface QueriesStart {
  readonly owner: ClientStatements;
  readonly registry: StatementRegistry;
  readonly parameters: SessionParameters;
  /** Takes what replaces the message at hand. */
  readonly pieces: Pieces;
  /** Why it may have no more statements. */
  readonly refusal: () => AgentError | undefined;
}

/** A message; of the client's own, or what stands in its place. */
type Whole = Pick<Framer, 'chunk' | 'start' | 'end' | 'whole'>;

export class Queries {
  readonly #start: QueriesStart;
  readonly #unnamedGone: Mention;

  constructor(start: QueriesStart) {
    this.#start = start;
    this.#unnamedGone = mentionOf(start.owner, names.DROP_UNNAMED, '', '', undefined);
  }

  /** One SET that is known to be taken: nothing of it goes to a server. False: it needs one. */
  answerSet({ chunk, start, end, whole }: Framer): boolean {
    const { owner, parameters } = this.#start;
    // SET, and no SELECT: asked for every Query of a client that has no server.
    const at = start + HEADER_BYTES;
    if ((chunk[at + 2]! | 0x20) !== 0x74 || (chunk[at]! | 0x20) !== 0x73) return false;
    if (!whole || end - start > SET_BYTES_MAX) return false;
    const { isSingle, statements } = parameters.effectsOf(chunk, at, end - 1);
    const [action, ...others] = isSingle ? statements[0]!.actions : [];
    if (action?.kind !== 'set' || others.length > 0 || statements[0]!.bits !== 0) return false;
    if (!parameters.setKnown(action)) return false;
    owner.dropUnnamed();
    return true;
  }

  /** It ends the statement without a name (PostgreSQL protocol, 55.2.3), and may do more. What is given: see `PreparedStatements`. */
  take(framer: Framer, server: Server, { max, heldMax }: StatementLimits): number {
    const { chunk, start, end, whole } = framer;
    const { owner, parameters } = this.#start;
    // Where the network cuts it decides nothing.
    if (!whole) {
      const bytes = end - start;
      if (bytes <= TEXT_BYTES_MAX) return bytes;
      if (max > 0 && bytes <= heldMax) {
        const isNamed = beginsNaming(chunk, start + HEADER_BYTES, chunk.length);
        if (isNamed === true) return bytes;
        if (isNamed === undefined && chunk.length - start < BEGINNING_BYTES) return BEGINNING_BYTES;
      }
    }
    server.unnamed = undefined;
    if (server.unnamedOf !== owner) server.unnamedOf = undefined;
    const { expected: due } = server;
    const effects = whole
      ? parameters.leaving(parameters.effectsOf(chunk, start + HEADER_BYTES, end - 1), server)
      : UNREAD;
    if (due.isFailed || (effects === undefined && owner.isEmpty)) {
      due.push(expected.QUERY);
      return AS_IT_IS;
    }
    if (effects !== undefined) return this.#takeStarting(framer, server, max, effects);
    // There may be one although none is to be expected: what ends it may itself be passed over.
    due.push(expected.QUERY, expected.FORWARD, undefined, this.#unnamedGone);
    return AS_IT_IS;
  }

  /** What it resets leads back to the client's own start. */
  #takeStarting(framer: Framer, server: Server, max: number, effects: Effects): number {
    const { parameters, pieces } = this.#start;
    const { start: own, current } = parameters;
    if (own.isEmpty || !framer.whole || server.expected.owesSync)
      return this.#takeLeaving(framer, server, max, effects, undefined);
    const { chunk, start, end } = framer;
    const isDiscard = effects.isSingle && isDiscardOfAll(effects);
    if (isDiscard) {
      const marked = {
        ...effects,
        statements: [{ ...effects.statements[0]!, behind: 'query' as const }],
      };
      const verdict = this.#takeLeaving(framer, server, max, marked, undefined);
      if (verdict === WAIT) return WAIT;
      if (verdict === AS_IT_IS) pieces.add(chunk, start, end);
      pieces.add(encodeQuery(own.sql(current)));
      server.expected.push(expected.QUERY, expected.SKIP);
      return REPLACED;
    }
    const started = own.inQuery(chunk.subarray(start + HEADER_BYTES, end - 1), effects, current);
    if (started === undefined) return this.#takeLeaving(framer, server, max, effects, undefined);
    const message = encodeQueryBytes(started.text);
    const whole = { chunk: message, start: 0, end: message.length, whole: true };
    const verdict = this.#takeLeaving(whole, server, max, started.effects, started.shifts);
    if (verdict !== AS_IT_IS) return verdict;
    pieces.add(message);
    return REPLACED;
  }

  /** What it does is booked when it is done. @param shifts where it was changed already. */
  #takeLeaving(
    framer: Whole,
    server: Server,
    max: number,
    effects: Effects,
    shifts: readonly Shift[] | undefined,
  ): number {
    const { owner, parameters, pieces } = this.#start;
    const refusal = parameters.refusalOf(effects);
    if (refusal !== undefined) return this.#refuse(refusal, server);
    const isOfNames = max > 0 && framer.whole && !server.expected.owesSync && isNaming(effects);
    // What names mean is certain when all before is answered.
    if (isOfNames && server.expected.owesClient) return WAIT;
    try {
      if (!parameters.prepareToListen(effects, server)) return WAIT;
    } catch (error) {
      if (error instanceof AgentError) return this.#refuse(error, server);
      throw error;
    }
    if (isOfNames) return this.#takeNaming(framer, server, max, effects, shifts);
    this.#countSequences(effects, server);
    const kind = owner.isEmpty ? names.NOTHING : names.DROP_UNNAMED;
    const mention = mentionOf(owner, kind, '', '', undefined);
    mention.effects = isFirst(server) ? alone(effects) : withStatements(effects);
    const { chunk, start, end } = framer;
    const told = framer.whole
      ? unlistening(chunk.subarray(start + HEADER_BYTES, end - 1), effects, parameters.encoding)
      : undefined;
    mention.shifts =
      shifts === undefined || told === undefined ? (told?.shifts ?? shifts) : combined(shifts, told.shifts);
    server.expected.push(expected.QUERY, expected.FORWARD, undefined, mention);
    if (told !== undefined) pieces.add(encodeQueryBytes(told.sql));
    else if (pieces.count === 0) return AS_IT_IS;
    else pieces.add(chunk, start, end);
    return REPLACED;
  }

  /** The server is to say no, in its place and with what that means for a transaction: it gets what nobody can read. */
  #refuse(refusal: AgentError, server: Server): number {
    const { owner, pieces } = this.#start;
    const mention = mentionOf(owner, names.DROP_UNNAMED, '', '', undefined);
    mention.refusal = refusal;
    server.expected.push(expected.QUERY, expected.FORWARD, undefined, mention);
    pieces.add(encodeQuery(REFUSED));
    return REPLACED;
  }

  /** Before the text is run. */
  #countSequences(effects: Effects, server: Server): void {
    const sql = this.#start.parameters.sequencesSql(effects, server);
    if (sql === '' || server.expected.owesSync) return;
    this.#start.pieces.add(encodeQuery(sql));
    server.expected.push(expected.QUERY, expected.SKIP);
  }

  /** PREPARE, EXECUTE or DEALLOCATE among its statements. */
  #takeNaming(
    framer: Whole,
    server: Server,
    max: number,
    effects: Effects,
    shifts: readonly Shift[] | undefined,
  ): number {
    const { owner, registry, pieces, refusal, parameters } = this.#start;
    const { chunk, start, end } = framer;
    const text = chunk.subarray(start + HEADER_BYTES, end - 1);
    const named = translate(text, effects, parameters.namesOf(owner, registry, server, refusal()));
    const mention = mentionOf(owner, names.DROP_UNNAMED, '', '', undefined);
    mention.each = named.each;
    mention.shifts = shifts === undefined ? named.shifts : combined(shifts, named.shifts);
    const left = parameters.leaving(named.effects, server);
    if (left !== undefined) {
      mention.effects = withoutNames(left);
      this.#countSequences(left, server);
    }
    if (named.cut.length > 0) this.#tellCut(text, named, mention, server);
    this.#needBefore(named.needs, mention, server, max);
    for (const each of named.borrowed) registry.release(each);
    server.expected.push(expected.QUERY, expected.FORWARD, undefined, mention);
    for (const each of named.each) if (each !== undefined) onDeallocating(each, server);
    pieces.add(encodeQueryBytes(named.sql));
    return REPLACED;
  }

  /** What is wrong with it the client hears in its place. */
  #needBefore(needs: ReadonlySet<Statement>, mention: Mention, server: Server, max: number): void {
    const { owner, pieces } = this.#start;
    const before = mentionOf(owner, names.NOTHING, '', '', undefined);
    before.standsBefore = mention;
    let isSent = false;
    for (const each of needs) {
      // A failed transaction takes no statement but an empty one; and of what it takes none is run.
      if (server.status === IN_FAILED_TRANSACTION && !isEmpty(each)) continue;
      if (need(pieces, each, server, Math.max(max, needs.size), before)) isSent = true;
    }
    if (isSent) this.#endRun(server);
  }

  #endRun(server: Server): void {
    this.#start.pieces.add(encodeSync());
    server.expected.push(expected.SYNC, expected.SKIP);
  }

  /** A text of several is refused once it is read, which must fail no transaction: there it is read as what a function does. */
  #tellCut(text: Uint8Array, { cut, effects }: Named, mention: Mention, server: Server): void {
    const { owner, pieces, parameters } = this.#start;
    const end = new Uint8Array(3);
    mention.hears = 'rest';
    if (effects.isSingle || server.status !== IN_TRANSACTION)
      tellCut(concat([text, end]), pieces, server, owner, true);
    else if (parameters.readsBodies && !isBlock(text))
      tellCut(concat([BODY, text, BODY_END, end]), pieces, server, owner, true);
    else {
      // The names alone; the server says the same of those that are not replaced.
      mention.hears = 'all';
      for (const name of cut)
        tellCut(concat([Buffer.from('ROLLBACK TO '), name, end]), pieces, server, owner, true);
    }
    this.#endRun(server);
  }
}

function isDiscardOfAll({ statements }: Effects): boolean {
  return statements[0]!.actions.some((action) => action.kind === 'discard' && action.what === 'all');
}

function isEmpty({ sql, tail }: Statement): boolean {
  return sql === undefined && tail[0] === 0;
}

/** Undefined: it leaves nothing but names, and only one statement has to be counted. */
function withoutNames(effects: Effects): Effects | undefined {
  return effects.isSingle && effects.bits === 0 && effects.statements[0]!.actions.every(isName)
    ? undefined
    : effects;
}

/** Nothing of the client's was said before that is still to be ended. */
function isFirst({ status, expected: due }: Server): boolean {
  return status === IDLE && !due.owesSync && !due.owesClient;
}

/** A SET and nothing else. */
function alone(effects: Effects): Effects {
  const [action, ...others] = effects.isSingle ? effects.statements[0]!.actions : [];
  if (action?.kind !== 'set' || others.length > 0) return withStatements(effects);
  return { ...effects, statements: [{ ...effects.statements[0]!, actions: [{ ...action, isAlone: true }] }] };
}

/** BEGIN and END are other words in a function. */
function isBlock(text: Uint8Array): boolean {
  return /\b(?:begin|end)\b/i.test(Buffer.from(text).toString('latin1'));
}
