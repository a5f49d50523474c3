// THE error table, the rows of clients: logins, proofs of identity, sessions.

import type { ErrorRow } from './row.ts';

export const CLIENT_ERRORS = {
  // A client
  password_wrong: {
    sqlstate: '28P01',
    exit: 77,
    sentence: 'password authentication failed for user "{user}"',
  },
  database_unknown: {
    sqlstate: '3D000',
    exit: 69,
    sentence: 'no such database: {database} (pgsidecar serves {served})',
  },
  database_refused: {
    sqlstate: '42501',
    exit: 77,
    sentence: 'permission denied for database "{database}": user "{user}" may use {allowed}',
  },
  protocol_unsupported: {
    sqlstate: '0A000',
    exit: 69,
    sentence: 'unsupported frontend protocol {version}: server supports 3.0 to 3.2',
  },
  protocol_violation: { sqlstate: '08P01', exit: 70, sentence: 'protocol violation: {reason}' },
  frontend_message_invalid: {
    sqlstate: '08P01',
    exit: 70,
    sentence: 'invalid frontend message type {type}',
  },
  // Proofs of identity
  peer_refused: {
    sqlstate: '28000',
    exit: 77,
    sentence: 'unix socket login rejected: peer authentication failed for user "{user}"',
  },
  trust_refused: {
    sqlstate: '28000',
    exit: 77,
    sentence: '"trust" authentication failed for user "{user}"',
  },
  any_needs_user: {
    sqlstate: '28000',
    exit: 77,
    sentence:
      'bouncer config error: auth_type any asks nobody who he is, and database "{database}" has no user= that all of them are',
  },
  certificate_refused: {
    sqlstate: '28000',
    exit: 77,
    sentence: 'certificate authentication failed for user "{user}"',
  },
  plain_needs_encryption: {
    sqlstate: '28000',
    exit: 77,
    sentence: 'Cannot ask user "{user}" for a password in the clear: connect by TLS or by the UNIX socket',
  },
  hba_unreadable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot use the {what} "{value}" at {origin}: expected {expected}',
  },
  hba_no_entry: {
    sqlstate: '28000',
    exit: 77,
    sentence:
      'login rejected: no pg_hba.conf entry for host "{host}", user "{user}", database "{database}", {encryption}',
  },
  hba_rejected: {
    sqlstate: '28000',
    exit: 77,
    sentence:
      'login rejected: pg_hba.conf rejects connection for host "{host}", user "{user}", database "{database}", {encryption}',
  },
  userlist_two_secrets: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'user "{user}" has a second secret at {origin}, besides the one in line {line}: both let in until one line is gone',
  },
  userlist_unreadable: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot use a user at {origin}: {reason}' },
  // auth_query: the client is told the first, the log what it is about
  auth_query_failed: {
    sqlstate: '57P03',
    exit: 75,
    sentence: 'cannot find out who user "{user}" is just now',
  },
  auth_query_refused: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'the server refused auth_query: {message} (SQLSTATE {sqlstate})',
  },
  auth_query_unusable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'the answer of auth_query cannot be used: {reason}',
  },
  auth_query_timeout: {
    sqlstate: '57P03',
    exit: 75,
    sentence: 'auth_query was not answered within auth_query_timeout ({seconds} s)',
  },
  not_configured: {
    sqlstate: '57P03',
    exit: 78,
    sentence: 'pgsidecar cannot serve: {reason}',
  },
  database_disabled: { sqlstate: '57P03', exit: 75, sentence: 'database "{database}" is disabled' },
  // A client's session
  client_limit: {
    sqlstate: '53300',
    exit: 75,
    sentence: '{what} ({limit}): it is {value}',
  },
  descriptors_short: {
    sqlstate: '53300',
    exit: 75,
    sentence:
      'no more connections allowed: pgsidecar may have {limit} files open (RLIMIT_NOFILE; LimitNOFILE= of its unit), and keeps the last ones for servers',
  },
  client_login_timeout: {
    sqlstate: '08P01',
    exit: 77,
    sentence: 'client_login_timeout: the login was not finished in time',
  },
  client_tls_required: {
    sqlstate: '28000',
    exit: 77,
    sentence: 'SSL required: this listener takes TLS connections only (client_tls_sslmode = {sslmode})',
  },
  replication_invalid: {
    sqlstate: '22023',
    exit: 69,
    sentence: 'invalid value for parameter "replication": "{value}"',
  },
  agent_stopping: {
    sqlstate: '57P01',
    exit: 69,
    sentence: 'pooler is shutting down: pgsidecar takes no new connections',
  },
  agent_shutdown: {
    sqlstate: '57P01',
    exit: 69,
    sentence: 'terminating connection because pgsidecar is stopping',
  },
  pqexec_disabled: {
    sqlstate: '08P01',
    exit: 69,
    sentence: 'PQexec disallowed: simple queries are refused here (disable_pqexec)',
  },
  statement_mode: {
    sqlstate: '0A000',
    exit: 69,
    sentence: 'transaction blocks not allowed in statement pooling mode',
  },
  query_timeout: {
    sqlstate: '57014',
    exit: 75,
    sentence: 'query timeout: it ran for longer than query_timeout ({seconds} s)',
  },
  transaction_timeout: {
    sqlstate: '25P04',
    exit: 75,
    sentence: 'transaction timeout: it took longer than transaction_timeout ({seconds} s)',
  },
  idle_transaction_timeout: {
    sqlstate: '25P03',
    exit: 75,
    sentence:
      'idle transaction timeout: it said nothing for longer than idle_transaction_timeout ({seconds} s)',
  },
  server_replaced: {
    sqlstate: '57P01',
    exit: 75,
    sentence:
      'terminating connection because its server connection is replaced (server_fast_close): {reason}',
  },
  client_idle_timeout: {
    sqlstate: '57P05',
    exit: 75,
    sentence: 'client_idle_timeout: it said nothing for {seconds} s',
  },
  database_killed: {
    sqlstate: '57P01',
    exit: 75,
    sentence: 'database removed: "{database}" was killed by an administrator (KILL)',
  },
  client_killed: {
    sqlstate: '57P01',
    exit: 75,
    sentence: 'admin forced disconnect: an administrator has killed this client (KILL_CLIENT)',
  },
  query_canceled: { sqlstate: '57014', exit: 69, sentence: 'canceling statement due to user request' },
  pin_forbidden: {
    sqlstate: '0A000',
    exit: 75,
    sentence:
      'not allowed here ({setting} is error): it would leave {pin} in the session, and servers are shared; use what ends with the transaction',
  },
  pin_taken_away: {
    sqlstate: '0A000',
    exit: 75,
    sentence:
      'an earlier statement has left {pin} in the session, which is not allowed here ({setting} is error): it was taken away, since servers are shared; use what ends with the transaction',
  },
  sequence_shared: {
    sqlstate: '01000',
    exit: 75,
    sentence:
      'currval() and lastval() tell what was advanced last on this server, which other clients get too (pin_sequences is warn): it may be the number of another client; INSERT … RETURNING tells its own',
  },
  pin_not_kept: {
    sqlstate: '01000',
    exit: 75,
    sentence:
      'an earlier statement has left {pin} on a server that other clients get too ({setting} is warn): they may have it, and this one may not find it again; use what ends with the transaction',
  },
  max_pinned: {
    sqlstate: '53400',
    exit: 75,
    sentence:
      'no more clients may keep their servers (max_pinned is {max}): it would leave {pin} in the session; try again when another client of {database}/{user} has given its server back',
  },
  message_too_long: {
    sqlstate: '54000',
    exit: 69,
    sentence:
      'a message of {bytes} bytes is longer than max_message_held ({max}), and its name has to be read',
  },
  prepared_statements_full: {
    sqlstate: '53200',
    exit: 69,
    sentence:
      'the prepared statements {whose} take {bytes} bytes of memory (prepared_statements_memory = {max}; one client may have half of it): close some',
  },
  startup_parameter: {
    sqlstate: '22023',
    exit: 69,
    sentence: 'invalid server parameter: cannot set those of the startup packet: {reason}',
  },
  settings_not_taken: {
    sqlstate: '22023',
    exit: 69,
    sentence: 'no server takes any more what this session has set: {reason}',
  },
  internal_error: {
    sqlstate: 'XX000',
    exit: 70,
    sentence: 'an internal error closed this session: {reason}',
  },
} as const satisfies Record<string, ErrorRow>;
