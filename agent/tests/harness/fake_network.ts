// A Network without sockets: every dial meets a scripted PostgreSQL that lets everybody in and otherwise says what a test says.

import type { TcpOptions } from '../../native/tcp_options.ts';
import type {
  Address,
  Connection,
  Network,
  TlsClientOptions,
  TlsInfo,
  TlsServerOptions,
} from '../../net/connection.ts';
import { concat, int32At } from '../../wire/bytes.ts';
import { clientWords } from './client_words.ts';
import { FakeConnection } from './fake_connection.ts';
import { authentication, backendKey, parameterStatus, ready } from './server_words.ts';

/** What it reports of itself after a login; in the order in which PostgreSQL does. */
export const REPORTED: Readonly<Record<string, string>> = {
  application_name: '',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  server_version: '18.1',
  session_authorization: 'idp_app',
  standard_conforming_strings: 'on',
  TimeZone: 'Etc/UTC',
};

export const TLS: TlsInfo = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  alpn: 'postgresql',
  isResumed: false,
  peerCertificate: undefined,
  peerNotAfter: undefined,
  peerSubject: undefined,
};

export const UNTUNED: TcpOptions = { keepAlive: undefined, userTimeoutMs: 0 };

/** What an agent on this network shows to clients. */
export const OUR_TLS: TlsServerOptions = {
  cert: 'cert',
  key: 'key',
  ca: undefined,
  protocols: 'secure',
  ciphers: '',
  alpn: 'postgresql',
};

/** `login`: lets in whoever comes. `silent`: takes the connection and says nothing. An Error: nobody is there. */
export type Welcome = 'login' | 'silent' | Error;

/** One connection as PostgreSQL sees it. */
export class FakeServer {
  readonly connection: FakeConnection;
  readonly address: Address;
  readonly pid: number;
  readonly key: Uint8Array;
  /** The parameters of the startup packet, once it came. */
  startup: ReadonlyMap<string, string> | undefined;
  /** The process that a CancelRequest on this connection names. */
  cancels: number | undefined;
  #heard: Uint8Array[] = [];

  constructor(address: Address, pid: number, welcome: Welcome) {
    this.connection = new FakeConnection(`${address.host}:${address.port}`);
    this.address = address;
    this.pid = pid;
    this.key = new Uint8Array([0, 0, 0, pid]);
    this.connection.onWritten = (bytes) => {
      this.#heard.push(bytes);
      if (welcome === 'login' && this.startup === undefined && this.cancels === undefined) this.#onPacket();
    };
  }

  /** What was sent to it since the last look, as words. */
  heard(): string[] {
    return clientWords(this.heardBytes());
  }

  heardBytes(): Uint8Array {
    const bytes = concat(this.#heard);
    this.#heard = [];
    return bytes;
  }

  /** Everything in one chunk. */
  says(...messages: readonly Uint8Array[]): void {
    this.connection.receive(concat(messages));
  }

  greets(reported: Readonly<Record<string, string>> = REPORTED): void {
    const parameters = Object.entries(reported).map(([name, value]) => parameterStatus(name, value));
    this.says(authentication(0), ...parameters, backendKey(this.pid, this.key), ready());
  }

  #onPacket(): void {
    const bytes = this.heardBytes();
    const code = int32At(bytes, 4);
    if (code === 80_877_102) {
      this.cancels = int32At(bytes, 8);
      return;
    }
    if (code === 80_877_103) return this.connection.receive(new Uint8Array([0x53]));
    const words = Buffer.from(bytes.subarray(8)).toString('utf8').split('\0');
    const parameters = new Map<string, string>();
    for (let i = 0; i + 1 < words.length && words[i] !== ''; i += 2) parameters.set(words[i]!, words[i + 1]!);
    this.startup = parameters;
    this.greets();
  }
}

export class FakeNetwork implements Network {
  /** Every connection that was dialed, the first one first; those for cancel requests too. */
  readonly servers: FakeServer[] = [];
  /** Addresses that were tried, reached or not. */
  readonly tried: string[] = [];
  /** How each dial ends. */
  welcome: (address: Address, dialed: number) => Welcome = () => 'login';
  /** Why a TLS handshake fails; undefined when it does not. */
  tlsFailure: (options: TlsClientOptions) => string | undefined = () => undefined;
  /** What its servers agree to speak inside TLS. */
  alpn: string | undefined = 'postgresql';
  /** Whether its servers take up a session where one may be offered. */
  resumes: () => boolean = () => false;
  /** What connections were tuned to, in order. */
  readonly tuned: [Connection, TcpOptions][] = [];
  /** Names under which sessions were forgotten. */
  readonly forgotten: string[] = [];
  readonly tlsOptions: TlsClientOptions[] = [];
  /** The client's TLS handshake is left to the test. */
  acceptDone: ((failure: string | undefined) => void) | undefined;
  /** What a client that began with TLS had said by then; undefined for one that sent SSLRequest. */
  acceptedHello: Uint8Array | undefined;

  async connect(address: Address, signal: AbortSignal): Promise<Connection> {
    this.tried.push(`${address.host}:${address.port}`);
    if (signal.aborted) throw new Error('gave up');
    const welcome = this.welcome(address, this.tried.length);
    if (welcome instanceof Error) throw welcome;
    const server = new FakeServer(address, 100 + this.tried.length, welcome);
    this.servers.push(server);
    return server.connection;
  }

  async startTls(connection: Connection, options: TlsClientOptions): Promise<Connection> {
    this.tlsOptions.push(options);
    const failure = this.tlsFailure(options);
    if (failure !== undefined) throw new Error(failure);
    if (connection.isClosed) throw new Error('the connection was closed during the TLS handshake');
    const isResumed = options.resume !== undefined && this.resumes();
    (connection as FakeConnection).tls = { ...TLS, alpn: this.alpn, isResumed };
    return connection;
  }

  tuneTcp(connection: Connection, options: TcpOptions): void {
    this.tuned.push([connection, options]);
  }

  forgetSessions(options: TlsClientOptions): void {
    this.forgotten.push(options.resume ?? 'nothing');
  }

  acceptTls(
    _connection: Connection,
    _options: TlsServerOptions,
    done: (failure: string | undefined) => void,
    hello?: Uint8Array,
  ): void {
    this.acceptedHello = hello;
    this.acceptDone = done;
  }

  /** The last one that was dialed; a failed test when there is none. */
  get server(): FakeServer {
    const last = this.servers.at(-1);
    if (last === undefined) throw new Error('nobody has dialed');
    return last;
  }

  /** Those that can still be talked to. */
  get open(): FakeServer[] {
    return this.servers.filter(({ connection }) => !connection.isEnded);
  }
}
