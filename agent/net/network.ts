// The real network: connects by TCP or UNIX socket, and turns cleartext into TLS whose verdict was checked.

import { X509Certificate } from 'node:crypto';
import { isSocketHost, socketPath } from '../base/socket_host.ts';
import type { TcpOptions } from '../native/tcp_options.ts';
import { BunConnection, type BunSocket, type SocketSlot, socketHandlers } from './bun_connection.ts';
import type {
  Address,
  Connection,
  Network,
  TlsClientOptions,
  TlsInfo,
  TlsServerOptions,
} from './connection.ts';
import { type HandshakeMemory, memoryOf, type Offering, sessionNameOf } from './handshake_memory.ts';
import { type TlsContext, TlsContexts } from './tls_contexts.ts';
import { TlsSessions } from './tls_sessions.ts';

/** What the network is handed of the process: what it has left, and the C library's part. */
export interface NetworkTools {
  /** A connection whose descriptor is not below this is closed: the last ones are for others. */
  readonly descriptorsBelow: () => number;
  /** Bun's own setKeepAlive() knows the first of these numbers only, and sets the others as it likes (1 s, 10 probes). */
  readonly setTcpOptions: (fd: number, options: TcpOptions) => void;
}

export interface RealNetwork extends Network {
  /** Nobody's session is taken up again: not ours at servers, not that of clients here. */
  renewTls(): void;
}

const NO_TOOLS: NetworkTools = { descriptorsBelow: () => Number.POSITIVE_INFINITY, setTcpOptions() {} };

/** One for the process, so that its TLS contexts are shared. */
export function createNetwork(tools: NetworkTools = NO_TOOLS): RealNetwork {
  const contexts = new TlsContexts();
  const sessions = new TlsSessions();
  return Object.freeze({
    renewTls: () => contexts.clear(),
    forgetSessions: (options: TlsClientOptions) =>
      sessions.forget(contexts.of(options), sessionNameOf(options)),
    connect: (address: Address, signal: AbortSignal) => connect(address, tools, signal),
    tuneTcp(connection: Connection, options: TcpOptions): void {
      if (!connection.isClosed) tools.setTcpOptions(connection.fd, options);
    },
    startTls: (connection: Connection, options: TlsClientOptions, signal: AbortSignal) =>
      startTls(connection, options, { contexts, sessions }, signal),
    acceptTls: (
      connection: Connection,
      options: TlsServerOptions,
      done: (failure: string | undefined) => void,
      hello?: Uint8Array,
    ) => acceptTls(connection, options, contexts, done, hello),
  });
}

function connect(address: Address, tools: NetworkTools, signal: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Error('gave up'));
    let given = false;
    const giveUp = (): void => {
      given = true;
      reject(new Error('no answer in time'));
    };
    signal.addEventListener('abort', giveUp, { once: true });
    const handlers = {
      ...socketHandlers,
      open(socket: BunSocket): void {
        signal.removeEventListener('abort', giveUp);
        if (given) {
          socket.terminate();
          return;
        }
        const connection = new BunConnection(socket, peerOf(address));
        if (connection.fd < tools.descriptorsBelow()) return resolve(connection);
        connection.close();
        reject(new Error(`too many files are open (RLIMIT_NOFILE; LimitNOFILE= of the unit)`));
      },
      connectError(_socket: BunSocket, error: Error): void {
        signal.removeEventListener('abort', giveUp);
        reject(new Error(reasonOf(error, address)));
      },
    };
    const data: SocketSlot = { connection: undefined };
    const options = { data, socket: handlers };
    const dialed = isSocketHost(address.host)
      ? Bun.connect<SocketSlot>({ unix: unixName(address), ...options })
      : Bun.connect<SocketSlot>({ hostname: address.ip ?? address.host, port: address.port, ...options });
    dialed.catch((error: Error) => {
      signal.removeEventListener('abort', giveUp);
      reject(new Error(reasonOf(error, address)));
    });
  });
}

/** Bun's words for what libpq's users know under other names. */
function reasonOf(error: Error, address: Address): string {
  const code = (error as Error & { code?: string }).code;
  const at = printAddress(address);
  if (code === 'ECONNREFUSED') return `connection refused by ${at}: is PostgreSQL running there?`;
  if (code === 'ENOENT') return `there is no socket at ${at}: is PostgreSQL running there?`;
  if (code === 'ENOTFOUND' || code?.startsWith('DNS_') === true)
    return `could not find the address of host ${address.host}`;
  return `could not connect to ${at}: ${error.message}`;
}

function printAddress({ host, port, ip }: Address): string {
  if (isSocketHost(host)) return socketPath(host, port);
  return ip === undefined ? `${host}:${port}` : `${host}:${port} (${ip})`;
}

/** Where it is, and not how it was found. */
function peerOf({ host, port, ip }: Address): string {
  return isSocketHost(host) ? socketPath(host, port) : `${ip ?? host}:${port}`;
}

/** The kernel knows the abstract ones by a NUL in front. */
function unixName({ host, port }: Address): string {
  return socketPath(host, port).replace(/^@/, '\0');
}

function startTls(
  connection: Connection,
  options: TlsClientOptions,
  { contexts, sessions }: TlsMemory,
  signal: AbortSignal,
): Promise<Connection> {
  const plain = connection as BunConnection;
  return new Promise((resolve, reject) => {
    let settled = false;
    const fail = (reason: string): void => {
      if (settled) return;
      settled = true;
      plain.close();
      reject(new Error(reason));
    };
    signal.addEventListener('abort', () => fail('no TLS handshake in time'), { once: true });
    plain.handler = {
      onData() {},
      onDrain() {},
      onClose: () => fail('the server closed the connection during the TLS handshake'),
    };
    let context: TlsContext;
    try {
      context = contexts.of(options);
    } catch (error) {
      return fail(`TLS could not be started: ${(error as Error).message}`);
    }
    const slot: SocketSlot = { connection: undefined };
    const memory = options.resume === undefined ? undefined : memoryOf(sessions, context, options);
    upgrade(
      plain,
      slot,
      { tls: clientTls(options, context), ...(memory !== undefined && { memory }) },
      (socket, ok, error) => {
        const verdict = judge(options.mode, ok, error) ?? unauthorized(options.mode, socket);
        if (verdict !== undefined) {
          // Whatever it was: the next connection begins from nothing.
          sessions.forget(context, sessionNameOf(options));
          return fail(verdict);
        }
        if (settled) return;
        settled = true;
        plain.adopt(socket, tlsInfo(socket));
        memory?.onVerified(plain.tls!);
        resolve(plain);
      },
      fail,
    );
  });
}

interface TlsMemory {
  readonly contexts: TlsContexts;
  readonly sessions: TlsSessions;
}

/** Bun's types do not know of `secureContext` yet; its sockets do. */
function clientTls(options: TlsClientOptions, secureContext: TlsContext): Bun.TLSOptions {
  const own = {
    secureContext,
    serverName: options.serverName,
    ALPNProtocols: alpnList(options.alpn),
    // The verdict is judge()'s: require and verify-ca go on where verify-full must not. There Bun may refuse as well.
    rejectUnauthorized: options.mode === 'verify-full',
  };
  return own as Bun.TLSOptions;
}

/** A list of one, as it stands in the handshake (RFC 7301). */
function alpnList(protocol: string): Buffer {
  return Buffer.concat([Buffer.from([protocol.length]), Buffer.from(protocol, 'latin1')]);
}

/** Undefined when the connection may go on. Without this check Bun would let any certificate pass. */
function judge(
  mode: TlsClientOptions['mode'],
  ok: boolean,
  error: (Error & { code?: string }) | null,
): string | undefined {
  // With rejectUnauthorized off, "ok" only says that the handshake came to its end; the error is the verdict on the peer.
  if (ok && !error) return undefined;
  const code = error?.code ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    if (mode !== 'verify-full') return undefined;
    // `Host: db.example. is not in the cert's altnames: DNS:other.example`, or for an address a list that is empty.
    const reason =
      error?.message.replace(/^Hostname\/IP does not match certificate's altnames: /, '') ?? code;
    return `the server's certificate is for another host name: ${reason.replace(/[:\s]+$/, '')}`;
  }
  const certificate = CERTIFICATE_FAILURES[code];
  if (certificate === undefined)
    return `the TLS handshake failed: ${error?.message ?? (code || 'no reason given')}`;
  if (mode === 'require') return undefined;
  return `${certificate} (${code})`;
}

/** What Bun says of the socket itself must agree: two locks on the door that matters most. */
function unauthorized(mode: TlsClientOptions['mode'], socket: BunSocket): string | undefined {
  const { authorized } = socket as unknown as { authorized?: boolean };
  return mode === 'verify-full' && authorized !== true
    ? "the server's certificate was not verified"
    : undefined;
}

const CERTIFICATE_FAILURES: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the server's certificate is not signed by a CA of sslrootcert",
  UNABLE_TO_GET_ISSUER_CERT: "the server's certificate is not signed by a CA of sslrootcert",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the server's certificate is not signed by a CA of sslrootcert",
  SELF_SIGNED_CERT_IN_CHAIN: "the server's chain ends in a CA that is not in sslrootcert",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is self-signed and not in sslrootcert",
  CERT_SIGNATURE_FAILURE: "the server's certificate carries a signature that is not its CA's",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet",
  CERT_REVOKED: "the server's certificate was revoked",
  CERT_UNTRUSTED: "the server's certificate is not trusted",
  CERT_REJECTED: "the server's certificate was rejected",
  INVALID_CA: "a certificate in the server's chain may not sign others",
  INVALID_PURPOSE: "the server's certificate is not for servers",
  PATH_LENGTH_EXCEEDED: "the server's certificate chain is longer than its CA allows",
};

/** Nothing is listened to: the TLS socket is told of the end as well. */
const RAW_HANDLERS = Object.freeze({ open() {}, close() {}, error() {}, drain() {}, end() {} });

type HandshakeDone = (socket: BunSocket, ok: boolean, error: (Error & { code?: string }) | null) => void;

interface Upgrade {
  readonly tls: Bun.TLSOptions;
  readonly isServer?: boolean;
  /** What was read of the connection already and belongs to the handshake. Bun's types do not know of it yet. */
  readonly initialData?: Uint8Array;
  readonly memory?: HandshakeMemory;
}

function upgrade(
  plain: BunConnection,
  slot: SocketSlot,
  { memory, ...how }: Upgrade,
  done: HandshakeDone,
  fail: (reason: string) => void,
): void {
  plain.shakeHands(undefined);
  try {
    const upgraded = plain.socket.upgradeTLS<SocketSlot>({
      ...how,
      data: slot,
      socket: {
        ...socketHandlers,
        ...(memory !== undefined && {
          open: (socket: BunSocket) => memory.onOpen(socket as unknown as Offering),
          session: (_socket: BunSocket, session: Uint8Array) => memory.onSession(session),
        }),
        handshake: done as (socket: BunSocket, ok: boolean, error: Error | null) => void,
        error(socket: BunSocket, error: Error): void {
          if (slot.connection === undefined) fail(`the TLS handshake failed: ${error.message}`);
          else socketHandlers.error(socket, error);
        },
        close(socket: BunSocket, error?: Error): void {
          if (slot.connection === undefined) fail('the connection was closed during the TLS handshake');
          else socketHandlers.close(socket, error);
        },
      },
    });
    // What the TLS socket is told is enough: bun would hand over every chunk of ciphertext as well. On a socket that a
    // listener accepted, reload() would take the handlers away from the listener.
    if (how.isServer !== true) upgraded?.[0].reload({ socket: RAW_HANDLERS });
    // The handshake may be over already, for better or worse.
    if (slot.connection === undefined) plain.shakeHands(upgraded?.[1]);
  } catch (error) {
    fail(`TLS could not be started: ${(error as Error).message}`);
  }
}

function acceptTls(
  connection: Connection,
  options: TlsServerOptions,
  contexts: TlsContexts,
  done: (failure: string | undefined) => void,
  hello: Uint8Array | undefined,
): void {
  const plain = connection as BunConnection;
  let settled = false;
  const settle = (failure: string | undefined): void => {
    if (settled) return;
    settled = true;
    done(failure);
  };
  plain.handler = { onData() {}, onDrain() {}, onClose: () => settle('closed during the TLS handshake') };
  const asksClient = options.ca !== undefined;
  let secureContext: object;
  try {
    // A ticket would stand for a client certificate until it expires, whatever becomes of that meanwhile.
    secureContext = contexts.of(options, !asksClient);
  } catch (error) {
    return settle(`TLS could not be started: ${(error as Error).message}`);
  }
  const tls = {
    secureContext,
    ALPNProtocols: alpnList(options.alpn),
    ...(asksClient ? { requestCert: true, rejectUnauthorized: true } : {}),
  };
  upgrade(
    plain,
    { connection: undefined },
    { tls: tls as Bun.TLSOptions, isServer: true, ...(hello !== undefined && { initialData: hello }) },
    (socket, ok, error) => {
      // Where no client certificate was asked for, Bun may report that there is none: only `ok` counts then.
      if (!ok || (asksClient && error !== null && error !== undefined)) {
        return settle(error?.message ?? 'the handshake failed');
      }
      plain.adopt(socket, tlsInfo(socket));
      settle(undefined);
    },
    settle,
  );
}

interface TlsSocket {
  /** False where nothing was agreed on. */
  readonly alpnProtocol?: string | false | null;
  isSessionReused?(): boolean;
  getTLSVersion?(): string;
  getCipher?(): { name?: string } | undefined;
  getPeerCertificate?(): { raw?: Uint8Array } | undefined;
}

function tlsInfo(socket: BunSocket): TlsInfo {
  const tls = socket as unknown as TlsSocket;
  const raw = tls.getPeerCertificate?.()?.raw;
  const certificate = raw === undefined ? undefined : new X509Certificate(raw);
  return {
    version: tls.getTLSVersion?.() ?? 'unknown',
    cipher: tls.getCipher?.()?.name ?? 'unknown',
    alpn: tls.alpnProtocol || undefined,
    isResumed: tls.isSessionReused?.() === true,
    peerCertificate: raw,
    peerNotAfter: certificate === undefined ? undefined : Date.parse(certificate.validTo),
    peerSubject: certificate?.subject,
  };
}
