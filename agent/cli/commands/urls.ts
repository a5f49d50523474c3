// What the application is given as its DATABASE_URL, and the way back.

import { LIBRARIES } from '../../render/libraries.ts';
import type { Command } from '../command.ts';
import { DONE, WRONG_LINE } from './exits.ts';

export const URL: Command = {
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
  load: async () => (await import('../url.ts')).url,
};

export const EJECT: Command = {
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
      summary: 'Write into this file of the application: a .env, database.yml or application.yml; repeatable',
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
  load: async () => (await import('../eject.ts')).eject,
};
