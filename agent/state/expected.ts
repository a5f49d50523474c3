// What is still to come back from a server, in order: each entry says what answers it, and whether the client sees that.

import { type Mention, NOTHING, TAKE_AT_ONCE } from './client_statements.ts';
import { Entries } from './entries.ts';
import { ServerStatements } from './server_statements.ts';
import type { Statement } from './statements.ts';

/** What was sent. The numbers are used as bits of a byte together with the disposition. */
export const PARSE = 1;
export const BIND = 2;
export const DESCRIBE = 3;
export const EXECUTE = 4;
export const CLOSE = 5;
export const SYNC = 6;
/** A simple Query or a FunctionCall: everything up to ReadyForQuery answers it. */
export const QUERY = 7;
/** CopyDone or CopyFail: nothing answers it, it marks where the data of a COPY FROM STDIN ended. */
export const COPY_END = 8;

/** The client sent it and gets the answer. */
export const FORWARD = 0x00;
/** The agent sent it: the answer stops here. */
export const SKIP = 0x10;
/** The client sent it, nobody passed it on: the agent answers when its turn comes. */
export const FAKE = 0x20;

const KIND = 0x0f;
const DISPOSITION = 0xf0;

/** What `onReply()` says of a server's message: pass it on, or keep it; INJECTED_ERROR: an error of the agent's own query. */
export type Verdict = 0 | 1 | 2;
export const PASS = 0;
export const KEEP = 1;
export const INJECTED_ERROR = 2;

/** The server answered something that nobody asked. The connection's state is unknown: it must be closed. */
export class UnexpectedReply extends Error {}

/** An entry that is sent once more: see `takeRun()`. */
export interface Resent {
  readonly kind: number;
  readonly mention: Mention | undefined;
}

/**
 * The queue of one server connection. It follows the protocol's rule for errors (chapter 55.2.3): after an error in the
 * extended protocol the server throws away everything up to the next Sync, so the same entries are dropped here. What an
 * entry means for the statements of the server and for the names of the client is told to their books when it is done.
 */
export class Expected {
  readonly #entries = new Entries();
  #failed = false;
  #copyingIn = false;
  #unended = false;
  #owesSync = false;
  #fakes = 0;
  /** Queries that are not answered, and Executes. */
  #queries = 0;
  #executes = 0;
  /** Syncs that were sent, and that were answered. */
  #syncs = 0;
  #answered = 0;
  /** How many a Parse or Close of each statement is: asked at every error of a pipeline that may be long. */
  readonly #pending = new Map<Statement, number>();
  readonly #books: ServerStatements;

  /** @param books are told which statements the server has taken, and begin anew after an error. */
  constructor(books = new ServerStatements()) {
    this.#books = books;
  }

  /** Which run of messages, each up to its Sync, is being sent. */
  get run(): number {
    return this.#syncs;
  }

  /** The server may still find an error in an earlier run, or a Query, and then it has not done what it was told there. */
  get isBehind(): boolean {
    return this.#syncs > this.#answered || this.#queries > 0;
  }

  /** Something is still to be run, which may change by what later texts are read. */
  get isToRun(): boolean {
    return this.#queries > 0 || this.#executes > 0;
  }

  /** Messages of the extended protocol were sent, and no Sync behind them yet. */
  get owesSync(): boolean {
    return this.#owesSync;
  }

  get isEmpty(): boolean {
    return this.#entries.count === 0;
  }

  /**
   * Nothing is owed, and no Sync is. Without its Sync the server is still in the client's implicit transaction, or passes
   * over whatever comes, although it has answered everything and its last ReadyForQuery said idle.
   */
  get isSettled(): boolean {
    return this.#entries.count === 0 && !this.#unended;
  }

  get length(): number {
    return this.#entries.count;
  }

  /** Is there anything that nobody passed on? Asked for every message, so it is one comparison. */
  get hasFakes(): boolean {
    return this.#fakes > 0;
  }

  /** The server waits for the rest of a COPY's data. */
  get isCopyingIn(): boolean {
    return this.#copyingIn;
  }

  /** After an error, until the Sync comes: the server ignores everything, and so nothing is expected of it. */
  get isFailed(): boolean {
    return this.#failed;
  }

  /** Is a ReadyForQuery due, of a Query or of a Sync? */
  get owesReady(): boolean {
    for (let i = 0; i < this.#entries.count; i++) {
      const kind = this.#entries.code(i) & KIND;
      if (kind === SYNC || kind === QUERY) return true;
    }
    return false;
  }

  /** Is there anything ahead that the client waits for? */
  get owesClient(): boolean {
    for (let i = 0; i < this.#entries.count; i++) {
      const code = this.#entries.code(i);
      if ((code & DISPOSITION) !== SKIP && (code & KIND) !== COPY_END) return true;
    }
    return false;
  }

  /** Is the server busy with something of the agent's own? Then notices that come now are not the client's. */
  get isInjected(): boolean {
    return this.#entries.count > 0 && (this.#entries.code(0) & DISPOSITION) === SKIP;
  }

  /** What the message that the server is at says of a statement. */
  get mention(): Mention | undefined {
    return this.#entries.count === 0 ? undefined : this.#entries.mention(0);
  }

  /** Is the server still to come to a Parse or Close of it? */
  isPending(statement: Statement): boolean {
    return this.#pending.has(statement);
  }

  /**
   * @param kind one of PARSE … COPY_END; @param disposition FORWARD, SKIP or FAKE;
   * @param statement of a PARSE, or of our own CLOSE; @param mention what the client says of a statement with it.
   */
  push(kind: number, disposition: number = FORWARD, statement?: Statement, mention?: Mention): void {
    if (kind <= CLOSE) {
      this.#unended = true;
      this.#owesSync = true;
    } else if (kind === SYNC) this.#owesSync = false;
    if (this.#failed) {
      if (kind !== SYNC) return;
      this.#failed = false;
    }
    // A server that copies in ignores Sync until the data has ended.
    if (kind === SYNC && this.#copyingIn) return;
    if (kind === COPY_END) {
      this.#copyingIn = false;
      // The COPY has failed already, and the server passes over the rest of its data.
      if (this.#entries.count === 0) return;
    }
    this.#entries.push(kind | disposition, statement, mention);
    if (kind === SYNC) this.#syncs++;
    else if (kind === QUERY) this.#queries++;
    else if (kind === EXECUTE) this.#executes++;
    if (disposition === FAKE) this.#fakes++;
    else if (statement !== undefined) this.#pending.set(statement, 1 + (this.#pending.get(statement) ?? 0));
    if (kind === PARSE && mention !== undefined) mention.parses++;
    if (mention === undefined || !changesNames(kind | disposition, mention)) return;
    if (kind === QUERY) mention.owner.expectQuery(mention);
    else mention.owner.expect(mention);
  }

  /** When a FAKE is next, its kind (PARSE, CLOSE…), and it is taken off; 0 otherwise. */
  takeFake(): number {
    if (this.#entries.count === 0) return 0;
    const code = this.#entries.code(0);
    if ((code & DISPOSITION) !== FAKE) return 0;
    this.#done();
    return code & KIND;
  }

  /** A message from the server, by its type byte. Not for ParameterStatus, NoticeResponse, NotificationResponse. */
  onReply(type: number): Verdict {
    if (this.#entries.count === 0)
      throw new UnexpectedReply(`${String.fromCharCode(type)} although nothing was asked`);
    const code = this.#entries.code(0);
    const kind = code & KIND;
    const verdict: Verdict = (code & DISPOSITION) === SKIP ? KEEP : PASS;
    switch (type) {
      case 0x44: // DataRow
      case 0x64: // CopyData
        return verdict;
      case 0x31: // ParseComplete
        this.#expect(kind, PARSE, type);
        if (this.#entries.mention(0)?.isTaken === true)
          throw new UnexpectedReply('a name that was taken has been given');
        this.#onTaken(true);
        break;
      case 0x32: // BindComplete
        this.#expect(kind, BIND, type);
        break;
      case 0x33: // CloseComplete
        this.#expect(kind, CLOSE, type);
        this.#onTaken(false);
        break;
      case 0x54: // RowDescription
      case 0x6e: // NoData
        if (kind === DESCRIBE) this.#pop();
        return verdict;
      case 0x43: // CommandComplete
      case 0x49: // EmptyQueryResponse
      case 0x73: // PortalSuspended
        if (kind === EXECUTE) this.#onExecuted();
        this.#copyingIn = false;
        return verdict;
      case 0x47: // CopyInResponse
        this.#beginCopyIn();
        return verdict;
      case 0x57: // CopyBothResponse: only a Query of replication has it, with no Sync that could be swallowed
        if (kind !== QUERY) throw new UnexpectedReply('CopyBothResponse without its Query');
        this.#copyingIn = true;
        return verdict;
      case 0x45: // ErrorResponse
        return this.#onError(kind, verdict);
      case 0x5a: // ReadyForQuery
        if (kind !== SYNC && kind !== QUERY) throw new UnexpectedReply('ReadyForQuery before its Sync');
        this.#copyingIn = false;
        if (kind === SYNC) this.#answered++;
        this.#done();
        if (this.#entries.count === 0) this.#unended = false;
        return verdict;
      case 0x74: // ParameterDescription: RowDescription or NoData follows
      case 0x48: // CopyOutResponse
      case 0x63: // CopyDone
      case 0x56: // FunctionCallResponse
        return verdict;
      default:
        throw new UnexpectedReply(`a message of type 0x${type.toString(16)}`);
    }
    this.#done();
    return verdict;
  }

  /**
   * When what the server is at and all that follows up to the last Sync, which is the only one, can be sent once more
   * behind an error: takes it off, and leaves the Sync, whose answer nobody sees. Undefined: it cannot.
   */
  takeRun(): Resent[] | undefined {
    const { count } = this.#entries;
    const run: Resent[] = [];
    for (let i = 0; i < count; i++) {
      const code = this.#entries.code(i);
      const kind = code & KIND;
      const mention = this.#entries.mention(i);
      // Anything but a plain message of the client's own, or one that changes the books, has to be judged anew.
      if (code > SYNC || kind === PARSE || this.#entries.statement(i) !== undefined) return undefined;
      if (mention !== undefined && changesNames(code, mention)) return undefined;
      if ((kind === SYNC) !== (i === count - 1)) return undefined;
      run.push({ kind, mention });
    }
    if (run.length < 2) return undefined;
    while (this.#entries.count > 1) this.#pop();
    this.#entries.recode(0, SYNC | SKIP);
    return run;
  }

  /** The next statement of the Query that the server is at is the agent's own. */
  hide(): void {
    this.#entries.recode(0, QUERY | SKIP);
  }

  /** That one is done. False: it is a client's, or a Query of the agent's own. */
  show(): boolean {
    if (this.#entries.code(0) !== (QUERY | SKIP)) return false;
    this.#entries.recode(0, QUERY);
    return true;
  }

  /** Forgets everything: the connection is gone. */
  clear(): void {
    while (this.#entries.count > 0) this.#undone(false);
    this.#failed = false;
    this.#unended = false;
    this.#owesSync = false;
    this.#copyingIn = false;
  }

  #onExecuted(): void {
    // A PREPARE of our own.
    if (this.#entries.statement(0) !== undefined) this.#onTaken(true);
    this.#done();
  }

  #expect(kind: number, wanted: number, type: number): void {
    if (kind !== wanted) throw new UnexpectedReply(`message '${String.fromCharCode(type)}' out of turn`);
  }

  #onTaken(isParse: boolean): void {
    const statement = this.#realStatement(0);
    if (statement === undefined) return;
    // A Close or another Parse of it may still be to come.
    if (isParse) this.#books.onParsed(statement, this.#pending.get(statement) === 1);
    else this.#books.onClosed(statement);
  }

  #onError(kind: number, verdict: Verdict): Verdict {
    this.#copyingIn = false;
    if (kind === QUERY || kind === SYNC) return verdict === KEEP ? INJECTED_ERROR : PASS;
    for (let isFirst = true; this.#entries.count > 0; isFirst = false) {
      if ((this.#entries.code(0) & KIND) === SYNC) break;
      const statement = this.#realStatement(0);
      this.#undone(isFirst);
      // The last word on it, of those that were sent: where there is none left, what the server has.
      if (statement !== undefined && !this.isPending(statement)) this.#books.restore(statement);
    }
    this.#failed = this.#entries.count === 0;
    return PASS;
  }

  /** Syncs that were sent before the data of the COPY ended are swallowed by the server (PostgreSQL, copyfromparse.c). */
  #beginCopyIn(): void {
    const { count } = this.#entries;
    let end = 1;
    while (end < count && (this.#entries.code(end) & KIND) !== COPY_END) end++;
    const swallowed = this.#entries.takeOut(1, end, (code) => (code & KIND) === SYNC);
    for (let i = 0; i < swallowed; i++) this.#books.joinRuns(this.#answered);
    this.#syncs -= swallowed;
    this.#copyingIn = end === count;
  }

  /** The statement that the entry is about; undefined for one that nobody passed on. */
  #realStatement(i: number): Statement | undefined {
    return (this.#entries.code(i) & DISPOSITION) === FAKE ? undefined : this.#entries.statement(i);
  }

  /** Takes off what the server has done, and lets the client's books know. */
  #done(): void {
    const code = this.#entries.code(0);
    const mention = this.#entries.mention(0);
    if (mention !== undefined && changesNames(code, mention))
      mention.owner.onDone(mention, (code & KIND) === QUERY);
    this.#pop();
  }

  /** Takes off what the server has refused (the first one) or passed over. */
  #undone(isFirst: boolean): void {
    const code = this.#entries.code(0);
    const mention = this.#entries.mention(0);
    this.#pop();
    if (mention === undefined) return;
    if (changesNames(code, mention)) mention.owner.onUndone(mention, isFirst);
    else if (code === PARSE && isFirst && mention.effect === TAKE_AT_ONCE) mention.owner.onRefusedAtOnce();
  }

  /** Nothing answers the end of a COPY's data: it is gone as soon as it would be next. */
  #pop(): void {
    const entries = this.#entries;
    const code = entries.code(0);
    const mention = entries.mention(0);
    const statement = entries.statement(0);
    if ((code & DISPOSITION) === FAKE) this.#fakes--;
    else if (statement !== undefined) this.#forgetOne(statement);
    if ((code & KIND) === QUERY) this.#queries--;
    else if ((code & KIND) === EXECUTE) this.#executes--;
    else if ((code & KIND) === PARSE && mention !== undefined) mention.parses--;
    do entries.pop();
    while (entries.count > 0 && entries.code(0) === COPY_END);
  }

  #forgetOne(statement: Statement): void {
    const left = this.#pending.get(statement)! - 1;
    if (left > 0) this.#pending.set(statement, left);
    else this.#pending.delete(statement);
  }
}

/** Are there books to keep? A Bind or Describe only speaks of a name, and a Parse that the agent sends again is no news to the client. */
function changesNames(code: number, { effect }: Mention): boolean {
  if (effect === NOTHING || effect === TAKE_AT_ONCE) return false;
  if ((code & DISPOSITION) === SKIP) return false;
  return (code & KIND) !== BIND && (code & KIND) !== DESCRIBE;
}
