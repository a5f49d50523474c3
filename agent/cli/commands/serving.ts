// What serves, and what looks at a configuration before it does.

import type { Command } from '../command.ts';
import { UNUSABLE, WRONG_LINE } from './exits.ts';

export const RUN: Command = {
  name: 'run',
  summary: "Serve the application's databases through one socket",
  about: [
    'Reads the configuration of the application, listens on a UNIX socket (/run/pgsidecar by default) and keeps a few verified-TLS connections to each PostgreSQL server. Runs in the foreground until SIGTERM or SIGINT.',
    'Without --config and --source it takes what is there: pgsidecar.yml, then config/application.yml, application.yml, config/database.yml, .env, the variable DATABASE_URL; and it says what it took.',
    'When one of its files changes, on SIGHUP and on `pgsidecar reload` it reads all of them again. A change applies whole or not at all, and no client is dropped.',
  ],
  arguments: [],
  flags: [],
  configured: 'settings',
  exits: [
    { code: 0, means: 'it was told to stop, and did' },
    WRONG_LINE,
    { code: 69, means: 'it cannot listen there: something else does, or it may not' },
    UNUSABLE,
  ],
  examples: [
    { line: 'pgsidecar run', does: "In the application's folder: everything by default" },
    {
      line: 'pgsidecar run --source config/application.yml --default-pool-size 5',
      does: 'One file, small pools',
    },
    { line: 'PGSIDECAR_DEFAULT_POOL_SIZE=5 pgsidecar run', does: 'The same setting from the environment' },
  ],
  load: async () => (await import('../run.ts')).run,
};

export const PGBOUNCER: Command = {
  name: 'pgbouncer',
  summary: 'Stand in for PgBouncer: its command line, its ini file, its defaults, its log lines',
  about: [
    "Takes PgBouncer's own arguments and does what it would do with the same files: pgbouncer.ini with `%include`, userlist.txt, HBA and ident files, logfile, pidfile and user. What the file does not say has PgBouncer's default, and the log has PgBouncer's words.",
    "`pgsidecar run --config pgbouncer.ini` reads the same file with pgsidecar's own, safer defaults.",
    'Where it is better on purpose: docs/guides/from_pgbouncer.md.',
  ],
  arguments: [{ name: 'FILE.ini', required: true, completes: 'file', summary: 'the pgbouncer.ini' }],
  flags: [
    { name: 'daemon', short: 'd', summary: 'Run in the background; the file has to name a pidfile' },
    { name: 'quiet', short: 'q', summary: 'Log nothing to standard error' },
    {
      name: 'reboot',
      short: 'R',
      summary: 'Accepted; systemd keeps the sockets, so that a restart refuses nobody',
    },
    { name: 'user', short: 'u', value: 'USER', summary: 'Become this system user' },
    { name: 'verbose', short: 'v', repeatable: true, summary: 'Log more' },
  ],
  configured: false,
  exits: [
    { code: 0, means: 'it was told to stop, and did; with -d: it serves' },
    WRONG_LINE,
    { code: 69, means: 'it cannot listen there, or the pidfile names a process that is alive' },
    { code: 77, means: 'it was started as root and has no other user, or may not become it' },
    UNUSABLE,
  ],
  examples: [
    { line: 'pgsidecar pgbouncer /etc/pgbouncer/pgbouncer.ini', does: 'In place of PgBouncer' },
    {
      line: 'pgsidecar pgbouncer -d -u postgres /etc/pgbouncer/pgbouncer.ini',
      does: 'As its old init script did',
    },
  ],
  load: async () => (await import('../pgbouncer.ts')).pgbouncer,
};

export const CHECK: Command = {
  name: 'check',
  summary: 'Do everything that run does short of listening, and report',
  about: [
    'Loads the configuration as run would, prints every problem with its file and line, and sums up what would be served.',
    'With --connect it also logs in to every server and reports TLS version, days until the certificate expires, server version, and whether the pools fit into max_connections.',
  ],
  arguments: [],
  flags: [
    { name: 'connect', summary: 'Also log in to every server' },
    { name: 'json', summary: 'Print one JSON object' },
  ],
  configured: 'settings',
  exits: [
    { code: 0, means: 'run would start; there may be warnings' },
    WRONG_LINE,
    {
      code: 69,
      means: 'with --connect: a server cannot be reached, is not to be trusted, or refuses the login',
    },
    UNUSABLE,
  ],
  examples: [
    { line: 'pgsidecar check', does: 'Before a deployment' },
    { line: 'pgsidecar check --connect --json', does: 'In a pipeline' },
  ],
  load: async () => (await import('../check.ts')).check,
};
