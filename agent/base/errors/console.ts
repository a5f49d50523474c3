// THE error table, the rows of the console: who may ask, and what cannot be done. Each begins with PgBouncer's words.

import type { ErrorRow } from './row.ts';

export const CONSOLE_ERRORS = {
  console_not_allowed: {
    sqlstate: '28000',
    exit: 77,
    sentence: 'not allowed: user "{user}" is neither in admin_users nor in stats_users',
  },
  console_full: {
    sqlstate: '53300',
    exit: 75,
    sentence: 'no more connections allowed (max_console_connections = {value})',
  },
  console_no_replication: {
    sqlstate: '0A000',
    exit: 69,
    sentence: 'the console does not replicate: connect to it without replication',
  },
  console_full_of_stats: {
    sqlstate: '53300',
    exit: 75,
    sentence:
      'no more connections allowed (max_console_connections = {value}, of which stats users may take {places})',
  },
  console_gives_way: {
    sqlstate: '57P01',
    exit: 75,
    sentence: 'an admin needs this place at the console (max_console_connections = {value})',
  },
  console_admin_needed: { sqlstate: '42501', exit: 77, sentence: 'admin access needed' },
  console_command: { sqlstate: '42601', exit: 64, sentence: "invalid command '{text}', use SHOW HELP;" },
  console_several: {
    sqlstate: '42601',
    exit: 64,
    sentence: 'cannot insert multiple commands into a prepared statement',
  },
  console_database_needed: { sqlstate: '42601', exit: 64, sentence: 'a database is required' },
  console_client_id: { sqlstate: '22023', exit: 64, sentence: 'invalid client pointer supplied: "{id}"' },
  console_set: { sqlstate: '22023', exit: 64, sentence: 'SET failed: {reason}' },
  console_reload: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'RELOAD failed, see logs for additional details: {reason}',
  },
  console_statement_unknown: {
    sqlstate: '26000',
    exit: 64,
    sentence: 'prepared statement "{name}" does not exist',
  },
  console_statement_known: {
    sqlstate: '42P05',
    exit: 64,
    sentence: 'prepared statement "{name}" already exists',
  },
  console_portal_unknown: { sqlstate: '34000', exit: 64, sentence: 'portal "{name}" does not exist' },
  console_portal_known: { sqlstate: '42P03', exit: 64, sentence: 'cursor "{name}" already exists' },
  console_many: {
    sqlstate: '54000',
    exit: 75,
    sentence: 'the console keeps no more than {max} {what} for one client: close some',
  },
  console_bind: {
    sqlstate: '08P01',
    exit: 64,
    sentence: 'bind message supplies {given} {what}, but "{name}" has {wanted}',
  },
} as const satisfies Record<string, ErrorRow>;
