// A client's prepared statements in transaction mode: its names for shared statements, put on whichever server it has.

import { AgentError } from '../base/errors.ts';
import type { PoolStatistics } from '../pool/statistics.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { ClientStatements, type Mention, mentionOf, type NamingText } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import { isSharedName, type Statement, type StatementRegistry } from '../state/statements.ts';
import { nameAt } from '../wire/bytes.ts';
import { isAscii } from '../wire/characters.ts';
import {
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
import { isRefusing, putRefused } from './failed_transaction.ts';
import { acquireRead, bindNaming, isUncertain, sourceOf, tellCutOf, told } from './naming_statements.ts';
import { AS_IT_IS, asItIs, REPLACED, WAIT } from './pass_on.ts';
import { Portals } from './portals.ts';
import { canAnswerFor, letServerRead, need, needFor, put, takeAway } from './put_statement.ts';
import type { SessionParameters } from './session_parameters.ts';
import { isNaming, type Names, namingOf, nobodys } from './sql_names.ts';
import { isBare, type StatementLimits } from './statement_limits.ts';
import { UnnamedStatement } from './unnamed_statement.ts';

/** Where the names stand in a Bind. */
type BindNames = NonNullable<ReturnType<typeof readBind>>;

const HEADER_BYTES = 5;
const STATEMENT = 0x53; // S

export class PreparedStatements {
  readonly names: ClientStatements;
  readonly #registry: StatementRegistry;
  readonly #nameCache: NameCache;
  readonly #statistics: PoolStatistics;
  /** What replaces the message at hand, or is to be sent before it. */
  readonly pieces = new Pieces();
  #restAt: number | undefined;
  readonly unnamed: UnnamedStatement;
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
    this.names = new ClientStatements(registry, parameters);
    const { names: owner, pieces } = this;
    const refusalOf = (max: number): AgentError | undefined => this.refusalOf(max);
    this.unnamed = new UnnamedStatement({ owner, registry, parameters, pieces, refusalOf });
    this.portals = new Portals(this.names, parameters, this.pieces);
  }

  /** Where the rest of a replaced message goes on that can be passed as it is; undefined when all of it was replaced. */
  takeRestAt(): number | undefined {
    const at = this.#restAt;
    this.#restAt = undefined;
    return at;
  }

  /** Why the client may have no more statements. @param max bytes of all clients (prepared_statements_memory). */
  refusalOf(max: number): AgentError | undefined {
    const isOwn = this.names.bytes > max / 2;
    if (!isOwn && this.#registry.bytes <= max) return undefined;
    const bytes = isOwn ? this.names.bytes : this.#registry.bytes;
    const whose = isOwn ? 'of this client' : 'of all clients';
    return new AgentError('prepared_statements_full', { whose, bytes, max });
  }

  close(): void {
    this.portals.close();
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
    const { chunk, start, end, whole } = framer;
    if (!whole && chunk.length < start + HEADER_BYTES + 1) return HEADER_BYTES + 1;
    if (end > start + HEADER_BYTES && chunk[start + HEADER_BYTES] === 0)
      return this.unnamed.parse(framer, server, limits);
    if (!whole) return end - start;
    if (limits.max === 0) return this.#parseUnshared(framer, server);
    const read = readParse(chunk, start, end);
    if (read === undefined) return asItIs(framer, server);
    const { name, tail, textEnd } = read;
    const known = this.names.find(name);
    const effects = this.#parameters.effectsOf(chunk, tail, textEnd);
    const isOfNames = effects.isSingle && isNaming(effects);
    if ((isOfNames || known !== undefined) && isUncertain(this.names, server)) return WAIT;
    this.#statistics.clientParses++;
    if (!isAscii(name)) letServerRead(this.pieces, chunk.subarray(start + HEADER_BYTES, tail), server);
    const refusal = this.refusalOf(limits.memoryMax);
    const forbidden = this.#parameters.refusalOf(effects);
    if (forbidden !== undefined) return this.unnamed.refuse(forbidden, server);
    if (refusal !== undefined || known !== undefined)
      return this.#parseTaken(name, chunk.subarray(tail, end), server, limits.max, refusal);
    const mention = isOfNames
      ? this.#takeNaming(name, sourceOf(chunk, tail, textEnd, end, effects), server)
      : this.names.take(name, acquireRead(this.#registry, this.#parameters, chunk, read, end, effects));
    const statement = mention.statement!;
    if (canAnswerFor(statement, server)) {
      server.statements.touch(statement);
      server.expected.push(expected.PARSE, expected.FAKE, undefined, mention);
    } else put(this.pieces, statement, server, limits.max, mention);
    return REPLACED;
  }

  /** The same of a text that speaks of statements by their names. */
  #takeNaming(name: string, source: NamingText, server: Server): Mention {
    const { tail, relies, shifts, isCut } = told(source, this.#all(server), server);
    if (isCut) tellCutOf(source, this.pieces, server, this.names);
    const isShared = !this.#parameters.mayMeanTemporary;
    const statement = this.#registry.acquire(tail, server.tenant.reading, relies, isShared);
    statement.effects ??= source.effects;
    const mention = this.names.take(name, statement);
    mention.source = source;
    mention.shifts = shifts;
    if (isCut) mention.hears = 'rest';
    return mention;
  }

  /** What it leaves is remembered under the client's own name. */
  #parseUnshared(framer: Framer, server: Server): number {
    const { chunk, start, end } = framer;
    const read = readParse(chunk, start, end);
    if (read !== undefined)
      this.#unshared.set(read.name, this.#parameters.readOf(chunk, read.tail, read.textEnd));
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

  #bind(framer: Framer, server: Server, max: number): number {
    const { chunk, start, end } = framer;
    const { portals } = this;
    if (isBare(chunk, start + HEADER_BYTES, end)) {
      const mention = this.names.find('');
      if (mention?.source === undefined) {
        portals.onBind(mention?.effects, server);
        return this.#bindUnnamed(start, server, max);
      }
    }
    const at = readBind(chunk, start, end);
    if (at === undefined) return framer.whole ? asItIs(framer, server) : chunk.length - start + 1;
    if (at.statementAt === at.statementEnd) {
      const mention = this.names.find('');
      if (mention?.source !== undefined && !isRefusing(server))
        return this.#bindNaming(framer, at, '', mention, server, max);
      portals.onBindOf(chunk, start, at.statementAt, mention?.effects, server);
      return this.#bindUnnamed(start, server, max);
    }
    if (max === 0) {
      const name = nameAt(chunk, at.statementAt, at.statementEnd);
      portals.onBindOf(chunk, start, at.statementAt, this.#unshared.get(name), server);
      return asItIs(framer, server);
    }
    this.#statistics.binds++;
    const name = this.#nameCache.at(chunk, at.statementAt, at.statementEnd);
    const mention = this.#used(name);
    if (mention?.source !== undefined && !isRefusing(server))
      return this.#bindNaming(framer, at, name, mention, server, max);
    const effects = this.#parameters.effectsOfMention(mention);
    portals.onBindOf(chunk, start, at.statementAt, effects, server);
    if (mention === undefined) return asItIs(framer, server);
    const { statement } = mention;
    const place = isRefusing(server) ? this.#putRefused(mention, statement, server) : undefined;
    if (place === undefined && statement !== undefined) needFor(this.pieces, mention, statement, server, max);
    const own = place === undefined ? mention : mentionOf(this.names, names.NOTHING, name, place, undefined);
    this.#bindTo(framer, at, own.serverName, own, server);
    return REPLACED;
  }

  /** Undefined: it is there. */
  #putRefused(mention: Mention, statement: Statement | undefined, server: Server): string | undefined {
    if (statement === undefined || server.statements.has(statement, server.expected.run)) return undefined;
    return putRefused(this.pieces, mention, statement, server, this.#parameters.current.isConforming);
  }

  /** Of a statement whose text speaks of others by their names: it is bound to what that means now. */
  #bindNaming(
    framer: Framer,
    at: BindNames,
    name: string,
    mention: Mention,
    server: Server,
    max: number,
  ): number {
    if (isUncertain(this.names, server)) return WAIT;
    const { chunk, start } = framer;
    const said = name === '' ? tailOf(mention) : mention.statement?.tail;
    const bound = bindNaming(mention.source!, said, this.pieces, server, max, this.#all(server));
    this.portals.onBindOf(chunk, start, at.statementAt, bound.effects, server, bound);
    if (bound.place !== undefined) {
      const own = mentionOf(this.names, names.NOTHING, name, bound.place, undefined);
      this.#bindTo(framer, at, bound.place, own, server);
      return REPLACED;
    }
    if (name !== '') {
      needFor(this.pieces, mention, mention.statement!, server, max);
      this.#bindTo(framer, at, mention.serverName, mention, server);
      return REPLACED;
    }
    this.#bindUnnamed(start, server, max);
    if (this.pieces.count === 0) return AS_IT_IS;
    this.#restAt = start;
    return REPLACED;
  }

  #all(server: Server): Names {
    return this.#parameters.namesOf(this.names, this.#registry, server, undefined);
  }

  #bindTo({ chunk, start, end }: Framer, at: BindNames, to: string, mention: Mention, server: Server): void {
    this.pieces.add(renameBind(chunk, start, end, at, to));
    this.#restAt = at.statementEnd + 1;
    server.expected.push(expected.BIND, expected.FORWARD, undefined, mention);
  }

  #bindUnnamed(start: number, server: Server, max: number): number {
    const isChanged = this.unnamed.need(server, max);
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
      const isChanged = this.unnamed.need(server, max);
      server.expected.push(expected.DESCRIBE);
      if (!isChanged) return AS_IT_IS;
      this.#restAt = start;
      return REPLACED;
    }
    const mention = max === 0 ? undefined : this.#used(name);
    if (mention === undefined) return asItIs(framer, server);
    if (mention.statement !== undefined) needFor(this.pieces, mention, mention.statement, server, max);
    const described = this.#described(mention, server);
    this.pieces.add(encodeStatementTarget(type.DESCRIBE, mention.serverName));
    server.expected.push(expected.DESCRIBE, expected.FORWARD, undefined, described);
    return REPLACED;
  }

  /** An EXECUTE of what is gone: PostgreSQL looks for it when it tells the columns, although it has known them since its Parse. */
  #described(mention: Mention, server: Server): Mention {
    const relies = mention.statement?.relies;
    const naming = mention.source === undefined ? undefined : namingOf(mention.source.effects);
    if (relies === undefined || naming === undefined || this.names.find(naming.name) !== undefined)
      return mention;
    takeAway(this.pieces, relies, server);
    return mentionOf(this.names, names.NOTHING, naming.name, relies.name, undefined);
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
  #used(name: string): Mention | undefined {
    const mention = this.names.find(name);
    if (mention !== undefined && mention.name !== name) return this.#sameBut(mention, name);
    if (mention !== undefined || !isSharedName(name)) return this.#parameters.readAgain(mention);
    return this.#mention(names.NOTHING, name, nobodys(name));
  }

  /** A name that is longer than what PostgreSQL compares of it: errors say it as it was said. */
  #sameBut({ serverName, statement, source, shifts }: Mention, name: string): Mention {
    const mention = mentionOf(this.names, names.NOTHING, name, serverName, statement);
    mention.source = source;
    mention.shifts = shifts;
    return mention;
  }

  #mention(effect: number, name: string, serverName: string): Mention {
    return mentionOf(this.names, effect, name, serverName, undefined);
  }
}

/** What follows the name in a Parse without one. */
function tailOf({ chunk, start, end }: Mention): Uint8Array | undefined {
  return chunk?.subarray(start + HEADER_BYTES + 1, end);
}
