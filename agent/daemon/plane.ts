// The data plane in one piece: pools, clients and what they share, made from Settings and changed only by new ones.

import { type CredentialBook, type CredentialOptions, makeCredentialBook } from '../auth/credential.ts';
import { endPointOfPem } from '../auth/end_point.ts';
import { makePeerMap } from '../auth/peer.ts';
import { ScramKeyCache } from '../auth/scram_client.ts';
import type { Timer } from '../base/clock.ts';
import { AgentError } from '../base/errors.ts';
import type { InternalErrors } from '../base/internal_errors.ts';
import type { Log } from '../base/log.ts';
import { RareLog } from '../base/rare_log.ts';
import { Clients } from '../client/clients.ts';
import type { ConsoleStart } from '../client/console_door.ts';
import type { ClientContext, ClientTls, CredentialBooks } from '../client/context.ts';
import { shareDescriptors } from '../client/descriptors.ts';
import { Greetings } from '../client/greetings.ts';
import { Login } from '../client/login.ts';
import { LoginDeadlines } from '../client/login_deadlines.ts';
import { Peers } from '../client/peers.ts';
import { endLateClients } from '../client/timeouts.ts';
import type { Settings } from '../config/settings.ts';
import type { TcpOptions } from '../native/tcp_options.ts';
import type { Connection } from '../net/connection.ts';
import { lookUp, lookupsAtOnce } from '../net/lookup.ts';
import { createNetwork } from '../net/network.ts';
import { Resolver } from '../net/resolver.ts';
import { leaveOldAddresses, namesInUse } from '../pool/names.ts';
import { PoolRegistry } from '../pool/registry.ts';
import { whyRemoved } from '../pool/removed.ts';
import { EffectsReader } from '../query/effects_reader.ts';
import type { DialPolicy, DialTools } from '../server/dial.ts';
import { StatementRegistry } from '../state/statements.ts';
import { NameCache } from '../wire/name_cache.ts';
import { encodeError } from '../wire/server_messages.ts';
import { ALPN } from '../wire/types.ts';
import type { Machine } from './machine.ts';
import { Suspension } from './suspension.ts';

/** As PgBouncer's janitor. */
const TICK_MS = 333;
/** Of the key for the challenges of users that do not exist: one for the process, whatever is reloaded. */
export const MOCK_KEY_BYTES = 32;

export interface PlaneMachine extends Pick<Machine, 'clock' | 'random' | 'fraction'> {
  readonly log: Log;
  readonly internalErrors: InternalErrors;
  readonly readPem: (path: string) => string;
  readonly peerUser: (connection: Connection) => string | undefined;
  readonly peerUid: (connection: Connection) => number | undefined;
  readonly ownUid: () => number;
  readonly openConsole: (start: ConsoleStart) => void;
  /** Gives what the kernel refused; undefined when all is set. */
  readonly setTcpOptions: (fd: number, options: TcpOptions) => string | undefined;
  /** RLIMIT_NOFILE. */
  readonly descriptorLimit: number;
  readonly localEnd: NonNullable<DialTools['localEnd']>;
}

/** What has to be ready before new settings can take effect: everything that can fail or that takes time. */
export interface PreparedSettings {
  readonly settings: Settings;
  readonly books: CredentialBooks;
  readonly tls: ClientTls | undefined;
}

export class Plane {
  readonly context: ClientContext;
  readonly registry: PoolRegistry;
  readonly suspension: Suspension;
  readonly names: Resolver;
  readonly #machine: PlaneMachine;
  readonly #renewTls: () => void;
  #timer: Timer | undefined;
  #toldOfDescriptors = false;

  /** @param prepared of `prepare()` with the key that the process keeps. */
  constructor(prepared: PreparedSettings, machine: PlaneMachine) {
    this.#machine = machine;
    const { clock, log, random, fraction } = machine;
    const network = createNetwork({
      descriptorsBelow: () => this.context.descriptors.dialBelow,
      setTcpOptions: (fd, options) => this.#setTcpOptions(fd, options),
    });
    this.#renewTls = () => network.renewTls();
    const tools: DialTools = {
      network,
      keys: new ScramKeyCache(),
      random,
      readPem: machine.readPem,
      policy: () => dialPolicy(this.context.settings),
      localEnd: machine.localEnd,
    };
    const { settings, books, tls } = prepared;
    this.names = new Resolver({
      ...{ lookup: lookUp, clock, log, lookupsMax: lookupsAtOnce() },
      times: () => lookupTimes(this.context.settings),
      onChanged: (name, addresses) => leaveOldAddresses(this.registry, name, addresses),
    });
    const { names } = this;
    this.registry = new PoolRegistry({ settings, clock, log, tools, names, random: fraction });
    this.context = {
      settings,
      books,
      tls,
      peerMap: makePeerMap(settings.peer_map),
      accepting: true,
      clock,
      log,
      internalErrors: machine.internalErrors,
      registry: this.registry,
      statements: new StatementRegistry(),
      effects: new EffectsReader(),
      statementNames: new NameCache(),
      clients: new Clients(),
      peers: new Peers(),
      greetings: new Greetings(),
      loginDeadlines: new LoginDeadlines(clock),
      tools,
      names,
      random,
      peerUser: machine.peerUser,
      peerUid: machine.peerUid,
      ownUid: machine.ownUid,
      openConsole: machine.openConsole,
      descriptors: shareDescriptors(machine.descriptorLimit, settings),
      rareLog: new RareLog(clock, log),
    };
    this.suspension = new Suspension(this.context);
    this.#warnOfDescriptors();
    this.#tick();
  }

  /** A kernel that does not know an option costs the option, and not the connection. */
  #setTcpOptions(fd: number, options: TcpOptions): void {
    const reason = this.#machine.setTcpOptions(fd, options);
    if (reason === undefined) return;
    const error = new AgentError('tcp_option_refused', { reason });
    this.context.rareLog.warn({ code: error.code }, error.message);
  }

  /** For every connection of every listener. */
  onConnection(connection: Connection, transport: 'unix' | 'tcp'): void {
    this.suspension.onConnection(connection);
    const { descriptors, rareLog } = this.context;
    if (connection.fd < descriptors.refuseFrom) {
      new Login(connection, transport, this.context);
      return;
    }
    const { limit } = descriptors;
    const error = new AgentError('descriptors_short', { limit });
    rareLog.warn({ peer: connection.peer, code: error.code }, error.message);
    connection.write(
      encodeError({ severity: 'FATAL', sqlstate: error.row.sqlstate, message: error.message }),
    );
    // At once, and not when the client has read it: there would be no descriptor for the next one.
    connection.close();
  }

  /** Takes effect in one step: nothing in here can fail. */
  apply(prepared: PreparedSettings): void {
    const { context, registry } = this;
    context.settings = prepared.settings;
    context.books = prepared.books;
    context.tls = prepared.tls;
    // A CA may be among what changed: nothing that it vouched for is believed any longer.
    this.#renewTls();
    context.descriptors = shareDescriptors(this.#machine.descriptorLimit, prepared.settings);
    this.#warnOfDescriptors();
    context.peerMap = makePeerMap(prepared.settings.peer_map);
    registry.apply(prepared.settings);
    for (const session of context.clients) {
      if (session.pool.removed && session.isQuiet) session.fail(whyRemoved(session.pool));
    }
  }

  /** At the start, and when a reload makes it so. */
  #warnOfDescriptors(): void {
    const { wanted, limit } = this.context.descriptors;
    const isShort = wanted > limit;
    if (isShort && !this.#toldOfDescriptors) {
      const { max_client_conn } = this.context.settings;
      const fields = { max_client_conn, wanted, limit };
      this.#machine.log.warn(fields, new AgentError('descriptors_few', fields).message);
    }
    this.#toldOfDescriptors = isShort;
  }

  /** Everybody is told, every connection closed. */
  stop(): void {
    this.#timer?.clear();
    const error = new AgentError('agent_shutdown');
    this.context.accepting = false;
    this.context.loginDeadlines.shutDown(new AgentError('agent_stopping'));
    for (const session of this.context.clients) session.fail(error);
    for (const seat of this.context.clients.consoles) seat.fail(error);
    this.registry.shutDown(error);
  }

  #tick(): void {
    const { clock } = this.#machine;
    const { internalErrors } = this.context;
    const guard = (step: () => void): void => internalErrors.guard('an internal error in the janitor', step);
    this.#timer = clock.after(TICK_MS, () => {
      // Set first: no mistake in one tick may be the end of all of them.
      this.#tick();
      // Nobody is late who is not listened to.
      if (this.suspension.isOn) return;
      const now = clock.now();
      this.registry.tick(now, guard);
      guard(() => this.names.tick(() => namesInUse(this.registry)));
      guard(() => endLateClients(this.context, now));
      guard(() => this.#letRemovedGo());
    });
  }

  /** A database that is not served any more, or as somebody else, lets its clients finish what they are at. */
  #letRemovedGo(): void {
    for (const pool of this.registry) {
      if (!pool.removed || pool.clients === 0) continue;
      for (const session of this.context.clients) {
        if (session.pool === pool && session.isQuiet) session.fail(whyRemoved(pool));
      }
    }
  }
}

/** @throws AgentError when a certificate file cannot be read. */
export async function prepare(
  settings: Settings,
  mockKey: Uint8Array,
  readPem: (path: string) => string,
  previous: CredentialBooks | undefined,
): Promise<PreparedSettings> {
  const options = { mockKey, iterations: settings.scram_iterations };
  const books = await makeBooks(settings, options, previous);
  readServerPems(settings, readPem);
  return { settings, books, tls: clientTls(settings, readPem) };
}

/** Now, when they were found to be whole: at the first dial somebody may be writing them. */
function readServerPems({ databases }: Settings, readPem: (path: string) => string): void {
  for (const { sslmode, sslrootcert, sslcert, sslkey } of Object.values(databases)) {
    if (sslmode === 'disable') continue;
    if (sslmode.startsWith('verify') && sslrootcert !== 'system') readPem(sslrootcert);
    for (const path of [sslcert, sslkey]) if (path !== undefined) readPem(path);
  }
}

/** Where a role has another password at one database, that database has a book of its own. */
async function makeBooks(
  settings: Settings,
  options: CredentialOptions,
  previous: CredentialBooks | undefined,
): Promise<CredentialBooks> {
  const users = Object.values(settings.users);
  const special = new Set(users.flatMap((user) => Object.keys(user.databaseSecrets)));
  const common = await makeCredentialBook(users, options, previous?.common);
  const byDatabase = new Map<string, CredentialBook>();
  for (const database of special) {
    const own = users.map((user) => {
      const { name, databaseSecrets, databaseNextSecrets } = user;
      const secret = databaseSecrets[database];
      return secret === undefined ? user : { name, secret, nextSecret: databaseNextSecrets?.[database] };
    });
    byDatabase.set(database, await makeCredentialBook(own, options, previous?.byDatabase.get(database)));
  }
  return { common, byDatabase };
}

function clientTls(settings: Settings, readPem: (path: string) => string): ClientTls | undefined {
  if (settings.client_tls_sslmode === 'disable') return undefined;
  const verifies =
    settings.client_tls_sslmode === 'verify-ca' || settings.client_tls_sslmode === 'verify-full';
  const cert = readPem(settings.client_tls_cert_file);
  return {
    cert,
    endPoint: endPointOfPem(cert),
    key: readPem(settings.client_tls_key_file),
    ca: verifies ? readPem(settings.client_tls_ca_file) : undefined,
    protocols: settings.client_tls_protocols,
    ciphers: settings.client_tls_ciphers,
    alpn: ALPN,
  };
}

export function dialPolicy(settings: Settings): DialPolicy {
  return {
    protocols: settings.server_tls_protocols,
    ciphers: settings.server_tls_ciphers,
    channelBinding: settings.server_channel_binding,
    resumesTls: settings.server_tls_resumption,
    tcp: tcpOptions(settings),
  };
}

function lookupTimes({ dns_max_ttl, dns_nxdomain_ttl }: Settings) {
  return { maxTtlMs: dns_max_ttl, missingTtlMs: dns_nxdomain_ttl };
}

function tcpOptions(settings: Settings): TcpOptions {
  const { tcp_keepidle: idleMs, tcp_keepintvl: intervalMs, tcp_keepcnt: probes } = settings;
  return {
    keepAlive: settings.tcp_keepalive ? { idleMs, intervalMs, probes } : undefined,
    userTimeoutMs: settings.tcp_user_timeout,
  };
}
