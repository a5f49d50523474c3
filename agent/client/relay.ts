// From the client to its server: walks the messages, books what is to come back, and passes chunks on as they are.

import { AgentError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Server } from '../server/server.ts';
import * as expected from '../state/expected.ts';
import { Framer } from '../wire/frame.ts';
import { Pieces } from '../wire/pieces.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import * as type from '../wire/types.ts';
import { answerCanceled, answerSync } from './own_answers.ts';
import { KINDS, MESSAGES, WAIT } from './pass_on.ts';
import { PreparedStatements } from './prepared.ts';
import { Queries } from './queries.ts';
import { beginQuery, endQuery, NEVER } from './query_times.ts';
import type { Session } from './session.ts';
import { StaleRun } from './stale_run.ts';
import type { StatementLimits } from './statement_limits.ts';

/** What `#take()` says of a message. */
const PASS = 0;
/** The message's replacement, if any, is in `out` already. */
const DROP = 1;
/** It will be offered again when more of it is there. */
const HELD = 2;
/** The walk is over: the client waits, or is gone. */
const STOP = 3;
/** The client says goodbye, or what nobody can understand: the server does first what it was told before that. */
const LAST = 4;

/** Sync, Flush and Terminate are nothing but their header. */
const BARE_BYTES = 5;

export class Relay {
  readonly #session: Session;
  readonly #framer: Framer;
  readonly #prepared: PreparedStatements;
  readonly #queries: Queries;
  /** What goes to the server at the end of this walk, in one write. */
  readonly #out = new Pieces();
  #waiting = false;
  #closed = false;
  /** Nothing was said to this server yet. */
  #fresh = false;
  /** The rest of a message that continues in the next chunk is not for the server. */
  #dropRest = false;
  /** What waited was cancelled: `next` is answered with an error, and then all is passed over until the `sync`. */
  #canceled: 'no' | 'next' | 'sync' = 'no';
  /** Why the message at hand is the client's last; undefined: it said goodbye. */
  #violation: AgentError | undefined;
  readonly staleRun = new StaleRun();
  #settings: Settings | undefined;
  #limits: StatementLimits = { max: 0, heldMax: 0, memoryMax: 0 };

  constructor(session: Session, packetBytesMax: number) {
    this.#session = session;
    this.#framer = new Framer(packetBytesMax);
    const { statements, statementNames } = session.context;
    const { parameters, pool } = session;
    this.#prepared = new PreparedStatements(statements, statementNames, pool.statistics, parameters);
    const { names: owner, pieces } = this.#prepared;
    const refusal = (): AgentError | undefined => this.#prepared.refusalOf(this.#statementLimits().memoryMax);
    this.#queries = new Queries({ owner, registry: statements, parameters, pieces, refusal });
  }

  get isWaiting(): boolean {
    return this.#waiting;
  }

  /** The server has the beginning of a message, and the client still owes it the end. */
  get inMessage(): boolean {
    return this.#framer.inMessage && this.#framer.heldBytes === 0 && !this.#dropRest;
  }

  get heldBytes(): number {
    return this.#framer.heldBytes;
  }

  get statementCount(): number {
    return this.#prepared.names.size;
  }

  onClientData(chunk: Uint8Array): void {
    const framer = this.#framer;
    if (this.#closed) return;
    if (this.#waiting) {
      framer.keep(chunk);
      if (framer.heldBytes > this.#session.context.settings.server_write_buffer)
        this.#session.connection.pause();
      return;
    }
    if (framer.feed(chunk)) this.#walk();
  }

  /** The server that the client waited for is here. */
  goOn(): void {
    if (this.#closed) return;
    this.#waiting = false;
    this.#session.connection.resume();
    if (this.#framer.again()) this.#walk();
  }

  /** Nothing more goes to the server until `goOn()`. */
  wait(): void {
    this.#waiting = true;
  }

  /** What the client waits with is not sent: it is answered as PostgreSQL answers a query that is cancelled. */
  cancelWaiting(): void {
    this.#canceled = 'next';
    this.goOn();
  }

  onLease(): void {
    this.#fresh = true;
    this.staleRun.begin();
  }

  /** The server is given back. */
  onReturn(): void {
    this.staleRun.forget();
  }

  /** The client's transaction has ended. */
  onTransactionEnd(): void {
    this.#prepared.portals.onTransactionEnd();
  }

  /** DEALLOCATE ALL or DISCARD ALL was done. */
  onStatementsDropped(): void {
    this.#prepared.names.dropAll();
  }

  close(): void {
    this.#closed = true;
    this.#prepared.close();
  }

  #walk(): void {
    const framer = this.#framer;
    let from = this.#dropRest ? framer.passed : 0;
    if (framer.passed > 0 && !framer.inMessage) this.#dropRest = false;
    for (;;) {
      if (!this.#goToNext(framer)) break;
      const verdict = this.#violation === undefined ? this.#take(framer) : LAST;
      if (verdict === PASS) continue;
      if (verdict === HELD) break;
      if (verdict === LAST) return this.#end(from, framer.start);
      const restAt = this.#prepared.takeRestAt();
      this.#emit(from, framer.start);
      this.#out.addAll(this.#prepared.pieces);
      from = restAt ?? (framer.whole ? framer.end : framer.chunk.length);
      if (verdict === STOP) break;
      this.#dropRest = !framer.whole && restAt === undefined;
    }
    if (this.#closed) return;
    // Most chunks pass as they came.
    if (from === 0 && this.#out.count === 0 && framer.limit === framer.chunk.length) {
      this.#write(framer.chunk);
    } else {
      this.#emit(from, framer.limit);
      this.#write(this.#out.take());
    }
    this.#session.onMessageEnd();
  }

  /** The next message, or where one cannot begin. */
  #goToNext(framer: Framer): boolean {
    try {
      return framer.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#violation = new AgentError('protocol_violation', { reason: error.message });
      framer.start = framer.position;
      return true;
    }
  }

  /** Nothing of the client's is read any more; what it asked before is answered first. */
  #end(from: number, to: number): void {
    this.#emit(from, to);
    this.#write(this.#out.take());
    this.#closed = true;
    this.#dropRest = true;
    if (this.#violation === undefined) this.#session.pool.statistics.bytesReceived -= BARE_BYTES;
    this.#session.endAfterAnswers(this.#violation);
  }

  #take(framer: Framer): number {
    const { server } = this.#session;
    if (framer.type === type.QUERY && this.#session.context.settings.disable_pqexec) {
      this.#violation = new AgentError('pqexec_disabled');
      return LAST;
    }
    if (server === undefined) {
      const verdict = this.#takeIdle(framer);
      if (verdict !== PASS) return verdict;
      return this.#takeWith(framer, this.#session.server!);
    }
    return this.#takeWith(framer, server);
  }

  /** A message while the client has no server. PASS: it has one now. */
  #takeIdle(framer: Framer): number {
    if (this.#canceled !== 'no') return this.#takeCanceled(framer);
    switch (framer.type) {
      case type.TERMINATE:
        return LAST;
      case type.SYNC:
        // Nothing is open, so there is nothing to end: no server is needed to say so.
        if (framer.end - framer.start !== BARE_BYTES) break;
        this.#answerSync();
        return DROP;
      case type.FLUSH:
        if (framer.end - framer.start !== BARE_BYTES) break;
        return DROP;
      case type.QUERY:
        if (!this.#answerSet(framer)) break;
        return DROP;
      case type.COPY_DATA:
      case type.COPY_DONE:
      case type.COPY_FAIL:
        // As PostgreSQL: what is left of a COPY that failed is passed over.
        return DROP;
      default:
        // No server has to be waited for to say that this is no message.
        if (!MESSAGES.has(framer.type)) return this.#refuse(framer);
    }
    if (this.#session.acquire()) return PASS;
    if (!this.#closed) {
      this.#waiting = true;
      framer.stopBefore();
    }
    return STOP;
  }

  #answerSet(framer: Framer): boolean {
    const session = this.#session;
    if (session.mode === 'session' || !this.#queries.answerSet(framer)) return false;
    const now = session.context.clock.now();
    beginQuery(session, now);
    endQuery(session, true, now);
    session.transactions++;
    this.#answerSync();
    return true;
  }

  #answerSync(): void {
    const { connection, context } = this.#session;
    answerSync(connection, context.settings.client_write_buffer);
  }

  /** A simple Query is answered by itself, a run of the extended protocol up to its Sync. */
  #takeCanceled(framer: Framer): number {
    const session = this.#session;
    if (framer.type === type.TERMINATE) return LAST;
    const isFirst = this.#canceled === 'next';
    if (isFirst) {
      answerCanceled(session.connection);
      this.#prepared.unnamed.onCanceled(framer);
    }
    const isWhole = isFirst && (framer.type === type.QUERY || framer.type === type.FUNCTION_CALL);
    this.#canceled = isWhole || framer.type === type.SYNC ? 'no' : 'sync';
    if (this.#canceled === 'no') this.#answerSync();
    return DROP;
  }

  #takeWith(framer: Framer, server: Server): number {
    const session = this.#session;
    if (session.queryStart === NEVER && framer.type !== type.TERMINATE)
      beginQuery(session, session.context.clock.now());
    const due = server.expected;
    if (this.#fresh) {
      this.#fresh = false;
      this.#prepared.unnamed.onFirst(framer, server);
    }
    switch (framer.type) {
      case type.QUERY:
        return this.#takeQuery(framer, server);
      case type.SYNC:
        due.push(expected.SYNC);
        return PASS;
      case type.EXECUTE:
        return this.#outcome(framer, this.#prepared.portals.takeExecute(framer, server));
      case type.FLUSH:
        // One that is more than its header is answered with an error, and all up to the next Sync is passed over.
        if (framer.end - framer.start !== BARE_BYTES) due.push(expected.CLOSE);
        return PASS;
      case type.COPY_DATA:
        return PASS;
      case type.PARSE:
      case type.BIND:
      case type.DESCRIBE:
      case type.CLOSE:
        return this.#takeStatement(framer, server);
      case type.COPY_DONE:
      case type.COPY_FAIL:
        due.push(expected.COPY_END);
        return PASS;
      case type.FUNCTION_CALL:
        return this.#outcome(framer, this.#prepared.portals.takeCall(framer, server));
      case type.TERMINATE:
        return LAST;
      default:
        return this.#refuse(framer);
    }
  }

  #refuse(framer: Framer): number {
    this.#violation = new AgentError('frontend_message_invalid', { type: framer.type });
    return LAST;
  }

  #waitBefore(framer: Framer): number {
    this.#waiting = true;
    framer.stopBefore();
    return STOP;
  }

  #outcome(framer: Framer, need: number): number {
    if (need === 0) return PASS;
    if (need === WAIT) return this.#waitBefore(framer);
    if (need < 0) return DROP;
    framer.hold(need);
    return HELD;
  }

  #takeQuery(framer: Framer, server: Server): number {
    // PostgreSQL 18 fails the next message of such a session, whoever sends it (XX000, unexpected state STARTED).
    if (server.expected.owesSync) server.retired ??= 'a Query came behind messages without their Sync';
    if (this.#session.mode === 'session') server.expected.push(expected.QUERY);
    else {
      const need = this.#queries.take(framer, server, this.#statementLimits());
      if (need === WAIT) return this.#waitBefore(framer);
      if (need < 0) return DROP;
      if (need > 0) {
        framer.hold(need);
        return HELD;
      }
    }
    return PASS;
  }

  #takeStatement(framer: Framer, server: Server): number {
    if (this.#session.mode === 'session') {
      server.expected.push(KINDS[framer.type]!);
      return PASS;
    }
    const limits = this.#statementLimits();
    const need = this.#prepared.take(framer, server, limits);
    if (need === 0) return PASS;
    if (need === WAIT) return this.#waitBefore(framer);
    if (need < 0) return DROP;
    if (need > limits.heldMax) {
      this.#violation = new AgentError('message_too_long', { bytes: need, max: limits.heldMax });
      return LAST;
    }
    framer.hold(need);
    return HELD;
  }

  /** Settings are replaced as a whole: the same object says the same. */
  #statementLimits(): StatementLimits {
    const { settings } = this.#session.context;
    if (settings !== this.#settings) {
      this.#settings = settings;
      this.#limits = {
        max: settings.max_prepared_statements,
        heldMax: settings.max_message_held,
        memoryMax: settings.prepared_statements_memory,
      };
    }
    return this.#limits;
  }

  /** What stands between the replaced messages. */
  #emit(from: number, to: number): void {
    if (to > from && this.#session.server !== undefined) this.#out.add(this.#framer.chunk, from, to);
  }

  #write(bytes: Uint8Array): void {
    const { server, connection, context } = this.#session;
    if (server === undefined) return;
    const gone = bytes.length === 0 || server.write(bytes);
    this.staleRun.onSent(bytes);
    server.connection.uncork();
    if (!gone && server.connection.buffered > context.settings.server_write_buffer) connection.pause();
    if (server.expected.hasFakes) server.flushFakes();
  }
}
