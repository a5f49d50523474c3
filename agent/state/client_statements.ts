// The prepared statements of one client, by its own names: those it has, and those it will have when all that it sent is done.

import type { AgentError } from '../base/errors.ts';
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
  sent?: number;
  /** The client may not have it: the server's "already exists" is told to the client as this. */
  readonly refusal?: AgentError | undefined;
  /** A Parse that the server is to refuse, because the name is taken. */
  readonly isTaken?: boolean;
  /** It stands for SQL that ends statements: what an Execute of it does. */
  readonly ends?: Mention | undefined;
  /** Of a Parse without a name: the whole message, for servers that do not have it. `undefined`: too long to be kept. */
  readonly chunk?: Uint8Array | undefined;
  readonly start?: number;
  readonly end?: number;
}

/**
 * A name is taken or freed when the server has done it, as PostgreSQL has it: a Parse that fails or is passed over takes
 * no name, a Close that is passed over frees none. What is sent meanwhile is judged by what will be if all goes well.
 */
export class ClientStatements {
  readonly #registry: StatementRegistry;
  readonly #there = new Map<string, Mention>();
  /** What is on its way, by name: the last of each counts, until it is settled. */
  readonly #ahead = new Map<string, Mention>();
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
    return this.#there.has('') ? this.#there.size - 1 : this.#there.size;
  }

  /** Nothing is there, and nothing on its way. */
  get isEmpty(): boolean {
    return this.#sent === this.#settled && this.#there.size === 0;
  }

  /** Of its names and the texts that they stand for, those on their way included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the name will stand for when the server has done all that was sent. */
  find(name: string): Mention | undefined {
    if (this.#sent > this.#settled) {
      const mention = this.#ahead.get(name);
      if (mention !== undefined && this.#isDue(mention)) return mention.effect === TAKE ? mention : undefined;
      if (this.#dropsAllAt > this.#settled && name !== '') return undefined;
    }
    return this.#there.get(name);
  }

  /** A new name for `statement`, of which the caller has an `acquire()`; it is given back with the name. */
  take(name: string, statement: Statement, ends?: Mention): Mention {
    this.#bytes += statement.bytes + name.length;
    this.#registry.onNameBytes(name.length);
    return {
      owner: this,
      effect: TAKE,
      name,
      serverName: statement.name,
      statement,
      parses: 0,
      run: 0,
      ends,
    };
  }

  /** Of a Parse without a name. @param chunk has the message from `start` to `end`; undefined when it is too long to be kept. */
  takeUnnamed(chunk: Uint8Array | undefined, start: number, end: number, ends?: Mention): Mention {
    return {
      owner: this,
      effect: TAKE,
      name: '',
      serverName: '',
      statement: undefined,
      parses: 0,
      run: 0,
      ends,
      chunk,
      start,
      end,
    };
  }

  /** It was sent. */
  expect(mention: Mention): void {
    mention.sent = ++this.#sent;
    switch (mention.effect) {
      case TAKE:
      case DROP:
        this.#ahead.set(mention.name, mention);
        return;
      case DEALLOCATE_ALL: {
        const unnamed = this.#ahead.get('');
        this.#ahead.clear();
        if (unnamed !== undefined) this.#ahead.set('', unnamed);
        this.#dropsAllAt = this.#sent;
        return;
      }
      case DEALLOCATE:
        this.#ahead.set(mention.name, mention);
    }
  }

  /** A simple Query was sent with it (or an Execute, `isQuery` false): PostgreSQL drops the statement without a name. */
  expectQuery(mention: Mention): void {
    this.expect(mention);
    this.#ahead.set('', mention);
  }

  /** The server has done it. @param isQuery it was a simple Query, which has ended the statement without a name. */
  onDone(mention: Mention, isQuery: boolean): void {
    if (mention.effect === TAKE) {
      if (this.#isClosed) return this.#giveBack(mention);
      this.#drop(mention.name);
      this.#there.set(mention.name, mention);
    } else if (mention.effect === DROP) this.#drop(mention.name);
    if (isQuery) this.#there.delete('');
    this.#settle(mention);
  }

  /** The command tag says that this SQL has freed its name. */
  onDeallocated(mention: Mention): void {
    if (mention.effect === DEALLOCATE) this.#drop(mention.name);
    else this.dropAll();
  }

  /** What would have ended it is answered without a server. Nothing is on its way. */
  dropUnnamed(): void {
    this.#there.delete('');
  }

  /** All names are free, as after DEALLOCATE ALL; the statement without one stays. */
  dropAll(): void {
    const unnamed = this.#there.get('');
    for (const mention of this.#there.values()) this.#giveBack(mention);
    this.#there.clear();
    if (unnamed !== undefined) this.#there.set('', unnamed);
  }

  /**
   * The server has refused it (`isRefused`), or passed it over.
   * A Parse without a name that is refused has ended the one before it (PostgreSQL, exec_parse_message()).
   */
  onUndone(mention: Mention, isRefused: boolean): void {
    if (mention.effect === TAKE) {
      this.#giveBack(mention);
      if (isRefused && mention.name === '') this.#there.delete('');
    }
    this.#settle(mention);
  }

  /** The client is gone. What is still on its way is given back when it is done. */
  close(): void {
    this.#isClosed = true;
    for (const mention of this.#there.values()) this.#giveBack(mention);
    this.#there.clear();
  }

  #isDue(mention: Mention): boolean {
    return mention.sent! > this.#settled;
  }

  /** The first of those on their way is none of them any more. A failed pipeline settles thousands: nothing is walked here. */
  #settle(mention: Mention): void {
    if (++this.#settled < this.#sent) {
      if (!this.#isDue(mention) && this.#ahead.get(mention.name) === mention)
        this.#ahead.delete(mention.name);
    } else if (this.#ahead.size > 0) this.#ahead.clear();
  }

  #drop(name: string): void {
    const mention = this.#there.get(name);
    if (mention === undefined) return;
    this.#there.delete(name);
    this.#giveBack(mention);
  }

  #giveBack({ name, statement }: Mention): void {
    if (statement === undefined) return;
    this.#bytes -= statement.bytes + name.length;
    this.#registry.onNameBytes(-name.length);
    this.#registry.release(statement);
  }
}
