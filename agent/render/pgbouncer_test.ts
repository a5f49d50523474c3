// What PgBouncer's two files say, and what is refused because they could not say it.

import { expect, test } from 'bun:test';
import { Secret } from '../base/secret.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { GLOBAL_NAMES } from '../config/sources/pgbouncer_names.ts';
import { NEWER, renderPgbouncer } from './pgbouncer.ts';
import { databaseFixture, nastySecret, settingsFixture, userFixture } from './render_fixture.ts';

const WISHES = { directory: '/etc/pgbouncer', systemCaFile: '/etc/ssl/system.crt' };

function files(databases: DatabaseSettings[], users: UserSettings[] = [], more: Partial<Settings> = {}) {
  const [ini, userlist] = renderPgbouncer(settingsFixture(databases, users, more), WISHES);
  return { ini: ini!, userlist: userlist! };
}

test('renderPgbouncer() keeps passwords in the userlist, where both sides find them', () => {
  const password = nastySecret();
  const { ini, userlist } = files([databaseFixture({ password })], [userFixture({ secret: password })]);
  expect(ini.secret).toBe(false);
  expect(ini.text).not.toContain(password.open().slice(0, 36));
  expect(userlist.secret).toBe(true);
  expect(userlist.text).toContain(`"idp_app" "${password.open().replaceAll('"', '""')}"\n`);
});

test('renderPgbouncer() puts the password in the place of a verifier, which cannot log in to a server', () => {
  const password = nastySecret();
  const verifier = new Secret('SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5');
  const { userlist } = files([databaseFixture({ password })], [userFixture({ secret: verifier })]);
  expect(userlist.text).not.toContain('SCRAM');
});

test('renderPgbouncer() speaks in seconds, bytes, octal and 0 or 1', () => {
  const more = {
    query_wait_timeout: 1500,
    tcp_keepidle: 2500,
    tcp_keepintvl: 1500,
    tcp_keepcnt: 4,
    tcp_user_timeout: 2500,
    max_packet_size: 65_536,
    unix_socket_mode: 0o777,
    log_connections: false,
    listen_addr: ['127.0.0.1', '::1'],
  };
  const { ini } = files([databaseFixture()], [], more);
  expect(ini.text.split('\n')).toEqual(
    expect.arrayContaining([
      'query_wait_timeout = 1.5',
      'tcp_keepidle = 3',
      'tcp_keepintvl = 2',
      'tcp_keepcnt = 4',
      'tcp_user_timeout = 2500',
      'max_packet_size = 65536',
      'unix_socket_mode = 0777',
      'log_connections = 0',
      'listen_addr = 127.0.0.1, ::1',
      'server_tls_ca_file = /etc/ssl/system.crt',
      'auth_file = /etc/pgbouncer/userlist.txt',
    ]),
  );
  expect(ini.text).not.toContain('control_socket');
});

test('renderPgbouncer() takes the TLS of the databases, not of the defaults that none of them has', () => {
  const own = { sslmode: 'verify-ca', sslrootcert: '/etc/own.pem' } as const;
  const socket = databaseFixture({ name: 'local', hosts: [{ host: '/var/run/postgresql', port: 5432 }] });
  const { ini } = files([socket, databaseFixture(own)]);
  expect(ini.text).toContain('server_tls_sslmode = verify-ca\nserver_tls_ca_file = /etc/own.pem\n');
});

test('renderPgbouncer() refuses what would mean something else', () => {
  const refused = (reason: string, database: Partial<DatabaseSettings>, more: Partial<Settings> = {}) =>
    expect(() => files([databaseFixture(database)], [], more), reason).toThrow(reason);
  refused('letters, digits', { name: 'a=b' });
  refused("PgBouncer's console", { name: 'pgbouncer' });
  refused('a line break', { password: new Secret('a\nb') });
  refused('a line break', { dbname: 'a\rb' });
  refused('a line break', {}, { server_reset_query: 'DISCARD ALL;\nSELECT 1' });
  refused('cuts off the space', {}, { server_reset_query: ' DISCARD ALL' });
  refused('auth_hba_file', {}, { auth_type: 'peer' });
});

test('the masks of renderPgbouncer() show no password, and no line that they do not know', () => {
  const [password, other] = [nastySecret(), nastySecret()];
  const { ini, userlist } = files(
    [
      databaseFixture({ password, forceUser: true }),
      databaseFixture({ name: 'b', password: other, forceUser: true }),
    ],
    [],
  );
  for (const file of [ini, userlist]) {
    const shown = file.text.split('\n').map((line) => (line === '' ? '' : file.mask(line)));
    expect(shown).not.toContain(undefined);
    for (const secret of [password, other])
      expect(shown.join('\n')).not.toContain(secret.open().slice(0, 36));
  }
  expect(ini.text).toContain(password.open().slice(0, 36));
  for (const foreign of [
    'idp = host=x password=abc def',
    '; password abc',
    'auth_ldap_options = abc',
    '%include abc',
  ]) {
    expect(ini.mask(foreign) ?? '', foreign).not.toContain('abc');
  }
  for (const foreign of ['"a" abc', '; abc', '"a" "abc" "abc']) {
    expect(userlist.mask(foreign) ?? '', foreign).not.toContain('abc');
  }
});

/** What PgBouncer 1.18 shows by SHOW CONFIG: it stops at any other name. */
const KNOWN_TO_1_18 =
  `admin_users application_name_add_host auth_file auth_hba_file auth_query auth_type auth_user
  autodb_idle_timeout client_idle_timeout client_login_timeout client_tls_ca_file client_tls_cert_file
  client_tls_ciphers client_tls_dheparams client_tls_ecdhcurve client_tls_key_file client_tls_protocols
  client_tls_sslmode conffile default_pool_size disable_pqexec dns_max_ttl dns_nxdomain_ttl
  dns_zone_check_period idle_transaction_timeout ignore_startup_parameters job_name listen_addr listen_backlog
  listen_port log_connections log_disconnections log_pooler_errors log_stats logfile max_client_conn
  max_db_connections max_packet_size max_user_connections min_pool_size pidfile pkt_buf pool_mode query_timeout
  query_wait_timeout reserve_pool_size reserve_pool_timeout resolv_conf sbuf_loopcnt server_check_delay
  server_check_query server_connect_timeout server_fast_close server_idle_timeout server_lifetime
  server_login_retry server_reset_query server_reset_query_always server_round_robin server_tls_ca_file
  server_tls_cert_file server_tls_ciphers server_tls_key_file server_tls_protocols server_tls_sslmode
  so_reuseport stats_period stats_users suspend_timeout syslog syslog_facility syslog_ident tcp_defer_accept
  tcp_keepalive tcp_keepcnt tcp_keepidle tcp_keepintvl tcp_socket_buffer tcp_user_timeout unix_socket_dir
  unix_socket_group unix_socket_mode user verbose`.split(/\s+/);

test('renderPgbouncer() makes a comment of every name that PgBouncer 1.18 does not know', () => {
  const strange = [...GLOBAL_NAMES].filter(
    ([name, ours]) => !KNOWN_TO_1_18.includes(name) && !NEWER.has(ours),
  );
  expect(strange).toEqual([]);
});
