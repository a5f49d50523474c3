// Every name of PgBouncer's is accounted for: it has a row, or a note that says what holds in its place.

import { expect, test } from 'bun:test';
import { DATABASE_KEYS, USER_KEYS } from '../table/keys.ts';
import { DATABASE_NAMES, GLOBAL_NAMES, NEVER, NOT_NEEDED, USER_NAMES } from './pgbouncer_names.ts';

/** All settings of PgBouncer 1.25 and of the master after it. */
const GLOBAL =
  `admin_users application_name_add_host auth_dbname auth_file auth_hba_file auth_ident_file auth_query
  auth_type auth_user autodb_idle_timeout cancel_wait_timeout client_idle_timeout client_login_timeout
  client_tls_sslmode client_tls_ca_file client_tls_cert_file client_tls_key_file client_tls_ciphers
  client_tls_protocols client_tls_dheparams client_tls_ecdhcurve client_tls13_ciphers conffile default_pool_size
  disable_pqexec dns_max_ttl dns_nxdomain_ttl dns_zone_check_period idle_transaction_timeout
  ignore_startup_parameters job_name listen_addr listen_backlog listen_port log_connections log_disconnections
  log_pooler_errors log_stats logfile login_notify_message max_client_conn max_db_client_connections
  max_db_connections max_packet_size max_prepared_statements max_user_client_connections max_user_connections
  min_pool_size peer_id pidfile pkt_buf pool_idle_timeout pool_mode query_timeout query_wait_notify
  query_wait_timeout reserve_pool_size reserve_pool_timeout resolv_conf sbuf_loopcnt scram_iterations
  server_check_delay server_check_query server_connect_timeout server_fast_close server_idle_timeout
  server_lifetime server_login_retry server_reset_query server_reset_query_always server_round_robin
  server_tls_sslmode server_tls_ca_file server_tls_cert_file server_tls_key_file server_tls_ciphers
  server_tls_protocols server_tls13_ciphers service_name so_reuseport stats_period stats_users suspend_timeout
  syslog syslog_facility syslog_ident tcp_defer_accept tcp_keepalive tcp_keepcnt tcp_keepidle tcp_keepintvl
  tcp_socket_buffer tcp_user_timeout track_extra_parameters transaction_timeout unix_socket_dir
  unix_socket_group unix_socket_mode user verbose`.split(/\s+/);
const PER_DATABASE = `dbname host port user password auth_user auth_query auth_dbname pool_size min_pool_size
  reserve_pool_size reserve_pool connect_query pool_mode query_wait_timeout load_balance_hosts max_db_connections
  max_db_client_connections server_lifetime client_encoding datestyle timezone application_name`.split(/\s+/);
const PER_USER = `pool_size reserve_pool_size pool_mode max_user_connections max_user_client_connections
  query_timeout query_wait_timeout idle_transaction_timeout transaction_timeout client_idle_timeout`.split(
  /\s+/,
);

test('every setting of PgBouncer has a row, or a note that says what holds instead', () => {
  const lost = GLOBAL.filter((name) => !GLOBAL_NAMES.has(name) && !Object.hasOwn(NOT_NEEDED, name));
  expect(lost).toEqual([]);
});

test('no name is in two of the lists', () => {
  const twice = Object.keys(NOT_NEEDED).filter((name) => GLOBAL_NAMES.has(name));
  expect(twice).toEqual([]);
  expect(Object.keys(NEVER).filter((name) => GLOBAL.includes(name))).toEqual([]);
});

test('every row that says to be PgBouncer’s is', () => {
  expect([...GLOBAL_NAMES.keys()].filter((name) => !GLOBAL.includes(name))).toEqual([]);
});

test('every key of a database and of a user is read into a key of ours', () => {
  const lost = PER_DATABASE.filter((name) => !DATABASE_NAMES.has(name));
  expect(lost).toEqual([]);
  for (const use of DATABASE_NAMES.values())
    if ('field' in use) expect(Object.hasOwn(DATABASE_KEYS, use.field)).toBe(true);
  expect(PER_USER.filter((name) => !USER_NAMES.includes(name))).toEqual([]);
  expect(USER_NAMES.every((name) => Object.hasOwn(USER_KEYS, name))).toBe(true);
});
