// The keys under `databases.NAME` and `users.NAME` of pgsidecar.yml: those of the settings table, and these besides.

import { SETTING_NAMES, SETTINGS } from '../table.ts';
import type { KeyRow, SettingRow } from './row.ts';

const DATABASE_ROWS = {
  from: {
    type: 'string',
    doc: "The database of the application's own configuration that is served under this name, by the name it has there (`primary`, `read_replica`, `worker_jobs`, …). What is written beside it wins over what the application says.",
  },
  url: {
    type: 'string',
    secret: true,
    doc: 'The whole connection as libpq would take it: `postgres://user@host/dbname?sslmode=verify-full` or `host=… dbname=…`. Keys beside it win over its parts.',
  },
  host: {
    type: 'string',
    doc: 'Host name, address, or where a UNIX socket is: its directory, or `@name` in the abstract namespace. Several are separated by commas: `load_balance_hosts` says in which order they are tried.',
  },
  port: {
    type: 'string',
    doc: 'Port: one for all hosts, or one for each, separated by commas. 5432 when it is not set.',
  },
  dbname: {
    type: 'string',
    doc: "The database's name on the server, when it is not the name that clients use.",
  },
  user: {
    type: 'string',
    doc: 'The role that the agent logs in with. `*`: the database has none of its own, and every client logs in as himself.',
  },
  password: {
    type: 'string',
    secret: true,
    doc: 'Its password. Better kept out of this file: see the next two.',
  },
  password_file: {
    type: 'path',
    doc: 'A file that holds the password and nothing else; a newline at its end is no part of it. Read again when it changes. It may be one of the credentials of systemd: [Passwords](../concepts/configuration.md#passwords).',
  },
  password_command: {
    type: 'string',
    doc: 'A program that prints the password, with its arguments (quotes group words; no shell). Run at each load.',
  },
  secret_id: { type: 'string', doc: 'The password is what `secrets_command` prints for this id.' },
  password_next: {
    type: 'string',
    secret: true,
    doc: 'A second password, while the first is rotated: clients come in by either, and the server is shown the one that it takes. See [Two passwords](../concepts/authentication.md#two-passwords).',
  },
  password_file_next: { type: 'path', doc: 'A file that holds `password_next`, as `password_file` does.' },
  password_command_next: {
    type: 'string',
    doc: 'A program that prints `password_next`, as `password_command` does.',
  },
  secret_id_next: { type: 'string', doc: '`password_next` is what `secrets_command` prints for this id.' },
  role: {
    type: 'enum',
    values: ['writer', 'replica'],
    doc: 'What the application uses it for; `writer` unless the application says that it is a replica.',
  },
  force_user: {
    type: 'boolean',
    doc: "Every client of this database works as its `user`, whoever it logged in as (PgBouncer's `user=`).",
  },
  admit_user: {
    type: 'boolean',
    doc: "Whether clients may log in to the agent as its `user`, with the password that is written here; yes unless it is written otherwise. `no`: both are for the server alone, as PgBouncer's `user=` and `password=` are.",
  },
  reserve_pool: {
    type: 'integer',
    min: 0,
    max: 10_000,
    doc: "PgBouncer's older name of `reserve_pool_size`, which wins where both are written.",
  },
  connect_query: {
    type: 'string',
    doc: 'SQL that is run once on each new server connection, before any client gets it. When it fails the connection is closed, and the reason is told and logged, as for a login that fails. Not run again after `server_reset_query`, which undoes what it has SET: what can be said under `parameters` belongs there. PgBouncer logs a failure and lends the connection all the same.',
  },
  connect_timeout: {
    type: 'integer',
    min: -1,
    max: 86_400,
    doc: 'Seconds for each host, as libpq counts them, in place of `server_connect_timeout`. 0 and -1: that one.',
  },
} as const satisfies Record<string, KeyRow>;

const USER_ROWS = {
  password: {
    type: 'string',
    secret: true,
    doc: 'What the client must prove that it knows: a password, `md5…`, or a SCRAM verifier (`SCRAM-SHA-256$…`), which lets the agent check a password that it does not have.',
  },
  password_file: { type: 'path', doc: 'A file that holds it and nothing else. Read again when it changes.' },
  password_command: {
    type: 'string',
    doc: 'A program that prints it, with its arguments (quotes group words; no shell).',
  },
  password_next: {
    type: 'string',
    secret: true,
    doc: 'A second secret, while the first is rotated: whoever proves either comes in, and either logs in to the server. Two SCRAM verifiers need the same salt and iterations. See [Two passwords](../concepts/authentication.md#two-passwords).',
  },
  password_file_next: { type: 'path', doc: 'A file that holds `password_next`, as `password_file` does.' },
  password_command_next: {
    type: 'string',
    doc: 'A program that prints `password_next`, as `password_command` does.',
  },
  valid_until: {
    type: 'string',
    doc: "Until when its password lets in, as PostgreSQL's VALID UNTIL: `2027-01-31` (its beginning, UTC) or `2027-01-31 12:00:00+00`. Clients that are in stay. Not set or `infinity`: for ever. `peer`, `cert` and `trust` ask for no password, and do not look at it.",
  },
  databases: {
    type: 'list',
    doc: 'The databases that this user may ask for, by the names that clients use; `*` is every one. When it is not set: the databases whose `user` it is, or every one for a user that no database names.',
  },
} as const satisfies Record<string, KeyRow>;

/** The keys under `peers.NUMBER`. */
export const PEER_KEYS: Readonly<Record<string, KeyRow>> = Object.freeze({
  host: {
    type: 'string',
    doc: 'Host name or address of the peer, or the directory of its UNIX socket.',
  },
  port: { type: 'integer', min: 1, max: 65_535, doc: 'Its port. 6432 when it is not set.' },
  pool_size: {
    type: 'integer',
    min: 1,
    max: 10_000,
    doc: 'Connections that carry cancel requests to it, at one time. 20 when it is not set.',
  },
} as const satisfies Record<string, KeyRow>);

/** Key → its row; the rows of the settings table under their per-database names among them. */
export const DATABASE_KEYS: Readonly<Record<string, KeyRow>> = Object.freeze({
  ...DATABASE_ROWS,
  ...overrides('perDatabase'),
});

export const USER_KEYS: Readonly<Record<string, KeyRow>> = Object.freeze({
  ...USER_ROWS,
  ...overrides('perUser'),
});

function overrides(which: 'perDatabase' | 'perUser'): Record<string, SettingRow> {
  const rows: Record<string, SettingRow> = {};
  for (const name of SETTING_NAMES) {
    const row: SettingRow = SETTINGS[name];
    const key = row[which];
    if (key !== undefined) rows[key] = row;
  }
  return rows;
}
