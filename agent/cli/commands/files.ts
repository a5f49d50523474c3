// Where settings come from, and configuration files made of them.

import { LIBRARIES } from '../../render/libraries.ts';
import type { Command } from '../command.ts';
import { DONE, UNUSABLE, WRONG_LINE } from './exits.ts';

export const EXPLAIN: Command = {
  name: 'explain',
  summary: "Say where a setting's value comes from",
  about: [
    'Prints the value of a setting, the file and line (or flag, or variable) that it came from, and what it won over. Without SETTING: of everything that somebody has set.',
  ],
  arguments: [
    {
      name: 'SETTING',
      required: false,
      completes: 'setting',
      summary:
        'a setting (default_pool_size), a database (databases.NAME), one of its keys, a user (users.NAME)',
    },
  ],
  flags: [],
  configured: 'settings',
  exits: [DONE, WRONG_LINE, UNUSABLE],
  examples: [{ line: 'pgsidecar explain default_pool_size', does: 'Why is it what it is?' }],
  load: async () => (await import('../explain.ts')).explain,
};

export const RENDER: Command = {
  name: 'render',
  summary: 'Write configuration files and URLs from what was loaded',
  about: [
    'native: a pgsidecar.yml that means the same, on its own. pgbouncer: pgbouncer.ini and userlist.txt for PgBouncer 1.18 or newer. env: a .env with a DATABASE_URL for each database. url: one URL a line.',
    'Without --out everything goes to standard output and secrets show as ***. With --out the files are written with their secrets, each at once (a temporary file, then a rename), only where something changed, and with mode 0600 where there are secrets. A file that pgsidecar did not write is not replaced, and no secret is written to a file of another user in a directory where others may write.',
  ],
  arguments: [],
  flags: [
    {
      name: 'format',
      value: 'FORMAT',
      values: ['native', 'pgbouncer', 'env', 'url'],
      summary: 'What to write; native when not given',
    },
    {
      name: 'out',
      value: 'DIR',
      completes: 'directory',
      summary: 'Write into this directory, which must exist',
    },
    { name: 'diff', summary: 'Show what would change in --out, and write nothing' },
    { name: 'for', value: 'LIBRARY', values: LIBRARIES, summary: 'Who reads the URLs of env and url' },
    {
      name: 'newer',
      negatable: true,
      summary:
        'For pgbouncer: use what PgBouncer 1.18 does not know; a matter of course when an ini was read',
    },
    { name: 'force', summary: 'Replace files that pgsidecar did not write' },
    { name: 'show-secrets', summary: 'Print secrets instead of ***' },
  ],
  configured: 'settings',
  exits: [
    DONE,
    { code: 1, means: 'with --diff: something would change' },
    WRONG_LINE,
    { code: 73, means: 'a file cannot be written, or is not ours to replace' },
    UNUSABLE,
  ],
  examples: [
    { line: 'pgsidecar render --format pgbouncer --out /etc/pgbouncer --diff', does: 'Look first' },
    { line: 'pgsidecar render --format env', does: 'Read it on the terminal' },
  ],
  load: async () => (await import('../render.ts')).render,
};

export const IMPORT: Command = {
  name: 'import',
  summary: 'Make a pgsidecar.yml of a pgbouncer.ini',
  about: [
    'Reads the ini, and whatever it includes and names, and prints a pgsidecar.yml that means the same: each value with the line that it came from, and above everything what does not hold here as it was written. It is not needed to start: `pgsidecar run --config pgbouncer.ini` reads the ini itself.',
    'Passwords stay in the auth_file. Those that the ini has itself show as *** without --out, unless you say --show-secrets; with --out they are written, with mode 0600.',
    'The way back is `pgsidecar render --format pgbouncer --newer`.',
  ],
  arguments: [{ name: 'FILE', required: true, completes: 'file', summary: 'the pgbouncer.ini' }],
  flags: [
    { name: 'out', value: 'FILE', completes: 'file', summary: 'Write into this file' },
    {
      name: 'keep-defaults',
      summary: "Write PgBouncer's defaults too where the ini says nothing and ours are others",
    },
    { name: 'force', summary: 'Replace a file that pgsidecar did not write' },
    { name: 'show-secrets', summary: 'Print secrets instead of ***' },
  ],
  configured: false,
  exits: [
    DONE,
    WRONG_LINE,
    { code: 73, means: 'the file cannot be written, or is not ours to replace' },
    UNUSABLE,
  ],
  examples: [
    { line: 'pgsidecar import /etc/pgbouncer/pgbouncer.ini', does: 'Read it on the terminal' },
    {
      line: 'pgsidecar import pgbouncer.ini --keep-defaults --out pgsidecar.yml',
      does: 'Then pgsidecar run, in the same folder',
    },
  ],
  load: async () => (await import('../import.ts')).importIni,
};
