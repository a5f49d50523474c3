// The prepared statements that one server connection has: those it said it has, and those it will have when all that was sent is done.

import type { Statement } from './statements.ts';

/** The server has said that it has it. */
const SURE = -1;
/** No edition of any statement. */
const DOUBTED = -1;

interface Known {
  /** The run that its Parse is in; SURE when that is done. */
  run: number;
  /** The statement's edition when it was parsed. */
  edition: number;
}

/** The statements that one server connection has, least recently used first. */
export class ServerStatements {
  /** Those that it will have when it has done all that was sent. */
  readonly #known = new Map<Statement, Known>();
  /** Those that it has said that it has, each with its edition: a Parse of one of these needs its Close before. */
  readonly #there = new Map<Statement, number>();
  /** Those whose Parse was done since the last ReadyForQuery. */
  readonly #fresh: Statement[] = [];
  /** DEALLOCATE ALL or DISCARD ALL is on its way. */
  #isToEnd = false;

  get size(): number {
    return this.#known.size;
  }

  /**
   * May a Bind that goes into this run rely on it? An error may still undo a Parse of an earlier run and leave this one
   * alone; an error in the same run undoes both.
   */
  has(statement: Statement, run: number): boolean {
    const known = this.#known.get(statement);
    return (
      known !== undefined && (known.run === SURE || known.run === run) && known.edition === statement.edition
    );
  }

  /** Will it have it from that run on, if nothing goes wrong there? */
  isExpected(statement: Statement, run: number): boolean {
    const known = this.#known.get(statement);
    return known !== undefined && known.run === run && known.edition === statement.edition;
  }

  /** The server may have something under its name, or will have when it has done what was sent. */
  mayHave(statement: Statement): boolean {
    return this.#there.has(statement) || this.#known.has(statement);
  }

  /** Its Parse goes into this run. */
  put(statement: Statement, run: number): void {
    this.#known.delete(statement);
    this.#known.set(statement, { run, edition: statement.edition });
  }

  /** What was put there was read otherwise than its name says: it is for the message behind it, and for nobody else. */
  distrust(statement: Statement): void {
    const known = this.#known.get(statement);
    if (known !== undefined) known.edition = DOUBTED;
  }

  /** Used just now: the last to be evicted. */
  touch(statement: Statement): void {
    const known = this.#known.get(statement);
    if (known === undefined) return;
    this.#known.delete(statement);
    this.#known.set(statement, known);
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
    const known = this.#known.get(statement);
    this.#there.set(statement, known?.edition ?? statement.edition);
    if (isLast && known !== undefined) known.run = SURE;
    this.#fresh.push(statement);
  }

  /** ReadyForQuery came: what has changed before it has been reported. @param isLast nothing more is to be done. */
  onReady(isLast: boolean): void {
    if (this.#fresh.length > 0) this.#fresh.length = 0;
    if (isLast && this.#isToEnd) this.#keepAll();
  }

  /** What was to end all of them has failed, or did not come to its turn: a transaction that has failed takes no new Parse. */
  #keepAll(): void {
    this.#isToEnd = false;
    for (const [statement, known] of this.#known) if (known.edition === DOUBTED) this.restore(statement);
  }

  /**
   * The client has changed by what a text is read. The report of that comes no later than ReadyForQuery, so that a Parse
   * which is not done, or was done since the last one, may have been read by the new: it is relied on by nobody else.
   */
  onReadingChanged(): void {
    for (const known of this.#known.values()) if (known.run !== SURE) known.edition = DOUBTED;
    for (const statement of this.#fresh) {
      this.distrust(statement);
      if (this.#there.has(statement)) this.#there.set(statement, DOUBTED);
    }
  }

  /** CloseComplete came. */
  onClosed(statement: Statement): void {
    this.#there.delete(statement);
  }

  /** The Sync behind this run was none: what comes behind it is the same run. */
  joinRuns(run: number): void {
    for (const known of this.#known.values()) if (known.run > run) known.run--;
  }

  /** An error has undone all that was still to be done to it: what the server has said counts. */
  restore(statement: Statement): void {
    const edition = this.#there.get(statement);
    if (edition === undefined) this.#known.delete(statement);
    else this.#known.set(statement, { run: SURE, edition });
  }

  /** It will be gone when what is sent now is done: who needs it then puts it there again. */
  forget(statement: Statement): void {
    this.#known.delete(statement);
  }

  /** All of them will be gone when what is sent now is done. */
  expectEnd(): void {
    this.#isToEnd = true;
    for (const known of this.#known.values()) known.edition = DOUBTED;
  }

  /** SQL has done something to prepared statements, and nobody knows to which: whoever needs one parses it anew. */
  doubt(): void {
    for (const known of this.#known.values()) known.edition = DOUBTED;
    for (const statement of this.#there.keys()) this.#there.set(statement, DOUBTED);
  }

  /**
   * The server says how many of ours it has, behind SQL that may have done anything to them: what SQL makes is told apart from
   * what a Parse makes, and may be another by now. False: there are others.
   */
  agreesWith(shared: number, bySql: number): boolean {
    let made = 0;
    for (const statement of this.#there.keys()) {
      if (statement.sql === undefined) continue;
      made++;
      this.distrust(statement);
      this.#there.set(statement, DOUBTED);
    }
    return made === bySql && this.#there.size - made === shared;
  }

  /** The server has thrown all of them away, and will have those that were sent behind the command which said so: `isPending`. */
  clear(isPending: (statement: Statement) => boolean = () => false): void {
    this.#isToEnd = false;
    this.#there.clear();
    for (const statement of this.#known.keys()) if (!isPending(statement)) this.#known.delete(statement);
  }
}
