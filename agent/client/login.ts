// A client from its first byte to its session: startup packet, TLS, proof of identity, limits, greeting.

import { ClientLogin, type LoginStep, PASSWORD_BYTES_MAX } from '../auth/client_login.ts';
import type { Timer } from '../base/clock.ts';
import { AgentError, type ErrorCode, type ErrorDetails } from '../base/errors.ts';
import type { CloseReason, Connection, ConnectionHandler } from '../net/connection.ts';
import type { Pool } from '../pool/pool.ts';
import { concat } from '../wire/bytes.ts';
import { Framer } from '../wire/frame.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import {
  encodeAuthentication,
  encodeBackendKeyData,
  encodeError,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  encodeReadyForQuery,
} from '../wire/server_messages.ts';
import { decodeStartup, type StartupPacket, startupLength } from '../wire/startup.ts';
import * as type from '../wire/types.ts';
import { isCertificateOf } from './certificate_user.ts';
import type { ClientContext } from './context.ts';
import { Session } from './session.ts';
import { parseStartupOptions } from './startup_options.ts';
import { Welcome } from './welcome.ts';

type Startup = Extract<StartupPacket, { kind: 'startup' }>;
type Transport = 'unix' | 'tcp';

const EMPTY = new Uint8Array(0);
const SALTED_KEY_BYTES = 4;

/** One connection that is not a session yet. */
export class Login implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #context: ClientContext;
  readonly #transport: Transport;
  readonly #timer: Timer;
  readonly #passwords = new Framer(PASSWORD_BYTES_MAX + 4);
  #phase: 'startup' | 'tls' | 'password' | 'thinking' | 'over' = 'startup';
  #bytes: Uint8Array = EMPTY;
  #startup: Startup | undefined;
  #machine: ClientLogin | undefined;
  #askedForTls = false;
  /** It has not proved who it is: it counts against client_login_concurrency. */
  #isStranger = true;
  #askedForGss = false;

  constructor(connection: Connection, transport: Transport, context: ClientContext) {
    this.#connection = connection;
    this.#transport = transport;
    this.#context = context;
    context.clients.logins++;
    this.#timer = context.clock.after(context.settings.client_login_timeout, () =>
      this.#fail('client_login_timeout'),
    );
    connection.handler = this;
    const { tcp_keepalive, tcp_keepidle } = context.settings;
    if (transport === 'tcp' && tcp_keepalive) connection.keepAlive(tcp_keepidle);
    if (context.clients.logins > context.settings.client_login_concurrency) {
      const value = context.settings.client_login_concurrency;
      this.#fail('client_limit', { limit: 'client_login_concurrency', value });
    }
  }

  onData(chunk: Uint8Array): void {
    this.#attempt(() => {
      if (this.#phase === 'startup') this.#onStartupBytes(chunk);
      else if (this.#phase === 'password') this.#onPasswordBytes(chunk);
      else if (this.#phase !== 'over') throw new ProtocolError('a message before it was asked for');
    });
  }

  /** Whatever goes wrong in a step of the login ends this login, and nothing else. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (error instanceof AgentError) return this.#refuse(error);
      if (error instanceof ProtocolError) return this.#fail('protocol_violation', { reason: error.message });
      this.#context.log.error({ stack: (error as Error).stack }, 'an internal error ended a login');
      this.#fail('internal_error', { reason: (error as Error).message });
    }
  }

  onDrain(): void {}

  onClose(_reason: CloseReason): void {
    this.#finish();
  }

  #onStartupBytes(chunk: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : concat([this.#bytes, chunk]);
    const length = startupLength(this.#bytes);
    if (length === 0 || this.#bytes.length < length) return;
    const packet = decodeStartup(this.#bytes.subarray(0, length));
    const extra = this.#bytes.length > length;
    this.#bytes = EMPTY;
    // Whatever follows now came before its turn; before TLS it may be somebody else's (CVE-2021-3935).
    if (extra) throw new ProtocolError('bytes follow a startup packet before it was answered');
    switch (packet.kind) {
      case 'ssl':
        return this.#onSslRequest();
      case 'gssenc':
        if (this.#askedForGss) throw new ProtocolError('a second GSSENCRequest');
        this.#askedForGss = true;
        this.#connection.write(new Uint8Array([0x4e]));
        return;
      case 'cancel':
        return this.#onCancel(packet.pid, packet.key);
      case 'startup':
        return this.#onStartup(packet);
    }
  }

  #onSslRequest(): void {
    const { tls, tools } = this.#context;
    if (this.#askedForTls || this.#connection.tls !== undefined)
      throw new ProtocolError('a second SSLRequest');
    this.#askedForTls = true;
    // As PostgreSQL: there is no TLS on a UNIX socket.
    if (tls === undefined || this.#transport === 'unix') {
      this.#connection.write(new Uint8Array([0x4e]));
      return;
    }
    this.#phase = 'tls';
    this.#connection.write(new Uint8Array([0x53]));
    tools.network.acceptTls(this.#connection, tls, (failure) => {
      if (this.#phase !== 'tls') return;
      if (failure !== undefined) {
        this.#context.log.info(
          { peer: this.#connection.peer, reason: failure },
          'TLS handshake with a client failed',
        );
        this.#connection.close();
        this.#finish();
        return;
      }
      this.#phase = 'startup';
      this.#connection.handler = this;
    });
  }

  #onCancel(pid: number, key: Uint8Array): void {
    this.#context.clients.findForCancel(pid, key)?.cancel();
    // As PostgreSQL: no answer, whether the key was right or not.
    this.#finish();
    this.#connection.end();
  }

  #onStartup(packet: Startup): void {
    const { context } = this.#closure();
    this.#startup = packet;
    if (!context.accepting) return this.#fail('agent_stopping');
    const { settings } = context;
    const mustTls = ['require', 'verify-ca', 'verify-full'].includes(settings.client_tls_sslmode);
    if (mustTls && this.#transport === 'tcp' && this.#connection.tls === undefined) {
      return this.#fail('client_tls_required', { sslmode: settings.client_tls_sslmode });
    }
    if (packet.minor > 0 || packet.protocolOptions.length > 0) {
      this.#connection.write(encodeNegotiateProtocolVersion(type.PROTOCOL_3_0, packet.protocolOptions));
    }
    const user = packet.parameters.get('user');
    if (user === undefined || user === '') throw new ProtocolError('the startup packet names no user');
    const replication = packet.parameters.get('replication') ?? 'false';
    if (!['false', 'off', 'no', '0', 'f', 'n'].includes(replication))
      return this.#fail('replication_refused');
    if (settings.client_tls_sslmode === 'verify-full' && this.#transport === 'tcp') {
      const subject = this.#connection.tls?.peerSubject;
      if (!isCertificateOf(subject, user))
        return this.#onRefused('certificate_refused', `its certificate is for ${subject ?? 'nobody'}`);
    }
    this.#machine = new ClientLogin({
      authType: settings.auth_type,
      transport: this.#connection.tls !== undefined ? 'tls' : this.#transport,
      user,
      book: context.books.byDatabase.get(this.#databaseName(user)) ?? context.books.common,
      peerUser: settings.auth_type === 'peer' ? context.peerUser(this.#connection) : undefined,
      peerMap: context.peerMap,
      random: context.random,
    });
    this.#onStep(this.#machine.start());
  }

  /** As PostgreSQL: a client that names no database means the one with its own name. */
  #databaseName(user: string): string {
    const name = this.#startup?.parameters.get('database');
    return name === undefined || name === '' ? user : name;
  }

  #onPasswordBytes(chunk: Uint8Array): void {
    const framer = this.#passwords;
    if (!framer.feed(chunk) || !framer.next()) return;
    if (framer.type !== type.PASSWORD)
      throw new ProtocolError('a message other than a password during the login');
    if (!framer.whole) return framer.hold();
    const body = framer.chunk.subarray(framer.start + 5, framer.end);
    if (framer.end < framer.chunk.length)
      throw new ProtocolError('bytes follow a password before it was answered');
    this.#onStep(this.#machine!.onPassword(body));
  }

  #onStep(step: LoginStep): void {
    switch (step.kind) {
      case 'send':
        this.#phase = 'password';
        this.#connection.write(encodeAuthentication(step.request.code, step.request.payload));
        return;
      case 'later':
        this.#phase = 'thinking';
        void step.step.then((next) => {
          if (this.#phase === 'thinking') this.#attempt(() => this.#onStep(next));
        });
        return;
      case 'failed':
        return this.#onRefused(step.reply, step.reason);
      case 'ok':
        return this.#onProved(
          step.requests.map((request) => encodeAuthentication(request.code, request.payload)),
        );
    }
  }

  /** The true reason goes to the log, the answer comes late, and says no more than PostgreSQL's would. */
  #onRefused(reply: ErrorCode, reason: string): void {
    const { context, user } = this.#closure();
    this.#phase = 'thinking';
    context.clients.loginFailures++;
    context.log.warn(
      { user, database: this.#databaseName(user), peer: this.#connection.peer, reason },
      'login refused',
    );
    context.clock.after(context.settings.client_login_failure_delay, () =>
      this.#fail(reply, { user, reason }, true),
    );
  }

  #onProved(authentication: readonly Uint8Array[]): void {
    const { context, user } = this.#closure();
    const databaseName = this.#databaseName(user);
    this.#checkAccess(databaseName, user);
    const pool = context.registry.pool(databaseName, user);
    this.#checkLimits(pool, user);
    this.#phase = 'thinking';
    this.#known();
    this.#connection.cork();
    for (const message of authentication) this.#connection.write(message);
    // What a server says of itself is part of the greeting: the first client of a pool waits for the first server.
    Welcome.of(
      pool,
      context.clock.now(),
      () => {
        if (this.#phase === 'thinking') this.#attempt(() => this.#greet(pool, user));
      },
      (error) => {
        this.#connection.uncork();
        this.#refuse(error);
      },
      this.#connection,
    );
  }

  /**
   * Who has proved himself is told in plain words what he may not have; nobody else learns which databases there are.
   *
   * @throws AgentError database_refused
   */
  #checkAccess(database: string, user: string): void {
    const { users, databases } = this.#context.settings;
    const known = Object.hasOwn(users, user) ? users[user] : undefined;
    // One that is not served is refused by the registry, to everybody.
    if (known === undefined || !Object.hasOwn(databases, database)) return;
    if (known.databases.includes('*') || known.databases.includes(database)) return;
    throw new AgentError('database_refused', { database, user, allowed: known.databases.join(', ') });
  }

  /** @throws AgentError client_limit */
  #checkLimits(pool: Pool, user: string): void {
    const { settings, clients } = this.#context;
    const known = settings.users[user];
    const limits: readonly (readonly [string, number, number])[] = [
      ['max_client_conn', settings.max_client_conn, clients.count],
      [
        'max_db_client_connections',
        settings.max_db_client_connections,
        clients.byDatabase.of(pool.database.name),
      ],
      [
        'max_user_client_connections',
        known?.maxUserClientConnections ?? settings.max_user_client_connections,
        clients.byUser.of(user),
      ],
    ];
    for (const [limit, value, count] of limits) {
      if (value > 0 && count >= value) throw new AgentError('client_limit', { limit, value });
    }
  }

  #greet(pool: Pool, user: string): void {
    const { context } = this.#closure();
    // Others may have come in while this one waited for the first server.
    this.#checkLimits(pool, user);
    const asked = this.#askedParameters();
    const parameters = pool.welcome!.startWith(asked);
    const session = new Session({
      connection: this.#connection,
      context,
      pool,
      pid: context.clients.newPid(context.random),
      key: context.random(SALTED_KEY_BYTES),
      parameters,
    });
    this.#finish();
    context.clients.add(session);
    context.clients.loginSuccesses++;
    for (const [name, value] of parameters.reported) {
      this.#connection.write(encodeParameterStatus(name, name === 'session_authorization' ? user : value));
    }
    this.#connection.write(encodeBackendKeyData(session.pid, session.key));
    this.#connection.write(encodeReadyForQuery(type.IDLE));
    this.#connection.uncork();
    if (context.settings.log_connections) {
      const { peer, tls } = this.#connection;
      context.log.info(
        { client_pid: session.pid, database: pool.database.name, user, peer, tls: tls?.version },
        'client connected',
      );
    }
  }

  #askedParameters(): ReadonlyMap<string, string> {
    const { settings } = this.#context;
    const asked = new Map<string, string>();
    const { parameters } = this.#startup!;
    // As PostgreSQL: what stands in the packet by itself wins over its options.
    for (const [name, value] of parseStartupOptions(parameters.get('options') ?? '').parameters)
      asked.set(name.toLowerCase(), value);
    for (const [name, value] of parameters)
      if (!NOT_PARAMETERS.has(name)) asked.set(name.toLowerCase(), value);
    for (const name of settings.ignore_startup_parameters) asked.delete(name.toLowerCase());
    const host = this.#connection.peer;
    if (settings.application_name_add_host)
      asked.set('application_name', `${asked.get('application_name') ?? 'app'} - ${host}`);
    return asked;
  }

  #closure(): { context: ClientContext; user: string } {
    return { context: this.#context, user: this.#startup?.parameters.get('user') ?? '' };
  }

  #fail(code: ErrorCode, details: ErrorDetails = {}, logged = false): void {
    this.#refuse(new AgentError(code, details), logged);
  }

  #refuse(error: AgentError, logged = false): void {
    if (this.#phase === 'over') return;
    const { context, user } = this.#closure();
    if (!logged && context.settings.log_pooler_errors) {
      context.log.warn({ user, peer: this.#connection.peer, code: error.code }, error.message);
    }
    this.#finish();
    this.#connection.write(
      encodeError({ severity: 'FATAL', sqlstate: error.row.sqlstate, message: error.message }),
    );
    this.#connection.end();
  }

  #finish(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#timer.clear();
    this.#known();
  }

  #known(): void {
    if (!this.#isStranger) return;
    this.#isStranger = false;
    this.#context.clients.logins--;
  }
}

/** Words of the startup packet that are no run-time parameters. */
const NOT_PARAMETERS: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options']);
