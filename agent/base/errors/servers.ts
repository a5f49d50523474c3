// THE error table, the rows of servers and of pools.

import type { ErrorRow } from './row.ts';

export const SERVER_ERRORS = {
  // A server
  server_unreachable: {
    sqlstate: '08001',
    exit: 69,
    sentence: 'cannot connect to the server: {reason}',
  },
  server_timeout: {
    sqlstate: '08001',
    exit: 69,
    sentence: 'the server did not finish the {what} within server_connect_timeout',
  },
  server_closed: {
    sqlstate: '08006',
    exit: 69,
    sentence: 'the server closed the connection: {reason}',
  },
  server_protocol: {
    sqlstate: '08P01',
    exit: 70,
    sentence: 'the server does not speak the PostgreSQL protocol as it should: {reason}',
  },
  server_tls_refused: {
    sqlstate: '08001',
    exit: 69,
    sentence: 'the server {host}:{port} does not offer TLS, and sslmode is {sslmode}: set ssl = on there',
  },
  server_tls_failed: {
    sqlstate: '08001',
    exit: 69,
    sentence: 'TLS with the server {host}:{port} failed: {reason}',
  },
  server_direct_tls_failed: {
    sqlstate: '08001',
    exit: 69,
    sentence:
      'the server {host}:{port} does not take TLS from the first byte on ({reason}): sslnegotiation=direct needs PostgreSQL 17 or newer there; set it to postgres',
  },
  server_certificate_refused: {
    sqlstate: '08001',
    exit: 69,
    sentence: 'cannot trust the server {host}:{port}: {reason}',
  },
  server_auth_refused: {
    sqlstate: '28000',
    exit: 69,
    sentence: 'pgsidecar does not log in to the server: {reason}',
  },
  server_password_missing: {
    sqlstate: '28P01',
    exit: 78,
    sentence:
      'password authentication failed for user "{user}": the server asks for its password, and none is configured',
  },
  server_password_is_verifier: {
    sqlstate: '28000',
    exit: 78,
    sentence:
      'the secret of "{user}" is a SCRAM verifier: it logs in where the server asks by SCRAM, with the key of a client that has proved its password here; otherwise write the password under databases',
  },
  server_password_is_md5: {
    sqlstate: '28000',
    exit: 78,
    sentence:
      'server login failed: wrong password type: the secret of "{user}" is an md5 hash, and the server asks for SCRAM: write the password or the SCRAM verifier',
  },
  server_password_wrong: {
    sqlstate: '28P01',
    exit: 69,
    sentence: '{message} (the server refused our login)',
  },
  server_auth_rejected: {
    sqlstate: '28000',
    exit: 69,
    sentence: '{message} (the server refused our login)',
  },
  server_database_missing: {
    sqlstate: '3D000',
    exit: 69,
    sentence: '{message} (the server refused our login)',
  },
  server_login_failed: {
    sqlstate: '08004',
    exit: 69,
    sentence: '{message} (the server refused our login; SQLSTATE {sqlstate})',
  },
  server_full: {
    sqlstate: '53300',
    exit: 75,
    sentence: '{message} (the server refused our login)',
  },
  server_starting: {
    sqlstate: '57P03',
    exit: 75,
    sentence: '{message} (the server refused our login)',
  },
  connect_query_failed: {
    sqlstate: '08004',
    exit: 69,
    sentence:
      'the connect_query of the database failed: {message} (SQLSTATE {sqlstate}); no client gets a connection on which it has not run',
  },
  server_lost: {
    sqlstate: '08006',
    exit: 69,
    sentence: 'server conn crashed? The connection to the server was lost: {reason}',
  },
  // The connection that listens for all clients of a database
  listen_refused: {
    sqlstate: '55000',
    exit: 75,
    sentence: 'the server refused LISTEN: {message} (SQLSTATE {sqlstate})',
  },
  listen_channel_unusable: {
    sqlstate: '0A000',
    exit: 75,
    sentence:
      'cannot listen to channel "{channel}" with client_encoding {encoding}: use ASCII characters, or another encoding',
  },
  listen_channels_full: {
    sqlstate: '53400',
    exit: 75,
    sentence:
      'no more channels allowed ({setting} is {max}): cannot listen to "{channel}"; UNLISTEN others, or set it higher',
  },
  listen_place_missing: {
    sqlstate: '53300',
    exit: 75,
    sentence:
      'LISTEN needs a server connection of its own, and {setting} is {max}: no client would get a server any more; set it to {needed} or higher',
  },
  followed_settings_full: {
    sqlstate: '53400',
    exit: 75,
    sentence:
      'no more settings allowed: a session may have {max} of them, of {bytesMax} bytes together, and this one has {count} of {bytes}; set fewer, or use pool_mode session',
  },
  listen_buffer_full: {
    sqlstate: '53400',
    exit: 75,
    sentence:
      'the client does not read its notifications: {bytes} bytes of them wait, listen_buffer is {max}; it is disconnected',
  },
  listen_late: {
    sqlstate: '08006',
    exit: 75,
    sentence:
      'query_wait_timeout: the server connection that listens for all clients did not answer within {seconds} s: {state}',
  },
  // A pool
  query_wait_timeout: {
    sqlstate: '08006',
    exit: 75,
    sentence: 'query_wait_timeout: no server connection became free within {seconds} s: {state}',
  },
  pool_removed: {
    sqlstate: '57P01',
    exit: 69,
    sentence: 'database removed: "{database}" is no longer in the configuration',
  },
  pool_withdrawn: {
    sqlstate: '57P01',
    exit: 69,
    sentence: 'database configuration changed: "{database}" has another forced user now; connect again',
  },
  login_unusable: {
    sqlstate: '28000',
    exit: 78,
    sentence: 'user "{user}" may not be used to log in to the server of "{database}": {reason}',
  },
} as const satisfies Record<string, ErrorRow>;
