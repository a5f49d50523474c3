// A client's prepared statements in transaction mode: its names for shared statements, put on whichever server it has.

import { AgentError } from '../base/errors.ts';
import type { PoolStatistics } from '../pool/statistics.ts';
import { type Effects, NOTHING, UNREAD } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { ClientStatements, type Mention, mentionOf } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import { isSharedName, type StatementRegistry } from '../state/statements.ts';
import { concat, endOfString, nameAt } from '../wire/bytes.ts';
import {
  encodeCloseStatement,
  encodeParse,
  encodeStatementTarget,
  readBind,
  readParse,
  readTarget,
  renameBind,
} from '../wire/client_messages.ts';
import type { Framer } from '../wire/frame.ts';
import type { NameCache } from '../wire/name_cache.ts';
import { Pieces } from '../wire/pieces.ts';
import * as type from '../wire/types.ts';
import { EffectsBook } from './effects_book.ts';
import { unlistening } from './listen_text.ts';
import { acquireRead, parseNaming, putNaming } from './naming_statements.ts';
import { AS_IT_IS, asItIs, REPLACED } from './pass_on.ts';
import { Portals } from './portals.ts';
import { canAnswerFor, letServerRead, need, needFor, put } from './put_statement.ts';
import { REFUSED } from './refused.ts';
import type { SessionParameters } from './session_parameters.ts';
import { endsAll, type Named, namingOf, nobodys, translate } from './sql_names.ts';
import { isAscii, isBare, type StatementLimits } from './statement_limits.ts';

const HEADER_BYTES = 5;
const STATEMENT = 0x53; // S
/** A Parse without a name that is longer is kept only while there is room in prepared_statements_memory. */
const SHORT_BYTES = 4 * 1024;

export class PreparedStatements {
  readonly names: ClientStatements;
  readonly #registry: StatementRegistry;
  readonly #nameCache: NameCache;
  readonly #statistics: PoolStatistics;
  /** What replaces the message at hand, or is to be sent before it. */
  readonly pieces = new Pieces();
  #restAt: number | undefined;
  readonly portals: Portals;
  readonly #parameters: SessionParameters;
  /** Of statements that are passed on under the client's own name (max_prepared_statements 0). */
  readonly #unshared = new EffectsBook();

  constructor(
    registry: StatementRegistry,
    nameCache: NameCache,
    statistics: PoolStatistics,
    parameters: SessionParameters,
  ) {
    this.#registry = registry;
    this.#nameCache = nameCache;
    this.#statistics = statistics;
    this.#parameters = parameters;
    this.names = new ClientStatements(registry);
    this.portals = new Portals(this.names, parameters, this.pieces);
  }

  /**
   * Before the first message to this server: the statement without a name that another client left there must not be
   * found by a Bind of this one. A Query (ours too), or another such Parse, does away with it anyway.
   */
  onFirst(framer: Framer, server: Server): void {
    if (server.unnamedOf === undefined || server.unnamedOf === this.names) return;
    if (framer.type === type.PARSE && framer.chunk[framer.start + HEADER_BYTES] === 0) return;
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
      this.names.dropUnnamed();
  }

  /** Where the rest of a replaced message goes on that can be passed as it is; undefined when all of it was replaced. */
  takeRestAt(): number | undefined {
    const at = this.#restAt;
    this.#restAt = undefined;
    return at;
  }

  close(): void {
    this.names.close();
  }

  /** Parse, Bind, Describe or Close. */
  take(framer: Framer, server: Server, limits: StatementLimits): number {
    // After an error the server passes over everything up to Sync, and so do we.
    if (server.expected.isFailed) return asItIs(framer, server);
    switch (framer.type) {
      case type.PARSE:
        return this.#parse(framer, server, limits);
      case type.BIND:
        return this.#bind(framer, server, limits.max);
      default:
        return this.#target(framer, server, limits.max);
    }
  }

  #parse(framer: Framer, server: Server, limits: StatementLimits): number {
    const { chunk, start, end } = framer;
    if (!framer.whole && chunk.length < start + HEADER_BYTES + 1) return HEADER_BYTES + 1;
    if (end > start + HEADER_BYTES && chunk[start + HEADER_BYTES] === 0)
      return this.#parseUnnamed(framer, server, limits);
    if (!framer.whole) return end - start;
    if (limits.max === 0) return this.#parseUnshared(framer, server);
    const read = readParse(chunk, start, end);
    if (read === undefined) return asItIs(framer, server);
    this.#statistics.clientParses++;
    const { name, tail } = read;
    if (!isAscii(name)) letServerRead(this.pieces, chunk.subarray(start + HEADER_BYTES, tail), server);
    const refusal = this.refusalOf(limits.memoryMax);
    const effects = this.#parameters.effectsOf(chunk, tail, read.textEnd);
    const forbidden = this.#parameters.refusalOf(effects);
    if (forbidden !== undefined) return this.#refuse(forbidden, server);
    if (refusal !== undefined || this.names.find(name) !== undefined)
      return this.#parseTaken(name, chunk.subarray(tail, end), server, limits.max, refusal);
    const statement = acquireRead(this.#registry, this.#parameters, chunk, read, end, effects);
    const ends = endsAll(statement.effects!) ? this.#mention(names.DEALLOCATE_ALL, '', '') : undefined;
    const mention = this.names.take(name, statement, ends);
    if (statement.naming !== undefined) {
      parseNaming(this.pieces, statement, mention, server);
    } else if (canAnswerFor(statement, server)) {
      server.statements.touch(statement);
      server.expected.push(expected.PARSE, expected.FAKE, undefined, mention);
    } else {
      put(this.pieces, statement, server, limits.max, mention);
    }
    return REPLACED;
  }

  #parseUnnamed(framer: Framer, server: Server, { max, heldMax, memoryMax }: StatementLimits): number {
    const { chunk, start, end, whole } = framer;
    // Where the network cuts it decides nothing: only what is too long to be kept is passed on without a memory of it.
    if (!whole && end - start <= heldMax) return end - start;
    const textAt = start + HEADER_BYTES + 1;
    const textEnd = whole && textAt < end ? endOfString(chunk, textAt, end) : -1;
    const effects = textEnd < 0 ? UNREAD : this.#read(chunk, textAt, textEnd);
    let ends: Mention | undefined;
    if (effects !== undefined && effects.advance === undefined) {
      const verdict = this.#parseLeaving(framer, server, effects, textAt, textEnd, max, memoryMax);
      if (verdict !== undefined) return verdict;
      if (max > 0 && !this.names.isEmpty && endsAll(effects))
        ends = this.#mention(names.DEALLOCATE_ALL, '', '');
    }
    // No view of it yet: making one costs more than all else here, and hardly any is ever needed.
    const isKept = whole && (end - start <= SHORT_BYTES || this.refusalOf(memoryMax) === undefined);
    const isNext = server.expected.isEmpty;
    const mention = this.names.takeUnnamed(isKept ? chunk : undefined, start, end, isNext, ends);
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
    memoryMax: number,
  ): number | undefined {
    const forbidden = this.#parameters.refusalOf(effects);
    if (forbidden !== undefined) return this.#refuse(forbidden, server);
    if (textEnd < 0) return undefined;
    const own = this.#parameters.startedText(chunk, textAt, textEnd, effects);
    const { text, effects: read } = own ?? { text: chunk.subarray(textAt, textEnd), effects };
    const rest = chunk.subarray(textEnd, end);
    const named = max > 0 ? this.#translate(text, read, server, memoryMax) : undefined;
    if (named !== undefined) return this.#parseNaming(named, rest, server);
    const told = unlistening(text, read) ?? own?.text;
    return told === undefined ? undefined : this.#parseInstead(told, rest, undefined, read, server);
  }

  /** A text that speaks of a statement by its name: its name is rewritten here, what it needs comes with its Bind and its Execute. */
  #parseNaming({ sql, mention: ends }: Named, rest: Uint8Array, server: Server): number {
    return this.#parseInstead(sql, rest, ends, ends.effects, server);
  }

  /** A Parse without a name, of another text than the client's. */
  #parseInstead(
    sql: Uint8Array,
    rest: Uint8Array,
    ends: Mention | undefined,
    effects: Effects | undefined,
    server: Server,
  ): number {
    const message = encodeParse('', concat([sql, rest]));
    const mention = this.names.takeUnnamed(message, 0, message.length, server.expected.isEmpty, ends);
    mention.effects = effects;
    this.#onUnnamed(mention, server);
    server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
    this.pieces.add(message);
    return REPLACED;
  }

  /** The server is to say no, in its place: it gets what nobody can read. That ends the statement without a name there. */
  #refuse(refusal: AgentError, server: Server): number {
    const mention = this.#mention(names.NOTHING, '', '');
    mention.refusal = refusal;
    server.unnamed = undefined;
    this.pieces.add(encodeParse('', new Uint8Array(Buffer.from(`${REFUSED}\0\0\0`))));
    server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
    return REPLACED;
  }

  #translate(text: Uint8Array, effects: Effects, server: Server, memoryMax: number): Named | undefined {
    const naming = namingOf(effects);
    if (naming === undefined) return undefined;
    return translate(text, naming, {
      owner: this.names,
      registry: this.#registry,
      reading: server.tenant.reading ?? '',
      refusal: this.refusalOf(memoryMax),
    });
  }

  /** Undefined: nothing at all. */
  #read(chunk: Uint8Array, from: number, to: number): Effects | undefined {
    const effects = this.#parameters.effectsOf(chunk, from, to);
    return effects === NOTHING ? undefined : effects;
  }

  /** What it leaves is remembered under the client's own name. */
  #parseUnshared(framer: Framer, server: Server): number {
    const read = readParse(framer.chunk, framer.start, framer.end);
    if (read !== undefined) this.#unshared.set(read.name, this.#read(framer.chunk, read.tail, read.textEnd));
    return asItIs(framer, server);
  }

  /**
   * The server is to say that the name is taken, or what is wrong with the text before that: it gets the text under a
   * name that is taken there. What the client hears is its own name, or why it may have no more.
   */
  #parseTaken(
    name: string,
    tail: Uint8Array,
    server: Server,
    max: number,
    refusal: AgentError | undefined,
  ): number {
    const { standIn } = this.#registry;
    need(this.pieces, standIn, server, max);
    const mention = { ...this.#mention(names.NOTHING, name, standIn.name), isTaken: true, refusal };
    this.pieces.add(encodeParse(standIn.name, tail));
    server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
    return REPLACED;
  }

  /** Why the client may have no more statements. @param max bytes of all clients (prepared_statements_memory). */
  refusalOf(max: number): AgentError | undefined {
    const isOwn = this.names.bytes > max / 2;
    if (!isOwn && this.#registry.bytes <= max) return undefined;
    const bytes = isOwn ? this.names.bytes : this.#registry.bytes;
    const whose = isOwn ? 'of this client' : 'of all clients';
    return new AgentError('prepared_statements_full', { whose, bytes, max });
  }

  #bind(framer: Framer, server: Server, max: number): number {
    const { chunk, start, end } = framer;
    const { portals } = this;
    if (isBare(chunk, start + HEADER_BYTES, end)) {
      const mention = this.names.find('');
      portals.onBind(mention?.ends, mention?.effects, server);
      return this.#bindUnnamed(start, server, max);
    }
    const at = readBind(chunk, start, end);
    if (at === undefined) return framer.whole ? asItIs(framer, server) : chunk.length - start + 1;
    if (at.statementAt === at.statementEnd) {
      const mention = this.names.find('');
      portals.onBindOf(chunk, start, at.statementAt, mention?.ends, mention?.effects, server);
      return this.#bindUnnamed(start, server, max);
    }
    if (max === 0) {
      const name = nameAt(chunk, at.statementAt, at.statementEnd);
      portals.onBindOf(chunk, start, at.statementAt, undefined, this.#unshared.get(name), server);
      return asItIs(framer, server);
    }
    this.#statistics.binds++;
    const mention = this.#used(this.#nameCache.at(chunk, at.statementAt, at.statementEnd), true, server, max);
    const effects = this.#parameters.effectsOfMention(mention);
    portals.onBindOf(chunk, start, at.statementAt, mention?.ends, effects, server);
    if (mention === undefined) return asItIs(framer, server);
    if (mention.statement !== undefined) needFor(this.pieces, mention, mention.statement, server, max);
    this.pieces.add(renameBind(chunk, start, end, at, mention.serverName));
    this.#restAt = at.statementEnd + 1;
    server.expected.push(expected.BIND, expected.FORWARD, undefined, mention);
    return REPLACED;
  }

  #bindUnnamed(start: number, server: Server, max: number): number {
    const isChanged = this.#needUnnamed(server, max);
    server.expected.push(expected.BIND);
    if (!isChanged) return AS_IT_IS;
    this.#restAt = start;
    return REPLACED;
  }

  /** Describe and Close: of a portal they pass, of a statement they get its other name. */
  #target(framer: Framer, server: Server, max: number): number {
    const { chunk, start, end, whole } = framer;
    if (!whole) return end - start;
    // Most are of the unnamed portal, and a portal's name is the server's business.
    if (chunk[start + HEADER_BYTES] !== STATEMENT) return asItIs(framer, server);
    const name = readTarget(chunk, start, end);
    if (name === undefined) return asItIs(framer, server);
    if (framer.type === type.CLOSE) return this.#close(name, framer, server, max);
    if (name === '') {
      const isChanged = this.#needUnnamed(server, max);
      server.expected.push(expected.DESCRIBE);
      if (!isChanged) return AS_IT_IS;
      this.#restAt = start;
      return REPLACED;
    }
    const mention = max === 0 ? undefined : this.#used(name, false, server, max);
    if (mention === undefined) return asItIs(framer, server);
    if (mention.statement !== undefined) needFor(this.pieces, mention, mention.statement, server, max);
    this.pieces.add(encodeStatementTarget(type.DESCRIBE, mention.serverName));
    server.expected.push(expected.DESCRIBE, expected.FORWARD, undefined, mention);
    return REPLACED;
  }

  /** The server keeps the statement for others: only the client's name for it ends. */
  #close(name: string, framer: Framer, server: Server, max: number): number {
    if (name === '') {
      server.unnamed = undefined;
      server.expected.push(expected.CLOSE, expected.FORWARD, undefined, this.#mention(names.DROP, '', ''));
      return AS_IT_IS;
    }
    if (max === 0 || (this.names.find(name) === undefined && !isSharedName(name)))
      return asItIs(framer, server);
    const mention = this.#mention(names.DROP, name, name);
    const isPassed = !isAscii(name);
    server.expected.push(expected.CLOSE, isPassed ? expected.FORWARD : expected.FAKE, undefined, mention);
    // Whether the name can be read in the client's encoding only the server knows; it has nothing of that name.
    return isPassed ? AS_IT_IS : REPLACED;
  }

  /** What the client means by a name that it uses; undefined when it is the server's business. */
  #used(name: string, isBind: boolean, server: Server, max: number): Mention | undefined {
    const mention = this.names.find(name);
    if (mention?.statement?.naming !== undefined) {
      const { pieces, names: owner } = this;
      return putNaming(mention, isBind, server, { pieces, owner, registry: this.#registry, max });
    }
    if (mention !== undefined || !isSharedName(name)) return this.#parameters.readAgain(mention);
    return this.#mention(names.NOTHING, name, nobodys(name));
  }

  #onUnnamed(mention: Mention, server: Server): void {
    server.unnamed = mention;
    server.unnamedOf = this.names;
  }

  /** Before a use of the statement without a name. True when something had to be sent for it. */
  #needUnnamed(server: Server, max: number): boolean {
    const mention = this.names.find('');
    const before = this.pieces.count;
    const ends = mention?.ends;
    // What PREPARE makes is not there before it.
    if (ends?.statement !== undefined && ends.effect !== names.PREPARE)
      need(this.pieces, ends.statement, server, max);
    if (mention === undefined && server.unnamedOf !== undefined) {
      // One that the client had there before it was ended on another server.
      this.pieces.add(encodeCloseStatement(''));
      server.expected.push(expected.CLOSE, expected.SKIP);
      server.unnamedOf = undefined;
      server.unnamed = undefined;
    } else if (mention?.chunk !== undefined && server.unnamed !== mention) {
      this.pieces.add(mention.chunk, mention.start, mention.end);
      server.expected.push(expected.PARSE, expected.SKIP, undefined, mention);
      this.#onUnnamed(mention, server);
    }
    return this.pieces.count > before;
  }

  #mention(effect: number, name: string, serverName: string): Mention {
    return mentionOf(this.names, effect, name, serverName, undefined);
  }
}
