// Prepared statements that clients share: one Statement for each (text, parameter types), known on servers under one name of ours.

import type { Effects, Naming } from '../query/effects.ts';

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
  /** Its text speaks of another one by name, which each client means for itself: it is on no server. */
  naming: Naming | undefined;
  /** `Lessons.edition` when they were read. */
  taught: number;
  /** Counted up when its plan is stale: servers that have an older edition must parse it anew. */
  edition: number;
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
  return name === STAND_IN || /^pgsidecar_\d+$/.test(name);
}

/** All statements of one agent. A statement that no client uses any more leaves when room is needed. */
export class StatementRegistry {
  /** Its text is empty, and it has no parameters: PostgreSQL takes that in a failed transaction as well. */
  readonly standIn: Statement = {
    ...{
      name: STAND_IN,
      tail: new Uint8Array(3),
      sql: undefined,
      key: '',
      reading: undefined,
      bytes: 0,
      isOwn: false,
      users: 1,
      effects: undefined,
      naming: undefined,
      taught: 0,
      edition: 0,
    },
  };
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

  /**
   * The statement of this Parse; `tail` is copied when it is new. Call `release()` for each `acquire()`.
   * @param reading `Parameters.reading` of the client.
   */
  acquire(tail: Uint8Array, reading = ''): Statement {
    const key = reading + Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).toString('latin1');
    let statement = this.#byKey.get(key);
    if (statement === undefined) {
      const bytes = 2 * tail.length + OVERHEAD_BYTES;
      // Not slice(): that of a Buffer is a view, which would keep the whole chunk.
      const copy = new Uint8Array(tail);
      const name = `pgsidecar_${++this.#serial}`;
      statement = {
        name,
        tail: copy,
        sql: undefined,
        key,
        reading,
        bytes,
        isOwn: false,
        users: 0,
        effects: undefined,
        naming: undefined,
        taught: 0,
        edition: 0,
      };
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
    const statement = {
      name,
      tail,
      sql,
      key,
      reading,
      bytes,
      isOwn: true,
      users: 1,
      effects: undefined,
      naming: undefined,
      taught: 0,
      edition: 0,
    };
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
  }
}
