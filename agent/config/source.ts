// What a source hands on: databases and settings as the application wrote them, each value with its origin.

import type { Problem } from '../base/errors.ts';
import type { Origin } from '../base/origin.ts';
import type { Caller } from './trust.ts';

/** A value as it was written, and where. */
export interface Located<T = unknown> {
  readonly value: T;
  readonly origin: Origin;
}

/** What can be said of one database; libpq's words where libpq has one. Values are strings as libpq would take them, numbers where the source is typed. */
export type DatabaseField =
  | 'host' // comma list as libpq's
  | 'port' // comma list as libpq's
  | 'dbname'
  | 'user'
  | 'password'
  | 'password_file'
  | 'password_command'
  | 'secret_id' // of ['secrets_manager', id]
  // The same four for a second password, while it is rotated:
  | 'password_next'
  | 'password_file_next'
  | 'password_command_next'
  | 'secret_id_next'
  | 'sslmode'
  | 'sslrootcert'
  | 'sslcert'
  | 'sslkey'
  | 'sslnegotiation'
  | 'connect_timeout' // seconds, as libpq's
  | 'pool_size'
  | 'role' // writer | replica
  // Only pgsidecar.yml and pgbouncer.ini have these:
  | 'from' // the key of an application's database that is taken up under this name
  | 'force_user'
  | 'admit_user'
  | 'auth_user'
  | 'auth_query'
  | 'auth_dbname'
  | 'pool_mode'
  | 'min_pool_size'
  | 'reserve_pool_size'
  | 'reserve_pool'
  | 'max_db_connections'
  | 'max_db_client_connections'
  | 'query_wait_timeout'
  | 'server_lifetime'
  | 'connect_query';

export interface DatabaseDraft {
  /** The name in the application's own configuration: `primary`, `read_replica`, `worker_jobs`, `cache`, `analytics`. */
  readonly key: string;
  readonly origin: Origin;
  readonly fields: Readonly<Partial<Record<DatabaseField, Located<string | number>>>>;
  /** Run-time parameters that the application wants set (`variables:`, `options=-c …`): name → value. */
  readonly parameters: Readonly<Record<string, Located<string>>>;
  /** How many connections each process of the application keeps (Rails' `pool`, `database_pool_idp`): a hint, not pool_size. */
  readonly applicationPool?: Located<number>;
}

export type UserField =
  | 'password'
  | 'password_file'
  | 'password_command'
  | 'password_next'
  | 'password_file_next'
  | 'password_command_next'
  | 'valid_until'
  | 'databases'
  | 'pool_mode'
  | 'pool_size'
  | 'reserve_pool_size'
  | 'query_wait_timeout'
  | 'query_timeout'
  | 'transaction_timeout'
  | 'idle_transaction_timeout'
  | 'client_idle_timeout'
  | 'max_user_connections'
  | 'max_user_client_connections';

/** Somebody under `users:` of pgsidecar.yml. */
export interface UserDraft {
  readonly name: string;
  readonly origin: Origin;
  readonly fields: Readonly<Partial<Record<UserField, Located<string | number | readonly string[]>>>>;
}

/** Another agent of the same host or address, to whom a cancel request may belong. */
export interface PeerDraft {
  readonly id: number;
  readonly origin: Origin;
  readonly fields: Readonly<Partial<Record<'host' | 'port' | 'pool_size', Located<string | number>>>>;
}

export interface SourceReading {
  readonly format:
    | 'application.yml'
    | 'database.yml'
    | '.env'
    | 'pgsidecar.yml'
    | 'pgbouncer.ini'
    | 'environment'
    | 'instance'
    | 'flags'
    | 'console';
  readonly databases: readonly DatabaseDraft[];
  /** Only pgsidecar.yml and pgbouncer.ini have users besides those of its databases. */
  readonly users?: readonly UserDraft[];
  readonly peers?: readonly PeerDraft[];
  /** Rows of the settings table that this source sets. */
  readonly settings: Readonly<Record<string, Located>>;
  readonly problems: readonly Problem[];
  /** What is taken and means nothing here, or something else; a sentence each. */
  readonly notes?: readonly string[];
  /** Every file that was read, or whose appearance would change the reading: the watcher's list. Absolute paths. */
  readonly files: readonly string[];
}

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
  /** Permissions, 0o640. */
  readonly mode: number;
}

/** The outside, handed in: config itself touches no file, no process, no environment. */
export interface SourceIo {
  /** The file's text, of a path as it was written (relative: to `cwd`); undefined when there is no such file. Throws AgentError config_unreadable when it cannot be read. */
  read(path: string): string | undefined;
  /** Whose the file is that `read` of this path has read last; undefined where no file was read, or nobody knows. */
  readonly ownerOf?: (path: string) => FileOwner | undefined;
  /** By whose rights it is read and run. */
  readonly caller?: Caller | undefined;
  /** Was `read` of this path undefined because the file cannot be read? That is a problem already, and needs no second one. */
  readonly isUnreadable?: (path: string) => boolean;
  /**
   * Why TLS cannot use these certificates, or this key with them: what was expected, for the end of a sentence. Undefined
   * when it can.
   */
  readonly pemFault?: (certificates: string, key?: string) => string | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Runs an operator's command (password_command, secrets_command), no shell in between; its standard output without
   * the last newline. Throws AgentError command_failed when it cannot start, fails, or takes longer than `timeoutMs`.
   */
  run(command: string, args: readonly string[], timeoutMs: number): Promise<string>;
  /** What a relative path is relative to; absolute. */
  readonly cwd: string;
}
