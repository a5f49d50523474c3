// The shapes of Settings: one frozen, structured-cloneable* value that says what should be. (*Secrets are re-wrapped.)

import type { Origin } from '../base/origin.ts';
import type { Secret } from '../base/secret.ts';
import type { Hba } from './hba_files.ts';
import type { SettingValues } from './table.ts';

/** As libpq's sslmode. verify-full is the default; anything weaker must be written out and is warned about. */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
/** As libpq's sslnegotiation: SSLRequest first, or TLS from the first byte on. */
export type SslNegotiation = 'postgres' | 'direct';
export type PoolMode = 'session' | 'transaction' | 'statement';

/** Which of several hosts a new server connection tries first: the one that is written first, or each in turn. */
export type LoadBalance = 'disable' | 'round-robin';

export interface HostSettings {
  /** A host name, an address, or where PostgreSQL's UNIX socket is: a directory (begins with `/`), an abstract name (`@`). */
  readonly host: string;
  readonly port: number;
}

/** One database as clients ask for it, with everything a server connection needs. All values are resolved: no fallbacks left. */
export interface DatabaseSettings {
  /** The name in the client's startup packet. */
  readonly name: string;
  /** What the application uses it for, as far as its configuration says. */
  readonly role: 'writer' | 'replica';
  /** In the order in which they are written. At least one. */
  readonly hosts: readonly HostSettings[];
  readonly loadBalanceHosts: LoadBalance;
  /** The database's name on the server. */
  readonly dbname: string;
  /** The role of the application, with which the agent logs in for clients of the same name. Empty: everybody logs in as himself. */
  readonly user: string;
  readonly password: Secret | undefined;
  /** Tried where the server does not take `password`: while that is rotated there are two. */
  readonly nextPassword?: Secret | undefined;
  /** False: `user` and `password` are for the server alone, and let no client in to the agent. */
  readonly admitsUser?: false;
  /** Every client of this database is mapped to `user`, whoever it logged in as (PgBouncer's `user=`). */
  readonly forceUser: boolean;
  readonly sslmode: SslMode;
  /** A PEM file, or `system` for the system's own CAs. */
  readonly sslrootcert: string;
  readonly sslcert: string | undefined;
  readonly sslkey: string | undefined;
  readonly sslnegotiation: SslNegotiation;
  readonly poolMode: PoolMode;
  /** Server connections per (database, user). */
  readonly poolSize: number;
  readonly minPoolSize: number;
  /** Servers beyond `poolSize`, for clients that have waited for reserve_pool_timeout. */
  readonly reservePoolSize: number;
  /** Over all users of the database; 0 is no limit. */
  readonly maxDbConnections: number;
  /** Clients, over all users; 0 is no limit. */
  readonly maxDbClientConnections: number;
  readonly queryWaitTimeoutMs: number;
  /** For each host tried: the application's own connect_timeout, else server_connect_timeout. */
  readonly connectTimeoutMs: number;
  readonly serverLifetimeMs: number;
  /** SQL for each new server connection, before anybody gets it; empty is none. */
  readonly connectQuery: string;
  /** Sent in the startup packet to the server (`options`, Rails' `variables:`): name → value. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Undefined where only the files know users. */
  readonly auth?: AuthQuerySettings | undefined;
  /** Not a database as clients know it, but the registry's picture of one, for connections that ask auth_query. */
  readonly isForAuthQuery?: true;
  /** The registry's picture of one again, for a single client that replicates: its server is nobody else's. */
  readonly replication?: ReplicationSettings;
  /** The registry's picture of one once more, for the connection that listens for all clients of this client_encoding. */
  readonly listensIn?: string;
  /** Made for a name that nobody listed, out of `*`; whose own dbname is empty where every name is its own. */
  readonly isAny?: true;
  /** Where the application's configuration names this database. */
  readonly origin: Origin;
}

/** What a client that replicates has asked for. */
export interface ReplicationSettings {
  /** The whole cluster's WAL, or the changes of one database, beside SQL. */
  readonly kind: 'physical' | 'logical';
  /** Its run-time parameters: in the startup packet of its server, because a WAL sender may know no SET. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Where a user is asked for whom the files do not have. */
export interface AuthQuerySettings {
  /** The role that asks. */
  readonly user: string;
  /** `$1` is the user's name; a row of name and secret answers it. */
  readonly query: string;
  /** The database, by the name that clients know it by. */
  readonly database: string;
}

/** Somebody who may log in to the agent. */
export interface UserSettings {
  readonly name: string;
  /** A password, `md5…`, or `SCRAM-SHA-256$…`; undefined for users who come by `peer` only. */
  readonly secret: Secret | undefined;
  /** Lets in as `secret` does, while that is rotated. */
  readonly nextSecret?: Secret | undefined;
  /** Where the same role has another password at one database (two servers, one role name): database name → secret. It wins over `secret`. */
  readonly databaseSecrets: Readonly<Record<string, Secret>>;
  /** The next of those. */
  readonly databaseNextSecrets?: Readonly<Record<string, Secret>>;
  /** ISO 8601, by UTC: from then on its password lets nobody in. */
  readonly validUntil?: string;
  /** Names of the databases that this user may ask for; `*` is every one. */
  readonly databases: readonly string[];
  /** These win over the database's, which wins over the setting; undefined: nothing is said of this user. */
  readonly poolMode: PoolMode | undefined;
  readonly poolSize: number | undefined;
  readonly reservePoolSize: number | undefined;
  readonly queryWaitTimeoutMs: number | undefined;
  /** Undefined: the setting's. 0: no limit for this user. */
  readonly queryTimeoutMs: number | undefined;
  readonly transactionTimeoutMs: number | undefined;
  readonly idleTransactionTimeoutMs: number | undefined;
  readonly clientIdleTimeoutMs: number | undefined;
  readonly maxUserConnections: number;
  readonly maxUserClientConnections: number;
  readonly origin: Origin;
}

/** Another agent that clients reach by the same address (PgBouncer's [peers]). */
export interface PeerSettings {
  /** A host name, an address, or the directory of its UNIX socket. */
  readonly host: string;
  readonly port: number;
  /** Connections that carry cancel requests to it, at one time. */
  readonly poolSize: number;
}

/** Every row of the settings table under its own snake_case name (durations in milliseconds, sizes in bytes), and: */
export interface Settings extends SettingValues {
  readonly databases: Readonly<Record<string, DatabaseSettings>>;
  readonly users: Readonly<Record<string, UserSettings>>;
  /** By their number: who a cancel request that is not ours may belong to. */
  readonly peers: Readonly<Record<number, PeerSettings>>;
  /** What auth_hba_file and auth_ident_file say; undefined unless auth_type is hba. */
  readonly hba?: Hba | undefined;
  /** What holds where nobody says anything, as far as that is not the table's default but PgBouncer's. */
  readonly defaults?: Readonly<Partial<SettingValues>>;
}
