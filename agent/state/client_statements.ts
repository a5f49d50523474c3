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

/** A change of a text: counted in characters of the text as it was changed up to there. */
export interface Shift {
  readonly at: number;
  readonly by: number;
}

/** A text that speaks of statements by their names, which its client means for itself whenever it is run. */
export interface NamingText {
  /** As the client said it, without its NUL. */
  readonly text: Uint8Array;
  /** Its NUL, and the types of its parameters. */
  readonly rest: Uint8Array;
  readonly effects: Effects;
}

/** What a client calls a statement. It goes along with each message about it, until the server has answered that. */
export interface Mention {
  readonly owner: ClientStatements;
  /** NOTHING … PREPARE. */
  readonly effect: number;
  /** The client's word, as `nameAt()` has it; empty for the statement without a name. */
  readonly name: string;
  /** What the server makes of that: the same statement is called by other bytes when `client_encoding` is another. */
  readonly key: string;
  /** The server's word for it. Errors that say it are told to the client with its own. */
  readonly serverName: string;
  statement: Statement | undefined;
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
  /** It stands for a text that speaks of statements by their names. */
  source: NamingText | undefined;
  /** Where its text was changed, and by how many characters it grew there: what an error says of places behind them is too much. */
  shifts: readonly Shift[] | undefined;
  /** Of an EXECUTE: behind this character of its text places are its own, and before it those of what it executes. */
  ownFrom: number;
  /** Of a Query that speaks of statements by their names, by the numbers of its own: what each does to them, and how errors say them. */
  each: readonly (Mention | undefined)[] | undefined;
  /** Of what the server says about names that it cuts: the client hears nothing but that, or anything but that. */
  hears: 'all' | 'cuts' | 'rest';
  /** What the agent sends by itself so that this Query can be done: an error of it is the Query's, and waits there. */
  standsBefore: Mention | undefined;
  /** The whole ErrorResponse of that. */
  failure: Uint8Array | undefined;
  /** What its text leaves in the session, when that is anything: of a Query, an Execute, and a Parse without a name. */
  effects: Effects | undefined;
  /** Of a Parse without a name: the whole message, for servers that do not have it. `undefined`: too long to be kept. */
  chunk: Uint8Array | undefined;
  start: number;
  end: number;
  /** What of it is in the books of `bytes`. */
  counted: number;
}

const NAME_BYTES_MAX = 63;
/** A Parse without a name that came in a chunk no longer than this is kept with its chunk, and not counted: what a client has anyway. */
const CHUNK_KEPT_MAX = 4 * 1024;

/**
 * A name is taken or freed when the server has done it, as PostgreSQL has it: a Parse that fails or is passed over takes
 * no name, a Close that is passed over frees none. What is sent meanwhile is judged by what will be if all goes well.
 */
export class ClientStatements {
  readonly #registry: StatementRegistry;
  readonly #speaks: { readonly current: { readonly isLatin1: boolean } } | undefined;
  readonly #there = new Map<string, Mention>();
  /** What is on its way, by name: the last of each counts, until it is settled. */
  readonly #ahead = new Map<string, Mention>();
  /** The same two for the statement without a name, which most drivers parse for each query: fields cost less than maps. */
  #unnamed: Mention | undefined;
  #unnamedAhead: Mention | undefined;
  /** They are settled in the order in which they were sent, so that these two say which ones are still on their way. */
  #sent = 0;
  #settled = 0;
  /** The last that frees all names. */
  #dropsAllAt = 0;
  #bytes = 0;
  #isClosed = false;

  /** @param speaks what the client believes, as `Parameters` has it. */
  constructor(registry: StatementRegistry, speaks?: { readonly current: { readonly isLatin1: boolean } }) {
    this.#registry = registry;
    this.#speaks = speaks;
  }

  /** Names that the client has, the empty one not counted. */
  get size(): number {
    return this.#there.size;
  }

  /** Nothing is there, and nothing on its way. */
  get isEmpty(): boolean {
    return this.#sent === this.#settled && this.#there.size === 0 && this.#unnamed === undefined;
  }

  /** Something is still to be done that may take or free a name. */
  get isUnsettled(): boolean {
    return this.#sent > this.#settled;
  }

  /** Of its names and the texts that they stand for, those on their way included. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What the server makes of a name as it is written now. Its table of statements compares no more than NAMEDATALEN - 1 bytes,
   * and so the rest says nothing.
   */
  keyOf(name: string): string {
    const key = this.#speaks?.current.isLatin1 === true ? Buffer.from(name).toString('latin1') : name;
    return key.length > NAME_BYTES_MAX ? key.slice(0, NAME_BYTES_MAX) : key;
  }

  /** What the name will stand for when the server has done all that was sent. */
  find(asked: string): Mention | undefined {
    if (asked === '') return this.#findUnnamed();
    const name = this.keyOf(asked);
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
  take(name: string, statement: Statement): Mention {
    this.#bytes += statement.bytes + name.length;
    this.#registry.onNameBytes(name.length);
    return mentionOf(this, TAKE, name, statement.name, statement);
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
  takeUnnamed(chunk: Uint8Array | undefined, start: number, end: number, isNext: boolean): Mention {
    const isAtOnce = isNext && this.#sent === this.#settled;
    const mention = mentionOf(this, isAtOnce ? TAKE_AT_ONCE : TAKE, '', '', undefined);
    mention.chunk = chunk;
    mention.start = start;
    mention.end = end;
    if (chunk !== undefined && chunk.length > CHUNK_KEPT_MAX) this.#keepOnly(mention, chunk);
    if (isAtOnce) this.#setUnnamed(mention);
    return mention;
  }

  /** A Parse without a name needs this on its server, wherever it is sent: it is kept as long as that. */
  keepFor(mention: Mention, statement: Statement): void {
    statement.users++;
    this.#bytes += statement.bytes;
    mention.statement = statement;
  }

  /** Of a PREPARE that was bound, and is never executed. */
  forgetUnsent(mention: Mention): void {
    if (mention.effect === PREPARE && mention.sent === 0) this.#giveBack(mention);
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
        else this.#ahead.set(mention.key, mention);
        return;
      case DEALLOCATE_ALL:
        this.#ahead.clear();
        this.#dropsAllAt = this.#sent;
    }
  }

  /** A simple Query was sent with it (or an Execute, `isQuery` false): PostgreSQL drops the statement without a name. */
  expectQuery(mention: Mention): void {
    if (mention.each !== undefined)
      for (const each of mention.each) if (each !== undefined && each.effect !== NOTHING) this.expect(each);
    this.expect(mention);
    this.#unnamedAhead = mention;
  }

  /** The server has done it. @param isQuery it was a simple Query, which has ended the statement without a name. */
  onDone(mention: Mention, isQuery: boolean): void {
    if (mention.each !== undefined)
      for (const each of mention.each)
        if (each !== undefined && each.effect !== NOTHING) this.onDone(each, false);
    if (mention.effect === TAKE) {
      if (this.#isClosed) return this.#giveBack(mention);
      if (mention.name === '') this.#setUnnamed(mention);
      else {
        this.#drop(mention);
        this.#there.set(mention.key, mention);
      }
    } else if (mention.effect === DROP) this.#drop(mention);
    else if (mention.effect === PREPARE && !mention.isTaken) this.#giveBack(mention);
    if (isQuery) this.#setUnnamed(undefined);
    this.#settle(mention);
  }

  /** The command tag says that this SQL has freed its name. */
  onDeallocated(mention: Mention): void {
    if (mention.effect === DEALLOCATE) this.#drop(mention);
    else this.dropAll();
  }

  /** The command tag says that this SQL has made its statement. */
  onPrepared(mention: Mention): void {
    if (this.#isClosed || mention.isTaken) return;
    mention.isTaken = true;
    this.#drop(mention);
    this.#there.set(mention.key, mention);
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
    if (mention.each !== undefined)
      for (const each of mention.each)
        if (each !== undefined && each.effect !== NOTHING) this.onUndone(each, false);
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
  }

  #isDue(mention: Mention): boolean {
    return mention.sent > this.#settled;
  }

  /** The first of those on their way is none of them any more. A failed pipeline settles thousands: nothing is walked here. */
  #settle(mention: Mention): void {
    if (++this.#settled < this.#sent) {
      const { name } = mention;
      if (name !== '' && !this.#isDue(mention) && this.#ahead.get(mention.key) === mention)
        this.#ahead.delete(mention.key);
      return;
    }
    this.#unnamedAhead = undefined;
    if (this.#ahead.size > 0) this.#ahead.clear();
  }

  #drop({ name, key }: Mention): void {
    if (name === '') this.#setUnnamed(undefined);
    const mention = this.#there.get(key);
    if (mention === undefined) return;
    this.#there.delete(key);
    this.#giveBack(mention);
  }

  #setUnnamed(mention: Mention | undefined): void {
    const before = this.#unnamed;
    this.#unnamed = mention;
    if (before === undefined || before === mention) return;
    if (before.counted > 0 || before.statement !== undefined) this.#giveBack(before);
  }

  /** The chunk may hold megabytes of other messages: the Parse alone is kept, and counted. */
  #keepOnly(mention: Mention, chunk: Uint8Array): void {
    const bytes = mention.end - mention.start;
    mention.chunk = new Uint8Array(chunk.subarray(mention.start, mention.end));
    mention.start = 0;
    mention.end = bytes;
    this.#count(mention, bytes);
  }

  #count(mention: Mention, bytes: number): void {
    this.#bytes += bytes - mention.counted;
    this.#registry.onNameBytes(bytes - mention.counted);
    mention.counted = bytes;
  }

  #giveBack(mention: Mention): void {
    const { name, statement } = mention;
    if (mention.counted > 0) this.#count(mention, 0);
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
    key: name === '' ? '' : owner.keyOf(name),
    serverName,
    statement,
    parses: 0,
    run: 0,
    sent: 0,
    refusal: undefined,
    isTaken: false,
    source: undefined,
    shifts: undefined,
    ownFrom: 0,
    each: undefined,
    hears: 'all',
    standsBefore: undefined,
    failure: undefined,
    effects: undefined,
    chunk: undefined,
    start: 0,
    end: 0,
    counted: 0,
  };
}
