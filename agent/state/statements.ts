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

/** A name that only the agent gives: a client that says it means a statement that is not its own. */
export function isSharedName(name: string): boolean {
  return /^pgsidecar_\d+$/.test(name);
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

/** A Parse or Close of a statement that the server is still to come to, and the run of messages (up to a Sync) it is in. */
export interface PendingStatement {
  readonly isParse: boolean;
  readonly statement: Statement;
  readonly run: number;
}

/** The server has said that it has it. */
const SURE = -1;

/** The statements that one server connection has, least recently used first. */
export class ServerStatements {
  /** Those that it will have when it has done all that was sent, each with the run that its Parse is in. */
  readonly #known = new Map<Statement, number>();
  /** Those that it has said that it has. */
  readonly #there = new Set<Statement>();

  get size(): number {
    return this.#known.size;
  }

  /**
   * May a Bind that goes into this run rely on it? An error may still undo a Parse of an earlier run and leave this one
   * alone; an error in the same run undoes both.
   */
  has(statement: Statement, run: number): boolean {
    const sent = this.#known.get(statement);
    return sent === SURE || sent === run;
  }

  /** Its Parse goes into this run. */
  put(statement: Statement, run: number): void {
    this.#known.delete(statement);
    this.#known.set(statement, run);
  }

  /** Used just now: the last to be evicted. */
  touch(statement: Statement): void {
    const run = this.#known.get(statement);
    if (run !== undefined) this.put(statement, run);
  }

  /** The one that was not used for the longest time, when there are more than `max`; its Close is on its way. */
  evict(max: number): Statement | undefined {
    if (this.#known.size <= max) return undefined;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return oldest;
    }
    return undefined;
  }

  /** ParseComplete came. @param isLast false when a Close or another Parse of it is still to come. */
  onParsed(statement: Statement, isLast: boolean): void {
    this.#there.add(statement);
    if (isLast && this.#known.has(statement)) this.#known.set(statement, SURE);
  }

  /** CloseComplete came. */
  onClosed(statement: Statement): void {
    this.#there.delete(statement);
  }

  /** The Sync behind this run was none: what comes behind it is the same run. */
  joinRuns(run: number): void {
    for (const [statement, sent] of this.#known) if (sent > run) this.#known.set(statement, sent - 1);
  }

  /** An error has undone some of what was sent: the books begin anew with what the server has, and what is left to come. */
  restart(pending: Iterable<PendingStatement>): void {
    const order = [...this.#known.keys(), ...this.#there];
    this.#known.clear();
    for (const statement of order) if (this.#there.has(statement)) this.#known.set(statement, SURE);
    for (const { isParse, statement, run } of pending) {
      if (isParse) this.put(statement, run);
      else this.#known.delete(statement);
    }
  }

  /** The server has thrown all of them away, and will have those that were sent behind the command which said so. */
  clear(pending: Iterable<PendingStatement> = []): void {
    this.#there.clear();
    this.restart(pending);
  }
}
