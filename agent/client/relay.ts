// From the client to its server: walks the messages, books what is to come back, and passes chunks on as they are.

import { AgentError } from '../base/errors.ts';
import type { Server } from '../server/server.ts';
import * as expected from '../state/expected.ts';
import { concat } from '../wire/bytes.ts';
import { Framer, printType } from '../wire/frame.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import * as type from '../wire/types.ts';
import { PreparedStatements } from './prepared.ts';
import type { Session } from './session.ts';

/** What `#take()` says of a message. */
const PASS = 0;
/** The message's replacement, if any, is in `out` already. */
const DROP = 1;
/** It will be offered again when more of it is there. */
const HELD = 2;
/** The walk is over: the client waits, or is gone. */
const STOP = 3;
/** The client says goodbye: the server does first what it was told before that. */
const GOODBYE = 4;

const NOTHING = new Uint8Array(0);

export class Relay {
  readonly #session: Session;
  readonly #framer: Framer;
  readonly #prepared: PreparedStatements;
  /** What goes to the server at the end of this walk, in one write. */
  readonly #out: Uint8Array[] = [];
  #waiting = false;
  #closed = false;
  /** Nothing was said to this server yet. */
  #fresh = false;
  /** The rest of a message that continues in the next chunk is not for the server. */
  #dropRest = false;
  /** What waited was cancelled: `next` is answered with an error, and then all is passed over until the `sync`. */
  #canceled: 'no' | 'next' | 'sync' = 'no';

  constructor(session: Session, packetBytesMax: number) {
    this.#session = session;
    this.#framer = new Framer(packetBytesMax);
    this.#prepared = new PreparedStatements(session.context.statements);
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
    return this.#prepared.size;
  }

  onClientData(chunk: Uint8Array): void {
    const framer = this.#framer;
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
    this.#waiting = false;
    this.#session.connection.resume();
    if (this.#framer.again()) this.#walk();
  }

  /** What the client waits with is not sent: it is answered as PostgreSQL answers a query that is cancelled. */
  cancelWaiting(): void {
    this.#canceled = 'next';
    this.goOn();
  }

  onLease(): void {
    this.#fresh = true;
    this.#prepared.forgetServer();
  }

  /** A query of the agent's own went to the client's server. */
  onInjected(): void {
    this.#prepared.forgetServer();
  }

  close(): void {
    this.#closed = true;
    this.#prepared.close();
  }

  #walk(): void {
    const framer = this.#framer;
    let from = this.#dropRest ? framer.passed : 0;
    if (framer.passed > 0 && !framer.inMessage) this.#dropRest = false;
    while (framer.next()) {
      const verdict = this.#take(framer);
      if (verdict === PASS) continue;
      if (verdict === HELD) break;
      if (verdict === GOODBYE) return this.#sayGoodbye(from);
      const restAt = this.#prepared.takeRestAt();
      this.#emit(from, framer.start, this.#prepared.takePieces());
      from = restAt ?? (framer.whole ? framer.end : framer.chunk.length);
      if (verdict === STOP) break;
      this.#dropRest = !framer.whole && restAt === undefined;
    }
    if (this.#closed) return;
    // Most chunks pass as they came.
    if (from === 0 && this.#out.length === 0 && framer.limit === framer.chunk.length) {
      this.#write(framer.chunk);
    } else {
      this.#emit(from, framer.limit, undefined);
      this.#flush();
    }
    this.#session.onMessageEnd();
  }

  #sayGoodbye(from: number): void {
    this.#emit(from, this.#framer.start, undefined);
    this.#flush();
    this.#session.end('the client said goodbye');
  }

  #take(framer: Framer): number {
    const server = this.#session.server;
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
        return GOODBYE;
      case type.SYNC:
        // Nothing is open, so there is nothing to end: no server is needed to say so.
        this.#session.answerSync();
        return DROP;
      case type.FLUSH:
      case type.COPY_DATA:
      case type.COPY_DONE:
      case type.COPY_FAIL:
        // As PostgreSQL: what is left of a COPY that failed is passed over.
        return DROP;
    }
    if (this.#session.acquire()) return PASS;
    if (!this.#closed) {
      this.#waiting = true;
      framer.stopBefore();
    }
    return STOP;
  }

  /** A simple Query is answered by itself, a run of the extended protocol up to its Sync. */
  #takeCanceled(framer: Framer): number {
    const session = this.#session;
    if (framer.type === type.TERMINATE) return GOODBYE;
    const isFirst = this.#canceled === 'next';
    if (isFirst) session.answerCanceled();
    const isWhole = isFirst && (framer.type === type.QUERY || framer.type === type.FUNCTION_CALL);
    this.#canceled = isWhole || framer.type === type.SYNC ? 'no' : 'sync';
    if (this.#canceled === 'no') session.answerSync();
    return DROP;
  }

  #takeWith(framer: Framer, server: Server): number {
    const due = server.expected;
    if (this.#fresh) {
      this.#fresh = false;
      this.#prepared.onFirst(framer, server);
    }
    switch (framer.type) {
      case type.QUERY:
        this.#prepared.forgetUnnamed();
        due.push(expected.QUERY);
        return PASS;
      case type.SYNC:
        due.push(expected.SYNC);
        return PASS;
      case type.EXECUTE:
        due.push(expected.EXECUTE);
        return PASS;
      case type.FLUSH:
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
        due.push(expected.QUERY);
        return PASS;
      case type.TERMINATE:
        return GOODBYE;
      default:
        throw new ProtocolError(`a message of type ${printType(framer.type)}`);
    }
  }

  #takeStatement(framer: Framer, server: Server): number {
    const { settings } = this.#session.context;
    const shares = this.#session.pool.mode !== 'session' && settings.max_prepared_statements > 0;
    const max = shares ? settings.max_prepared_statements : 0;
    const need = this.#prepared.take(framer, server, max, settings.max_message_held);
    if (need === 0) return PASS;
    if (need < 0) return DROP;
    if (need > settings.max_message_held) {
      throw new AgentError('message_too_long', { bytes: need, max: settings.max_message_held });
    }
    framer.hold(need);
    return HELD;
  }

  /** What stands between the replaced messages goes first, then the replacements. */
  #emit(from: number, to: number, pieces: Uint8Array[] | undefined): void {
    const { chunk } = this.#framer;
    if (to > from && this.#session.server !== undefined) {
      this.#out.push(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to));
    }
    if (pieces !== undefined) this.#out.push(...pieces);
  }

  #flush(): void {
    const out = this.#out;
    const bytes = out.length === 0 ? NOTHING : concat(out);
    out.length = 0;
    this.#write(bytes);
  }

  #write(bytes: Uint8Array): void {
    const { server, connection, context } = this.#session;
    if (server === undefined) return;
    const gone = bytes.length === 0 || server.write(bytes);
    server.connection.uncork();
    if (!gone && server.connection.buffered > context.settings.server_write_buffer) connection.pause();
    if (server.expected.hasFakes) server.flushFakes();
  }
}
