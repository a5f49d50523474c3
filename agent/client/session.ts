// One client that is logged in. Only here is decided what a client does next: wait, get a server, use it, give it back.

import { AgentError, ERRORS, sentenceOf } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import type { CloseReason, Connection, ConnectionHandler } from '../net/connection.ts';
import { cancelWork } from '../pool/cancel_work.ts';
import type { Pool } from '../pool/pool.ts';
import type { Waiter } from '../pool/pool_figures.ts';
import type { Server, ServerError, Tenant } from '../server/server.ts';
import { difference, type Parameters } from '../state/parameters.ts';
import { encodeError, encodeParameterStatus, encodeReadyForQuery } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import type { ClientContext } from './context.ts';
import type { Greeting } from './greetings.ts';
import { Relay } from './relay.ts';
import { type Phase, Stopwatch } from './stopwatch.ts';
import { TrackedParameters } from './tracked_parameters.ts';

const READY_IDLE = encodeReadyForQuery(type.IDLE);

export interface SessionStart {
  readonly connection: Connection;
  readonly context: ClientContext;
  readonly pool: Pool;
  readonly pid: number;
  readonly key: Uint8Array;
  readonly greeting: Greeting;
}

export class Session implements ConnectionHandler, Waiter, Tenant {
  list: List<Waiter> | undefined;
  previous: Waiter | undefined;
  next: Waiter | undefined;
  waitingSince = 0;
  readonly isLogin = false;

  readonly connection: Connection;
  readonly context: ClientContext;
  readonly pool: Pool;
  readonly pid: number;
  readonly key: Uint8Array;
  readonly connectedAt: number;
  /** What the client believes: what the server reported, and what it asked for at its start. */
  parameters: Parameters;
  server: Server | undefined;
  readonly relay: Relay;
  /** Counted up with everything that the client asks and is answered, and with every end of a transaction: see Stopwatch. */
  turns = 0;
  transactions = 0;
  readonly stopwatch = new Stopwatch();
  #over = false;
  #tracked: TrackedParameters | undefined;
  readonly #greeting: Greeting;
  /** A server has taken the client's parameters as they are. */
  #accepted: boolean;
  /** Until the server has said whether it takes them, nothing of the client's goes there. */
  #asking = false;
  /** The walk of its messages stopped halfway: what was booked may not have been sent. */
  #isBroken = false;
  /** ReadyForQuery came while the client was in the middle of a message: the rest of a COPY that failed, say. */
  #readyMissed = false;

  constructor(start: SessionStart) {
    this.connection = start.connection;
    this.context = start.context;
    this.pool = start.pool;
    this.pid = start.pid;
    this.key = start.key;
    this.#greeting = start.greeting;
    this.#accepted = start.greeting.accepted;
    this.parameters = start.greeting.parameters;
    this.connectedAt = start.context.clock.wall();
    this.relay = new Relay(this, start.context.settings.max_packet_size);
    this.connection.handler = this;
  }

  /** active, waiting or idle, as SHOW CLIENTS has it. */
  get state(): string {
    return this.server !== undefined ? 'active' : (this.list?.name ?? 'idle');
  }

  /** What its time is spent with, as far as timeouts go. */
  get phase(): Phase {
    const { server } = this;
    if (server === undefined) return this.list === undefined ? 'idle' : 'waiting';
    if (!server.expected.isEmpty) return 'query';
    return server.status === type.IDLE && server.expected.isSettled ? 'idle' : 'transaction';
  }

  // From the client.

  onData(chunk: Uint8Array): void {
    this.turns++;
    this.pool.statistics.bytesReceived += chunk.length;
    try {
      this.relay.onClientData(chunk);
    } catch (error) {
      this.#onThrown(error as Error);
    }
  }

  onDrain(): void {
    this.connection.resume();
    this.server?.connection.resume();
  }

  onClose(reason: CloseReason): void {
    if (this.#over) return;
    const { cancel_abandoned_queries: cancels } = this.context.settings;
    this.#leave(reason.error ?? 'the client closed the connection', cancels);
  }

  /** Asks for a server. True: it is here now, and ready. False: `onLease` or `onReady` will go on. */
  acquire(): boolean {
    this.pool.request(this);
    return this.server !== undefined && !this.#asking;
  }

  onLease(server: Server): void {
    // Whoever gave the server back is in the same turn of the event loop, and has nothing to do with our mistakes.
    this.#attempt(() => this.#takeUp(server));
  }

  #takeUp(server: Server): void {
    this.server = server;
    server.tenant = this;
    this.relay.onLease();
    if (this.parameters !== server.parameters) this.#synchronize(server);
    // A client that had to wait goes on by itself; one that got its server at once is still in `acquire()`.
    if (this.relay.isWaiting && !this.#asking) this.#goOn();
  }

  onLeaseFailed(error: AgentError): void {
    this.fail(error);
  }

  // From the server.

  onReply(server: Server, bytes: Uint8Array): void {
    const { connection, pool } = this;
    pool.statistics.bytesSent += bytes.length;
    if (connection.write(bytes)) return;
    if (connection.buffered < this.context.settings.client_write_buffer) return;
    // The client does not read: let the server wait, and take no further question from the client either.
    server.connection.pause();
    connection.pause();
  }

  get keepsServer(): boolean {
    return this.pool.mode === 'session';
  }

  get refusesBlocks(): boolean {
    return this.pool.mode === 'statement';
  }

  onReady(server: Server): void {
    if (server !== this.server) return;
    if (this.#asking) return this.#onAccepted(server);
    this.turns++;
    this.pool.statistics.queries++;
    if (server.status !== type.IDLE) {
      if (this.refusesBlocks) this.fail(new AgentError('statement_mode'));
      return;
    }
    this.pool.statistics.transactions++;
    this.transactions++;
    if ((server.settingsTouched || this.#tracked !== undefined) && this.#lookAtSettings(server)) return;
    if (this.pool.mode === 'session') return;
    this.#readyMissed = this.relay.inMessage;
    if (!this.#readyMissed) this.#giveBack(server);
  }

  /** The relay has read on: a server that was ready in the middle of a message is free when nothing more was asked. */
  onMessageEnd(): void {
    if (!this.#readyMissed || this.relay.inMessage) return;
    this.#readyMissed = false;
    if (this.server?.expected.isEmpty === true) this.#giveBack(this.server);
  }

  onParameter(name: string, value: string): boolean {
    if (this.parameters.reported.get(name) === value) return false;
    this.parameters = this.parameters.withReported(name, value);
    return true;
  }

  onInjectedError(server: Server, error: ServerError): void {
    if (this.#tracked !== undefined) {
      // What it has set is known to nobody now, and the next client must not inherit it.
      this.#tracked = undefined;
      server.retired ??= `it did not say what a client has set: ${error.message}`;
      return;
    }
    this.fail(new AgentError('startup_parameter', { reason: error.message }));
  }

  onInjectedRow(_server: Server, body: Uint8Array): void {
    this.#tracked?.onRow(body);
  }

  onServerDrain(): void {
    this.connection.resume();
  }

  onServerClose(server: Server, reason: string): void {
    this.server = undefined;
    this.pool.onLost(server, reason);
    // What the server said last has been passed on; a second FATAL would only hide it.
    if (server.fatalPassed) this.end('the server ended the connection');
    else this.fail(new AgentError('server_lost', { reason }), server);
  }

  /** Stops what the client's server is doing for it; a client that waits leaves the queue, and is told so. */
  cancel(): void {
    if (this.server !== undefined) return cancelWork(this.pool, this.server);
    if (this.list === undefined) return;
    this.pool.leave(this);
    this.#attempt(() => this.relay.cancelWaiting());
  }

  /** In the words of PostgreSQL (ProcessInterrupts, postgres.c). */
  answerCanceled(): void {
    const { sqlstate } = ERRORS.query_canceled;
    this.connection.write(
      encodeError({ severity: 'ERROR', sqlstate, message: sentenceOf('query_canceled') }),
    );
  }

  /** Tells the client why, and closes. In the middle of a message from `server` it can only close. */
  fail(error: AgentError, server: Server | undefined = this.server): void {
    if (this.#over) return;
    if (server?.cutsMessage !== true) {
      const { sqlstate } = error.row;
      this.connection.write(encodeError({ severity: 'FATAL', sqlstate, message: error.message }));
    }
    const { settings, log } = this.context;
    if (settings.log_pooler_errors) {
      log.warn(
        { client_pid: this.pid, database: this.pool.database.name, user: this.pool.user, code: error.code },
        error.message,
      );
    }
    this.#end(error.message, true);
  }

  /** Closes without a word; what was written before still leaves, and what was asked before is still done. */
  end(reason: string): void {
    this.#end(reason, false);
  }

  /** @param cancels what is under way is stopped: nobody waits for it. */
  #end(reason: string, cancels: boolean): void {
    if (this.#over) return;
    this.#leave(reason, cancels);
    this.connection.end();
  }

  /** True when nothing of the client's is under way: it can be let go without loss. */
  get isQuiet(): boolean {
    return this.server === undefined && this.list === undefined && !this.relay.inMessage;
  }

  /** Something of this client's went wrong in a way that nobody has foreseen: it costs this session, and nothing else. */
  onInternalError(error: Error): void {
    this.#onThrown(error);
  }

  #onThrown(error: Error): void {
    this.#isBroken = true;
    if (error instanceof AgentError) return this.fail(error);
    if (error.name === 'ProtocolError')
      return this.fail(new AgentError('protocol_violation', { reason: error.message }));
    this.context.internalErrors.add(error, { client_pid: this.pid }, 'an internal error closed a session');
    this.fail(new AgentError('internal_error', { reason: error.message }));
  }

  #goOn(): void {
    this.#attempt(() => this.relay.goOn());
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#onThrown(error as Error);
    }
  }

  /** Gives the server the client's parameters before the client's first message goes there. */
  #synchronize(server: Server): void {
    const isFirst = !this.#accepted;
    this.#accepted = true;
    const elder = this.pool.elders.elderOf(server.parameters, this.parameters);
    if (elder !== undefined) {
      // They say the same: from now on they are the same, and the next comparison is one of references.
      server.parameters = elder;
      this.parameters = elder;
      if (isFirst) this.#greeting.accept(elder);
      return;
    }
    const sql = difference(server.parameters, this.parameters);
    if (sql === '') return;
    server.parameters = server.parameters.withUnreported(this.parameters.unreported);
    // What a server has never taken may be refused, and then the client's query must not run without it.
    this.#asking = isFirst;
    // Otherwise the relay uncorks: both leave in one write.
    if (!isFirst) server.connection.cork();
    server.inject(sql);
  }

  /** The server has them now, and has said how it spells them: `ISO` is `ISO, MDY` there. */
  #onAccepted(server: Server): void {
    this.#asking = false;
    for (const [name, value] of server.parameters.reported) {
      if (this.parameters.reported.get(name) === value) continue;
      this.connection.write(encodeParameterStatus(name, value));
    }
    this.parameters = server.parameters;
    this.#greeting.accept(server.parameters);
    this.#goOn();
  }

  /** What a SET did that the server does not report has to be asked for. True: the answer is on its way. */
  #lookAtSettings(server: Server): boolean {
    if (this.#tracked !== undefined) {
      this.parameters = this.#tracked.applyTo(this.parameters);
      server.parameters = this.#tracked.applyTo(server.parameters);
      this.#tracked = undefined;
      // Behind the question the client may have sent another SET, which the answer knows nothing of.
      if (!server.settingsTouched) return false;
    }
    server.settingsTouched = false;
    const names = this.context.settings.track_extra_parameters.filter(
      (name) => !hasName(server.parameters, name),
    );
    // RESET ALL may have undone what we gave it, and SET may have replaced it.
    server.parameters = server.parameters.withUncertain();
    if (names.length === 0 || this.pool.mode === 'session') return false;
    this.#tracked = new TrackedParameters(names);
    server.inject(this.#tracked.sql);
    this.relay.onInjected();
    return true;
  }

  #giveBack(server: Server): void {
    this.server = undefined;
    this.pool.release(server);
    // It may have waited for this server to read; what it does not read itself holds it back until that has left.
    if (this.connection.buffered === 0) this.connection.resume();
  }

  #leave(reason: string, cancels: boolean): void {
    this.#over = true;
    const { server, context, pool } = this;
    this.server = undefined;
    pool.leave(this);
    context.clients.remove(this);
    this.relay.close();
    if (server !== undefined) this.#letGo(server, reason, cancels);
    if (context.settings.log_disconnections) {
      context.log.info(
        { client_pid: this.pid, database: pool.database.name, user: pool.user, reason },
        'client disconnected',
      );
    }
  }

  #letGo(server: Server, reason: string, cancels: boolean): void {
    const { pool } = this;
    const isSession = pool.mode === 'session';
    const { resets } = pool.terms;
    if (isSession) server.parameters = server.parameters.withUncertain();
    // The answer to our own question of what it has set will not be heard.
    if (this.#tracked !== undefined) server.settingsTouched = true;
    if (this.relay.inMessage || (this.#isBroken && !server.expected.isSettled)) {
      // Whatever else were sent would be read as the rest of that message, or wait for answers to what never left.
      cancelWork(pool, server);
      pool.discard(server, `the client's messages broke off: ${reason}`, true);
    } else if (!server.expected.isSettled || (server.settingsTouched && !isSession)) {
      pool.recover(server, { reason, cancels, resets });
    } else if (isSession || server.status !== type.IDLE) {
      pool.clean(server, [...(server.status === type.IDLE ? [] : ['ROLLBACK']), ...resets]);
    } else {
      pool.release(server);
    }
  }

  /** Answers a Sync that came while nothing was open: no server is needed for that. */
  answerSync(): void {
    const { connection, context } = this;
    // Whoever asks and never reads is not listened to until he has read.
    if (!connection.write(READY_IDLE) && connection.buffered >= context.settings.client_write_buffer)
      connection.pause();
  }
}

function hasName(parameters: Parameters, name: string): boolean {
  for (const own of parameters.reported.keys()) if (own.toLowerCase() === name.toLowerCase()) return true;
  return false;
}
