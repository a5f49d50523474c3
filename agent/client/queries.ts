// A client's simple Queries in transaction mode: what they do to prepared statements, and what they leave in the session.

import { AgentError } from '../base/errors.ts';
import { type Effects, UNNAMED, UNREAD } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { type ClientStatements, type Mention, mentionOf, type Shift } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import type { Statement, StatementRegistry } from '../state/statements.ts';
import { encodeQuery, encodeQueryBytes, encodeSync } from '../wire/client_messages.ts';
import type { Framer } from '../wire/frame.ts';
import type { Pieces } from '../wire/pieces.ts';
import { IDLE } from '../wire/types.ts';
import { unlistening } from './listen_text.ts';
import { AS_IT_IS, REPLACED, WAIT } from './pass_on.ts';
import { need } from './put_statement.ts';
import { REFUSED } from './refused.ts';
import type { SessionParameters } from './session_parameters.ts';
import { endsAll, namingOf, onDeallocating, translate, withStatements } from './sql_names.ts';
import { combined, translateText } from './sql_texts.ts';

const HEADER_BYTES = 5;
/** A longer Query that does not come in one piece is passed on as it comes: the server is asked what it has left. */
const TEXT_BYTES_MAX = 64 * 1024;
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
  take(framer: Framer, server: Server, max: number): number {
    const { chunk, start, end, whole } = framer;
    const { owner, parameters } = this.#start;
    // Where the network cuts it decides nothing.
    if (!whole && end - start <= TEXT_BYTES_MAX) return end - start;
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
    const before = parameters.sequencesSql(effects, server);
    if (before !== '' && !server.expected.owesSync) {
      pieces.add(encodeQuery(before));
      server.expected.push(expected.QUERY, expected.SKIP);
    }
    if (max > 0 && namingOf(effects) !== undefined) {
      const verdict = this.#takeNaming(framer, server, max, effects);
      if (verdict !== undefined) return verdict;
    }
    try {
      if (!parameters.prepareToListen(effects, server)) return WAIT;
    } catch (error) {
      if (error instanceof AgentError) return this.#refuse(error, server);
      throw error;
    }
    if (max > 0 && !owner.isEmpty && !effects.isSingle && framer.whole && !server.expected.owesSync) {
      const verdict = this.#takeTexts(framer, server, max, effects, shifts);
      if (verdict !== undefined) return verdict;
    }
    const ends = max > 0 && !owner.isEmpty && endsAll(effects);
    const kind = ends ? names.DEALLOCATE_ALL : owner.isEmpty ? names.NOTHING : names.DROP_UNNAMED;
    const mention = mentionOf(owner, kind, '', '', undefined);
    mention.effects = isFirst(server) ? alone(effects) : withStatements(effects);
    mention.shifts = shifts;
    server.expected.push(expected.QUERY, expected.FORWARD, undefined, mention);
    onDeallocating(mention, server);
    const { chunk, start, end } = framer;
    const told = framer.whole
      ? unlistening(chunk.subarray(start + HEADER_BYTES, end - 1), effects)
      : undefined;
    if (told !== undefined) pieces.add(encodeQueryBytes(told));
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

  /** One PREPARE, EXECUTE or DEALLOCATE. Undefined: the server may have it as it is. */
  #takeNaming(framer: Whole, server: Server, max: number, effects: Effects): number | undefined {
    const { owner, registry, pieces, refusal } = this.#start;
    const { chunk, start, end } = framer;
    const text = chunk.subarray(start + HEADER_BYTES, end - 1);
    // Before a Query nothing may stand without its Sync; and where the client owes one, it is not ours to send.
    if (server.expected.owesSync) return undefined;
    const { reading } = server.tenant;
    const named = translate(text, namingOf(effects)!, {
      ...{ owner, registry, reading: reading ?? '' },
      refusal: refusal(),
    });
    if (named === undefined) return undefined;
    const { mention, sql, needs } = named;
    // An EXECUTE that was learned.
    if ((effects.bits & UNNAMED) !== 0) mention.effects ??= effects;
    if (needs !== undefined) this.#needBefore([needs], server, max);
    server.expected.push(expected.QUERY, expected.FORWARD, undefined, mention);
    onDeallocating(mention, server);
    pieces.add(encodeQueryBytes(sql));
    return REPLACED;
  }

  /** Several statements, and names of the client's among them. Undefined: none. */
  #takeTexts(
    framer: Whole,
    server: Server,
    max: number,
    effects: Effects,
    shifts: readonly Shift[] | undefined,
  ): number | undefined {
    const { owner, registry, pieces } = this.#start;
    const { chunk, start, end } = framer;
    const text = chunk.subarray(start + HEADER_BYTES, end - 1);
    const named = translateText(text, effects, owner, registry);
    if (named === undefined) return undefined;
    this.#needBefore(named.needs, server, max);
    const mention = mentionOf(owner, names.DROP_UNNAMED, '', '', undefined);
    mention.each = named.each;
    mention.shifts = shifts === undefined ? named.shifts : combined(shifts, named.shifts);
    mention.effects = withStatements(named.effects);
    server.expected.push(expected.QUERY, expected.FORWARD, undefined, mention);
    for (const each of named.each) if (each !== undefined) onDeallocating(each, server);
    pieces.add(encodeQueryBytes(named.sql));
    return REPLACED;
  }

  #needBefore(statements: readonly Statement[], server: Server, max: number): void {
    const { pieces } = this.#start;
    let isSent = false;
    for (const each of statements) if (need(pieces, each, server, max)) isSent = true;
    if (!isSent) return;
    pieces.add(encodeSync());
    server.expected.push(expected.SYNC, expected.SKIP);
  }
}

function isDiscardOfAll({ statements }: Effects): boolean {
  return statements[0]!.actions.some((action) => action.kind === 'discard' && action.what === 'all');
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
