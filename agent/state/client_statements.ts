// The prepared statements of one client, by its own names: those it has, and those it will have when all that it sent is done.

import type { AgentError } from '../base/errors.ts';
import type { Effects } from '../query/effects.ts';
import type { Statement, StatementRegistry } from './statements.ts';

/** What becomes of a name when the server has done the message. */
export const NOTHING = 0;
/** Parse: the name stands for this from now on. */
export const TAKE = 1;
/** Close: the name is free. */
export const DROP = 2;
/** DEALLOCATE by SQL: the name is free when the command tag says so. */
export const DEALLOCATE = 3;
/** DEALLOCATE ALL or DISCARD ALL by SQL. */
export const DEALLOCATE_ALL = 4;
/** Another simple Query: it ends the statement without a name, and nothing else. */
export const DROP_UNNAMED = 5;
/** Parse without a name, and the server owes nothing before it: it stands for this from now on, unless it is refused. */
export const TAKE_AT_ONCE = 6;

/** PREPARE by SQL: the name stands for this when the command tag says so. */
export const PREPARE = 7;

/** A change of a text: counted in the text as it was changed up to there. */
export interface Shift {
  readonly at: number;
  readonly by: number;
}

/** What a client calls a statement. It goes along with each message about it, until the server has answered that. */
export interface Mention {
  readonly owner: ClientStatements;
  /** NOTHING … DROP_UNNAMED. */
  readonly effect: number;
  /** The client's word, as `nameAt()` has it; empty for the statement without a name. */
  readonly name: string;
  /** The server's word for it. Errors that say it are told to the client with its own. */
  readonly serverName: string;
  readonly statement: Statement | undefined;
  /** Parses with it that the server is still to come to. */
  parses: number;
  /** The run of messages that its Parse is in. */
  run: number;
  /** Which one of all that were sent for this client it is; the last time, when it was sent again. */
  sent: number;
  /** The client may not have it: the server's "already exists" is told to the client as this. */
  refusal: AgentError | undefined;
  /** A Parse that the server is to refuse, because the name is taken; a PREPARE that was done. */
  isTaken: boolean;
  /** It stands for SQL that ends statements: what an Execute of it does. */
  ends: Mention | undefined;
  /** Where its text was changed, and by how many characters it grew there: what an error says of places behind them is too much. */
  shifts: readonly Shift[] | undefined;
  /** Of a text of several statements, by their numbers: what the DEALLOCATE among them end. */
  each: readonly (Mention | undefined)[] | undefined;
  /** What its text leaves in the session, when that is anything: of a Query, an Execute, and a Parse without a name. */
  effects: Effects | undefined;
  /** Of a Parse without a name: the whole message, for servers that do not have it. `undefined`: too long to be kept. */
  chunk: Uint8Array | undefined;
  start: number;
  end: number;
  /** What of it is in the books of `bytes`. */
  counted: number;
}

/** A Parse without a name that came in a chunk no longer than this is kept with its chunk, and not counted: what a client has anyway. */
const CHUNK_KEPT_MAX = 4 * 1024;

/**
 * A name is taken or freed when the server has done it, as PostgreSQL has it: a Parse that fails or is passed over takes
 * no name, a Close that is passed over frees none. What is sent meanwhile is judged by what will be if all goes well.
 */
export class ClientStatements {
  readonly #registry: StatementRegistry;
  readonly #there = new Map<string, Mention>();
  /** What is on its way, by name: the last of each counts, until it is settled. */
  readonly #ahead = new Map<string, Mention>();
  /** The same two for the statement without a name, which most drivers parse for each query: fields cost less than maps. */
  #unnamed: Mention | undefined;
  #unnamedAhead: Mention | undefined;
  #bound: Mention | undefined;
  /** They are settled in the order in which they were sent, so that these two say which ones are still on their way. */
  #sent = 0;
  #settled = 0;
  /** The last that frees all names. */
  #dropsAllAt = 0;
  #bytes = 0;
  #isClosed = false;

  constructor(registry: StatementRegistry) {
    this.#registry = registry;
  }

  /** Names that the client has, the empty one not counted. */
  get size(): number {
    return this.#there.size;
  }

  /** Nothing is there, and nothing on its way. */
  get isEmpty(): boolean {
    return this.#sent === this.#settled && this.#there.size === 0 && this.#unnamed === undefined;
  }

  /** Of its names and the texts that they stand for, those on their way included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the name will stand for when the server has done all that was sent. */
  find(name: string): Mention | undefined {
    if (name === '') return this.#findUnnamed();
    if (this.#sent > this.#settled) {
      const mention = this.#ahead.get(name);
      if (mention !== undefined && this.#isDue(mention)) return takes(mention) ? mention : undefined;
      if (this.#dropsAllAt > this.#settled) return undefined;
    }
    return this.#there.get(name);
  }

  #findUnnamed(): Mention | undefined {
    const ahead = this.#unnamedAhead;
    if (ahead !== undefined && this.#isDue(ahead)) return ahead.effect === TAKE ? ahead : undefined;
    return this.#unnamed;
  }

  /** A new name for `statement`, of which the caller has an `acquire()`; it is given back with the name. */
  take(name: string, statement: Statement, ends?: Mention): Mention {
    this.#bytes += statement.bytes + name.length;
    this.#registry.onNameBytes(name.length);
    const mention = mentionOf(this, TAKE, name, statement.name, statement);
    mention.ends = ends;
    return mention;
  }

  /** As `take()`, of a PREPARE by SQL. */
  prepare(name: string, statement: Statement): Mention {
    this.#bytes += statement.bytes + name.length;
    this.#registry.onNameBytes(name.length);
    return mentionOf(this, PREPARE, name, statement.name, statement);
  }

  /**
   * Of a Parse without a name. With nothing on its way (`isNext`) it cannot be passed over, and needs no books.
   * @param chunk has the message from `start` to `end`; undefined when it is too long to be kept.
   */
  takeUnnamed(
    chunk: Uint8Array | undefined,
    start: number,
    end: number,
    isNext: boolean,
    ends?: Mention,
  ): Mention {
    const isAtOnce = isNext && this.#sent === this.#settled;
    const mention = mentionOf(this, isAtOnce ? TAKE_AT_ONCE : TAKE, '', '', undefined);
    mention.ends = ends;
    mention.chunk = chunk;
    mention.start = start;
    mention.end = end;
    if (chunk !== undefined && chunk.length > CHUNK_KEPT_MAX) this.#keepOnly(mention, chunk);
    if (isAtOnce) this.#setUnnamed(mention);
    return mention;
  }

  /** What a portal will do that was bound just now: a PREPARE that is never executed is given back. */
  onBound(ends: Mention | undefined): void {
    this.#forgetUnsent(this.#bound);
    this.#bound = ends;
  }

  /** It was sent. */
  expect(mention: Mention): void {
    mention.sent = ++this.#sent;
    switch (mention.effect) {
      case TAKE:
      case DROP:
      case DEALLOCATE:
      case PREPARE:
        if (mention.name === '') this.#unnamedAhead = mention;
        else this.#ahead.set(mention.name, mention);
        return;
      case DEALLOCATE_ALL:
        this.#ahead.clear();
        this.#dropsAllAt = this.#sent;
    }
  }

  /** A simple Query was sent with it (or an Execute, `isQuery` false): PostgreSQL drops the statement without a name. */
  expectQuery(mention: Mention): void {
    this.expect(mention);
    this.#unnamedAhead = mention;
  }

  /** The server has done it. @param isQuery it was a simple Query, which has ended the statement without a name. */
  onDone(mention: Mention, isQuery: boolean): void {
    if (mention.effect === TAKE) {
      if (this.#isClosed) return this.#giveBack(mention);
      if (mention.name === '') this.#setUnnamed(mention);
      else {
        this.#drop(mention.name);
        this.#there.set(mention.name, mention);
      }
    } else if (mention.effect === DROP) this.#drop(mention.name);
    else if (mention.effect === PREPARE && !mention.isTaken) this.#giveBack(mention);
    if (isQuery) this.#setUnnamed(undefined);
    this.#settle(mention);
  }

  /** The command tag says that this SQL has freed its name. */
  onDeallocated(mention: Mention): void {
    if (mention.effect === DEALLOCATE) this.#drop(mention.name);
    else this.dropAll();
  }

  /** The command tag says that this SQL has made its statement. */
  onPrepared(mention: Mention): void {
    if (this.#isClosed || mention.isTaken) return;
    mention.isTaken = true;
    this.#drop(mention.name);
    this.#there.set(mention.name, mention);
  }

  /** What would have ended it is answered without a server. Nothing is on its way. */
  dropUnnamed(): void {
    this.#setUnnamed(undefined);
  }

  /** All names are free, as after DEALLOCATE ALL; the statement without one stays. */
  dropAll(): void {
    for (const mention of this.#there.values()) this.#giveBack(mention);
    this.#there.clear();
  }

  /**
   * The server has refused it (`isRefused`), or passed it over.
   * A Parse without a name that is refused has ended the one before it (PostgreSQL, exec_parse_message()).
   */
  onUndone(mention: Mention, isRefused: boolean): void {
    if (mention.effect === TAKE) {
      this.#giveBack(mention);
      if (isRefused && mention.name === '') this.#setUnnamed(undefined);
    } else if (mention.effect === PREPARE && !mention.isTaken) this.#giveBack(mention);
    this.#settle(mention);
  }

  /** As `onUndone()` of what was taken at once. */
  onRefusedAtOnce(): void {
    this.#setUnnamed(undefined);
  }

  /** The client is gone. What is still on its way is given back when it is done. */
  close(): void {
    this.#isClosed = true;
    this.dropAll();
    this.#setUnnamed(undefined);
    this.onBound(undefined);
  }

  #isDue(mention: Mention): boolean {
    return mention.sent > this.#settled;
  }

  /** The first of those on their way is none of them any more. A failed pipeline settles thousands: nothing is walked here. */
  #settle(mention: Mention): void {
    if (++this.#settled < this.#sent) {
      if (mention.name !== '' && !this.#isDue(mention) && this.#ahead.get(mention.name) === mention)
        this.#ahead.delete(mention.name);
      return;
    }
    this.#unnamedAhead = undefined;
    if (this.#ahead.size > 0) this.#ahead.clear();
  }

  #drop(name: string): void {
    if (name === '') this.#setUnnamed(undefined);
    const mention = this.#there.get(name);
    if (mention === undefined) return;
    this.#there.delete(name);
    this.#giveBack(mention);
  }

  #setUnnamed(mention: Mention | undefined): void {
    const before = this.#unnamed;
    this.#unnamed = mention;
    if (before !== mention) this.#forgetUnsent(before?.ends);
    if (before !== undefined && before.counted > 0 && before !== mention) this.#count(before, 0);
  }

  /** The chunk may hold megabytes of other messages: the Parse alone is kept, and counted. */
  #keepOnly(mention: Mention, chunk: Uint8Array): void {
    const bytes = mention.end - mention.start;
    mention.chunk = new Uint8Array(chunk.subarray(mention.start, mention.end));
    mention.start = 0;
    mention.end = bytes;
    this.#count(mention, bytes);
  }

  /** Of a PREPARE that was parsed, and never executed. */
  #forgetUnsent(ends: Mention | undefined): void {
    if (ends?.effect === PREPARE && ends.sent === 0) this.#giveBack(ends);
  }

  #count(mention: Mention, bytes: number): void {
    this.#bytes += bytes - mention.counted;
    this.#registry.onNameBytes(bytes - mention.counted);
    mention.counted = bytes;
  }

  #giveBack(mention: Mention): void {
    const { name, statement } = mention;
    if (mention.counted > 0) this.#count(mention, 0);
    this.#forgetUnsent(mention.ends);
    if (statement === undefined) return;
    this.#bytes -= statement.bytes + name.length;
    this.#registry.onNameBytes(-name.length);
    this.#registry.release(statement);
  }
}

function takes({ effect }: Mention): boolean {
  return effect === TAKE || effect === PREPARE;
}

/** All of them alike, so that the engine has one shape for them: there is one for each Parse without a name. */
export function mentionOf(
  owner: ClientStatements,
  effect: number,
  name: string,
  serverName: string,
  statement: Statement | undefined,
): Mention {
  return {
    owner,
    effect,
    name,
    serverName,
    statement,
    parses: 0,
    run: 0,
    sent: 0,
    refusal: undefined,
    isTaken: false,
    ends: undefined,
    shifts: undefined,
    each: undefined,
    effects: undefined,
    chunk: undefined,
    start: 0,
    end: 0,
    counted: 0,
  };
}
