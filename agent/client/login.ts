// A client from its startup packet to its session: proof of identity, limits, greeting.

import {
  AUTH_OK,
  type AuthRequest,
  ClientLogin,
  type ClientLoginOptions,
  type LoginStep,
  PASSWORD_BYTES_MAX,
} from '../auth/client_login.ts';
import { hostOfPeer } from '../auth/hba_match.ts';
import { isLoopbackAddress } from '../auth/network_address.ts';
import { AgentError, type ErrorCode, type ErrorDetails } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { AuthQuerySettings } from '../config/settings.ts';
import type { CloseReason, Connection, ConnectionHandler } from '../net/connection.ts';
import type { FoundSecret } from '../pool/auth_queries.ts';
import type { Pool } from '../pool/pool.ts';
import { Framer } from '../wire/frame.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import { encodeAuthentication, encodeError } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { newCancelKey } from './cancel_keys.ts';
import { commonNameOf } from './certificate_user.ts';
import { CONSOLE_OWNER, takePlace } from './console_door.ts';
import type { ClientContext } from './context.ts';
import { greet } from './greet.ts';
import { checkLimits, checkLogins } from './limits.ts';
import type { Deadlined } from './login_deadlines.ts';
import { poolFor } from './pool_choice.ts';
import { replicationOf } from './replication.ts';
import { sourceOf } from './source.ts';
import {
  databaseOf,
  Startup,
  type StartupDone,
  type StartupMessage,
  type Transport,
  userOf,
} from './startup.ts';
import { confirmUser, type FoundUser, findUser, whomToAsk } from './unknown_user.ts';
import { type Asked, expiryOf, wayIn } from './way_in.ts';
import { Welcome } from './welcome.ts';
import { type Asking, bookFor, whyWithdrawn } from './withdrawn.ts';

/** Whoever sends many clients at once would write as many lines. */
const CROWDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['client_limit', 'descriptors_short']);
type Proved = Extract<LoginStep, { kind: 'ok' }>;
const LET_IN: AuthRequest = Object.freeze({ code: AUTH_OK, payload: new Uint8Array(0) });

/** One connection that is not a session yet. */
export class Login implements ConnectionHandler, Deadlined, StartupDone {
  list: List<Deadlined> | undefined;
  previous: Deadlined | undefined;
  next: Deadlined | undefined;
  readonly deadline: number;
  readonly #connection: Connection;
  readonly #context: ClientContext;
  readonly #transport: Transport;
  readonly #startup: Startup;
  readonly #source: string;
  readonly #passwords = new Framer(PASSWORD_BYTES_MAX + 4);
  #phase: 'startup' | 'password' | 'thinking' | 'over' = 'startup';
  #machine: ClientLogin | undefined;
  /** The secret that auth_query gave. */
  #found: FoundSecret | undefined;
  /** Who has to say so too, when he has proved that he has it. */
  #confirming: AuthQuerySettings | undefined;
  /** By what he was asked for it; a reload may since have made that another. */
  #asked: Asking | undefined;
  /** It has not proved who it is: it counts against client_login_concurrency. */
  #isStranger = true;
  #keepsPlace = false;
  /** It counts against max_client_conn already. */
  #isArriving = false;

  constructor(connection: Connection, transport: Transport, context: ClientContext) {
    this.#connection = connection;
    this.#transport = transport;
    this.#context = context;
    this.#startup = new Startup(connection, transport, context, this);
    this.#source = sourceOf(transport, connection.peer, context.peerUid(connection));
    context.clients.logins++;
    context.clients.loginsBySource.add(this.#source, 1);
    this.deadline = context.clock.now() + context.settings.client_login_timeout;
    context.loginDeadlines.add(this);
    connection.handler = this;
    const { network, policy } = context.tools;
    if (transport === 'tcp') network.tuneTcp(connection, policy().tcp);
    this.#attempt(() => checkLogins(context.settings, context.clients, this.#source));
  }

  get connection(): Connection {
    return this.#connection;
  }

  onData(chunk: Uint8Array): void {
    this.#attempt(() => {
      if (this.#phase === 'startup') this.#startup.onData(chunk);
      else if (this.#phase === 'password') this.#onPasswordBytes(chunk);
      else if (this.#phase !== 'over') throw new ProtocolError('a message before it was asked for');
    });
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
    this.#context.internalErrors.add(error, {}, 'an internal error ended a login');
    this.#fail('internal_error', { reason: error.message });
  }

  onDeadline(): void {
    this.#attempt(() => this.#fail('client_login_timeout'));
  }

  onShutdown(error: AgentError): void {
    this.#attempt(() => this.#refuse(error));
  }

  onDrain(): void {}

  onClose(_reason: CloseReason): void {
    this.#finish();
  }

  /** It has the connection again, which belonged to the handshake. */
  onTls(): void {
    this.#connection.handler = this;
  }

  onGone(): void {
    this.#finish();
  }

  onStarted(message: StartupMessage): void {
    const [context, user] = [this.#context, this.#user];
    const { settings } = context;
    const { tls, peer } = this.#connection;
    const transport = tls !== undefined ? 'tls' : this.#transport;
    const [database, subject] = [databaseOf(message), tls?.peerSubject];
    const replication = replicationOf(message);
    // What is decided for replication says nothing of the console.
    if (database === CONSOLE_DATABASE && replication !== undefined)
      throw new AgentError('console_no_replication');
    if (database === CONSOLE_DATABASE && this.#isOwner) return this.#openConsole([LET_IN]);
    const host = hostOfPeer(peer);
    const isReplication = replication === 'physical';
    const asked: Asked = { transport, host, user, database, subject, isReplication };
    const way = wayIn(settings, asked);
    if (way.kind === 'refused') return this.#onRefused(way.reply, way.reason, way.details);
    const { authType, map } = way;
    this.#asked = { settings, asked, authType };
    const book = bookFor(context.books, settings, database);
    const options: ClientLoginOptions = {
      authType,
      transport,
      user,
      book,
      peerUser: authType === 'peer' ? context.peerUser(this.#connection) : undefined,
      peerMap: context.peerMap,
      certificateName: commonNameOf(subject),
      map,
      refusal: expiryOf(settings, user, authType, context.clock.wall()),
      passwordInTheClear: settings.unsafe_settings === 'warn' || isLoopbackAddress(host),
      endPoint: this.#startup.endPoint,
      random: context.random,
    };
    const asker = whomToAsk(settings, book, { user, database, authType });
    if (asker === undefined) return this.#begin(options);
    this.#phase = 'thinking';
    findUser(context.registry.authQueries, asker, user, book, settings).then(
      (found) => {
        if (this.#phase === 'thinking') this.#attempt(() => this.#beginFound(options, found));
      },
      (error: Error) => {
        if (!(error instanceof AgentError)) return this.#onThrown(error);
        if (this.#phase === 'thinking') this.#onRefused('auth_query_failed', error.message);
      },
    );
  }

  #begin(options: ClientLoginOptions): void {
    this.#machine = new ClientLogin(options);
    this.#onStep(this.#machine.start());
  }

  #beginFound(options: ClientLoginOptions, found: FoundUser): void {
    const { credential, missing, mockKind } = found;
    this.#found = found.secret;
    this.#confirming = found.confirming;
    this.#begin({ ...options, found: credential, mockKind, refusal: missing ?? options.refusal });
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
        step.step
          .then((next) => {
            if (this.#phase === 'thinking') this.#onStep(next);
          })
          .catch((error: Error) => this.#onThrown(error));
        return;
      case 'failed':
        return this.#onRefused(step.reply, step.reason);
      case 'ok':
        return this.#onProved(step);
    }
  }

  /** The true reason goes to the log; the answer says no more than PostgreSQL's, and late: who leaves keeps his place till then. */
  #onRefused(reply: ErrorCode, reason: string, details: ErrorDetails = {}): void {
    const [context, user] = [this.#context, this.#user];
    this.#phase = 'thinking';
    context.clients.loginFailures++;
    const error = new AgentError(reply, { user, reason, ...details });
    const database = databaseOf(this.#startup.message);
    const { peer, tls } = this.#connection;
    const fields = { user, database, peer, tls: tls?.version, reason, told: error.message };
    context.log.warn(fields, 'login refused');
    this.#keepsPlace = true;
    context.clock.after(context.settings.client_login_failure_delay, () => {
      this.#keepsPlace = false;
      this.#refuse(error, true);
      this.#known();
    });
  }

  #onProved(proved: Proved): void {
    const { requests, secret } = proved;
    const context = this.#context;
    const databaseName = databaseOf(this.#startup.message);
    const withdrawn = whyWithdrawn(context, this.#asked!, secret, this.#found !== undefined);
    if (withdrawn !== undefined) return this.#onRefused('password_wrong', withdrawn);
    if (databaseName === CONSOLE_DATABASE) return this.#openConsole(requests);
    // As PostgreSQL: the end of SCRAM at once, and that he is in when he is; what he may not have comes between the two.
    this.#connection.cork();
    for (const { code, payload } of requests)
      if (code !== AUTH_OK) this.#connection.write(encodeAuthentication(code, payload));
    if (this.#confirming === undefined) return this.#comeIn(proved);
    this.#phase = 'thinking';
    confirmUser(context.registry.authQueries, this.#confirming, this.#user, this.#found!).then(
      (found) => {
        if (this.#phase === 'thinking') this.#attempt(() => this.#onConfirmed(found, proved));
      },
      (error: Error) => {
        if (this.#phase === 'thinking') this.#attempt(() => this.#onUnconfirmed(error));
      },
    );
  }

  #onConfirmed(found: FoundSecret, proved: Proved): void {
    const withdrawn = whyWithdrawn(this.#context, this.#asked!, proved.secret, true);
    if (withdrawn !== undefined) return this.#onRefused('password_wrong', withdrawn);
    this.#found = found;
    this.#comeIn(proved);
  }

  #onUnconfirmed(error: Error): void {
    if (!(error instanceof AgentError)) return this.#onThrown(error);
    if (error.code === 'server_database_missing') return this.#refuse(error);
    this.#onRefused(error.code, String(error.details.reason));
  }

  #comeIn({ clientKey }: Proved): void {
    const [context, databaseName] = [this.#context, databaseOf(this.#startup.message)];
    const user = this.#asked!.authType === 'any' ? context.registry.forcedUser(databaseName) : this.#user;
    const pool = poolFor(
      this.#startup.message!,
      { name: databaseName, user, peer: this.#connection.peer },
      context,
      this.#found,
    );
    checkLimits(context.settings, context.clients, pool.database.name, user);
    if (clientKey !== undefined) pool.learn(clientKey, user);
    this.#phase = 'thinking';
    this.#known();
    const failure = Welcome.failureOf(pool, context.clock);
    if (failure !== undefined) return this.#refuse(failure);
    if (pool.welcome !== undefined) return this.#greet(pool, user);
    // What a server says of itself is part of the greeting: the first client of a pool waits for the first server.
    this.#isArriving = true;
    context.clients.arriving++;
    Welcome.wait(
      pool,
      this.#connection,
      () => {
        if (this.#phase !== 'thinking') return;
        this.#attempt(() => {
          this.#arrived();
          // Others may have come in meanwhile.
          checkLimits(context.settings, context.clients, pool.database.name, user);
          this.#greet(pool, user);
        });
      },
      (error) => this.#refuse(error),
    );
  }

  /** The agent's own system user needs no other proof: it can do to the agent what it likes. */
  get #isOwner(): boolean {
    const { ownUid, peerUid } = this.#context;
    return (
      this.#transport === 'unix' && this.#user === CONSOLE_OWNER && peerUid(this.#connection) === ownUid()
    );
  }

  #openConsole(requests: readonly AuthRequest[]): void {
    const [context, connection, user, isOwner] = [this.#context, this.#connection, this.#user, this.#isOwner];
    takePlace(context.settings, context.clients, user, isOwner);
    const message = this.#startup.message!;
    this.#finish();
    context.clients.loginSuccesses++;
    connection.cork();
    for (const { code, payload } of requests) connection.write(encodeAuthentication(code, payload));
    const applicationName = message.parameters.get('application_name') ?? '';
    const key = newCancelKey(message, context.clients, context.settings, context.random);
    context.openConsole({ connection, user, isOwner, ...key, applicationName });
    connection.uncork();
  }

  #greet(pool: Pool, user: string): void {
    const start = { pool, user, connection: this.#connection, message: this.#startup.message! };
    greet(start, this.#context, () => this.#finish());
  }

  get #user(): string {
    return userOf(this.#startup.message);
  }

  #fail(code: ErrorCode, details: ErrorDetails = {}): void {
    this.#refuse(new AgentError(code, details));
  }

  #refuse(error: AgentError, logged = false): void {
    if (this.#phase === 'over') return;
    const [context, { message }] = [this.#context, this.#startup];
    if (!logged && context.settings.log_pooler_errors) {
      const { peer, tls } = this.#connection;
      const who = message === undefined ? {} : { user: userOf(message), database: databaseOf(message) };
      const fields = { ...who, peer, tls: tls?.version, source: this.#source, code: error.code };
      if (CROWDED.has(error.code)) context.rareLog.warn(fields, error.message);
      else context.log.warn(fields, error.message);
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
    this.#startup.stop();
    this.#context.loginDeadlines.remove(this);
    this.#arrived();
    if (!this.#keepsPlace) this.#known();
  }

  #arrived(): void {
    if (!this.#isArriving) return;
    this.#isArriving = false;
    this.#context.clients.arriving--;
  }

  #known(): void {
    if (!this.#isStranger) return;
    this.#isStranger = false;
    const { clients } = this.#context;
    clients.logins--;
    clients.loginsBySource.add(this.#source, -1);
  }
}
