// One connection to PostgreSQL: walks what comes back, keeps the books about it, and hands the rest to its tenant.

import type { Linked, List } from '../base/list.ts';
import type { DatabaseSettings } from '../config/settings.ts';
import type { Address, CloseReason, Connection, ConnectionHandler } from '../net/connection.ts';
import type { Mention } from '../state/client_statements.ts';
import { Expected, INJECTED_ERROR, KEEP, PASS, QUERY, SKIP, UnexpectedReply } from '../state/expected.ts';
import type { Parameters } from '../state/parameters.ts';
import { ServerStatements } from '../state/server_statements.ts';
import type { Statement } from '../state/statements.ts';
import { encodeQuery, encodeTerminate } from '../wire/client_messages.ts';
import { Framer } from '../wire/frame.ts';
import { Pieces } from '../wire/pieces.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import { decodeParameterStatus, readError } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { BARE, FAKES } from './bare_messages.ts';
import { onCommandComplete, onDoneWithoutTag, onFailed } from './command_complete.ts';
import { isHeard } from './notices.ts';
import { retellError } from './retold_error.ts';
import type { ServerCounts, ServerStart } from './server_start.ts';
import type { ServerError, Tenant } from './tenant.ts';

/** A message of a server has no limit of its own: a row may be 1 GB. */
const LENGTH_MAX = 0x7fffffff;
/** PostgreSQL 18 reports 16 parameters, and extensions may add some; a search_path is the longest of them. */
const REPORTED_MAX = 200;
const REPORT_BYTES_MAX = 64 * 1024;

export class Server implements ConnectionHandler, Linked<Server> {
  list: List<Server> | undefined;
  previous: Server | undefined;
  next: Server | undefined;

  readonly connection: Connection;
  readonly database: DatabaseSettings;
  readonly address: Address;
  readonly pid: number;
  readonly key: Uint8Array;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly counts: ServerCounts;
  readonly statements = new ServerStatements();
  readonly expected = new Expected(this.statements);
  parameters: Parameters;
  /** IDLE, IN_TRANSACTION or IN_FAILED_TRANSACTION, as of the last ReadyForQuery. */
  status: number = type.IDLE;
  tenant: Tenant;
  /** When it came back to the pool; and whether it has answered since it was last lent. */
  idleSince: number;
  proven = true;
  /** Set when it must not be lent again: why. */
  retired: string | undefined;
  /** Whose statement without a name it may have: nobody else may run that. */
  unnamedOf: object | undefined;
  /** The one that it has when it has done all that was sent. */
  unnamed: Mention | undefined;
  /** Bits of `Effects`: what its tenant may have left here since it was known to be as the books say. */
  touched = 0;
  /** Since it was lent a text was sent that may advance a sequence. */
  advanced = false;
  /** Who has advanced sequences here since they were discarded; the server itself: more than one. */
  advancedBy: object | undefined;
  /** Who has set here what nobody could name: what is in no view (`app.tenant`) may be among it, and is for nobody else. */
  settingsOf: object | undefined;
  /** It was asked behind its last lease, or is new: it has nothing that the books do not say. */
  isLookedThrough = true;
  /** The only one who may have advanced a sequence here, where that is counted. */
  sequencesOf: object | undefined;
  /** Whoever has notified here last; and the process id that it knows as its own, where it hears that itself. */
  notifiedBy: object | undefined;
  notifier: number | undefined;
  /** Statements of the simple Query at hand that are done. */
  statementsDone = 0;
  /** Cancel requests that are on their way to it: until they have ended it must not be lent. */
  cancels = 0;
  /** Resolves when those have ended; never rejects. */
  cancelsOver: Promise<void> | undefined;
  /** The last FATAL it said, which explains its end. */
  lastFatal: ServerError | undefined;
  /** The tenant has that FATAL, in the server's own words. */
  fatalPassed = false;
  bytesIn = 0;
  bytesOut = 0;

  readonly #framer = new Framer(LENGTH_MAX);
  readonly #messageHeldMax: number;
  readonly #out = new Pieces();
  /** The rest of the message that continues in the next chunk is not for the client. */
  #dropRest = false;
  /** What the tenant gets instead of the message that it does not get. */
  #replacement: Uint8Array | undefined;
  /** What the query of our own is answered that the server is at. */
  #answer: Uint8Array | undefined;
  /** Why we ended it ourselves. */
  #failure: string | undefined;

  constructor(start: ServerStart, tenant: Tenant) {
    this.connection = start.connection;
    this.database = start.database;
    this.address = start.address;
    this.parameters = start.parameters;
    this.pid = start.pid;
    this.key = start.key;
    this.createdAt = start.now;
    this.idleSince = start.now;
    this.expiresAt = start.expiresAt;
    this.counts = start.counts;
    this.#messageHeldMax = start.messageHeldMax;
    this.tenant = tenant;
    this.connection.handler = this;
  }

  /** In no transaction, owing nobody anything, at the edge of a message. */
  get isClean(): boolean {
    return this.status === type.IDLE && this.expected.isSettled && !this.#framer.inMessage;
  }

  /** The tenant has the beginning of a message, and the rest has not come: whatever is said now would be read as that rest. */
  get cutsMessage(): boolean {
    return this.#framer.inMessage && this.#framer.heldBytes === 0 && !this.#dropRest;
  }

  write(bytes: Uint8Array): boolean {
    this.bytesOut += bytes.length;
    return this.connection.write(bytes);
  }

  /** Runs SQL of the agent's own; the client sees nothing of it. */
  inject(sql: string): void {
    this.unnamed = undefined;
    this.expected.push(QUERY, SKIP);
    this.write(encodeQuery(sql));
  }

  /** The same as a message, of a server that owes nothing: what it is answered byte for byte is passed over without a look. */
  injectKnown(query: Uint8Array, answer: Uint8Array | undefined): void {
    this.unnamed = undefined;
    this.expected.push(QUERY, SKIP);
    this.#answer = answer;
    this.write(query);
  }

  /** Says goodbye. PostgreSQL closes when it has ended; the tenant is told then. */
  close(): void {
    if (this.connection.isClosed) return;
    this.connection.write(encodeTerminate());
    this.connection.endByPeer();
  }

  onData(chunk: Uint8Array): void {
    this.bytesIn += chunk.length;
    let ready = false;
    try {
      ready = this.#walk(chunk);
    } catch (error) {
      // What it sends cannot be understood: nothing that it sends later can be.
      if (error instanceof UnexpectedReply || error instanceof ProtocolError) return this.fail(error.message);
      // Ours: the books about this connection may be wrong now.
      this.fail('an internal error ended it');
      throw error;
    }
    if (ready || this.tenant.isLeaving === true) this.tenant.onReady(this);
  }

  /** Ends the connection because it cannot be trusted any more. */
  fail(reason: string): void {
    if (this.connection.isClosed) return;
    this.#failure = reason;
    this.connection.close();
  }

  /** True when ReadyForQuery came and nothing more is owed. */
  #walk(chunk: Uint8Array): boolean {
    const framer = this.#framer;
    if (!framer.feed(chunk)) return false;
    let from = this.#dropRest ? framer.passed : 0;
    if (framer.passed > 0 && !framer.inMessage) {
      this.#dropRest = false;
      from = this.#emitFakes(framer, from, framer.passed);
    }
    if (this.#answer !== undefined) from = this.#passOver(framer, this.#answer, from);
    let ready = false;
    let walked = framer.position;
    try {
      while (framer.next()) {
        const keep = this.#look(framer);
        if (keep === HELD) break;
        if (keep === KEEP) {
          this.#emit(framer.chunk, from, framer.start);
          from = framer.whole ? framer.end : framer.chunk.length;
          this.#dropRest = !framer.whole;
          if (this.#replacement !== undefined) this.#out.add(this.#replacement);
          this.#replacement = undefined;
        }
        walked = framer.position;
        if (framer.type === type.READY_FOR_QUERY) ready = this.expected.isEmpty;
        if (this.expected.hasFakes && framer.whole) from = this.#emitFakes(framer, from, framer.end);
      }
    } catch (error) {
      // What came before it is the tenant's, and whatever is told to him now is not read as its rest.
      this.#emit(framer.chunk, from, walked);
      this.#flush();
      this.#dropRest = true;
      throw error;
    }
    // Most chunks pass as they came.
    if (from === 0 && this.#out.count === 0 && framer.limit === framer.chunk.length) {
      this.tenant.onReply(this, framer.chunk);
      return ready;
    }
    this.#emit(framer.chunk, from, framer.limit);
    this.#flush();
    return ready;
  }

  /** Gives where the chunk goes on. */
  #passOver(framer: Framer, answer: Uint8Array, from: number): number {
    this.#answer = undefined;
    if (from > 0 || !framer.skip(answer)) return from;
    return framer.position;
  }

  /** Answers what nobody passed on, when nothing that was passed on is still ahead of it. */
  flushFakes(): void {
    // In the middle of a message nothing can be said; when it has ended, it will be.
    if (this.#framer.inMessage) return;
    for (let kind = this.expected.takeFake(); kind !== 0; kind = this.expected.takeFake()) {
      this.#out.add(FAKES[kind]!);
    }
    this.#flush();
  }

  onDrain(): void {
    this.tenant.onServerDrain(this);
  }

  onClose(reason: CloseReason): void {
    this.expected.clear();
    this.tenant.onServerClose(
      this,
      this.#failure ?? this.lastFatal?.message ?? reason.error ?? 'it closed the connection',
    );
  }

  /** Books one message. PASS: it is the client's; KEEP: it stops here; HELD: it is looked at when it is whole. */
  #look(framer: Framer): number {
    switch (framer.type) {
      case type.DATA_ROW:
        return this.#row(framer);
      case type.PARAMETER_STATUS:
        return this.#parameterStatus(framer);
      case type.NOTICE_RESPONSE:
      case type.NOTIFICATION_RESPONSE:
        // Behind the last ReadyForQuery the tenant may change: whoever gets the beginning gets the end.
        if (!framer.whole && this.expected.isEmpty) return this.#hold(framer);
        return isHeard(this.expected, framer) ? 0 : KEEP;
      case type.ERROR_RESPONSE:
        return this.#error(framer);
      case type.READY_FOR_QUERY: {
        if (!framer.whole) return this.#hold(framer);
        if (framer.end - framer.start !== READY_BYTES)
          throw new UnexpectedReply('ReadyForQuery has a wrong length');
        let verdict = this.expected.onReply(framer.type);
        this.status = framer.chunk[framer.start + 5]!;
        this.statements.onReady(this.expected.isEmpty);
        this.statementsDone = 0;
        if (this.touched !== 0) {
          if (verdict === PASS) verdict = this.tenant.left?.onRunEnd(this) === true ? KEEP : PASS;
          else if (this.tenant.left?.onAnswered(this) === true) verdict = PASS;
        }
        // Who may not have a transaction must not read that it has begun: the tenant answers in onReady().
        if (this.status !== type.IDLE && this.expected.isEmpty && this.tenant.refusesBlocks === true)
          return KEEP;
        if (this.touched !== 0 && this.expected.isEmpty && this.tenant.left?.holdsReady === true) return KEEP;
        return verdict;
      }
      case type.COMMAND_COMPLETE:
        if (!framer.whole) return this.#hold(framer);
        this.#replacement = onCommandComplete(this, framer.chunk, framer.start, framer.end);
        if (this.#replacement === undefined) return this.expected.onReply(framer.type);
        this.expected.onReply(framer.type);
        return KEEP;
      case type.PORTAL_SUSPENDED:
      case type.FUNCTION_CALL_RESPONSE:
        onDoneWithoutTag(this);
        return this.expected.onReply(framer.type);
      default:
        // Those that are nothing but their type are always whole.
        if (!framer.whole && BARE.has(framer.type))
          throw new ProtocolError(`message '${String.fromCharCode(framer.type)}' has a wrong length`);
        return this.expected.onReply(framer.type);
    }
  }

  #row(framer: Framer): number {
    const verdict = this.expected.onReply(framer.type);
    if (verdict !== KEEP || this.tenant.onInjectedRow === undefined) return verdict;
    if (!framer.whole) return this.#hold(framer);
    this.tenant.onInjectedRow(this, framer.chunk.subarray(framer.start + 5, framer.end));
    return KEEP;
  }

  #parameterStatus(framer: Framer): number {
    if (!framer.whole) return this.#hold(framer);
    if (framer.end - framer.start > REPORT_BYTES_MAX)
      throw new UnexpectedReply(`the server reported a parameter of ${framer.end - framer.start} bytes`);
    const { name, value } = decodeParameterStatus(framer.chunk.subarray(framer.start + 5, framer.end));
    this.parameters = this.parameters.withReported(name, value);
    // Each one is copied with all others: a server that invents names could keep the whole process at that.
    if (this.parameters.reported.size > REPORTED_MAX)
      throw new UnexpectedReply(`the server reported more than ${REPORTED_MAX} parameters`);
    const { reading } = this.tenant;
    const isNew = this.tenant.onParameter(name, value);
    if (this.tenant.reading !== reading) this.statements.onReadingChanged();
    return isNew ? 0 : KEEP;
  }

  #error(framer: Framer): number {
    if (!framer.whole) {
      if (framer.end - framer.start <= this.#messageHeldMax) return this.#hold(framer);
      throw new UnexpectedReply(`the server sent an error message of ${framer.end - framer.start} bytes`);
    }
    const error = readError(framer.chunk.subarray(framer.start + 5, framer.end));
    if (error.severity === 'FATAL' || error.severity === 'PANIC') {
      this.lastFatal = error;
      this.retired = error.message;
      // Behind the answer to all that was asked it concerns the connection, and the client may have another one.
      const isOver = this.expected.isSettled && this.status === type.IDLE;
      if (isOver && this.tenant.keepsServer !== true) return KEEP;
      // Whatever the server was at: it ends the client's session too, and this is why.
      this.fatalPassed = true;
      return 0;
    }
    const { mention } = this.expected;
    if (error.routine === STALE_PLAN) {
      const at = mention?.each?.[this.statementsDone] ?? mention;
      if (at?.statement !== undefined && this.#isRepaired(at.statement)) return KEEP;
    }
    // What the agent has put into the client's text fails as a part of that.
    if (mention?.effects !== undefined) this.expected.show();
    const verdict = this.expected.onReply(framer.type);
    if (mention?.standsBefore !== undefined) {
      mention.standsBefore.failure ??= framer.chunk.slice(framer.start, framer.end);
      return KEEP;
    }
    if (verdict === PASS) onFailed(this, mention?.effects);
    // Its Parse may have been passed over.
    if (this.unnamed?.parses === 0) this.unnamed = undefined;
    if (verdict === INJECTED_ERROR) {
      this.tenant.onInjectedError(this, error);
      return KEEP;
    }
    if (mention === undefined) return verdict;
    const told = framer.chunk.subarray(framer.start, framer.end);
    this.#replacement = retellError(told, error.sqlstate, mention, this.statementsDone);
    return this.#replacement === undefined ? verdict : KEEP;
  }

  /** A table has changed under a prepared statement: from now on every server has to parse it anew. */
  #isRepaired(statement: Statement): boolean {
    statement.edition++;
    return this.tenant.onStalePlan?.(this, statement) === true;
  }

  #hold(framer: Framer): number {
    if (framer.end - framer.start > this.#messageHeldMax) {
      throw new UnexpectedReply(
        `the server sent a message of ${framer.end - framer.start} bytes where a short one is due`,
      );
    }
    framer.hold();
    return HELD;
  }

  #emit(chunk: Uint8Array, from: number, to: number): void {
    if (to > from) this.#out.add(chunk, from, to);
  }

  /** Between two messages of the chunk, at `to`; gives where the chunk goes on. */
  #emitFakes(framer: Framer, from: number, to: number): number {
    let start = from;
    for (let kind = this.expected.takeFake(); kind !== 0; kind = this.expected.takeFake()) {
      if (start < to) this.#emit(framer.chunk, start, to);
      start = to > start ? to : start;
      this.#out.add(FAKES[kind]!);
    }
    return start;
  }

  #flush(): void {
    if (this.#out.count > 0) this.tenant.onReply(this, this.#out.take());
  }
}

const HELD = 3;

/** Says "cached plan must not change result type" (plancache.c), in the server's own language. */
const STALE_PLAN = 'RevalidateCachedQuery';
const READY_BYTES = 6;
