// One client of the console: its messages are taken one after the other, and what it asks for is answered by ourselves.

import { AgentError } from '../base/errors.ts';
import type { ConsoleSeat } from '../client/clients.ts';
import { eofReason, GOODBYE, logConnected, logDisconnected } from '../client/connection_log.ts';
import type { ConsoleRole, ConsoleStart } from '../client/console_door.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { CloseReason, Connection, ConnectionHandler } from '../net/connection.ts';
import { Framer } from '../wire/frame.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import { encodeBackendKeyData, encodeError, encodeParameterStatus } from '../wire/server_messages.ts';
import { Conversation } from './conversation.ts';
import { PGBOUNCER_VERSION } from './show/agent.ts';
import type { ConsoleTools } from './show/row.ts';

/** Of one message. A command is short, and PgBouncer takes none that is longer than pkt_buf. */
const MESSAGE_BYTES_MAX = 64 * 1024;
/** What a client may send ahead while something of its is under way. */
const AHEAD_BYTES_MAX = 256 * 1024;

/** As PgBouncer greets; drivers look for some of these. */
const GREETING: readonly (readonly [string, string])[] = [
  ['server_version', `${PGBOUNCER_VERSION}/bouncer`],
  ['client_encoding', 'UTF8'],
  ['server_encoding', 'UTF8'],
  ['DateStyle', 'ISO'],
  ['TimeZone', 'GMT'],
  ['standard_conforming_strings', 'on'],
  ['is_superuser', 'on'],
];

export class Console implements ConnectionHandler, ConsoleSeat {
  readonly connection: Connection;
  readonly user: string;
  readonly pid: number;
  readonly key: Uint8Array;
  readonly connectedAt: number;
  readonly applicationName: string;
  requestedAt: number;
  cancelSenders = 0;
  isBusy = false;
  readonly #tools: ConsoleTools;
  readonly #framer = new Framer(MESSAGE_BYTES_MAX);
  readonly #conversation: Conversation;
  /** Chunks that have not been looked at. */
  #ahead: Uint8Array[] = [];
  #aheadBytes = 0;
  #over = false;

  constructor(start: ConsoleStart, tools: ConsoleTools) {
    const { clock, clients } = tools.context;
    const { connection, user, pid, key } = start;
    this.connection = connection;
    this.user = user;
    this.pid = pid;
    this.key = key;
    this.applicationName = start.applicationName;
    this.connectedAt = clock.wall();
    this.requestedAt = this.connectedAt;
    this.#tools = tools;
    this.#conversation = new Conversation(start, tools);
    connection.handler = this;
    clients.consoles.add(this);
    for (const [name, value] of GREETING) connection.write(encodeParameterStatus(name, value));
    connection.write(encodeBackendKeyData(pid, key));
    this.#conversation.ready();
    logConnected(this, CONSOLE_DATABASE, tools.context);
  }

  get role(): ConsoleRole | undefined {
    return this.#conversation.role;
  }

  get statementCount(): number {
    return this.#conversation.statementCount;
  }

  onData(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#ahead.push(chunk);
    this.#aheadBytes += chunk.length;
    // It is read on all the same up to here, so that one that goes away while it waits is noticed.
    if (this.#aheadBytes > AHEAD_BYTES_MAX) this.connection.pause();
    this.#walk();
  }

  onDrain(): void {
    this.#conversation.reply.onDrain();
  }

  onClose(reason: CloseReason): void {
    this.#leave(eofReason(reason.error));
  }

  cancel(): undefined {
    this.#conversation.cancel();
  }

  fail(error: AgentError): void {
    if (this.#over) return;
    const { sqlstate } = error.row;
    this.connection.write(encodeError({ severity: 'FATAL', sqlstate, message: error.message }));
    this.#end(error.message);
  }

  /** Message by message; stops where one takes time, and goes on when that is done. */
  #walk(): void {
    const framer = this.#framer;
    try {
      while (!this.isBusy && !this.#over) {
        if (framer.next()) {
          if (framer.whole) this.#take(framer);
          else framer.hold();
          continue;
        }
        const chunk = this.#ahead.shift();
        if (chunk === undefined) return;
        this.#aheadBytes -= chunk.length;
        if (this.#aheadBytes <= AHEAD_BYTES_MAX) this.connection.resume();
        framer.feed(chunk);
      }
    } catch (error) {
      this.#onThrown(error as Error);
    }
  }

  #take({ type, chunk, start, end }: Framer): void {
    this.requestedAt = this.#tools.context.clock.wall();
    // It is at work from the first step on: SHOW CLIENTS shows who asks as active.
    this.isBusy = true;
    const done = this.#conversation.take(type, chunk.subarray(start + 5, end));
    if (done === 'goodbye') return this.#end(GOODBYE);
    const { reply } = this.#conversation;
    const settled = done === undefined ? reply.settle() : done.then(() => reply.settle());
    if (settled === undefined) {
      this.isBusy = false;
      return;
    }
    settled.then(
      () => {
        this.isBusy = false;
        this.#walk();
      },
      (error: Error) => this.#onThrown(error),
    );
  }

  #onThrown(error: Error): void {
    if (error instanceof AgentError) return this.fail(error);
    if (error instanceof ProtocolError)
      return this.fail(new AgentError('protocol_violation', { reason: error.message }));
    const fields = { client_pid: this.pid, database: CONSOLE_DATABASE };
    this.#tools.context.internalErrors.add(error, fields, 'an internal error closed a console');
    this.fail(new AgentError('internal_error', { reason: error.message }));
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.#leave(reason);
    this.connection.end();
  }

  /** With the last admin nobody would be left who could say RESUME: nobody new is listened to. */
  #endSuspension(): void {
    const { context, controls, snapshot } = this.#tools;
    for (const { role } of context.clients.consoles) if (role === 'admin') return;
    if (snapshot().state !== 'suspended') return;
    context.log.info({}, 'the last admin has left the console while suspended: RESUME');
    controls.resume();
  }

  #leave(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    const { clients } = this.#tools.context;
    clients.consoles.delete(this);
    this.#conversation.end();
    this.#endSuspension();
    this.#ahead = [];
    logDisconnected(this, CONSOLE_DATABASE, reason, this.#tools.context);
  }
}
