// THE error table: every way in which pgsidecar says no, with its SQLSTATE, its exit code and its sentence.

import { type Origin, printOrigin } from './origin.ts';

export interface ErrorRow {
  /** Five characters from PostgreSQL's appendix A; what a client sees. */
  readonly sqlstate: string;
  /** What the process exits with when this ends it (sysexits.h: 78 configuration, 69 unavailable, 77 permission). */
  readonly exit: number;
  /** What failed, with what value, and what to do. `{name}` is filled from the details. */
  readonly sentence: string;
}

export const ERRORS = {
  // Settings
  setting_invalid: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot use {setting} "{value}" at {origin}: expected {expected}',
  },
  setting_unknown: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Unknown setting "{setting}" at {origin}: {advice}',
  },
  setting_contradiction: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot use {setting} "{value}" at {origin}: {contradiction}',
  },
  setting_weak: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{setting} is "{value}" at {origin}: {danger}',
  },
  config_missing: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot find {path}: {advice}' },
  config_unreadable: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin}: {reason}' },
  config_empty: { sqlstate: 'F0000', exit: 78, sentence: 'There is no database to serve: {advice}' },
  source_conflict: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Database "{database}" at {origin} is left out: {reason}',
  },
  database_unusable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot serve database "{database}" at {origin}: {reason}',
  },
  database_password_missing: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Database "{database}" at {origin} has no password: its server must let "{user}" in without one',
  },
  user_unusable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot let in user "{user}" at {origin}: {reason}',
  },
  secret_unreadable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot read the password of {owner} at {origin}: {reason}',
  },
  command_failed: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot run {command}: {reason}' },
  // Files of the application
  yaml_syntax: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin} as YAML: {reason}' },
  yaml_limit: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin} as YAML: {reason}' },
  yaml_duplicate_key: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot read {origin} as YAML: "{key}" is already set at line {line}; keep one of the two',
  },
  yaml_second_document: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'A second YAML document begins at {origin}: only the first one is read, as the application does',
  },
  yaml_merge_order: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'The merge key << at {origin} replaces "{key}" of line {line} with that of line {from}, as in Ruby: put << first to keep your own',
  },
  setting_reread: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      '{setting} at {origin} is not in quotes, so YAML makes {reading} of it and the application gets other characters than are written: put it in quotes',
  },
  erb_refused: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Cannot read the expression at {origin}: only <%= ENV["NAME"] %>, ENV.fetch("NAME") and ENV.fetch("NAME", "default") are read, and nothing is ever executed',
  },
  erb_unclosed: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin}: <% is never closed by %>' },
  erb_lines: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot fill {setting} at {origin}: the environment variable {variable} holds several lines',
  },
  variable_unset: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot fill {setting} at {origin}: the environment variable {variable} is not set',
  },
  conninfo_invalid: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {conninfo} at {origin}: {reason}' },
  conninfo_word_unknown: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Passed over "{keyword}" at {origin}: it is no connection parameter of libpq',
  },
  keyword_not_followed: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{keyword} at {origin} is not followed: connections of pgsidecar to the server go without it',
  },
  agent_socket: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      "The host at {origin} is pgsidecar's own socket, and is passed over: the agent needs the address of the server",
  },
  not_postgres: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Passed over {what} at {origin}: {adapter} is not PostgreSQL',
  },
  environment_missing: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{origin} has no section for the environment "{environment}": it has {sections}',
  },
  contradiction: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{setting} at {origin} contradicts {winner} and is passed over',
  },
  dotenv_cut: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{setting} at {origin} is cut at its #: put the value in quotes if the # belongs to it',
  },
  dotenv_command: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Cannot use {setting} at {origin}: it holds $( ), and no command is ever executed; write \\$( or use single quotes for a text',
  },
  dotenv_unset: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      '{setting} at {origin} names the variable {variable}, which is not set, so nothing stands in its place; use single quotes for a $ that belongs to the value',
  },
  dotenv_limit: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin}: {reason}' },
  service_missing: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot find the service "{service}" of {origin}: it is in none of {files}',
  },
  service_syntax: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot read {origin} as a service file: {reason}',
  },
  // A client
  password_wrong: {
    sqlstate: '28P01',
    exit: 77,
    sentence: 'password authentication failed for user "{user}"',
  },
  database_unknown: {
    sqlstate: '3D000',
    exit: 69,
    sentence: 'database "{database}" is not served by pgsidecar: it serves {served}',
  },
  database_refused: {
    sqlstate: '42501',
    exit: 77,
    sentence: 'permission denied for database "{database}": user "{user}" may use {allowed}',
  },
  protocol_violation: { sqlstate: '08P01', exit: 70, sentence: 'protocol violation: {reason}' },
  // Proofs of identity
  peer_refused: { sqlstate: '28000', exit: 77, sentence: 'peer authentication failed for user "{user}"' },
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
    sentence: 'no pg_hba.conf entry for host "{host}", user "{user}", database "{database}", {encryption}',
  },
  hba_rejected: {
    sqlstate: '28000',
    exit: 77,
    sentence:
      'pg_hba.conf rejects connection for host "{host}", user "{user}", database "{database}", {encryption}',
  },
  userlist_unreadable: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot use a user at {origin}: {reason}' },
  // The machine beneath
  libc_unusable: { sqlstate: 'F0000', exit: 70, sentence: 'Cannot open the C library: {reason}' },
  socket_in_use: {
    sqlstate: 'F0000',
    exit: 69,
    sentence:
      'Cannot listen on {path}: another process does already; stop that one, or set another unix_socket_dir or listen_port',
  },
  socket_unusable: { sqlstate: 'F0000', exit: 69, sentence: 'Cannot listen on {path}: {reason}' },
  inherited_sockets_unusable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot use the sockets that systemd passed in {variable}="{value}": {reason}',
  },
  // The command line
  command_unknown: { sqlstate: '42601', exit: 64, sentence: 'Unknown command "{command}": {hint}' },
  flag_unknown: { sqlstate: '42601', exit: 64, sentence: 'Unknown flag {flag}: {hint}' },
  flag_value_missing: { sqlstate: '42601', exit: 64, sentence: '{flag} needs a value: {flag} {value}' },
  flag_value_unwanted: {
    sqlstate: '42601',
    exit: 64,
    sentence: '{flag} takes no value, but was given "{value}"',
  },
  flag_value_invalid: {
    sqlstate: '42601',
    exit: 64,
    sentence: 'Cannot use {flag} "{value}": expected {expected}',
  },
  argument_missing: { sqlstate: '42601', exit: 64, sentence: 'pgsidecar {command} needs {argument}: {hint}' },
  argument_unexpected: {
    sqlstate: '42601',
    exit: 64,
    sentence: 'pgsidecar {command} does not know what to do with "{argument}": {hint}',
  },
  // A running agent, asked through its control socket
  control_unreachable: {
    sqlstate: '08001',
    exit: 69,
    sentence: 'Cannot reach the agent at {path}: {reason}',
  },
  control_denied: {
    sqlstate: '42501',
    exit: 77,
    sentence: "Cannot open {path}: permission denied; run as the agent's user, or as root",
  },
  control_refused: {
    sqlstate: '58000',
    exit: 1,
    sentence: 'The agent at {path} answered {status}: {reason}',
  },
  control_timed_out: { sqlstate: '57014', exit: 75, sentence: '{what} within {time}: {reason}' },
  // What render writes
  file_foreign: {
    sqlstate: '58P01',
    exit: 73,
    sentence:
      'Cannot replace {path}: pgsidecar did not write it; move it away, choose another --out, or say --force',
  },
  file_symlink: {
    sqlstate: '58P01',
    exit: 73,
    sentence: 'Cannot write {path}: it is a symbolic link to {target}; remove it or choose another --out',
  },
  file_unwritable: { sqlstate: '58P01', exit: 73, sentence: 'Cannot write {path}: {reason}' },
  value_unrenderable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot write {what} of {name} to {file}: {reason}',
  },
  url_impossible: {
    sqlstate: '22023',
    exit: 78,
    sentence: 'Cannot make a URL of {database} for {library}: {reason}',
  },
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
    sqlstate: '28000',
    exit: 78,
    sentence: 'the server asks for a password of "{user}", and none is configured',
  },
  server_password_is_verifier: {
    sqlstate: '28000',
    exit: 78,
    sentence:
      'the configured secret of "{user}" is a SCRAM verifier, which can check a password but not give one: set the password under databases',
  },
  server_password_wrong: {
    sqlstate: '28P01',
    exit: 69,
    sentence: 'the server refused our login: {message}',
  },
  server_auth_rejected: {
    sqlstate: '28000',
    exit: 69,
    sentence: 'the server refused our login: {message}',
  },
  server_database_missing: {
    sqlstate: '3D000',
    exit: 69,
    sentence: 'the server refused our login: {message}',
  },
  server_login_failed: {
    sqlstate: '08004',
    exit: 69,
    sentence: 'the server refused our login: {message} (SQLSTATE {sqlstate})',
  },
  server_lost: {
    sqlstate: '08006',
    exit: 69,
    sentence: 'the connection to the server was lost: {reason}',
  },
  // A pool
  query_wait_timeout: {
    sqlstate: '08006',
    exit: 75,
    sentence: 'no server connection became free within query_wait_timeout ({seconds} s): {state}',
  },
  pool_removed: {
    sqlstate: '57P01',
    exit: 69,
    sentence: 'database "{database}" is no longer served: it was removed from the configuration',
  },
  login_unusable: {
    sqlstate: '28000',
    exit: 78,
    sentence: 'user "{user}" may not be used to log in to the server of "{database}": {reason}',
  },
  // A client's session
  client_limit: {
    sqlstate: '53300',
    exit: 75,
    sentence: 'no more connections allowed ({limit} = {value})',
  },
  client_login_timeout: {
    sqlstate: '08P01',
    exit: 77,
    sentence: 'the login was not finished within client_login_timeout',
  },
  client_tls_required: {
    sqlstate: '28000',
    exit: 77,
    sentence: 'this listener takes TLS connections only (client_tls_sslmode = {sslmode})',
  },
  replication_refused: {
    sqlstate: '0A000',
    exit: 69,
    sentence: 'replication connections are not pooled: connect to the server directly',
  },
  agent_stopping: {
    sqlstate: '57P01',
    exit: 69,
    sentence: 'pgsidecar is stopping: it takes no new connections',
  },
  agent_shutdown: {
    sqlstate: '57P01',
    exit: 69,
    sentence: 'terminating connection because pgsidecar is stopping',
  },
  statement_mode: {
    sqlstate: '0A000',
    exit: 69,
    sentence: 'transaction blocks are not allowed in statement pooling mode',
  },
  query_timeout: {
    sqlstate: '57014',
    exit: 75,
    sentence: 'the query ran for longer than query_timeout ({seconds} s)',
  },
  transaction_timeout: {
    sqlstate: '25P04',
    exit: 75,
    sentence: 'the transaction took longer than transaction_timeout ({seconds} s)',
  },
  idle_transaction_timeout: {
    sqlstate: '25P03',
    exit: 75,
    sentence: 'idle in a transaction for longer than idle_transaction_timeout ({seconds} s)',
  },
  client_idle_timeout: {
    sqlstate: '57P05',
    exit: 75,
    sentence: 'idle for longer than client_idle_timeout ({seconds} s)',
  },
  query_canceled: { sqlstate: '57014', exit: 69, sentence: 'canceling statement due to user request' },
  message_too_long: {
    sqlstate: '54000',
    exit: 69,
    sentence:
      'a message of {bytes} bytes is longer than max_message_held ({max}), and its name has to be read',
  },
  startup_parameter: {
    sqlstate: '22023',
    exit: 69,
    sentence: 'cannot set the parameters of the startup packet: {reason}',
  },
  internal_error: {
    sqlstate: 'XX000',
    exit: 70,
    sentence: 'an internal error closed this session: {reason}',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorDetails = Readonly<Record<string, string | number | undefined>>;

/** An operating error: expected to happen in the field, told to whoever can mend it. Never a programmer's mistake. */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly origin: Origin | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}, origin?: Origin) {
    super(sentenceOf(code, details, origin));
    this.name = 'AgentError';
    this.code = code;
    this.details = details;
    this.origin = origin;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}

/** The row's sentence with its blanks filled; `{origin}` is the origin as printed. */
export function sentenceOf(code: ErrorCode, details: ErrorDetails = {}, origin?: Origin): string {
  return ERRORS[code].sentence.replace(/\{(\w+)\}/g, (whole, name: string) => {
    if (name === 'origin' && origin !== undefined) return printOrigin(origin);
    const value = details[name];
    return value === undefined ? whole : String(value);
  });
}

/** One complaint about the configuration; a load collects all of them before it says no. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly origin: Origin | undefined;
}

export function problem(
  severity: Problem['severity'],
  code: ErrorCode,
  details: ErrorDetails,
  origin?: Origin,
): Problem {
  return { severity, code, sentence: sentenceOf(code, details, origin), origin };
}
