// The reference of the console, from its tables: docs/reference/console.md.

import { COMMANDS } from './commands.ts';
import { PGBOUNCER_VERSION } from './show/agent.ts';
import type { Show } from './show/row.ts';
import { SHOWS } from './shows.ts';

export function consolePage(): string {
  return `${[
    '# The console',
    '',
    '<!-- Generated from agent/admin/ by scripts/generate.ts: change it there. -->',
    '',
    ...INTRODUCTION,
    '',
    '## Commands',
    '',
    '| command | what it does |',
    '|---|---|',
    ...COMMANDS.map(
      ({ name, usage, doc }) =>
        `| \`${`${name.toUpperCase()} ${usage}`.trim().replaceAll('|', '\\|')}\` | ${doc} |`,
    ),
    '| `SET key = value`, `SET key TO value` | Sets one setting, as a reload would: the whole configuration has to be sound with it, or nothing changes. It holds whatever the files say, also after RELOAD (PgBouncer forgets it there), until `SET key TO DEFAULT` or the end of the agent; `pgsidecar status` warns of it. The files are not read for it. What the agent runs, reads, writes or is (`changeable` `no` in SHOW CONFIG) only the file says. |',
    '| `SHOW HELP` | Says all this in a NOTICE. |',
    '',
    '## SHOW',
    ...SHOWS.flatMap(showLines),
    '',
    ...DIFFERENCES,
  ].join('\n')}\n`;
}

const INTRODUCTION = [
  'Every listener has a database more, `pgbouncer`, which is no database: it is the console, with the commands, the columns and the words of',
  `PgBouncer ${PGBOUNCER_VERSION}, so that scripts, dashboards and exporters need not know the difference.`,
  '',
  '```sh',
  'psql -h /run/pgsidecar -U pgbouncer pgbouncer -c "SHOW POOLS"',
  '```',
  '',
  '**Who may.** Users in `admin_users` may do everything, users in `stats_users` may SHOW everything but FDS; they prove themselves as for any',
  'other database. With `auth_type` `any` everybody may SHOW. On the UNIX socket, the system user that the agent runs as comes in as `pgbouncer` without a password, as an admin.',
  'The files (`users` and `auth_file`) have to know them: nobody asks a server about them by `auth_query`, so that who makes roles there makes no admins.',
  'What somebody may is looked at for every command. Anybody else is told `not allowed`.',
  '',
  '**When the agent is full.** Clients of the console do not count in `max_client_conn`; there may be `max_console_connections` of them.',
  'Users in `stats_users` have three quarters of these places; where all are taken and an admin comes, the one of them who has asked nothing for longest is told so and closed.',
  '',
  '**Protocol.** The simple query protocol, with several commands in one query, and (unlike PgBouncer) the extended one: named statements and portals, portions of rows, results in binary.',
  'Comments and an empty query are understood. A client may have 100 prepared statements and 100 portals; a message may have 64 kB.',
  'Nothing more is made for a client that does not read while more than 512 kB wait for it. A command that is none is in the log with its first word and its length only.',
  '',
  '**Under many clients.** An answer is made in slices of 2 ms, between which everybody else has a turn: [what that comes to](console_performance.md).',
];

const DIFFERENCES = [
  '## Where it differs from PgBouncer',
  '',
  '| | PgBouncer | here |',
  '|---|---|---|',
  '| extended protocol | `extended query protocol not supported by admin console` | understood |',
  '| comments, several commands, an empty query | `invalid command` | understood |',
  '| SQLSTATE of an error | 08P01 | what it is: 42501 `admin access needed`, 42601 `invalid command`, 3D000 `no such database`, … |',
  '| SET | lost at RELOAD; a wrong value is `SET failed` | survives RELOAD; the error goes on and says why |',
  '| SET of what needs a restart there | shown as changed, without effect | takes effect |',
  '| SET of a path, of `user`, and of what names or runs programs | taken, or without effect | `SET failed`: an admin of the console is not for that the system user of the agent |',
  '| `SET application_name` | `SET failed` | passed over with a NOTICE, as the other settings that drivers set when they connect |',
  '| `auth_query` for a user of the console | with `auth_dbname` | never |',
  '| RELOAD with a mistake in a file | takes what it can use | changes nothing, and says what is wrong |',
  '| RESUME while another console waits in PAUSE | that one waits for ever | that one is answered |',
  '| SHOW FDS | passwords, SCRAM keys, cancel keys, and the descriptors themselves | none of these |',
  '| `id` in SHOW CLIENTS | counts up | the process id that the client was told, which the log has as `client_pid` |',
  '| SHOW USERS `pool_size` | padded with blanks | not padded |',
];

function showLines({ name, doc, columns, isForAdmins }: Show): string[] {
  return [
    '',
    `### SHOW ${name.toUpperCase()}`,
    '',
    `${doc}${isForAdmins === true ? ' Only for admins.' : ''}`,
    '',
    '| column | type | what it says |',
    '|---|---|---|',
    ...columns.map((column) => `| \`${column.name}\` | ${column.type} | ${column.doc} |`),
  ];
}
