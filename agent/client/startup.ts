// From a client's first bytes to its startup packet: SSLRequest, GSSENCRequest, CancelRequest, and what the packet asks for.

import { AgentError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Connection } from '../net/connection.ts';
import { concat } from '../wire/bytes.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import { encodeNegotiateProtocolVersion } from '../wire/server_messages.ts';
import { decodeStartup, type StartupPacket, startupLength } from '../wire/startup.ts';
import * as type from '../wire/types.ts';
import { passCancelRequest } from './cancel_request.ts';
import type { ClientContext } from './context.ts';
import { replicationOf } from './replication.ts';
import { parseStartupOptions } from './startup_options.ts';

export type StartupMessage = Extract<StartupPacket, { kind: 'startup' }>;
export type Transport = 'unix' | 'tcp';

/** What the startup of a client comes to. */
export interface StartupDone {
  /** It may be asked who it is. */
  onStarted(message: StartupMessage): void;
  /** The TLS handshake is done: the next bytes are for the login again. */
  onTls(): void;
  /** It wanted nothing more, or nothing more can be said to it: the connection ends, or has ended. */
  onGone(): void;
}

const EMPTY = new Uint8Array(0);
const REFUSED = new Uint8Array([0x4e]);
const ACCEPTED = new Uint8Array([0x53]);
/** The first byte of a ClientHello, which is that of no startup packet: none is as long as that would mean. */
const TLS_HANDSHAKE = 0x16;

/** One connection that has not said what it wants. */
export class Startup {
  /** As soon as it has come, whether or not it is served. */
  message: StartupMessage | undefined;
  /** Of the certificate that this client was shown, which a reload may since have replaced. */
  endPoint: Uint8Array | undefined;
  readonly #connection: Connection;
  readonly #context: ClientContext;
  readonly #transport: Transport;
  readonly #done: StartupDone;
  #bytes: Uint8Array = EMPTY;
  #waitsFor: 'packet' | 'tls' | 'nothing' = 'packet';
  /** Nothing has come yet: it may begin with TLS, as libpq's sslnegotiation=direct does. */
  #isFirst = true;
  #askedForTls = false;
  #askedForGss = false;

  constructor(connection: Connection, transport: Transport, context: ClientContext, done: StartupDone) {
    this.#connection = connection;
    this.#transport = transport;
    this.#context = context;
    this.#done = done;
  }

  /** The login is over: a handshake that is still under way tells nobody. */
  stop(): void {
    this.#waitsFor = 'nothing';
  }

  /** @throws ProtocolError, AgentError agent_stopping, client_tls_required, descriptors_short, protocol_unsupported, replication_invalid */
  onData(chunk: Uint8Array): void {
    if (this.#waitsFor !== 'packet') throw new ProtocolError('a message before it was asked for');
    if (this.#isFirst && chunk[0] === TLS_HANDSHAKE) return this.#onDirectTls(chunk);
    this.#isFirst = false;
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
        this.#connection.write(REFUSED);
        return;
      case 'cancel':
        return this.#onCancel(packet.pid, packet.key);
      case 'unsupported':
        throw new AgentError('protocol_unsupported', { version: `${packet.major}.${packet.minor}` });
      case 'startup':
        return this.#onStartupMessage(packet);
    }
  }

  /** As PostgreSQL: no answer, whether the key was right or not. */
  #onCancel(pid: number, key: Uint8Array): void {
    this.#waitsFor = 'nothing';
    const end = (): void => {
      this.#done.onGone();
      this.#connection.end();
    };
    const { isOurs, over } = passCancelRequest(pid, key, this.#context);
    if (over === undefined) return end();
    // However many wait for a server that hangs, they take no place from those who log in.
    if (isOurs) this.#done.onGone();
    void over.then(end);
  }

  #onSslRequest(): void {
    const { tls, tools } = this.#context;
    if (this.#askedForTls || this.#connection.tls !== undefined)
      throw new ProtocolError('a second SSLRequest');
    this.#askedForTls = true;
    // As PostgreSQL: there is no TLS on a UNIX socket.
    if (tls === undefined || this.#transport === 'unix') {
      this.#connection.write(REFUSED);
      return;
    }
    this.#waitsFor = 'tls';
    this.endPoint = tls.endPoint;
    this.#connection.write(ACCEPTED);
    tools.network.acceptTls(this.#connection, tls, (failure) => this.#onTls(failure));
  }

  /** As PostgreSQL 17: there is no answer in the clear for a client that wants none, only the end. */
  #onDirectTls(hello: Uint8Array): void {
    const { tls, tools } = this.#context;
    this.#isFirst = false;
    if (this.#transport === 'unix') return this.#failTls('there is no TLS on a UNIX socket');
    if (tls === undefined) return this.#failTls('client_tls_sslmode is disable');
    this.#waitsFor = 'tls';
    this.#askedForTls = true;
    this.endPoint = tls.endPoint;
    const onTls = (failure: string | undefined): void => {
      // Without SSLRequest nothing else says that it is PostgreSQL that the client wants.
      const isMeant = failure !== undefined || this.#connection.tls?.alpn === type.ALPN;
      this.#onTls(isMeant ? failure : `it began with TLS, and named no protocol inside it (ALPN)`);
    };
    tools.network.acceptTls(this.#connection, tls, onTls, hello);
  }

  #onTls(failure: string | undefined): void {
    if (this.#waitsFor !== 'tls') return;
    if (failure !== undefined) return this.#failTls(failure);
    this.#waitsFor = 'packet';
    this.#done.onTls();
  }

  #failTls(reason: string): void {
    const { peer } = this.#connection;
    this.#context.log.info({ peer, reason }, 'TLS handshake with a client failed');
    this.#connection.close();
    this.#done.onGone();
  }

  #onStartupMessage(message: StartupMessage): void {
    const { accepting, descriptors, settings } = this.#context;
    this.message = message;
    this.#waitsFor = 'nothing';
    if (!accepting) throw new AgentError('agent_stopping');
    // Not before it has said what it wants: a cancel request is served.
    if (this.#connection.fd >= descriptors.roomBelow)
      throw new AgentError('descriptors_short', { limit: descriptors.limit });
    const sslmode = settings.client_tls_sslmode;
    const mustTls = ['require', 'verify-ca', 'verify-full'].includes(sslmode);
    if (mustTls && this.#transport === 'tcp' && this.#connection.tls === undefined)
      throw new AgentError('client_tls_required', { sslmode });
    if (message.minor > type.PROTOCOL_MINOR_MAX || message.protocolOptions.length > 0) {
      const version = type.PROTOCOL_3_0 + agreedMinor(message);
      this.#connection.write(encodeNegotiateProtocolVersion(version, message.protocolOptions));
    }
    if (userOf(message) === '') throw new ProtocolError('the startup packet names no user');
    replicationOf(message);
    this.#done.onStarted(message);
  }
}

/** Of protocol 3, with this client: what it asked for, or the newest that is known. */
function agreedMinor({ minor }: StartupMessage): number {
  return Math.min(minor, type.PROTOCOL_MINOR_MAX);
}

/** How long the key is that it gets to cancel with: as PostgreSQL 18, more than a guess from protocol 3.2 on. */
export function cancelKeyBytes(message: StartupMessage): number {
  return agreedMinor(message) >= 2 ? 32 : 4;
}

/** '' when none is named, or the packet has not come. */
export function userOf(message: StartupMessage | undefined): string {
  return message?.parameters.get('user') ?? '';
}

/** As PostgreSQL: a client that names no database means the one with its own name. */
export function databaseOf(message: StartupMessage | undefined): string {
  const name = message?.parameters.get('database');
  return name === undefined || name === '' ? userOf(message) : name;
}

/** Run-time parameters for its session. `peer` is the client's address, as a log shows it. @throws AgentError startup_parameter */
export function askedParameters(
  message: StartupMessage,
  settings: Settings,
  peer: string,
): ReadonlyMap<string, string> {
  const asked = new Map<string, string>();
  const { parameters } = message;
  // As PostgreSQL: what stands in the packet by itself wins over its options.
  const options = parameters.get('options');
  if (options !== undefined)
    for (const [name, value] of parseStartupOptions(options).parameters)
      asked.set(parameterName(name), value);
  for (const [name, value] of parameters)
    if (!NOT_PARAMETERS.has(name)) asked.set(parameterName(name), value);
  for (const name of settings.ignore_startup_parameters) asked.delete(name.toLowerCase());
  if (settings.application_name_add_host)
    asked.set('application_name', `${asked.get('application_name') ?? 'app'} - ${peer}`);
  return asked;
}

/**
 * As PostgreSQL, which compares its own words letter by letter and knows no run-time parameter of such a name. It must not
 * become one of them: the packet that the agent sends to a server says who logs in, and where.
 *
 * @throws AgentError startup_parameter
 */
function parameterName(written: string): string {
  const name = written.toLowerCase();
  if (!NOT_PARAMETERS.has(name)) return name;
  throw new AgentError('startup_parameter', {
    reason: `unrecognized configuration parameter "${written}"`,
  });
}

/** Words of the startup packet that are no run-time parameters. */
const NOT_PARAMETERS: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options']);
