// A client from its first byte to its session: startup packet, TLS, proof of identity, limits, greeting.

import { type AuthRequest, ClientLogin, type LoginStep, PASSWORD_BYTES_MAX } from '../auth/client_login.ts';
import { hostOfPeer } from '../auth/hba_match.ts';
import { AgentError, type ErrorCode, type ErrorDetails } from '../base/errors.ts';
import type { List } from '../base/list.ts';
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
  encodeReadyForQuery,
} from '../wire/server_messages.ts';
import { decodeStartup, type StartupPacket, startupLength } from '../wire/startup.ts';
import * as type from '../wire/types.ts';
import { commonNameOf } from './certificate_user.ts';
import type { ClientContext } from './context.ts';
import type { Deadlined } from './login_deadlines.ts';
import { Session } from './session.ts';
import { parseStartupOptions } from './startup_options.ts';
import { wayIn } from './way_in.ts';
import { Welcome } from './welcome.ts';

type Startup = Extract<StartupPacket, { kind: 'startup' }>;
type Transport = 'unix' | 'tcp';

const EMPTY = new Uint8Array(0);
const READY_IDLE = encodeReadyForQuery(type.IDLE);
const SALTED_KEY_BYTES = 4;

/** One connection that is not a session yet. */
export class Login implements ConnectionHandler, Deadlined {
  list: List<Deadlined> | undefined;
  previous: Deadlined | undefined;
  next: Deadlined | undefined;
  readonly deadline: number;
  readonly #connection: Connection;
  readonly #context: ClientContext;
  readonly #transport: Transport;
  readonly #passwords = new Framer(PASSWORD_BYTES_MAX + 4);
  #phase: 'startup' | 'tls' | 'password' | 'thinking' | 'over' = 'startup';
  #bytes: Uint8Array = EMPTY;
  #startup: Startup | undefined;
  #machine: ClientLogin | undefined;
  #askedForTls = false;
  /** It has not proved who it is: it counts against client_login_concurrency. */
  #isStranger = true;
  #keepsPlace = false;
  #askedForGss = false;
  /** Of the certificate that this client was shown, which a reload may since have replaced. */
  #endPoint: Uint8Array | undefined;

  constructor(connection: Connection, transport: Transport, context: ClientContext) {
    this.#connection = connection;
    this.#transport = transport;
    this.#context = context;
    context.clients.logins++;
    this.deadline = context.clock.now() + context.settings.client_login_timeout;
    context.loginDeadlines.add(this);
    connection.handler = this;
    const { tcp_keepalive, tcp_keepidle } = context.settings;
    if (transport === 'tcp' && tcp_keepalive) connection.keepAlive(tcp_keepidle);
    if (context.clients.logins > context.settings.client_login_concurrency) {
      const value = context.settings.client_login_concurrency;
      this.#fail('client_limit', { limit: 'client_login_concurrency', value });
    }
  }

  onData(chunk: Uint8Array): void {
    try {
      if (this.#phase === 'startup') this.#onStartupBytes(chunk);
      else if (this.#phase === 'password') this.#onPasswordBytes(chunk);
      else if (this.#phase !== 'over') throw new ProtocolError('a message before it was asked for');
    } catch (error) {
      this.#onThrown(error as Error);
    }
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#onThrown(error as Error);
    }
  }

  /** Whatever goes wrong in a step of the login ends this login, and nothing else. */
  #onThrown(error: Error): void {
    if (error instanceof AgentError) return this.#refuse(error);
    if (error instanceof ProtocolError) return this.#fail('protocol_violation', { reason: error.message });
    this.#context.log.error({ stack: error.stack }, 'an internal error ended a login');
    this.#fail('internal_error', { reason: error.message });
  }

  onDeadline(): void {
    this.#fail('client_login_timeout');
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
    this.#endPoint = tls.endPoint;
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
    const { tls, peer } = this.#connection;
    const transport = tls !== undefined ? 'tls' : this.#transport;
    const [database, subject] = [this.#databaseName(user), tls?.peerSubject];
    const way = wayIn(settings, { transport, host: hostOfPeer(peer), user, database, subject });
    if (way.kind === 'refused') return this.#onRefused(way.reply, way.reason, way.details);
    this.#machine = new ClientLogin({
      authType: way.authType,
      transport,
      user,
      book: context.books.byDatabase.get(database) ?? context.books.common,
      peerUser: way.authType === 'peer' ? context.peerUser(this.#connection) : undefined,
      peerMap: context.peerMap,
      certificateName: commonNameOf(subject),
      map: way.map,
      endPoint: this.#endPoint,
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
        return this.#onProved(step.requests);
    }
  }

  /** The true reason goes to the log; the answer says no more than PostgreSQL's, and late: who leaves keeps his place till then. */
  #onRefused(reply: ErrorCode, reason: string, details: ErrorDetails = {}): void {
    const { context, user } = this.#closure();
    this.#phase = 'thinking';
    context.clients.loginFailures++;
    context.log.warn(
      { user, database: this.#databaseName(user), peer: this.#connection.peer, reason },
      'login refused',
    );
    this.#keepsPlace = true;
    context.clock.after(context.settings.client_login_failure_delay, () => {
      this.#keepsPlace = false;
      this.#fail(reply, { user, reason, ...details }, true);
      this.#known();
    });
  }

  #onProved(requests: readonly AuthRequest[]): void {
    const { context, user } = this.#closure();
    const databaseName = this.#databaseName(user);
    this.#checkAccess(databaseName, user);
    const pool = context.registry.pool(databaseName, user);
    this.#checkLimits(pool, user);
    this.#phase = 'thinking';
    this.#known();
    this.#connection.cork();
    for (const { code, payload } of requests) this.#connection.write(encodeAuthentication(code, payload));
    const failure = Welcome.failureOf(pool, context.clock);
    if (failure !== undefined) return this.#refuse(failure);
    if (pool.welcome !== undefined) return this.#greet(pool, user);
    // What a server says of itself is part of the greeting: the first client of a pool waits for the first server.
    Welcome.wait(
      pool,
      this.#connection,
      () => {
        if (this.#phase !== 'thinking') return;
        this.#attempt(() => {
          // Others may have come in meanwhile.
          this.#checkLimits(pool, user);
          this.#greet(pool, user);
        });
      },
      (error) => this.#refuse(error),
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
    const { name } = pool.database;
    checkLimit('max_client_conn', settings.max_client_conn, clients.count);
    checkLimit('max_db_client_connections', settings.max_db_client_connections, clients.byDatabase.of(name));
    const ofUser = settings.users[user]?.maxUserClientConnections ?? settings.max_user_client_connections;
    checkLimit('max_user_client_connections', ofUser, clients.byUser.of(user));
  }

  #greet(pool: Pool, user: string): void {
    const { context } = this.#closure();
    const greeting = context.greetings.of(pool.welcome!, user, this.#askedParameters());
    const session = new Session({
      connection: this.#connection,
      context,
      pool,
      pid: context.clients.newPid(context.random),
      key: context.random(SALTED_KEY_BYTES),
      greeting,
    });
    this.#finish();
    context.clients.add(session);
    context.clients.loginSuccesses++;
    this.#connection.write(greeting.bytes);
    this.#connection.write(encodeBackendKeyData(session.pid, session.key));
    this.#connection.write(READY_IDLE);
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
    const options = parameters.get('options');
    if (options !== undefined)
      for (const [name, value] of parseStartupOptions(options).parameters)
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
    this.#context.loginDeadlines.remove(this);
    if (!this.#keepsPlace) this.#known();
  }

  #known(): void {
    if (!this.#isStranger) return;
    this.#isStranger = false;
    this.#context.clients.logins--;
  }
}

/** @throws AgentError client_limit */
function checkLimit(limit: string, value: number, count: number): void {
  if (value > 0 && count >= value) throw new AgentError('client_limit', { limit, value });
}

/** Words of the startup packet that are no run-time parameters. */
const NOT_PARAMETERS: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options']);
