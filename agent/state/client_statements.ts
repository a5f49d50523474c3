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
  /** What is on its way, by name: the last of each counts. Only looked at while `#due` says that there is something. */
  readonly #ahead = new Map<string, Mention>();
  #dropsAll = false;
  #due = 0;
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
    return this.#due === 0 && this.#there.size === 0;
  }

  /** Of the texts that it has names for, those on their way included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the name will stand for when the server has done all that was sent. */
  find(name: string): Mention | undefined {
    if (this.#due > 0) {
      const mention = this.#ahead.get(name);
      if (mention !== undefined) return mention.effect === TAKE ? mention : undefined;
      if (this.#dropsAll && name !== '') return undefined;
    }
    return this.#there.get(name);
  }

  /** A new name for `statement`, of which the caller has an `acquire()`; it is given back with the name. */
  take(name: string, statement: Statement, ends?: Mention): Mention {
    this.#bytes += statement.bytes;
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
    this.#due++;
    switch (mention.effect) {
      case TAKE:
      case DROP:
        this.#ahead.set(mention.name, mention);
        return;
      case DEALLOCATE_ALL: {
        const unnamed = this.#ahead.get('');
        this.#ahead.clear();
        if (unnamed !== undefined) this.#ahead.set('', unnamed);
        this.#dropsAll = true;
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
    if (--this.#due > 0) return;
    if (this.#ahead.size > 0) this.#ahead.clear();
    this.#dropsAll = false;
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
   * The server has refused it (`isRefused`), or passed it over. Call `expectAgain()` when all of them are told.
   * A Parse without a name that is refused has ended the one before it (PostgreSQL, exec_parse_message()).
   */
  onUndone(mention: Mention, isRefused: boolean): void {
    if (mention.effect === TAKE) {
      this.#giveBack(mention);
      if (isRefused && mention.name === '') this.#there.delete('');
    }
  }

  /** Behind those that were undone: what is still on its way, in its order. */
  expectAgain(pending: Iterable<{ readonly mention: Mention; readonly isQuery: boolean }>): void {
    this.#ahead.clear();
    this.#dropsAll = false;
    this.#due = 0;
    for (const { mention, isQuery } of pending) {
      if (isQuery) this.expectQuery(mention);
      else this.expect(mention);
    }
  }

  /** The client is gone. What is still on its way is given back when it is done. */
  close(): void {
    this.#isClosed = true;
    for (const mention of this.#there.values()) this.#giveBack(mention);
    this.#there.clear();
  }

  #drop(name: string): void {
    const mention = this.#there.get(name);
    if (mention === undefined) return;
    this.#there.delete(name);
    this.#giveBack(mention);
  }

  #giveBack({ statement }: Mention): void {
    if (statement === undefined) return;
    this.#bytes -= statement.bytes;
    this.#registry.release(statement);
  }
}
