// THE error table, the rows of the process: the machine, the command line, the control socket, what render writes.

import type { ErrorRow } from './row.ts';

export const PROCESS_ERRORS = {
  // The machine beneath
  libc_unusable: { sqlstate: 'F0000', exit: 70, sentence: 'Cannot open the C library: {reason}' },
  socket_in_use: {
    sqlstate: 'F0000',
    exit: 69,
    sentence:
      'Cannot listen on {path}: another process does already, perhaps the packaged service (systemctl status pgsidecar); stop that one, or set another unix_socket_dir or listen_port',
  },
  socket_unusable: { sqlstate: 'F0000', exit: 69, sentence: 'Cannot listen on {path}: {reason}' },
  socket_group_unknown: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Cannot use unix_socket_group "{value}" at {origin}: this machine has no such group; create it, or name another',
  },
  descriptors_few: {
    sqlstate: '53300',
    exit: 75,
    sentence:
      'max_client_conn {max_client_conn} and the servers of all pools want {wanted} open files, and pgsidecar may have {limit} (RLIMIT_NOFILE): clients beyond that are refused; raise LimitNOFILE= of its unit, or lower max_client_conn',
  },
  inherited_sockets_unusable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot use the sockets that systemd passed in {variable}="{value}": {reason}',
  },
  pidfile_in_use: {
    sqlstate: 'F0000',
    exit: 69,
    sentence: 'pidfile exists: {path} names process {pid}, which is alive; stop that one, or remove the file',
  },
  pidfile_missing: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'daemon needs pidfile configured: write `pidfile =` into the file',
  },
  run_as_root: {
    sqlstate: 'F0000',
    exit: 77,
    sentence:
      'pgsidecar should not run as root here, as PgBouncer should not: say -u USER, or `user =` in the file',
  },
  user_switch: {
    sqlstate: 'F0000',
    exit: 77,
    sentence: 'Cannot become user "{user}": {reason}',
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
  control_other: {
    sqlstate: '08001',
    exit: 69,
    sentence:
      'The agent at {path} was started with {other}, and not with {config}: --control-socket PATH names another agent{hint}',
  },
  control_timed_out: { sqlstate: '57014', exit: 75, sentence: '{what} within {time}: {reason}' },
  // A verb that cannot be done, in PgBouncer's words
  no_such_database: { sqlstate: '3D000', exit: 69, sentence: 'no such database: {database}' },
  console_database: { sqlstate: '0A000', exit: 69, sentence: 'cannot {verb} admin db: {database}' },
  already_paused: { sqlstate: '55000', exit: 69, sentence: 'already suspended/paused' },
  shutting_down: { sqlstate: '55000', exit: 69, sentence: 'pooler is shutting down' },
  not_paused: { sqlstate: '55000', exit: 69, sentence: 'pooler is not paused/suspended' },
  database_not_paused: { sqlstate: '55000', exit: 69, sentence: 'database {database} is not paused' },
  client_not_found: { sqlstate: '42704', exit: 69, sentence: 'client not found' },
  tcp_option_refused: {
    sqlstate: '58000',
    exit: 69,
    sentence:
      'The kernel refused an option of a TCP connection ({reason}); the connection is used without it: set tcp_user_timeout, tcp_keepcnt and tcp_keepintvl to 0 where the kernel does not have them',
  },
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
  file_stranger: {
    sqlstate: '58P01',
    exit: 73,
    sentence:
      'Cannot write secrets to {path}: user {uid} owns it, and others may write into its directory; remove it, or choose another --out',
  },
  file_stray_link: {
    sqlstate: '58P01',
    exit: 73,
    sentence:
      'Cannot go to {path}: "{name}" on the way is a symbolic link to {target} that user {uid} made or may have moved; name the path that it leads to',
  },
  file_unwritable: { sqlstate: '58P01', exit: 73, sentence: 'Cannot write {path}: {reason}' },
  // What eject writes
  eject_refused: {
    sqlstate: '22023',
    exit: 78,
    sentence: 'Cannot point {path} back at the server: {reason}; nothing was changed',
  },
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
} as const satisfies Record<string, ErrorRow>;
