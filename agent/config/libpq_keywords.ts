// libpq's connection keywords and environment variables: what each one becomes here, and what is not followed.

import type { Origin } from '../base/origin.ts';
import type { DatabaseField } from './source.ts';

/**
 * `field`: a field of the database. `parameter`: a run-time parameter of the server. `aside`: somebody has to look
 * further (a service file, a password file). `quiet`: nothing is lost when the agent has its own way. `refused`: the
 * application counts on something that pgsidecar does not do, so the operator is told.
 */
export type KeywordUse =
  | { readonly kind: 'field'; readonly field: DatabaseField }
  | { readonly kind: 'parameter' }
  | { readonly kind: 'aside' }
  | { readonly kind: 'quiet' }
  | { readonly kind: 'refused' };

const aside = { kind: 'aside' } as const;
const quiet = { kind: 'quiet' } as const;
const refused = { kind: 'refused' } as const;
const parameter = { kind: 'parameter' } as const;

function field(name: DatabaseField): KeywordUse {
  return { kind: 'field', field: name };
}

/** Every keyword of libpq 18 (PostgreSQL documentation, "Parameter Key Words"), and `requiressl`, which it still takes from old hands. */
export const LIBPQ_KEYWORDS: Readonly<Record<string, KeywordUse>> = {
  host: field('host'),
  port: field('port'),
  dbname: field('dbname'),
  user: field('user'),
  password: field('password'),
  connect_timeout: field('connect_timeout'),
  sslmode: field('sslmode'),
  sslrootcert: field('sslrootcert'),
  sslcert: field('sslcert'),
  sslkey: field('sslkey'),
  sslnegotiation: field('sslnegotiation'),
  application_name: parameter,
  client_encoding: parameter,
  options: aside,
  service: aside,
  servicefile: aside,
  passfile: aside,
  hostaddr: aside,
  requiressl: aside,
  target_session_attrs: aside,
  replication: refused,
  channel_binding: refused,
  require_auth: refused,
  requirepeer: refused,
  sslcertmode: refused,
  sslcrl: refused,
  sslcrldir: refused,
  sslpassword: refused,
  ssl_min_protocol_version: refused,
  ssl_max_protocol_version: refused,
  scram_client_key: refused,
  scram_server_key: refused,
  oauth_issuer: refused,
  oauth_client_id: refused,
  oauth_client_secret: refused,
  oauth_scope: refused,
  fallback_application_name: quiet,
  keepalives: quiet,
  keepalives_idle: quiet,
  keepalives_interval: quiet,
  keepalives_count: quiet,
  tcp_user_timeout: quiet,
  load_balance_hosts: quiet,
  sslcompression: quiet,
  sslsni: quiet,
  sslkeylogfile: quiet,
  gssencmode: quiet,
  gssdelegation: quiet,
  gsslib: quiet,
  krbsrvname: quiet,
  min_protocol_version: quiet,
  max_protocol_version: quiet,
  authtype: quiet,
  tty: quiet,
};

/** A value with which a refused keyword asks for nothing beyond what happens anyway. */
export const HARMLESS_VALUES: Readonly<Record<string, readonly string[]>> = {
  replication: ['false', 'off', 'no', '0'],
  channel_binding: ['prefer', 'disable'],
  sslcertmode: ['allow'],
  ssl_min_protocol_version: ['TLSv1', 'TLSv1.1', 'TLSv1.2'],
};

/** libpq's environment variables that stand for a keyword (PostgreSQL documentation, "Environment Variables"). */
export const LIBPQ_VARIABLES: Readonly<Record<string, string>> = {
  PGHOST: 'host',
  PGHOSTADDR: 'hostaddr',
  PGPORT: 'port',
  PGDATABASE: 'dbname',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGPASSFILE: 'passfile',
  PGSERVICE: 'service',
  PGSERVICEFILE: 'servicefile',
  PGOPTIONS: 'options',
  PGAPPNAME: 'application_name',
  PGCLIENTENCODING: 'client_encoding',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGSSLMODE: 'sslmode',
  PGREQUIRESSL: 'requiressl',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLCRL: 'sslcrl',
  PGSSLCRLDIR: 'sslcrldir',
  PGSSLCERTMODE: 'sslcertmode',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version',
  PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version',
  PGCHANNELBINDING: 'channel_binding',
  PGREQUIREAUTH: 'require_auth',
  PGREQUIREPEER: 'requirepeer',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
};

/** Words that frameworks put beside libpq's, for themselves: Rails, SQLAlchemy, Django, Prisma, Doctrine, node-postgres, JDBC. */
export const FRAMEWORK_WORDS: ReadonlySet<string> = new Set([
  ...[
    'adapter',
    'advisory_locks',
    'allow_concurrency',
    'charset',
    'checkout_timeout',
    'collation',
    'database_tasks',
  ],
  ...[
    'encoding',
    'idle_timeout',
    'insert_returning',
    'keepalive',
    'max_age',
    'max_connections',
    'migrations_paths',
  ],
  ...[
    'min_connections',
    'min_messages',
    'pool',
    'pool_jitter',
    'prefix',
    'prepared_statements',
    'query_cache',
  ],
  ...['reaping_frequency', 'reconnect', 'replica', 'schema_cache_path', 'schema_dump', 'schema_format'],
  ...[
    'schema_search_path',
    'seeds',
    'statement_limit',
    'strings',
    'template',
    'timeout',
    'unix_socket',
    'use_metadata_table',
  ],
  ...['max_overflow', 'pool_recycle', 'pool_size', 'pool_timeout', 'conn_max_age', 'conn_health_checks'],
  ...[
    'connection_limit',
    'pgbouncer',
    'schema',
    'socket_timeout',
    'sslaccept',
    'sslidentity',
    'statement_cache_size',
  ],
  ...['serverVersion', 'driver', 'search_path', 'uselibpqcompat', 'max', 'min', 'query_timeout'],
  ...[
    'currentSchema',
    'loginTimeout',
    'prepareThreshold',
    'reWriteBatchedInserts',
    'socketTimeout',
    'stringtype',
  ],
]);

/** Where the agent listens unless it is told otherwise; a server that is found there would be the agent itself. */
export const AGENT_SOCKET_DIRECTORIES: readonly string[] = ['/run/pgsidecar', '/var/run/pgsidecar'];

/** Also the socket file itself, which some drivers want spelled out. */
export function isAgentSocket(host: string): boolean {
  const directory = host.replace(/\/\.s\.PGSQL\.\d+$/, '').replace(/(.)\/+$/, '$1');
  return AGENT_SOCKET_DIRECTORIES.includes(directory);
}

/** What `pgsidecar url` prints, and a shell exports, is for the application: the agent needs another place. */
export function remedyAgainst({ place, key }: Origin): string {
  if (place !== 'environment' || key === undefined) return '';
  return `: unset ${key} where the agent and its commands are run, it is for the application`;
}
