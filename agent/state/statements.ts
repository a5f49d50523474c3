// Prepared statements: one shared Statement for each (text, parameter types), known on servers under one name of ours.

/** What is behind a name: the same for every client that prepared the same text with the same types. */
export interface Statement {
  /** Its name on every server that has it. */
  readonly name: string;
  /** What follows the name in a Parse message: text, NUL, parameter types. */
  readonly tail: Uint8Array;
  readonly key: string;
  /** Clients that know it under some name of theirs. */
  users: number;
}

/** All statements of one agent. A statement that no client uses any more leaves when room is needed. */
export class StatementRegistry {
  readonly #byKey = new Map<string, Statement>();
  #serial = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** The statement of this Parse; `tail` is copied when it is new. Call `release()` for each `acquire()`. */
  acquire(tail: Uint8Array): Statement {
    const key = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).toString('latin1');
    let statement = this.#byKey.get(key);
    if (statement === undefined) {
      // Not slice(): that of a Buffer is a view, which would keep the whole chunk.
      statement = { name: `pgsidecar_${++this.#serial}`, tail: new Uint8Array(tail), key, users: 0 };
      this.#byKey.set(key, statement);
    }
    statement.users++;
    return statement;
  }

  release(statement: Statement): void {
    if (--statement.users === 0) this.#byKey.delete(statement.key);
  }
}

/** The statements that one server connection has, least recently used first. */
export class ServerStatements {
  readonly #known = new Set<Statement>();

  get size(): number {
    return this.#known.size;
  }

  has(statement: Statement): boolean {
    return this.#known.has(statement);
  }

  /** Moves it to the end: used just now. */
  touch(statement: Statement): void {
    this.#known.delete(statement);
    this.#known.add(statement);
  }

  delete(statement: Statement): void {
    this.#known.delete(statement);
  }

  /** The one that was not used for the longest time, when there are more than `max`. */
  evict(max: number): Statement | undefined {
    if (this.#known.size <= max) return undefined;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return oldest;
    }
    return undefined;
  }

  clear(): void {
    this.#known.clear();
  }
}
