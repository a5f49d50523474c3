// From a database's settings to a connection that is logged in: host by host, TLS by sslmode, then login.

import type { ClientKey } from '../auth/client_key.ts';
import { AgentError, type ErrorCode } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { isSocketHost } from '../base/socket_host.ts';
import type { DatabaseSettings, SslMode } from '../config/settings.ts';
import type { TcpOptions } from '../native/tcp_options.ts';
import type { Address, Connection, Network, TlsClientOptions } from '../net/connection.ts';
import { encodeSslRequest } from '../wire/startup.ts';
import { ALPN } from '../wire/types.ts';
import { type LoginOptions, type LoginResult, login } from './login.ts';

/** What dialing is handed of the outside. */
export interface DialTools {
  readonly network: Network;
  readonly keys: LoginOptions['keys'];
  readonly random: (bytes: number) => Uint8Array;
  /** A PEM file's text; throws AgentError when it cannot be read. `system` is the system's own CA bundle. */
  readonly readPem: (path: string) => string;
  /** server_tls_protocols, server_tls_ciphers and the tcp_… settings, as they are now. */
  readonly policy: () => DialPolicy;
  /** Address and port on our side of a TCP connection; `''` and 0 where the kernel does not say. */
  readonly localEnd?: (connection: Connection) => readonly [string, number];
}

export interface DialPolicy extends Pick<TlsClientOptions, 'protocols' | 'ciphers'> {
  /** server_channel_binding; `prefer` where nothing is said. */
  readonly channelBinding?: LoginOptions['channelBinding'];
  /** server_tls_resumption. */
  readonly resumesTls?: boolean;
  /** The tcp_… settings; they are for clients as well. */
  readonly tcp: TcpOptions;
}

/** What a database says of TLS. */
export type DialTls = Pick<
  DatabaseSettings,
  'sslmode' | 'sslnegotiation' | 'sslrootcert' | 'sslcert' | 'sslkey'
>;

export interface Dialed extends LoginResult {
  /** With the sslmode that it came to, which a cancel request has to use too. */
  readonly database: DatabaseSettings;
  readonly connection: Connection;
  readonly address: Address;
  /** The one that the server took, or that it did not ask for. */
  readonly secret: Secret | undefined;
}

/** Who logs in. */
export interface DialIdentity {
  readonly user: string;
  /** In the order in which they are tried: two while a password is rotated, none where the server asks for none. */
  readonly secretsInOrder: readonly Secret[];
  /** What opens those of them that are SCRAM verifiers. */
  readonly clientKeys: readonly ClientKey[];
}

/** Tries the hosts in their order, or those that are named; rejects with the AgentError of the last one. */
export async function dial(
  database: DatabaseSettings,
  identity: DialIdentity,
  tools: DialTools,
  signal: AbortSignal,
  hosts: readonly Address[] = database.hosts,
): Promise<Dialed> {
  let last: AgentError | undefined;
  for (const address of hosts) {
    for (const sslmode of WAYS[database.sslmode]) {
      try {
        return await dialWithSecrets({ ...database, sslmode }, address, identity, tools, signal);
      } catch (error) {
        last =
          error instanceof AgentError
            ? error
            : new AgentError('server_unreachable', { reason: (error as Error).message });
        // Only "not in this way" (pg_hba.conf's hostssl and hostnossl) is worth another way.
        if (last.code !== 'server_auth_rejected') break;
      }
    }
  }
  throw last!;
}

/** On another connection with the next of two passwords, where the server does not take the first. */
async function dialWithSecrets(
  database: DatabaseSettings,
  address: Address,
  { user, secretsInOrder, clientKeys }: DialIdentity,
  tools: DialTools,
  signal: AbortSignal,
): Promise<Dialed> {
  const [first, ...others] = secretsInOrder;
  try {
    return await dialHost(database, address, { user, secret: first, clientKeys }, tools, signal);
  } catch (error) {
    const isSecrets = error instanceof AgentError && SECRET_CODES.includes(error.code);
    if (others.length === 0 || !isSecrets || signal.aborted) throw error;
  }
  const identity = { user, secretsInOrder: others, clientKeys };
  return dialWithSecrets(database, address, identity, tools, signal);
}

/** What another secret may mend. */
const SECRET_CODES: readonly ErrorCode[] = [
  'server_password_wrong',
  'server_password_is_verifier',
  'server_password_is_md5',
];

/** As libpq: `allow` would rather have no TLS, `prefer` would rather have it, and both take what the server lets in. */
const WAYS: Readonly<Record<SslMode, readonly SslMode[]>> = {
  disable: ['disable'],
  allow: ['disable', 'require'],
  prefer: ['prefer', 'disable'],
  require: ['require'],
  'verify-ca': ['verify-ca'],
  'verify-full': ['verify-full'],
};

async function dialHost(
  database: DatabaseSettings,
  address: Address,
  identity: Pick<LoginOptions, 'user' | 'secret' | 'clientKeys'>,
  tools: DialTools,
  signal: AbortSignal,
  mayResumeTls = true,
): Promise<Dialed> {
  const connection = await open(database, address, tools, signal, mayResumeTls);
  const mayTellPassword =
    connection.tls === undefined ? isOwnedSocket(address) : isVerified(database.sslmode);
  const { dbname, parameters, replication: replicated } = database;
  const replication = replicated?.kind;
  const { keys, random } = tools;
  const { channelBinding = 'prefer' } = tools.policy();
  const options = {
    ...identity,
    ...{ dbname, parameters, replication, keys, random, mayTellPassword, channelBinding },
  };
  try {
    const result = await login(connection, options, signal);
    return { ...result, connection, address, database, secret: identity.secret };
  } catch (error) {
    if (connection.tls?.isResumed !== true || signal.aborted) throw error;
    // A proxy that has a new certificate and takes old sessions: what the login was bound to is not there any more.
    tools.network.forgetSessions(tlsOptions(database, address, tools));
    return dialHost(database, address, identity, tools, signal, false);
  }
}

/** Who may make a file in that directory is known. A name in the abstract namespace is whose process asks for it first. */
function isOwnedSocket({ host }: Address): boolean {
  return host.startsWith('/');
}

function isVerified(mode: SslMode): boolean {
  return mode === 'verify-full' || mode === 'verify-ca';
}

/** A connection in the state in which the startup packet may be sent. */
export async function open(
  database: DialTls,
  address: Address,
  tools: DialTools,
  signal: AbortSignal,
  mayResumeTls = true,
): Promise<Connection> {
  const connection = await connect(address, tools, signal);
  // As libpq: sslmode means nothing on a UNIX socket.
  if (database.sslmode === 'disable' || isSocketHost(address.host)) return connection;
  const isDirect = database.sslnegotiation === 'direct';
  const answer = isDirect ? 'S' : await askForTls(connection, signal);
  if (answer === 'N') {
    if (database.sslmode === 'prefer') return connection;
    connection.close();
    throw new AgentError('server_tls_refused', {
      host: address.host,
      port: address.port,
      sslmode: database.sslmode,
    });
  }
  const { host, port } = address;
  try {
    const options = tlsOptions(database, address, tools);
    const resume = mayResumeTls ? options.resume : undefined;
    const secured = await tools.network.startTls(connection, { ...options, resume }, signal);
    // As libpq: whoever says nothing of PostgreSQL may be a server of another kind that has the same certificate.
    if (isDirect && secured.tls?.alpn !== ALPN)
      throw new Error(`it agreed to TLS and not to ${ALPN} inside it (ALPN)`);
    return secured;
  } catch (error) {
    connection.close();
    if (error instanceof AgentError) throw error;
    const said = (error as Error).message;
    const reason = `${said}${whoseRoots(said, database)}`;
    throw new AgentError(tlsCode(said, isDirect), { host, port, reason });
  }
}

async function connect(address: Address, tools: DialTools, signal: AbortSignal): Promise<Connection> {
  try {
    const connection = await tools.network.connect(address, signal);
    if (!isSocketHost(address.host)) tools.network.tuneTcp(connection, tools.policy().tcp);
    return connection;
  } catch (error) {
    throw new AgentError('server_unreachable', { reason: (error as Error).message });
  }
}

function tlsOptions(database: DialTls, address: Address, tools: DialTools): TlsClientOptions {
  const mode =
    database.sslmode === 'verify-full' || database.sslmode === 'verify-ca' ? database.sslmode : 'require';
  const policy = tools.policy();
  return {
    serverName: address.host,
    mode,
    alpn: ALPN,
    protocols: policy.protocols,
    ciphers: policy.ciphers,
    ca: mode === 'require' ? undefined : tools.readPem(database.sslrootcert),
    resume: mayResume(database, policy) ? `${address.host}:${address.port}` : undefined,
    cert: database.sslcert === undefined ? undefined : tools.readPem(database.sslcert),
    key: database.sslkey === undefined ? undefined : tools.readPem(database.sslkey),
  };
}

/**
 * The server of a session that goes on shows no certificate, and asks for none. Where one is to be bound to for certain,
 * or ours is to be looked at, the whole handshake is done.
 */
function mayResume({ sslcert }: DialTls, { resumesTls, channelBinding }: DialPolicy): boolean {
  return resumesTls === true && channelBinding !== 'require' && sslcert === undefined;
}

/** Where the CAs are the matter: which they are, and what names others. */
function whoseRoots(reason: string, { sslrootcert }: DialTls): string {
  if (!reason.includes('sslrootcert')) return '';
  const roots = sslrootcert === 'system' ? 'the CAs of this machine' : sslrootcert;
  return `; sslrootcert is ${roots}, and server_tls_ca_file names another`;
}

function tlsCode(reason: string, isDirect: boolean): ErrorCode {
  if (reason.startsWith("the server's c")) return 'server_certificate_refused';
  return isDirect ? 'server_direct_tls_failed' : 'server_tls_failed';
}

/** SSLRequest and its answer of one byte. Anything behind that byte was sent by somebody in the middle: CVE-2021-23222. */
function askForTls(connection: Connection, signal: AbortSignal): Promise<'S' | 'N'> {
  return new Promise((resolve, reject) => {
    const end = (error: AgentError): void => {
      connection.handler = { onData() {}, onDrain() {}, onClose() {} };
      connection.close();
      reject(error);
    };
    const fail = (reason: string): void => end(new AgentError('server_protocol', { reason }));
    const giveUp = (): void => end(new AgentError('server_timeout', { what: 'answer to SSLRequest' }));
    signal.addEventListener('abort', giveUp, { once: true });
    connection.handler = {
      onData(chunk) {
        // What comes later is no business of ours, and giving up then is not either.
        signal.removeEventListener('abort', giveUp);
        const answer = String.fromCharCode(chunk[0]!);
        if (answer !== 'S' && answer !== 'N')
          return fail(`the answer to SSLRequest is ${answer === 'E' ? 'an error' : `"${answer}"`}`);
        if (chunk.length !== 1) return fail('bytes followed the answer to SSLRequest before TLS was up');
        resolve(answer);
      },
      onDrain() {},
      onClose: (reason) =>
        reject(
          new AgentError('server_closed', {
            reason: reason.error ?? 'it closed the connection at SSLRequest',
          }),
        ),
    };
    connection.write(encodeSslRequest());
  });
}
