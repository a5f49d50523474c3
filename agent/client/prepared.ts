// A client's prepared statements in transaction mode: its names for shared statements, put on whichever server it has.

import { AgentError } from '../base/errors.ts';
import type { PoolStatistics } from '../pool/statistics.ts';
import { isToBeSeenWhole } from '../query/deallocation.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { ClientStatements, type Mention, mentionOf } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import { isSharedName, type StatementRegistry } from '../state/statements.ts';
import { endOfString } from '../wire/bytes.ts';
import {
  encodeCloseStatement,
  encodeParse,
  encodeQuery,
  encodeStatementTarget,
  encodeSync,
  readBind,
  readParse,
  readTarget,
  renameBind,
} from '../wire/client_messages.ts';
import type { Framer } from '../wire/frame.ts';
import type { NameCache } from '../wire/name_cache.ts';
import { Pieces } from '../wire/pieces.ts';
import * as type from '../wire/types.ts';
import { nobodys, onDeallocating, readMention, sqlOf } from './deallocate.ts';
import { canAnswerFor, need, needFor, put } from './put_statement.ts';

const HEADER_BYTES = 5;
const STATEMENT = 0x53; // S
/** A Parse without a name that is longer is kept only while there is room in prepared_statements_memory. */
const SHORT_BYTES = 4 * 1024;

/**
 * `take()` answers with 0: pass the message on as it is; a negative number: it is replaced by `pieces`;
 * a positive one: offer it again when so many of its bytes are there.
 */
const AS_IT_IS = 0;
const REPLACED = -1;

/** The settings that concern statements. */
export interface StatementLimits {
  /** Statements that a server keeps (max_prepared_statements); 0 passes names on as they are. */
  readonly max: number;
  /** Bytes that may be kept back of a message that need not be read whole (max_message_held). */
  readonly heldMax: number;
  /** What the texts of all clients may take (prepared_statements_memory); one client may have half of it. */
  readonly memoryMax: number;
}

export class PreparedStatements {
  readonly names: ClientStatements;
  readonly #registry: StatementRegistry;
  readonly #nameCache: NameCache;
  readonly #statistics: PoolStatistics;
  /** What replaces the message at hand, or is to be sent before it. */
  readonly pieces = new Pieces();
  #restAt: number | undefined;
  /** What the portal that was bound last will deallocate, if anything. */
  #bound: Mention | undefined;
  readonly #unnamedGone: Mention;

  constructor(registry: StatementRegistry, nameCache: NameCache, statistics: PoolStatistics) {
    this.#registry = registry;
    this.#nameCache = nameCache;
    this.#statistics = statistics;
    this.names = new ClientStatements(registry);
    this.#unnamedGone = this.#mention(names.DROP_UNNAMED, '', '');
  }

  /**
   * Before the first message to this server: the statement without a name that another client left there must not be
   * found by a Bind of this one. A Query (ours too), or another such Parse, does away with it anyway.
   */
  onFirst(framer: Framer, server: Server): void {
    if (server.unnamedOf === undefined || server.unnamedOf === this.names) return;
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

  /** Execute: its entry says what it will deallocate. */
  takeExecute(server: Server): void {
    const deallocation = server.expected.isFailed ? undefined : this.#bound;
    server.expected.push(expected.EXECUTE, expected.FORWARD, undefined, deallocation);
    if (deallocation !== undefined) onDeallocating(deallocation, server);
  }

  /** A simple Query ends the statement without a name (PostgreSQL protocol, 55.2.3), and may deallocate others. */
  takeQuery(framer: Framer, server: Server, max: number): number {
    const { chunk, start, end, whole } = framer;
    const from = start + HEADER_BYTES;
    // Where the network cuts it decides nothing.
    if (!whole && max > 0 && !this.names.isEmpty && isToBeSeenWhole(chunk, from, end - 1)) return end - start;
    server.unnamed = undefined;
    if (server.unnamedOf !== this.names) server.unnamedOf = undefined;
    if (this.names.isEmpty || server.expected.isFailed) {
      server.expected.push(expected.QUERY);
      return AS_IT_IS;
    }
    const deallocation =
      max > 0 && whole ? readMention(this.names, this.#registry, chunk, from, end - 1) : undefined;
    if (deallocation === undefined) {
      // There may be one although none is to be expected: what ends it may itself be passed over.
      server.expected.push(expected.QUERY, expected.FORWARD, undefined, this.#unnamedGone);
      return AS_IT_IS;
    }
    if (deallocation.statement !== undefined) {
      // Before a Query nothing may stand without its Sync; and where the client owes one, it is not ours to send.
      if (server.expected.owesSync) {
        server.expected.push(expected.QUERY);
        return AS_IT_IS;
      }
      if (need(this.pieces, deallocation.statement, server, max)) {
        this.pieces.add(encodeSync());
        server.expected.push(expected.SYNC, expected.SKIP);
      }
    }
    server.expected.push(expected.QUERY, expected.FORWARD, undefined, deallocation);
    onDeallocating(deallocation, server);
    if (deallocation.effect === names.DEALLOCATE_ALL) return AS_IT_IS;
    this.pieces.add(encodeQuery(sqlOf(deallocation)));
    return REPLACED;
  }

  #parse(framer: Framer, server: Server, limits: StatementLimits): number {
    const { chunk, start, end, whole } = framer;
    if (!whole && chunk.length < start + HEADER_BYTES + 1) return HEADER_BYTES + 1;
    if (end > start + HEADER_BYTES && chunk[start + HEADER_BYTES] === 0)
      return this.#parseUnnamed(framer, server, limits);
    if (limits.max === 0) return asItIs(framer, server);
    if (!whole) return end - start;
    const read = readParse(chunk, start, end);
    if (read === undefined) return asItIs(framer, server);
    this.#statistics.clientParses++;
    const { name, tail } = read;
    if (!isAscii(name)) this.#letServerRead(chunk.subarray(start + HEADER_BYTES, tail), server);
    const refusal = this.#refusalOf(limits.memoryMax);
    if (refusal !== undefined || this.names.find(name) !== undefined)
      return this.#parseTaken(name, chunk.subarray(tail, end), server, limits.max, refusal);
    const statement = this.#registry.acquire(chunk.subarray(tail, end), server.tenant.reading);
    const ends = readMention(this.names, this.#registry, chunk, tail, read.textEnd);
    const mention = this.names.take(
      name,
      statement,
      ends?.effect === names.DEALLOCATE_ALL ? ends : undefined,
    );
    if (canAnswerFor(statement, server)) {
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
    let ends: Mention | undefined;
    if (max > 0 && whole && !this.names.isEmpty && textAt < end)
      ends = readMention(this.names, this.#registry, chunk, textAt, endOfString(chunk, textAt, end));
    if (ends !== undefined && ends.effect !== names.DEALLOCATE_ALL) {
      // Its name is rewritten here; what it means, and the stand-in that it needs, come with its Bind and its Execute.
      const message = encodeParse('', new Uint8Array(Buffer.from(`${sqlOf(ends)}\0\0\0`)));
      const mention = this.names.takeUnnamed(message, 0, message.length, server.expected.isEmpty, ends);
      this.#onUnnamed(mention, server);
      server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
      this.pieces.add(message);
      return REPLACED;
    }
    // No view of it yet: making one costs more than all else here, and hardly any is ever needed.
    const isKept = whole && (end - start <= SHORT_BYTES || this.#refusalOf(memoryMax) === undefined);
    const isNext = server.expected.isEmpty;
    const mention = this.names.takeUnnamed(isKept ? chunk : undefined, start, end, isNext, ends);
    this.#onUnnamed(mention, server);
    server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
    return AS_IT_IS;
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

  #refusalOf(max: number): AgentError | undefined {
    const isOwn = this.names.bytes > max / 2;
    if (!isOwn && this.#registry.bytes <= max) return undefined;
    const bytes = isOwn ? this.names.bytes : this.#registry.bytes;
    const whose = isOwn ? 'of this client' : 'of all clients';
    return new AgentError('prepared_statements_full', { whose, bytes, max });
  }

  #bind(framer: Framer, server: Server, max: number): number {
    const { chunk, start, end } = framer;
    if (isBare(chunk, start + HEADER_BYTES, end)) return this.#bindUnnamed(start, server, max);
    const at = readBind(chunk, start, end);
    if (at === undefined) return framer.whole ? asItIs(framer, server) : chunk.length - start + 1;
    if (at.statementAt === at.statementEnd) return this.#bindUnnamed(start, server, max);
    if (max === 0) return asItIs(framer, server);
    this.#statistics.binds++;
    const mention = this.#mentionOf(this.#nameCache.at(chunk, at.statementAt, at.statementEnd));
    this.#bound = mention?.ends;
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
    const mention = max === 0 ? undefined : this.#mentionOf(name);
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

  /** What the client means by a name; undefined when it is the server's business. */
  #mentionOf(name: string): Mention | undefined {
    const mention = this.names.find(name);
    if (mention !== undefined || !isSharedName(name)) return mention;
    return this.#mention(names.NOTHING, name, nobodys(name));
  }

  #onUnnamed(mention: Mention, server: Server): void {
    server.unnamed = mention;
    server.unnamedOf = this.names;
  }

  /** Before a use of the statement without a name. True when something had to be sent for it. */
  #needUnnamed(server: Server, max: number): boolean {
    const mention = this.names.find('');
    this.#bound = mention?.ends;
    const before = this.pieces.count;
    if (this.#bound?.statement !== undefined) need(this.pieces, this.#bound.statement, server, max);
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

  /** Makes the server look at a name in the client's encoding, which only it knows: nothing there has that name. */
  #letServerRead(nameAndNul: Uint8Array, server: Server): void {
    const close = encodeCloseStatement('x'.repeat(nameAndNul.length - 1));
    close.set(nameAndNul, HEADER_BYTES + 1);
    this.pieces.add(close);
    server.expected.push(expected.CLOSE, expected.SKIP);
  }

  #mention(effect: number, name: string, serverName: string): Mention {
    return mentionOf(this.names, effect, name, serverName, undefined);
  }
}

function asItIs(framer: Framer, server: Server): number {
  server.expected.push(KINDS[framer.type]!);
  return AS_IT_IS;
}

/** Two empty names: the portal and the statement of most Binds. */
function isBare(chunk: Uint8Array, at: number, end: number): boolean {
  return at + 1 < end && at + 1 < chunk.length && chunk[at] === 0 && chunk[at + 1] === 0;
}

function isAscii(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 0x7f) return false;
  return true;
}

export const KINDS: Readonly<Record<number, number>> = {
  [type.PARSE]: expected.PARSE,
  [type.BIND]: expected.BIND,
  [type.DESCRIBE]: expected.DESCRIBE,
  [type.CLOSE]: expected.CLOSE,
};
