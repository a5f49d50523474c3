// What is still to come back from a server, in order: each entry says what answers it, and whether the client sees that.

import { type PendingStatement, ServerStatements, type Statement } from './statements.ts';

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

/**
 * The queue of one server connection. A ring of bytes: nothing is allocated for an ordinary message.
 * It follows the protocol's rule for errors (chapter 55.2.3): after an error in the extended protocol the server
 * throws away everything up to the next Sync, so the same entries are dropped here.
 */
export class Expected {
  #codes = new Uint8Array(16);
  #statements: (Statement | undefined)[] = new Array(16).fill(undefined);
  #head = 0;
  #count = 0;
  #failed = false;
  #copyingIn = false;
  #unended = false;
  #fakes = 0;
  /** Syncs that were sent, and that were answered. */
  #syncs = 0;
  #answered = 0;
  readonly #books: ServerStatements;

  /** @param books are told which statements the server has taken, and begin anew after an error. */
  constructor(books = new ServerStatements()) {
    this.#books = books;
  }

  /** Which run of messages, each up to its Sync, is being sent. */
  get run(): number {
    return this.#syncs;
  }

  /** The server may still find an error in an earlier run, and then it has not done what it was told there. */
  get isBehind(): boolean {
    return this.#syncs > this.#answered;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /**
   * Nothing is owed, and no Sync is. Without its Sync the server is still in the client's implicit transaction, or passes
   * over whatever comes, although it has answered everything and its last ReadyForQuery said idle.
   */
  get isSettled(): boolean {
    return this.#count === 0 && !this.#unended;
  }

  get length(): number {
    return this.#count;
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

  /** Is there anything ahead that the client waits for? */
  get owesClient(): boolean {
    for (let i = 0; i < this.#count; i++) {
      const code = this.#codes[(this.#head + i) & (this.#codes.length - 1)]!;
      if ((code & DISPOSITION) !== SKIP && (code & KIND) !== COPY_END) return true;
    }
    return false;
  }

  /** Is the server busy with something of the agent's own? Then notices that come now are not the client's. */
  get isInjected(): boolean {
    return this.#count > 0 && (this.#codes[this.#head]! & DISPOSITION) === SKIP;
  }

  /** @param kind one of PARSE … COPY_END; @param disposition FORWARD, SKIP or FAKE; @param statement of a PARSE, or of our own CLOSE. */
  push(kind: number, disposition: number = FORWARD, statement?: Statement): void {
    if (kind <= CLOSE) this.#unended = true;
    if (this.#failed) {
      if (kind !== SYNC) return;
      this.#failed = false;
    }
    // A server that copies in ignores Sync until the data has ended.
    if (kind === SYNC && this.#copyingIn) return;
    if (kind === COPY_END) {
      this.#copyingIn = false;
      // The COPY has failed already, and the server passes over the rest of its data.
      if (this.#count === 0) return;
    }
    if (this.#count === this.#codes.length) this.#grow();
    const at = (this.#head + this.#count) & (this.#codes.length - 1);
    this.#codes[at] = kind | disposition;
    this.#statements[at] = statement;
    this.#count++;
    if (kind === SYNC) this.#syncs++;
    if (disposition === FAKE) this.#fakes++;
  }

  /** When a FAKE is next, its kind (PARSE, CLOSE…), and it is taken off; 0 otherwise. */
  takeFake(): number {
    if (this.#count === 0) return 0;
    const code = this.#codes[this.#head]!;
    if ((code & DISPOSITION) !== FAKE) return 0;
    this.#pop();
    return code & KIND;
  }

  /** Every Parse and Close of a statement that the server is still to come to, in their order. */
  *pendingStatements(): IterableIterator<PendingStatement> {
    let run = this.#answered;
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & (this.#codes.length - 1);
      const code = this.#codes[at]!;
      if ((code & KIND) === SYNC) run++;
      const statement = this.#realStatement(at);
      if (statement !== undefined) yield { isParse: (code & KIND) === PARSE, statement, run };
    }
  }

  /** A message from the server, by its type byte. Not for ParameterStatus, NoticeResponse, NotificationResponse. */
  onReply(type: number): Verdict {
    if (this.#count === 0)
      throw new UnexpectedReply(`${String.fromCharCode(type)} although nothing was asked`);
    const code = this.#codes[this.#head]!;
    const kind = code & KIND;
    const verdict: Verdict = (code & DISPOSITION) === SKIP ? KEEP : PASS;
    switch (type) {
      case 0x44: // DataRow
      case 0x64: // CopyData
        return verdict;
      case 0x31: // ParseComplete
        this.#expect(kind, PARSE, type);
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
        if (kind === EXECUTE) this.#pop();
        this.#copyingIn = false;
        return verdict;
      case 0x47: // CopyInResponse
        this.#beginCopyIn();
        return verdict;
      case 0x45: // ErrorResponse
        return this.#onError(kind, verdict);
      case 0x5a: // ReadyForQuery
        if (kind !== SYNC && kind !== QUERY) throw new UnexpectedReply('ReadyForQuery before its Sync');
        this.#copyingIn = false;
        if (kind === SYNC) this.#answered++;
        this.#pop();
        if (this.#count === 0) this.#unended = false;
        return verdict;
      case 0x74: // ParameterDescription: RowDescription or NoData follows
      case 0x48: // CopyOutResponse
      case 0x63: // CopyDone
      case 0x56: // FunctionCallResponse
        return verdict;
      default:
        throw new UnexpectedReply(`a message of type 0x${type.toString(16)}`);
    }
    this.#pop();
    return verdict;
  }

  /** Forgets everything: the connection is gone. */
  clear(): void {
    while (this.#count > 0) this.#pop();
    this.#failed = false;
    this.#unended = false;
    this.#copyingIn = false;
  }

  #expect(kind: number, wanted: number, type: number): void {
    if (kind !== wanted) throw new UnexpectedReply(`message '${String.fromCharCode(type)}' out of turn`);
  }

  #onTaken(isParse: boolean): void {
    const statement = this.#realStatement(this.#head);
    if (statement === undefined) return;
    if (isParse) this.#books.onParsed(statement, !this.#isToCome(statement));
    else this.#books.onClosed(statement);
  }

  /** Is there more about the statement behind the entry at hand? */
  #isToCome(statement: Statement): boolean {
    for (let i = 1; i < this.#count; i++)
      if (this.#statements[(this.#head + i) & (this.#codes.length - 1)] === statement) return true;
    return false;
  }

  #onError(kind: number, verdict: Verdict): Verdict {
    this.#copyingIn = false;
    if (kind === QUERY || kind === SYNC) return verdict === KEEP ? INJECTED_ERROR : PASS;
    let undoes = false;
    while (this.#count > 0 && (this.#codes[this.#head]! & KIND) !== SYNC) {
      if (this.#realStatement(this.#head) !== undefined) undoes = true;
      this.#pop();
    }
    this.#failed = this.#count === 0;
    if (undoes) this.#books.restart(this.pendingStatements());
    return PASS;
  }

  /** Syncs that were sent before the data of the COPY ended are swallowed by the server (PostgreSQL, copyfromparse.c). */
  #beginCopyIn(): void {
    const mask = this.#codes.length - 1;
    let kept = 1;
    let ended = false;
    for (let i = 1; i < this.#count; i++) {
      const from = (this.#head + i) & mask;
      const code = this.#codes[from]!;
      if ((code & KIND) === COPY_END) ended = true;
      if ((code & KIND) === SYNC && !ended) {
        this.#syncs--;
        this.#books.joinRuns(this.#answered);
        continue;
      }
      const to = (this.#head + kept++) & mask;
      this.#codes[to] = code;
      this.#statements[to] = this.#statements[from];
    }
    this.#count = kept;
    this.#copyingIn = !ended;
  }

  /** The statement that the entry is about; undefined for one that nobody passed on. */
  #realStatement(at: number): Statement | undefined {
    return (this.#codes[at]! & DISPOSITION) === FAKE ? undefined : this.#statements[at];
  }

  /** Nothing answers the end of a COPY's data: it is gone as soon as it would be next. */
  #pop(): void {
    if ((this.#codes[this.#head]! & DISPOSITION) === FAKE) this.#fakes--;
    do {
      this.#statements[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#codes.length - 1);
      this.#count--;
    } while (this.#count > 0 && this.#codes[this.#head] === COPY_END);
  }

  #grow(): void {
    const size = this.#codes.length;
    const codes = new Uint8Array(size * 2);
    const statements: (Statement | undefined)[] = new Array(size * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) {
      codes[i] = this.#codes[(this.#head + i) & (size - 1)]!;
      statements[i] = this.#statements[(this.#head + i) & (size - 1)];
    }
    this.#codes = codes;
    this.#statements = statements;
    this.#head = 0;
  }
}
