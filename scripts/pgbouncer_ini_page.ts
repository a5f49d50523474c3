// Writes docs/reference/pgbouncer_ini.md from the settings table: PgBouncer's names, ours, the defaults of both, and what differs.

import { printValue } from '../agent/config/read_value.ts';
import {
  DATABASE_NAMES,
  GLOBAL_NAMES,
  NEVER,
  NOT_NEEDED,
  USER_NAMES,
} from '../agent/config/sources/pgbouncer_names.ts';
import type { SettingRow, SettingValue } from '../agent/config/table/row.ts';
import { rowOf } from '../agent/config/table.ts';

export function pgbouncerIniPage(): string {
  return `${introduction()}\n${howItIsRead()}\n${settingsTable()}\n${changedDefaults()}\n${otherNames()}`;
}

function introduction(): string {
  return `# pgbouncer.ini

<!-- Generated from agent/config/table.ts and agent/config/sources/pgbouncer_names.ts by scripts/generate.ts: change it there. -->

\`pgsidecar run --config pgbouncer.ini\` reads PgBouncer's own file, with the userlist.txt, HBA and ident files that it names. So do
\`check\`, \`explain\`, \`url\`, \`render\`, \`reload\` and whatever else takes \`--config\`. \`pgsidecar check --config pgbouncer.ini\` says what of
it does not hold as it is written; begin with that.

A file is one of PgBouncer's when its name ends in \`.ini\`, or when its name says nothing and its first line is a section, \`;\` or
\`%include\`. With an ini no file of the application is looked for; \`--source\` still names some. Flags and \`PGSIDECAR_\` variables win over
the ini, and are how pgsidecar's own settings are said beside it.
`;
}

function howItIsRead(): string {
  return `## How it is read

As PgBouncer 1.18 and 1.24 read it; each of these was looked up in a running one.

| what | how |
|---|---|
| comments | \`;\` or \`#\` at the beginning of a line, blanks before it; behind a value they are part of it |
| names | letters, digits, \`_\`, \`.\`, \`-\`, small; in double quotes anything (the manual has it, PgBouncer itself refuses it) |
| values | to the end of the line; blanks around them are cut off |
| \`%include FILE\` | relative to the folder that the agent was started in, and no more than 10 files deep; the section goes on in that file and behind it |
| lines of \`[databases]\`, \`[users]\`, \`[peers]\` | \`key=value\` with blanks between them and, if you like, around \`=\`; \`'it''s'\` in quotes, where a backslash is one; no empty values |
| what is said twice | the last one counts; of a database the last line, and nothing of the first |
| numbers | whole; \`010\` is 8 and \`0x10\` is 16 |
| times | seconds, with fractions; \`tcp_user_timeout\` milliseconds |
| yes and no | \`1\` and \`0\`; \`yes\`, \`on\`, \`true\` and their opposites too |
| without \`host\` | the UNIX socket, in \`unix_socket_dir\` of the ini, else in /tmp |
| without \`user\` | every client logs in as himself |
| named in \`[users]\` | is a user, as in 1.18: where no proof is asked for (\`trust\`) he is let in; where one is, he needs a password elsewhere |
| \`unix_socket_dir = @name\` | is refused: the abstract namespace has no permissions that could keep anybody out. \`host=@name\` of a server is taken |
| with \`user\` | all clients work as that one; with \`password\`, or with his line in userlist.txt. Neither lets him in to the agent |

Where PgBouncer stops at the first fault, pgsidecar tells all of them, with file and line. And what PgBouncer cannot do:

- Files that are not found from the folder of the start are looked for beside the ini.
- The ini, what it includes, userlist.txt, HBA and ident files and certificates are watched: an edit is read by itself. One that is not
  right changes nothing.
- A byte order mark is passed over. Durations and sizes may have units.

What a \`pgsidecar.yml\` could not be started with, and an ini can, is warned about at every start: TCP beyond loopback without TLS, an md5
hash under \`auth_type = scram-sha-256\`, an \`auth_file\` that is not there, a line of it that cannot be read. \`PGSIDECAR_UNSAFE_SETTINGS=refuse\` makes errors
of them.
`;
}

function settingsTable(): string {
  return `## Settings

What the ini does not say is at pgsidecar's default. Those that differ are in bold; \`check\` and \`explain\` list those that concern you with
both values, and the log names them at every start. With \`pgsidecar pgbouncer\` PgBouncer's hold, and so does its \`pool_mode\` in any case.
What each does, and where it goes further than PgBouncer's: [settings](settings.md).

| in pgbouncer.ini | here | default here | default there |
|---|---|---|---|
${[...GLOBAL_NAMES].map(([theirs, ours]) => settingLine(theirs, ours, rowOf(ours))).join('\n')}
`;
}

function changedDefaults(): string {
  return `## Whose defaults

"There" is PgBouncer 1.24. What has changed since the 1.18 of Debian 12, by PgBouncer's own release notes and by SHOW CONFIG of both; whoever comes from
an older one writes the older value into the ini where he counts on it:

| | 1.18 | 1.24 | since |
|---|---|---|---|
| \`server_tls_sslmode\` | \`disable\` | \`prefer\` | 1.20.0 |
| \`track_extra_parameters\` | was not there | \`IntervalStyle\` | 1.20.0 |
| \`client_tls_ciphers\`, \`server_tls_ciphers\` | \`fast\` | \`default\`: those of the OpenSSL of the machine | 1.21.0 |
| \`max_prepared_statements\` | was not there | \`200\` | 1.21.0 with 0, which is off; 200 since 1.24.0 |
| \`auth_query\` | asks \`pg_shadow\`, whatever VALID UNTIL says | asks \`pg_authid\`, and knows no expired password | 1.24.1 (CVE-2025-2291); Debian 12 has it in its 1.18 since 1.18.0-1+deb12u1 |

\`pgsidecar render --format pgbouncer --no-newer\` writes out whatever has a value, so that 1.18 and 1.24 come to the same.
`;
}

function otherNames(): string {
  return `## Databases and users

In \`[databases]\`: ${listed(DATABASE_NAMES.keys())}. \`client_encoding\`, \`datestyle\`, \`timezone\` and \`application_name\` are run-time parameters
of its server connections.

In \`[users]\`: ${listed(USER_NAMES)}.

In \`[peers]\`: ${listed(['host', 'port', 'pool_size'])}.

## Taken, with a note

These mean nothing here, or are someone else's to say.

| in pgbouncer.ini | what holds |
|---|---|
${Object.entries(NOT_NEEDED)
  .map(([name, instead]) => `| \`${name}\` | ${instead} |`)
  .join('\n')}

## Never were PgBouncer's

Names that stand in files in the field, and stop PgBouncer. They stop pgsidecar too, which says what was meant.

| written | what was meant |
|---|---|
${Object.entries(NEVER)
  .map(([name, meant]) => `| \`${name}\` | ${meant} |`)
  .join('\n')}
`;
}

function settingLine(theirs: string, ours: string, row: SettingRow): string {
  const print = (value: SettingValue) => `\`${printValue(row, value) || '(empty)'}\``;
  const isLong = print(row.default).length > 60;
  const differs = row.pgbouncerDefault !== undefined;
  const here = isLong && !differs ? 'the same' : print(row.default);
  const there = row.pgbouncerDefault === undefined ? here : print(row.pgbouncerDefault);
  const link = `[${ours}](settings.md#${ours})`;
  return `| \`${theirs}\` | ${link} | ${differs ? `**${here}**` : here} | ${there} |`;
}

function listed(names: Iterable<string>): string {
  return [...names].map((name) => `\`${name}\``).join(', ');
}
