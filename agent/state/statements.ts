// Prepared statements that clients share: one Statement for each (text, parameter types), known on servers under one name of ours.

import type { Effects } from '../query/effects.ts';

/** What is behind a name: the same for every client that prepared the same text with the same types, and would have it read the same. */
export interface Statement {
  /** Its name on every server that has it. */
  readonly name: string;
  /** What follows the name in a Parse message: text, NUL, parameter types. */
  tail: Uint8Array;
  /** It was made by SQL, and is made by that on every server: the text of its PREPARE, with our name in it. */
  readonly sql: Uint8Array | undefined;
  readonly key: string;
  /** `Parameters.reading` of who prepared it; undefined: it means the same to everybody. */
  readonly reading: string | undefined;
  /** What it takes in memory, roughly. */
  readonly bytes: number;
  /** One client's own: nobody shares it. */
  readonly isOwn: boolean;
  /** Clients that know it under some name of theirs. */
  users: number;
  /** What its text leaves in the session of whoever executes it; undefined: not read yet. */
  effects: Effects | undefined;
  /** Its text executes this one, which has to be on a server before it is parsed there. */
  readonly relies: Statement | undefined;
  /** `Lessons.edition` when they were read. */
  taught: number;
  /** Counted up when its plan is stale: servers that have an older edition must parse it anew. */
  edition: number;
  /** Whoever parses it is told that names in it are cut. */
  isCut: boolean;
}

/**
 * A statement that does nothing, put on a server to be in the way: who prepares a name that is taken, or deallocates one,
 * is sent to this one, and hears of it from the server, in the right place and in its words.
 */
const STAND_IN = 'pgsidecar_taken';
/** Beside its text: the object, its place in the maps, the client's name for it. 100,000 of them were measured at 700 to 1,200 each. */
const OVERHEAD_BYTES = 1_000;

const NO_TAIL = new Uint8Array(0);

/** A name that only the agent gives: a client that says it means a statement that is not its own. */
export function isSharedName(name: string): boolean {
  return /^pgsidecar_(?:taken_?)?\d*$/.test(name) && name !== 'pgsidecar_';
}

/** All statements of one agent. A statement that no client uses any more leaves when room is needed. */
export class StatementRegistry {
  readonly standIn: Statement = standInOf(STAND_IN);
  /** For texts that end several. */
  readonly #standIns: Statement[] = [this.standIn];
  readonly #byKey = new Map<string, Statement>();
  #serial = 0;
  #bytes = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** What all of them take in memory, and the clients' names for them, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of one text that ends several statements each has another one in its place. */
  standInAt(number: number): Statement {
    while (this.#standIns.length <= number)
      this.#standIns.push(standInOf(`${STAND_IN}_${this.#standIns.length + 1}`));
    return this.#standIns[number]!;
  }

  /**
   * The statement of this Parse; `tail` is copied when it is new. Call `release()` for each `acquire()`.
   * @param reading `Parameters.reading` of the client. @param relies what its text executes, by our name for it.
   * @param isShared false: it is another one than that of any other Parse, whatever they say.
   */
  acquire(tail: Uint8Array, reading = '', relies?: Statement, isShared = true): Statement {
    const key = isShared
      ? reading + Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).toString('latin1')
      : `\0${this.#serial + 1}`;
    let statement = this.#byKey.get(key);
    if (statement === undefined) {
      const bytes = 2 * tail.length + OVERHEAD_BYTES;
      // Not slice(): that of a Buffer is a view, which would keep the whole chunk.
      const copy = new Uint8Array(tail);
      const name = `pgsidecar_${++this.#serial}`;
      statement = newStatement(name, copy, { key, reading, bytes, relies });
      if (relies !== undefined) relies.users++;
      this.#byKey.set(key, statement);
      this.#bytes += bytes;
    }
    statement.users++;
    return statement;
  }

  /**
   * One of a client's own, made by SQL: nobody shares it.
   * @param sqlOf its PREPARE, with the name that it gets.
   */
  acquireSql(reading: string, sqlOf: (name: string) => Uint8Array): Statement {
    const name = `pgsidecar_${++this.#serial}`;
    return this.#own(name, reading, NO_TAIL, sqlOf(name));
  }

  #own(name: string, reading: string, tail: Uint8Array, sql: Uint8Array | undefined): Statement {
    const bytes = 2 * (sql ?? tail).length + OVERHEAD_BYTES;
    // A name cannot be the key of another: those begin with the values of settings.
    const key = `\0${name}`;
    const statement = newStatement(name, tail, { sql, key, reading, bytes, isOwn: true, users: 1 });
    this.#byKey.set(key, statement);
    this.#bytes += bytes;
    return statement;
  }

  /** A client has a name that takes so many bytes, or (below 0) has it no more. */
  onNameBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  release(statement: Statement): void {
    if (--statement.users > 0) return;
    this.#byKey.delete(statement.key);
    this.#bytes -= statement.bytes;
    if (statement.relies !== undefined) this.release(statement.relies);
  }
}

/** All of them have the same fields in the same order: they are looked at with every message. */
function newStatement(name: string, tail: Uint8Array, known: Partial<Statement>): Statement {
  return {
    name,
    tail,
    sql: known.sql,
    key: known.key ?? '',
    reading: known.reading,
    bytes: known.bytes ?? 0,
    isOwn: known.isOwn ?? false,
    users: known.users ?? 0,
    effects: undefined,
    relies: known.relies,
    taught: 0,
    edition: 0,
    isCut: false,
  };
}

/** Its text is empty, and it has no parameters: PostgreSQL takes that in a failed transaction as well. */
function standInOf(name: string): Statement {
  return newStatement(name, new Uint8Array(3), { users: 1 });
}
