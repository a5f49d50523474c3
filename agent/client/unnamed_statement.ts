// A client's statement without a name: the server has only one, which others may have left there or replaced.

import type { AgentError } from '../base/errors.ts';
import { type Effects, UNREAD } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import {
  type ClientStatements,
  type Mention,
  mentionOf,
  type NamingText,
} from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import type { StatementRegistry } from '../state/statements.ts';
import { concat, endOfString } from '../wire/bytes.ts';
import { encodeCloseStatement, encodeParse } from '../wire/client_messages.ts';
import type { Framer } from '../wire/frame.ts';
import type { Pieces } from '../wire/pieces.ts';
import * as type from '../wire/types.ts';
import { unlistening } from './listen_text.ts';
import { isUncertain, sourceOf, tellCutOf, told } from './naming_statements.ts';
import { AS_IT_IS, REPLACED, WAIT } from './pass_on.ts';
import { need as putNeeded } from './put_statement.ts';
import { REFUSED } from './refused.ts';
import type { SessionParameters } from './session_parameters.ts';
import { isNaming } from './sql_names.ts';
import type { StatementLimits } from './statement_limits.ts';

const HEADER_BYTES = 5;
/** One that is longer is kept only while there is room in prepared_statements_memory. */
const SHORT_BYTES = 4 * 1024;

export interface UnnamedStart {
  readonly owner: ClientStatements;
  readonly registry: StatementRegistry;
  readonly parameters: SessionParameters;
  /** Takes what replaces the message at hand, or is to be sent before it. */
  readonly pieces: Pieces;
  /** Why the client may have no more, of so many bytes. */
  readonly refusalOf: (max: number) => AgentError | undefined;
}

export class UnnamedStatement {
  readonly owner: ClientStatements;
  readonly #registry: StatementRegistry;
  readonly #parameters: SessionParameters;
  readonly #pieces: Pieces;
  readonly #refusalOf: (max: number) => AgentError | undefined;

  constructor({ owner, registry, parameters, pieces, refusalOf }: UnnamedStart) {
    this.owner = owner;
    this.#registry = registry;
    this.#parameters = parameters;
    this.#pieces = pieces;
    this.#refusalOf = refusalOf;
  }

  /**
   * Before the first message to this server: the statement without a name that another client left there must not be
   * found by a Bind of this one. A Query (ours too), or another such Parse, does away with it anyway.
   */
  onFirst(framer: Framer, server: Server): void {
    if (server.unnamedOf === undefined || server.unnamedOf === this.owner) return;
    const { chunk, start } = framer;
    if (framer.type === type.PARSE && chunk[start + HEADER_BYTES] === 0) return;
    // When it is sent: it may be held first, and its client may go meanwhile.
    if (framer.type === type.QUERY) return;
    server.unnamedOf = undefined;
    server.unnamed = undefined;
    if (!server.expected.isEmpty) return;
    // The relay uncorks: both leave in one write.
    server.connection.cork();
    server.expected.push(expected.CLOSE, expected.SKIP);
    server.write(encodeCloseStatement(''));
  }

  /** The message was cancelled while it waited: a Query, or a Parse without a name, has ended the one before it all the same. */
  onCanceled({ type: kind, chunk, start }: Framer): void {
    if (kind === type.QUERY || (kind === type.PARSE && chunk[start + HEADER_BYTES] === 0))
      this.owner.dropUnnamed();
  }

  parse(framer: Framer, server: Server, { max, heldMax, memoryMax }: StatementLimits): number {
    const { chunk, start, end, whole } = framer;
    // Where the network cuts it decides nothing: only what is too long to be kept is passed on without a memory of it.
    if (!whole && end - start <= heldMax) return end - start;
    const textAt = start + HEADER_BYTES + 1;
    const textEnd = whole && textAt < end ? endOfString(chunk, textAt, end) : -1;
    const effects = textEnd < 0 ? UNREAD : this.#parameters.readOf(chunk, textAt, textEnd);
    if (effects !== undefined && effects.advance === undefined) {
      const verdict = this.#parseLeaving(framer, server, effects, textAt, textEnd, max);
      if (verdict !== undefined) return verdict;
    }
    // No view of it yet: making one costs more than all else here, and hardly any is ever needed.
    const isKept = whole && (end - start <= SHORT_BYTES || this.#refusalOf(memoryMax) === undefined);
    const isNext = server.expected.isEmpty;
    const mention = this.owner.takeUnnamed(isKept ? chunk : undefined, start, end, isNext);
    mention.effects = effects;
    this.#onUnnamed(mention, server);
    server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
    return AS_IT_IS;
  }

  /** A text that leaves something in the session, without a name. Undefined: the server may have it as it is. */
  #parseLeaving(
    { chunk, end }: Framer,
    server: Server,
    effects: Effects,
    textAt: number,
    textEnd: number,
    max: number,
  ): number | undefined {
    const forbidden = this.#parameters.refusalOf(effects);
    if (forbidden !== undefined) return this.refuse(forbidden, server);
    if (this.#parameters.waitsToListen(effects, server)) return WAIT;
    if (textEnd < 0) return undefined;
    if (max > 0 && effects.isSingle && isNaming(effects)) {
      if (isUncertain(this.owner, server)) return WAIT;
      return this.#parseNaming(sourceOf(chunk, textAt, textEnd, end, effects), server, max);
    }
    const own = this.#parameters.startedText(chunk, textAt, textEnd, effects);
    const { text, effects: read } = own ?? { text: chunk.subarray(textAt, textEnd), effects };
    const told = unlistening(text, read, this.#parameters.encoding);
    const sql = told?.sql ?? own?.text;
    if (sql === undefined) return undefined;
    const mention = this.#parseInstead(concat([sql, chunk.subarray(textEnd, end)]), read, server);
    mention.shifts = told?.shifts;
    return REPLACED;
  }

  /** A text that speaks of a statement by its name. */
  #parseNaming(source: NamingText, server: Server, max: number): number {
    const all = this.#parameters.namesOf(this.owner, this.#registry, server, undefined);
    const { tail, relies, shifts, isCut } = told(source, all, server);
    if (isCut) tellCutOf(source, this.#pieces, server, this.owner);
    if (relies !== undefined) putNeeded(this.#pieces, relies, server, max);
    const mention = this.#parseInstead(tail, source.effects, server);
    mention.source = source;
    mention.shifts = shifts;
    if (isCut) mention.hears = 'rest';
    if (relies !== undefined) this.owner.keepFor(mention, relies);
    return REPLACED;
  }

  /** A Parse without a name, of another text than the client's. */
  #parseInstead(tail: Uint8Array, effects: Effects, server: Server): Mention {
    const message = encodeParse('', tail);
    const mention = this.owner.takeUnnamed(message, 0, message.length, server.expected.isEmpty);
    mention.effects = effects;
    this.#onUnnamed(mention, server);
    server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
    this.#pieces.add(message);
    return mention;
  }

  /** The server is to say no, in its place: it gets what nobody can read. That ends the statement without a name there. */
  refuse(refusal: AgentError, server: Server): number {
    const mention = mentionOf(this.owner, names.NOTHING, '', '', undefined);
    mention.refusal = refusal;
    server.unnamed = undefined;
    this.#pieces.add(encodeParse('', new Uint8Array(Buffer.from(`${REFUSED}\0\0\0`))));
    server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
    return REPLACED;
  }

  #onUnnamed(mention: Mention, server: Server): void {
    server.unnamed = mention;
    server.unnamedOf = this.owner;
  }

  /** Before a use of the statement without a name. True when something had to be sent for it. */
  need(server: Server, max: number): boolean {
    const mention = this.owner.find('');
    const before = this.#pieces.count;
    // What its text executes.
    if (mention?.statement !== undefined) putNeeded(this.#pieces, mention.statement, server, max);
    if (mention === undefined && server.unnamedOf !== undefined) {
      // One that the client had there before it was ended on another server.
      this.#pieces.add(encodeCloseStatement(''));
      server.expected.push(expected.CLOSE, expected.SKIP);
      server.unnamedOf = undefined;
      server.unnamed = undefined;
    } else if (mention?.chunk !== undefined && server.unnamed !== mention) {
      this.#pieces.add(mention.chunk, mention.start, mention.end);
      server.expected.push(expected.PARSE, expected.SKIP, undefined, mention);
      this.#onUnnamed(mention, server);
    }
    return this.#pieces.count > before;
  }
}
