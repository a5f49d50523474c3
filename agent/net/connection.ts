// What every room above knows of a connection: bytes in, bytes out, pause, close. The simulation has its own kind.

import type { TcpOptions } from '../native/tcp_options.ts';
import type { TlsMaterial } from './tls_contexts.ts';

/** Why a connection ended, as one would print it; `error` is undefined for an orderly end. */
export interface CloseReason {
  readonly error: string | undefined;
}

/** The one that listens to a connection. It can be exchanged at any time: login first, then session. */
export interface ConnectionHandler {
  /** The chunk belongs to the receiver, which may keep it. */
  onData(chunk: Uint8Array): void;
  /** Everything that was written has left: `write()` had said false before. */
  onDrain(): void;
  /** The last call of all. */
  onClose(reason: CloseReason): void;
}

export interface TlsInfo {
  /** `TLSv1.3` */
  readonly version: string;
  readonly cipher: string;
  /** What both sides agreed to speak inside (ALPN); undefined when nothing was. */
  readonly alpn: string | undefined;
  /** It went on from a session of an earlier connection: the certificate is the one that was verified then. */
  readonly isResumed: boolean;
  /** The peer's certificate, DER; undefined when it has none. */
  readonly peerCertificate: Uint8Array | undefined;
  /** When the peer's certificate ends, in milliseconds since 1970. */
  readonly peerNotAfter: number | undefined;
  readonly peerSubject: string | undefined;
}

export interface Connection {
  handler: ConnectionHandler;
  /** Writes it, or keeps what the kernel does not take and writes it later. False: more is waiting than went out. */
  write(bytes: Uint8Array): boolean;
  /** Bytes that were written and have not left. */
  readonly buffered: number;
  /** Collects writes until `uncork()`, so that they leave in one system call. */
  cork(): void;
  uncork(): void;
  pause(): void;
  resume(): void;
  /** Nothing is read while it is suspended, whatever `pause()` and `resume()` say. */
  suspend(): void;
  unsuspend(): void;
  /** Lets what was written leave, then closes; a peer that does not read is cut off after a few seconds. */
  end(): void;
  /** As `end()`, but the peer closes, within a few seconds: until then it may still be at work for us. */
  endByPeer(): void;
  /** Closes now. `onClose` follows, if it has not been. */
  close(): void;
  readonly isClosed: boolean;
  /** Undefined in cleartext. */
  readonly tls: TlsInfo | undefined;
  /** `unix`, or the peer's `address:port`. */
  readonly peer: string;
  /** The descriptor, for SO_PEERCRED and the options of TCP; -1 when there is none. */
  readonly fd: number;
}

/** How a server is judged. PEM texts; undefined `ca` means that nobody is trusted, which only `require` can live with. */
export interface TlsClientOptions extends TlsMaterial {
  readonly serverName: string;
  readonly mode: 'require' | 'verify-ca' | 'verify-full';
  /** The one protocol that is offered (ALPN). */
  readonly alpn: string;
  /** Under which name sessions may be kept and taken up again, the server's `host:port`; undefined: never. */
  readonly resume: string | undefined;
}

/** With a `ca`, client certificates are asked for and verified against it. */
export type TlsServerOptions = TlsMaterial & {
  readonly cert: string;
  readonly key: string;
  /** The one protocol that is spoken inside (ALPN): a client that offers others is refused, one that offers none is not. */
  readonly alpn: string;
};

export interface Address {
  /** A name or address; a UNIX socket when it begins with `/` or `@`. By this name a certificate is judged. */
  readonly host: string;
  readonly port: number;
  /** Where the name was found; where nobody has looked it up the system does. */
  readonly ip?: string;
}

/** The outside that dialing rooms are handed. */
export interface Network {
  /** Rejects with an Error whose message says why. `signal` gives up. */
  connect(address: Address, signal: AbortSignal): Promise<Connection>;
  /** How soon the kernel gives the connection up. TCP only, ours or a client's; before TLS or in it. */
  tuneTcp(connection: Connection, options: TcpOptions): void;
  /** Starts TLS on a connection that is in cleartext; rejects when the handshake or its verdict fails. */
  startTls(connection: Connection, options: TlsClientOptions, signal: AbortSignal): Promise<Connection>;
  /** Sessions under this name (`resume`) are not taken up any more. */
  forgetSessions(options: TlsClientOptions): void;
  /**
   * The server's half, for a client that sent SSLRequest, or that began with TLS: then `hello` is what was read of it.
   * `done` gets undefined when all is well.
   */
  acceptTls(
    connection: Connection,
    options: TlsServerOptions,
    done: (failure: string | undefined) => void,
    hello?: Uint8Array,
  ): void;
}
