// THE command table: the help, the completion of the shells and the docs page are made from it.

import { LIBRARIES } from '../render/libraries.ts';
import type { Command, Exit } from './command.ts';

const DONE: Exit = { code: 0, means: 'done' };
const WRONG_LINE: Exit = { code: 64, means: 'the command line was wrong' };
const UNUSABLE: Exit = { code: 78, means: 'the configuration cannot be used; every problem is printed' };
const UNREACHABLE: Exit = {
  code: 69,
  means: 'no agent answers at the control socket, or one with another configuration file does',
};
const DENIED: Exit = { code: 77, means: 'the control socket may not be opened by this user' };

const PGBOUNCER: Command = {
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
  load: async () => (await import('./pgbouncer.ts')).pgbouncer,
};

/** In the order of the overview: what one needs first comes first. */
export const COMMANDS: readonly Command[] = [
  {
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
    load: async () => (await import('./run.ts')).run,
  },
  PGBOUNCER,
  {
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
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'url',
    summary: 'Print what the application should have as DATABASE_URL',
    about: [
      'Each library reads the path of a UNIX socket from a URL in its own way, and some cannot: --for says which one it is. PHP with Laravel is libpq; JDBC takes no UNIX socket. Without NAME it is the writer, or else the first database.',
      'With --fallback the URL names the server besides the socket: libpq goes straight to it, with its own TLS, when nothing answers at the socket.',
      'The password shows as *** unless you say --show-secrets. With it, mind where the URL goes: what stands on a command line (psql URL) can be read by everybody on the machine, and sudo writes it into the journal. --variables prints what goes by the environment.',
    ],
    arguments: [{ name: 'NAME', required: false, summary: 'a database, as status lists them' }],
    flags: [
      {
        name: 'for',
        value: 'LIBRARY',
        values: LIBRARIES,
        summary: 'Who reads the URL; libpq when not given',
      },
      { name: 'fallback', summary: 'Let libpq go to the server itself when the socket is dead' },
      {
        name: 'variables',
        summary: "Print libpq's variables (PGHOST, PGPASSWORD, …) for a shell, in place of a URL",
      },
      { name: 'show-secrets', summary: 'Print the password' },
    ],
    configured: 'settings',
    exits: [DONE, WRONG_LINE, { code: 78, means: 'the configuration cannot be used, or has no such URL' }],
    examples: [
      {
        line: 'export DATABASE_URL="$(pgsidecar url --show-secrets)"',
        does: 'For whatever uses libpq',
      },
      {
        line: '(eval "export $(pgsidecar url --variables --show-secrets)"; psql)',
        does: 'psql, and the password on no command line',
      },
      { line: 'pgsidecar url idp_read_replica --for sqlalchemy', does: 'Another database, another library' },
    ],
    load: async () => (await import('./url.ts')).url,
  },
  {
    name: 'eject',
    summary: 'Print the URL that leads to the server itself, or write it back into a file',
    about: [
      'The way back, for when the application shall do without the agent: prints the URL of the server, as the agent reaches it, for DATABASE_URL. Without NAME it is the writer, or else the first database. The password shows as *** unless you say --show-secrets.',
      "With --write each line of the file that leads to the agent leads to the server again: a URL (DATABASE_URL, Rails' url:), a host (DB_HOST, PGHOST, host:) gets the server's, and login.gov's database_socket goes away. What else the file says stays, its login among it: no secret is written that the file did not hold. A line whose password is not the agent's at the server, or for which the agent forces another user, is refused. The file as it was is kept beside it as FILE.through-pgsidecar; the new one is put in its place at once, both with the owner and the mode to read and write that the file had. A link among the directories on the way is followed only where root or the caller made it. A file with a line that names the agent and is not understood is not touched.",
      'The application has to be restarted to see it. The agent goes on serving until it is drained.',
    ],
    arguments: [
      { name: 'NAME', required: false, summary: 'a database, as status lists them; not with --write' },
    ],
    flags: [
      {
        name: 'write',
        value: 'FILE',
        repeatable: true,
        completes: 'file',
        summary:
          'Write into this file of the application: a .env, database.yml or application.yml; repeatable',
      },
      {
        name: 'for',
        value: 'LIBRARY',
        values: LIBRARIES,
        summary: 'Who reads the URL; libpq when not given, and with --write what the file looks like',
      },
      { name: 'show-secrets', summary: 'Print the password' },
    ],
    configured: 'settings',
    exits: [
      { code: 0, means: 'done; with --write also when the file already leads to the server' },
      WRONG_LINE,
      { code: 73, means: 'a file cannot be written' },
      { code: 78, means: 'the configuration cannot be used, or a file is not understood' },
    ],
    examples: [
      { line: 'pgsidecar eject --write /srv/shop/.env', does: 'Then restart the application' },
      { line: 'pgsidecar eject --show-secrets', does: 'For a secret store, by hand' },
    ],
    load: async () => (await import('./eject.ts')).eject,
  },
  {
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
    load: async () => (await import('./explain.ts')).explain,
  },
  {
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
    load: async () => (await import('./render.ts')).render,
  },
  {
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
    load: async () => (await import('./import.ts')).importIni,
  },
  {
    name: 'status',
    summary: 'Show what the running agent is doing',
    about: ['Pools, clients, servers, the last reload and the warnings of the running agent.'],
    arguments: [],
    flags: [
      { name: 'json', summary: 'Print the snapshot as the agent gave it' },
      { name: 'watch', summary: 'Print it every second until Ctrl-C' },
    ],
    configured: 'control socket',
    exits: [DONE, WRONG_LINE, UNREACHABLE, DENIED],
    examples: [
      { line: 'pgsidecar status --watch', does: 'Stay and look' },
      { line: 'pgsidecar status --json | jq .pools', does: 'For a program' },
    ],
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'reload',
    summary: 'Make the running agent read its configuration again',
    about: [
      'Applies whole or not at all, and says what changed or why it was refused. The agent does the same by itself when one of its files changes, and on SIGHUP.',
    ],
    arguments: [],
    flags: [{ name: 'json', summary: 'Print the answer as the agent gave it' }],
    configured: 'control socket',
    exits: [
      { code: 0, means: 'applied, or nothing had changed' },
      WRONG_LINE,
      UNREACHABLE,
      DENIED,
      { code: 78, means: 'refused: the agent goes on with what it had' },
    ],
    examples: [{ line: 'pgsidecar reload', does: 'After an edit' }],
    load: async () => (await import('./reload.ts')).reload,
  },
  {
    name: 'wait',
    summary: 'Wait until the running agent can serve',
    about: [
      'Asks the agent until it answers that a new client would get a server; an agent that is not there yet is waited for. To know that, the agent logs in once to each writer that no client has asked for yet.',
    ],
    arguments: [],
    flags: [
      {
        name: 'timeout',
        value: 'TIME',
        summary: 'How long at most, such as 30s or 2min; 30s when not given',
      },
    ],
    configured: 'control socket',
    exits: [
      { code: 0, means: 'it is ready' },
      WRONG_LINE,
      { code: 69, means: 'an agent with another configuration file answers' },
      { code: 75, means: 'the time was up' },
      DENIED,
    ],
    examples: [
      { line: 'pgsidecar wait --timeout 1min && bin/rails server', does: 'Before the application starts' },
    ],
    load: async () => (await import('./wait.ts')).wait,
  },
  {
    name: 'drain',
    summary: 'Stop the running agent once its clients are done',
    about: [
      'New clients are refused, those that are connected finish what they do, then the agent ends. What has not finished when the time is up is closed.',
      'Where systemd has the socket, as in the packages, the next client makes it start the agent again: `systemctl stop pgsidecar.socket pgsidecar.service` ends both.',
    ],
    arguments: [],
    flags: [
      {
        name: 'timeout',
        value: 'TIME',
        summary: 'How long clients have; the setting drain_timeout when not given',
      },
    ],
    configured: 'control socket',
    exits: [
      { code: 0, means: 'every client finished, and the agent has ended' },
      WRONG_LINE,
      UNREACHABLE,
      { code: 75, means: 'the time was up, and clients were closed' },
      DENIED,
    ],
    examples: [{ line: 'pgsidecar drain --timeout 20s', does: 'Before the machine goes' }],
    load: async () => (await import('./drain.ts')).drain,
  },
  {
    name: 'completion',
    summary: 'Print the completion script of a shell',
    about: ['Completes commands, flags, the names of settings and the words that they take.'],
    arguments: [
      {
        name: 'SHELL',
        required: true,
        values: ['bash', 'zsh', 'fish'],
        summary: 'the shell: bash, zsh or fish',
      },
    ],
    flags: [],
    configured: false,
    exits: [DONE, WRONG_LINE],
    examples: [
      { line: 'source <(pgsidecar completion bash)', does: 'In ~/.bashrc' },
      { line: 'pgsidecar completion zsh > ~/.zfunc/_pgsidecar', does: 'Once, with ~/.zfunc in your $fpath' },
      { line: 'pgsidecar completion fish > ~/.config/fish/completions/pgsidecar.fish', does: 'Once' },
    ],
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    name: 'version',
    summary: 'Print the version',
    about: ['The version of pgsidecar, of its runtime, and the machine that it was built for.'],
    arguments: [],
    flags: [],
    configured: false,
    exits: [DONE, WRONG_LINE],
    examples: [],
    load: async () => (await import('./version.ts')).version,
  },
];
