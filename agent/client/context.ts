// What everything about clients is handed; the fields that a reload replaces are the ones that can be written.

import type { CredentialBook } from '../auth/credential.ts';
import type { PeerMap } from '../auth/peer.ts';
import type { Clock } from '../base/clock.ts';
import type { InternalErrors } from '../base/internal_errors.ts';
import type { Log } from '../base/log.ts';
import type { RareLog } from '../base/rare_log.ts';
import type { Settings } from '../config/settings.ts';
import type { Connection, TlsServerOptions } from '../net/connection.ts';
import type { Resolver } from '../net/resolver.ts';
import type { PoolRegistry } from '../pool/registry.ts';
import type { EffectsReader } from '../query/effects_reader.ts';
import type { DialTools } from '../server/dial.ts';
import type { StatementRegistry } from '../state/statements.ts';
import type { NameCache } from '../wire/name_cache.ts';
import type { Clients } from './clients.ts';
import type { ConsoleStart } from './console_door.ts';
import type { DescriptorBounds } from './descriptors.ts';
import type { Greetings } from './greetings.ts';
import type { LoginDeadlines } from './login_deadlines.ts';
import type { Peers } from './peers.ts';

/** What clients have to prove: one book for all databases, but for those where a role has another password. */
export interface CredentialBooks {
  readonly common: CredentialBook;
  readonly byDatabase: ReadonlyMap<string, CredentialBook>;
}

/** What the agent shows to clients that ask for TLS. */
export type ClientTls = TlsServerOptions & {
  /** The hash of that very certificate, for SCRAM-SHA-256-PLUS; undefined where there is none to bind to. */
  readonly endPoint?: Uint8Array | undefined;
};

export interface ClientContext {
  settings: Settings;
  books: CredentialBooks;
  peerMap: PeerMap;
  /** Undefined when client_tls_sslmode is disable. */
  tls: ClientTls | undefined;
  /** False when the agent ends: nobody new comes in. Whoever came before a drain closed the listeners still does. */
  accepting: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly internalErrors: InternalErrors;
  readonly registry: PoolRegistry;
  readonly statements: StatementRegistry;
  /** Reads what the SQL of clients leaves in their sessions. */
  readonly effects: Pick<EffectsReader, 'read' | 'lessons'>;
  /** Of what clients call their statements, which is much the same for all clients of one application. */
  readonly statementNames: NameCache;
  readonly clients: Clients;
  readonly peers: Peers;
  readonly greetings: Greetings;
  readonly loginDeadlines: LoginDeadlines;
  readonly tools: DialTools;
  /** Of the hosts of servers; where there is none the system looks names up. */
  readonly names?: Resolver;
  readonly random: (bytes: number) => Uint8Array;
  /** The system user at the other end of a UNIX socket, by SO_PEERCRED. */
  readonly peerUser: (connection: Connection) => string | undefined;
  /** The same by number, which costs less to find out; undefined over TCP. */
  readonly peerUid: (connection: Connection) => number | undefined;
  /** How far clients may go with file descriptors. */
  descriptors: DescriptorBounds;
  /** The system user of the agent itself. */
  readonly ownUid: () => number;
  /** Takes over a connection that is for the console. */
  readonly openConsole: (start: ConsoleStart) => void;
  /** For what strangers can make happen any number of times. */
  readonly rareLog: RareLog;
}
