// The data plane's rooms put together around a fake clock and a fake network, for tests that follow one conversation.

import { type CredentialBook, makeCredentialBook } from '../../auth/credential.ts';
import { makePeerMap } from '../../auth/peer.ts';
import { ScramKeyCache } from '../../auth/scram_client.ts';
import { InternalErrors } from '../../base/internal_errors.ts';
import type { Log, LogFields } from '../../base/log.ts';
import { RareLog } from '../../base/rare_log.ts';
import { Clients } from '../../client/clients.ts';
import type { ConsoleStart } from '../../client/console_door.ts';
import type { ClientContext } from '../../client/context.ts';
import { shareDescriptors } from '../../client/descriptors.ts';
import { Greetings } from '../../client/greetings.ts';
import { Login } from '../../client/login.ts';
import { LoginDeadlines } from '../../client/login_deadlines.ts';
import { Peers } from '../../client/peers.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../../config/settings.ts';
import { DEFAULTS } from '../../config/table.ts';
import type { Pool } from '../../pool/pool.ts';
import { PoolRegistry } from '../../pool/registry.ts';
import { EffectsReader } from '../../query/effects_reader.ts';
import type { DialTools } from '../../server/dial.ts';
import { StatementRegistry } from '../../state/statements.ts';
import { NameCache } from '../../wire/name_cache.ts';
import { startup } from './client_words.ts';
import { FakeClock, settle } from './fake_clock.ts';
import { FakeConnection } from './fake_connection.ts';
import { FakeNetwork, type FakeServer, UNTUNED } from './fake_network.ts';
import { serverWords } from './server_words.ts';
import { ToyEffects } from './toy_effects.ts';

export function databaseOf(more: Partial<DatabaseSettings> = {}): DatabaseSettings {
  return {
    name: 'idp',
    role: 'writer',
    hosts: [{ host: '10.0.0.1', port: 5432 }],
    dbname: 'idp',
    user: 'idp_app',
    password: undefined,
    forceUser: false,
    sslmode: 'disable',
    sslrootcert: 'system',
    sslcert: undefined,
    sslkey: undefined,
    sslnegotiation: 'postgres',
    loadBalanceHosts: 'disable',
    poolMode: 'transaction',
    poolSize: 2,
    minPoolSize: 0,
    reservePoolSize: 0,
    maxDbConnections: 0,
    maxDbClientConnections: 0,
    connectQuery: '',
    queryWaitTimeoutMs: 60_000,
    connectTimeoutMs: 15_000,
    serverLifetimeMs: 3_600_000,
    parameters: {},
    origin: { place: 'application.yml', line: 3 },
    ...more,
  };
}

export function userOf(more: Partial<UserSettings> = {}): UserSettings {
  return {
    name: 'idp_app',
    secret: undefined,
    databaseSecrets: {},
    databases: ['*'],
    poolMode: undefined,
    poolSize: undefined,
    reservePoolSize: undefined,
    queryWaitTimeoutMs: undefined,
    queryTimeoutMs: undefined,
    transactionTimeoutMs: undefined,
    idleTransactionTimeoutMs: undefined,
    clientIdleTimeoutMs: undefined,
    maxUserConnections: 0,
    maxUserClientConnections: 0,
    origin: { place: 'application.yml', line: 5 },
    ...more,
  };
}

export function settingsOf(
  databases: readonly DatabaseSettings[],
  users: readonly UserSettings[] = [userOf()],
  more: Partial<Settings> = {},
): Settings {
  return {
    ...DEFAULTS,
    auth_type: 'trust',
    server_lifetime_jitter: 0,
    // Most tests let time pass, and script every word of their servers.
    server_check_query: '',
    ...more,
    databases: Object.fromEntries(databases.map((database) => [database.name, database])),
    peers: {},
    users: Object.fromEntries(users.map((user) => [user.name, user])),
  };
}

/** Keeps what was said, `level sentence`, and the fields beside it. */
export class Diary implements Log {
  readonly lines: string[] = [];
  readonly fields: LogFields[] = [];
  debug(fields: LogFields, sentence: string): void {
    this.#note('debug', fields, sentence);
  }
  info(fields: LogFields, sentence: string): void {
    this.#note('info', fields, sentence);
  }
  warn(fields: LogFields, sentence: string): void {
    this.#note('warn', fields, sentence);
  }
  error(fields: LogFields, sentence: string): void {
    this.#note('error', fields, sentence);
  }
  #note(level: string, fields: LogFields, sentence: string): void {
    this.lines.push(`${level} ${sentence}`);
    this.fields.push(fields);
  }
}

/** An application's connection as the application sees it. */
export class FakeClient {
  readonly connection: FakeConnection;

  constructor(peer = 'unix') {
    this.connection = new FakeConnection(peer);
  }

  /** Everything in one chunk. */
  says(...messages: readonly Uint8Array[]): void {
    this.connection.receive(new Uint8Array(Buffer.concat(messages)));
  }

  /** What it was told since the last look, as words. */
  heard(): string[] {
    return serverWords(this.connection.takeSent());
  }
}

export class DataPlane {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork();
  readonly log = new Diary();
  readonly registry: PoolRegistry;
  readonly context: ClientContext;
  readonly tools: DialTools;
  /** Whose processes its clients on the UNIX socket are. */
  uid = 1000;
  /** The agent's. */
  ownUid = 500;
  /** Whoever comes to the console. */
  openConsole: (start: ConsoleStart) => void = ({ connection }) => connection.close();
  #random = 0;

  constructor(settings: Settings, book: CredentialBook) {
    const { clock, network, log } = this;
    const random = (bytes: number): Uint8Array => Buffer.alloc(bytes, ++this.#random);
    const readPem = (path: string): string => `the PEM of ${path}`;
    const policy: DialTools['policy'] = () => ({ protocols: 'secure', ciphers: '', tcp: UNTUNED });
    this.tools = { network, keys: new ScramKeyCache(), random, readPem, policy };
    const { tools } = this;
    this.registry = new PoolRegistry({ settings, clock, log, tools, random: () => 0 });
    this.context = {
      settings,
      books: { common: book, byDatabase: new Map() },
      peerMap: makePeerMap([]),
      tls: undefined,
      accepting: true,
      clock,
      log,
      internalErrors: new InternalErrors(clock, log),
      registry: this.registry,
      statements: new StatementRegistry(),
      effects: new ToyEffects(new EffectsReader()),
      statementNames: new NameCache(),
      clients: new Clients(),
      peers: new Peers(),
      greetings: new Greetings(),
      loginDeadlines: new LoginDeadlines(clock),
      tools,
      random,
      peerUser: () => undefined,
      peerUid: () => this.uid,
      ownUid: () => this.ownUid,
      openConsole: (start) => this.openConsole(start),
      descriptors: shareDescriptors(Number.POSITIVE_INFINITY, settings),
      rareLog: new RareLog(clock, log),
    };
  }

  /** Timers that somebody still waits for, and logins that are watched: the one timer of all logins stays when they end. */
  get pendingTimers(): number {
    const { loginDeadlines } = this.context;
    return this.clock.pending - (loginDeadlines.isArmed ? 1 : 0) + loginDeadlines.size;
  }

  /** The one database's pool, unless another is named. */
  pool(database = 'idp', user = 'idp_app'): Pool {
    return this.registry.pool(database, user);
  }

  /** A connection that has not said anything yet. */
  accept(transport: 'unix' | 'tcp' = 'unix', address = '192.0.2.7:4711', fd = -1): FakeClient {
    const client = new FakeClient(transport === 'unix' ? 'unix' : address);
    client.connection.fd = fd;
    new Login(client.connection, transport, this.context);
    return client;
  }

  /** A client that is logged in, and has read its greeting. */
  async client(more: Readonly<Record<string, string>> = {}): Promise<FakeClient> {
    const client = this.accept();
    client.says(startup({ user: 'idp_app', database: 'idp', ...more }));
    await settle();
    const greeting = client.heard();
    if (greeting.at(-1) !== 'Ready I') throw new Error(`the login ended otherwise: ${greeting.join(' | ')}`);
    return client;
  }

  /** The servers that are dialed and open, the first one first. */
  get servers(): FakeServer[] {
    return this.network.open;
  }

  /** What must hold whenever nothing is under way, for every pool. */
  check(): void {
    let connected = 0;
    for (const pool of this.registry) {
      connected += pool.servers + pool.leavingServers.length;
      for (const list of [
        pool.idleServers,
        pool.activeServers,
        pool.testedServers,
        pool.cleaningServers,
        pool.cancelingServers,
      ]) {
        for (const server of list) if (server.list !== list) throw new Error('a server is on another list');
      }
    }
    const { byDatabase, byUser } = [...this.registry][0]?.context ?? {};
    const sum = (counts: Iterable<[string, number]>): number =>
      [...counts].reduce((all, [, n]) => all + n, 0);
    for (const counter of [byDatabase, byUser]) {
      if (counter !== undefined && sum(counter.entries()) !== connected)
        throw new Error(`${sum(counter.entries())} are counted, and ${connected} are connected`);
    }
  }
}

/** Trusts everybody, unless told otherwise. */
export async function dataPlane(settings: Settings = settingsOf([databaseOf()])): Promise<DataPlane> {
  const options = { mockKey: new Uint8Array(32), iterations: 1 };
  return new DataPlane(settings, await makeCredentialBook(Object.values(settings.users), options));
}
