// THE table of PgBouncer's names: which of them have a row in the settings table, which mean nothing here, and which never were PgBouncer's.

import { DATABASE_KEYS, USER_KEYS } from '../table/keys.ts';
import { rowOf, SETTING_NAMES, type SettingName } from '../table.ts';

/** PgBouncer's name of a setting → ours. By the settings table: a row that says `pgbouncer` is read from that line on. */
export const GLOBAL_NAMES: ReadonlyMap<string, SettingName> = new Map(
  SETTING_NAMES.flatMap((name) => {
    const { pgbouncer } = rowOf(name);
    return pgbouncer === undefined ? [] : [[pgbouncer === true ? name : pgbouncer, name] as const];
  }),
);

/** Names of PgBouncer that mean nothing here → what holds instead. Taken with a note. */
export const NOT_NEEDED: Readonly<Record<string, string>> = {
  pkt_buf:
    'buffers are as long as what lies in them; client_write_buffer and server_write_buffer are their limits',
  sbuf_loopcnt: 'each connection is read once, and then it is the turn of the next',
  tcp_socket_buffer: 'the kernel sizes its buffers by itself (net.ipv4.tcp_rmem, tcp_wmem)',
  tcp_defer_accept:
    'a connection that says nothing costs a file descriptor, and ends at client_login_timeout',
  listen_backlog:
    'the queue of the listener is as long as the agent makes it; connections are accepted as they come',
  client_tls_dheparams: 'the runtime chooses, and keys are exchanged over curves',
  client_tls_ecdhcurve: 'the runtime chooses the curves',
  client_tls13_ciphers: 'the runtime chooses; all TLS 1.3 suites are strong',
  server_tls13_ciphers: 'the runtime chooses; all TLS 1.3 suites are strong',
  resolv_conf:
    'names are looked up as every program of the machine does, by nsswitch.conf, /etc/hosts and /etc/resolv.conf',
  dns_zone_check_period:
    'names in use are looked up again every dns_max_ttl, so that no zone has to be watched',
  job_name: 'it names a service of Windows; in the log it is syslog_ident',
  service_name: 'it names a service of Windows; in the log it is syslog_ident',
  conffile: 'the file that --config names is the one that is read again; start with another one instead',
};

/** Names that stand in files in the field and were never PgBouncer's, or are no more → what was meant. */
export const NEVER: Readonly<Record<string, string>> = {
  check_query: 'it is called server_check_query',
  check_query_interval:
    'PgBouncer never had it; how long a server rests before it is checked is server_check_delay',
  server_check_interval:
    'PgBouncer never had it; how long a server rests before it is checked is server_check_delay',
  check_query_timeout:
    'PgBouncer never had it; in pgsidecar it is server_check_timeout (PGSIDECAR_SERVER_CHECK_TIMEOUT)',
  server_check_timeout:
    'PgBouncer never had it; say it by PGSIDECAR_SERVER_CHECK_TIMEOUT or --server-check-timeout',
  reserve_pool: 'for all databases it is called reserve_pool_size',
  pool_size: 'for all databases it is called default_pool_size',
  server_pool_size: 'it is called default_pool_size',
  max_pool_size: 'it is called default_pool_size; how many a database may have in all is max_db_connections',
  client_query_timeout: 'it is called query_timeout',
  admin_port: 'there is none: the console is the database pgbouncer, on listen_port, for admin_users',
  remote_user_override: 'it is of a fork; write user= into the line of the database',
  remote_db_override: 'it is of a fork; write dbname= into the line of the database',
  tls_protocols: 'it is called client_tls_protocols or server_tls_protocols',
  tls_ca_file: 'it is called client_tls_ca_file or server_tls_ca_file',
  tls_cert_file: 'it is called client_tls_cert_file or server_tls_cert_file',
  tls_key_file: 'it is called client_tls_key_file or server_tls_key_file',
  max_connections: 'clients are counted by max_client_conn, servers by max_db_connections',
  max_client_connections: 'it is called max_client_conn',
  pool_timeout: 'PgBouncer never had it; how long a client waits for a server is query_wait_timeout',
  connect_timeout: 'it is called server_connect_timeout',
  idle_timeout: 'it is called client_idle_timeout or server_idle_timeout',
  statement_timeout: 'it is PostgreSQL’s; PgBouncer’s own is query_timeout',
  log_level: 'in PgBouncer it is called verbose; say it by PGSIDECAR_LOG_LEVEL or --log-level',
  auth_db: 'it is called auth_dbname',
  sslmode: 'it is called server_tls_sslmode, for all databases',
  host: 'it belongs to one database, in [databases]',
  port: 'it belongs to one database, in [databases]; the one to listen on is listen_port',
  server_tls_verify: 'it is called server_tls_sslmode, with verify-full',
  prepared_statements: 'it is called max_prepared_statements',
};

export type DatabaseName = { readonly field: string } | { readonly parameter: string };

/** The keys of a line in [databases] → the field of a database, or the run-time parameter, that they are. */
export const DATABASE_NAMES: ReadonlyMap<string, DatabaseName> = new Map<string, DatabaseName>([
  ...[
    ...['dbname', 'host', 'port', 'user', 'password', 'auth_user', 'auth_query', 'auth_dbname', 'pool_size'],
    ...[
      'min_pool_size',
      'reserve_pool_size',
      'reserve_pool',
      'connect_query',
      'pool_mode',
      'query_wait_timeout',
    ],
    ...['load_balance_hosts', 'max_db_connections', 'max_db_client_connections', 'server_lifetime'],
  ]
    .filter((name) => Object.hasOwn(DATABASE_KEYS, name))
    .map((name) => [name, { field: name }] as const),
  ['client_encoding', { parameter: 'client_encoding' }],
  ['datestyle', { parameter: 'DateStyle' }],
  ['timezone', { parameter: 'TimeZone' }],
  ['application_name', { parameter: 'application_name' }],
]);

/** As those of a line in [users]. */
export const USER_NAMES: readonly string[] = [
  ...['pool_size', 'reserve_pool_size', 'pool_mode', 'max_user_connections', 'max_user_client_connections'],
  ...[
    'query_timeout',
    'query_wait_timeout',
    'idle_transaction_timeout',
    'transaction_timeout',
    'client_idle_timeout',
  ],
].filter((name) => Object.hasOwn(USER_KEYS, name));

export const PEER_NAMES: readonly string[] = ['host', 'port', 'pool_size'];

/** Every name that stands in an ini somewhere, whether it means something or not. */
export const PGBOUNCER_NAMES: readonly string[] = [
  ...new Set([
    ...GLOBAL_NAMES.keys(),
    ...DATABASE_NAMES.keys(),
    ...USER_NAMES,
    ...Object.keys(NOT_NEEDED),
    ...Object.keys(NEVER),
  ]),
];

/** What a name of an ini is here: a sentence, the settings that it is about, and the key of a database or user. */
export interface NamedThere {
  readonly says: string;
  readonly settings: readonly SettingName[];
  readonly key: string | undefined;
}

/** Undefined for a name that no ini has. What is called the same here is nothing to be looked up. */
export function pgbouncerName(name: string): NamedThere | undefined {
  const global = GLOBAL_NAMES.get(name);
  if (global !== undefined)
    return { says: `here it is called ${global}`, settings: [global], key: undefined };
  const use = DATABASE_NAMES.get(name);
  const field = use !== undefined && 'field' in use ? use.field : USER_NAMES.find((each) => each === name);
  const key = field === 'reserve_pool' ? 'reserve_pool_size' : field;
  const forAll = SETTING_NAMES.filter((each) => {
    const { perDatabase, perUser } = rowOf(each);
    return key !== undefined && (perDatabase === key || perUser === key);
  });
  const never = Object.hasOwn(NEVER, name) ? NEVER[name]! : undefined;
  if (key !== undefined) {
    const whose = use === undefined ? 'user' : USER_NAMES.includes(name) ? 'database or user' : 'database';
    const general = forAll.length === 0 ? '' : `; for all it is ${forAll.join(', ')}`;
    return { says: `of one ${whose}${general}`, settings: forAll, key };
  }
  if (use !== undefined && 'parameter' in use) {
    return { says: 'of one database, a run-time parameter of its servers', settings: [], key: use.parameter };
  }
  if (never !== undefined) {
    return { says: never, settings: namedIn(never), key: undefined };
  }
  const instead = Object.hasOwn(NOT_NEEDED, name) ? NOT_NEEDED[name] : undefined;
  return instead === undefined
    ? undefined
    : { says: `means nothing here: ${instead}`, settings: [], key: undefined };
}

function namedIn(sentence: string): readonly SettingName[] {
  const words = new Set(sentence.match(/[a-z_]+/g));
  return SETTING_NAMES.filter((each) => words.has(each));
}
