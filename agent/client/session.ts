// One client that is logged in. Only here is decided what a client does next: wait, get a server, use it, give it back.

import { AgentError } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import type { PoolMode } from '../config/settings.ts';
import type { CloseReason, Connection, ConnectionHandler } from '../net/connection.ts';
import { cancelWork } from '../pool/cancel_work.ts';
import type { Pool } from '../pool/pool.ts';
import type { Waiter } from '../pool/pool_figures.ts';
import type { Server } from '../server/server.ts';
import type { ServerError, Tenant } from '../server/tenant.ts';
import type { Statement } from '../state/statements.ts';
import { encodeError } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { eofReason, GOODBYE, logDisconnected } from './connection_log.ts';
import type { ClientContext } from './context.ts';
import type { Greeting } from './greetings.ts';
import { letGo } from './leaving.ts';
import { beginQuery, endQuery, forgetQuery, NEVER } from './query_times.ts';
import { Relay } from './relay.ts';
import { SessionParameters } from './session_parameters.ts';
import { SessionState } from './session_state.ts';
import { type Phase, phaseOf, Stopwatch } from './stopwatch.ts';

/** SQLSTATE of whatever is asked of a transaction that has failed. */
const IN_FAILED_TRANSACTION = '25P02';

export interface SessionStart {
  readonly connection: Connection;
  readonly context: ClientContext;
  readonly pool: Pool;
  readonly user: string;
  readonly pid: number;
  readonly key: Uint8Array;
  readonly greeting: Greeting;
}

/** How a client ends that is still to be answered; without an error it has said goodbye. */
interface Last {
  readonly error: AgentError | undefined;
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
  /** As who it logged in; where its database has a forced user, the pool is another's. */
  readonly user: string;
  /** As it was at the login: what a client has left on its server, or shares, must stay as it is. */
  readonly mode: PoolMode;
  readonly pid: number;
  readonly key: Uint8Array;
  readonly connectedAt: number;
  readonly parameters: SessionParameters;
  /** What it leaves on its servers. */
  readonly left = new SessionState(this);
  server: Server | undefined;
  readonly relay: Relay;
  /** Counted up with everything that the client asks and is answered, and with every end of a transaction: see Stopwatch. */
  turns = 0;
  transactions = 0;
  /** Connections that brought cancel requests for it, and wait until they are over. */
  cancelSenders = 0;
  queryStart = NEVER;
  transactionStart = NEVER;
  readonly stopwatch = new Stopwatch();
  #over = false;
  /** The walk of its messages stopped halfway: what was booked may not have been sent. */
  #isBroken = false;
  #isKilled = false;
  /** ReadyForQuery came while the client was in the middle of a message: the rest of a COPY that failed, say. */
  #readyMissed = false;
  /** Nothing more is read of the client: it ends when all is answered. */
  #last: Last | undefined;

  constructor(start: SessionStart) {
    this.connection = start.connection;
    this.context = start.context;
    this.pool = start.pool;
    this.user = start.user;
    this.mode = start.pool.mode;
    this.pid = start.pid;
    this.key = start.key;
    this.parameters = new SessionParameters(this, start.greeting);
    this.connectedAt = start.context.clock.wall();
    this.relay = new Relay(this, start.context.settings.max_packet_size);
    this.connection.handler = this;
  }

  /** active, waiting or idle, as SHOW CLIENTS has it. */
  get state(): string {
    return this.server !== undefined ? 'active' : (this.list?.name ?? 'idle');
  }

  get phase(): Phase {
    return phaseOf(this);
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
    // Who said goodbye before has let the server finish.
    const hasEnded = this.#last !== undefined && this.#last.error === undefined;
    const cancels = this.context.settings.cancel_abandoned_queries && !hasEnded;
    this.#leave(hasEnded ? GOODBYE : eofReason(reason.error), cancels);
  }

  /** Asks for a server. True: it is here now, and ready. False: `onLease` or `onReady` will go on. */
  acquire(): boolean {
    const now = this.context.clock.now();
    beginQuery(this, now);
    this.pool.request(this, now);
    return this.server !== undefined && !this.parameters.handover.isAsking;
  }

  onLease(server: Server): void {
    try {
      this.#takeUp(server);
    } catch (error) {
      // Whoever gave the server back is in the same turn of the event loop, and has nothing to do with our mistakes.
      this.#onThrown(error as Error);
    }
  }

  #takeUp(server: Server): void {
    this.server = server;
    server.tenant = this;
    if (server.sequencesOf !== this) server.sequencesOf = undefined;
    server.advanced = false;
    this.pool.statistics.serverAssignments++;
    this.left.onLease(server);
    this.relay.onLease();
    this.parameters.handover.begin(server);
    // A client that had to wait goes on by itself; one that got its server at once is still in `acquire()`.
    if (this.relay.isWaiting && !this.parameters.handover.isAsking) this.goOn();
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

  get reading(): string {
    return this.parameters.current.reading;
  }

  get keepsServer(): boolean {
    return this.mode === 'session';
  }
  get refusesBlocks(): boolean {
    return this.mode === 'statement';
  }

  /** Asked after all that the server says: it may have said the last word without being ready. */
  get isLeaving(): boolean {
    return this.#last !== undefined;
  }

  onReady(server: Server): void {
    if (server !== this.server) return;
    if (this.#last !== undefined) {
      if (!isToBeAnswered(server)) this.#endAtLast(this.#last);
      return;
    }
    if (this.parameters.handover.isAsking) {
      if (this.parameters.handover.onAnswered(server)) return this.goOn();
      this.#giveBack(server);
      return this.pool.request(this);
    }
    if (this.relay.staleRun.isDue) return this.relay.staleRun.sendAgain(server);
    if (server.touched !== 0 && this.left.restore(server)) return;
    this.#onAnswered(server);
    // What came meanwhile was kept, and what had to wait for the answers to all before it.
    if (this.relay.isWaiting && !this.left.listening.isWaiting) this.goOn();
  }

  #onAnswered(server: Server): void {
    this.turns++;
    const now = this.context.clock.now();
    endQuery(this, server.status === type.IDLE, now);
    if (server.status !== type.IDLE) {
      if (this.refusesBlocks) this.fail(new AgentError('statement_mode'));
      return;
    }
    this.transactions++;
    if (this.mode === 'session') return;
    this.#readyMissed = this.relay.inMessage;
    if (!this.#readyMissed) this.#rest(server, now);
  }

  /** The client needs its server no longer, unless it has left something there. */
  #rest(server: Server, now?: number): void {
    this.relay.onTransactionEnd();
    if (server.touched !== 0 && this.left.listening.settle()) return;
    this.left.listening.flush();
    if ((server.touched !== 0 || this.left.isToAsk) && this.left.onReady(server)) return;
    if (this.left.pins.size === 0) this.#giveBack(server, now);
  }

  /** What it was kept from is over: it has heard of its own notifications, or has no use for its server any more. */
  restAgain(): void {
    if (this.server !== undefined) this.#rest(this.server);
  }

  /** The relay has read on: a server that was ready in the middle of a message is free when nothing more was asked. */
  onMessageEnd(): void {
    if (!this.#readyMissed || this.relay.inMessage) return;
    this.#readyMissed = false;
    if (this.server?.expected.isEmpty === true) this.#rest(this.server);
  }

  onParameter(name: string, value: string): boolean {
    return this.parameters.onReported(name, value);
  }

  onInjectedError(server: Server, error: ServerError): void {
    if (this.left.isAsking) return this.left.onAskFailed(server, error.message);
    // What puts the client's start behind a RESET that was undone with its transaction.
    if (error.sqlstate === IN_FAILED_TRANSACTION) return;
    this.pool.knownSettings.forget();
    const refusal = this.parameters.handover.onRefused(server, error.message);
    if (refusal !== undefined) this.fail(refusal);
  }

  onStatementsDropped(): void {
    this.relay.onStatementsDropped();
  }

  onStalePlan(server: Server, statement: Statement): boolean {
    return this.relay.staleRun.repair(server, statement);
  }

  onInjectedRow(_server: Server, body: Uint8Array): void {
    this.left.onRow(body);
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

  /**
   * Stops what the client's server is doing for it; a client that waits leaves the queue, and is told so. Resolves when no
   * request is on its way to the server any more; undefined where none was.
   */
  cancel(): Promise<void> | undefined {
    if (this.server !== undefined) return cancelWork(this.pool, this.server);
    if (this.list === undefined) return undefined;
    this.pool.leave(this);
    forgetQuery(this);
    this.#attempt(() => this.relay.cancelWaiting());
    return undefined;
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
        { client_pid: this.pid, database: this.pool.database.name, user: this.user, code: error.code },
        error.message,
      );
    }
    this.#end(error.message, true);
  }

  /** As `fail()`, and its server goes with it, whatever it is at. */
  kill(error: AgentError): void {
    this.#isKilled = true;
    this.fail(error);
  }

  /** Nothing more of the client's is read: it ends when it has been answered what it asked before. @param error what it is told then. */
  endAfterAnswers(error: AgentError | undefined): void {
    this.#last = { error };
    if (this.server === undefined || !isToBeAnswered(this.server)) this.#endAtLast(this.#last);
  }

  #endAtLast({ error }: Last): void {
    if (error !== undefined) this.fail(error);
    else this.end(GOODBYE);
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

  /** What its next message waited for is there. */
  goOn(): void {
    this.#attempt(() => this.relay.goOn());
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#onThrown(error as Error);
    }
  }

  #giveBack(server: Server, now?: number): void {
    this.server = undefined;
    this.relay.onReturn();
    this.pool.release(server, now);
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
    this.left.close();
    if (server !== undefined) this.#letGo(server, reason, cancels);
    logDisconnected(this, pool.database.name, reason, context);
  }

  #letGo(server: Server, reason: string, cancels: boolean): void {
    const { pool, mode, relay } = this;
    const isCutOff = relay.inMessage || (this.#isBroken && !server.expected.isSettled);
    letGo(server, { pool, mode, isKilled: this.#isKilled, isCutOff, reason, cancels });
  }
}

/** Will the server say ReadyForQuery by itself? One that copies in waits for data that does not come any more. */
function isToBeAnswered({ expected }: Server): boolean {
  return expected.owesReady && !expected.isCopyingIn;
}
