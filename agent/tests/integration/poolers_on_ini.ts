// The agent and a real PgBouncer on the same pgbouncer.ini, for tests in which both must come to the same.

import { join } from 'node:path';
import { startAgent } from '../harness/agent.ts';
import { createNursery, makeDirectory, unprivilegedAccount } from '../harness/nursery.ts';
import {
  DEBIAN_PGBOUNCER,
  hasNewerPgbouncer,
  NEWER_PGBOUNCER,
  startPgbouncerProcess,
  writeForPgbouncer,
} from '../harness/pgbouncer.ts';
import { freePort, type Postgres } from '../harness/postgres.ts';

/** The newer one where it was fetched. */
export const PROGRAM = hasNewerPgbouncer() ? NEWER_PGBOUNCER : DEBIAN_PGBOUNCER;

export interface Pooler extends AsyncDisposable {
  readonly socketDir: string;
  readonly socketPath: string;
  readonly port: number;
}

export interface Ini {
  /** Behind `shop = `, after where its server is. */
  readonly shop?: string;
  /** More lines of the section `[pgbouncer]`. */
  readonly lines?: readonly string[];
}

/** Both trust everybody, and lend one server of the database `shop` to transactions; `app` is an admin. */
function filesFor(postgres: Postgres, port: number, { shop = '', lines = [] }: Ini): Record<string, string> {
  const isNewer = PROGRAM === NEWER_PGBOUNCER;
  return {
    'pgbouncer.ini': [
      '[databases]',
      `shop = host=127.0.0.1 port=${postgres.port} dbname=shop ${shop}`,
      '[pgbouncer]',
      `listen_port = ${port}`,
      'listen_addr = 127.0.0.1',
      'unix_socket_dir = s',
      'auth_type = trust',
      'auth_file = userlist.txt',
      'admin_users = app',
      'server_tls_sslmode = disable',
      'pool_mode = transaction',
      'default_pool_size = 1',
      // Debian's does not know it.
      ...(isNewer ? ['max_prepared_statements = 100'] : []),
      ...lines,
      '',
    ].join('\n'),
    'userlist.txt': ['app', 'worker'].map((user) => `"${user}" "${postgres.passwordOf(user)}"\n`).join(''),
  };
}

async function startPgbouncer(postgres: Postgres, ini: Ini): Promise<Pooler> {
  const account = unprivilegedAccount();
  const nursery = createNursery('pgbouncer', account);
  const port = await freePort();
  const socketDir = makeDirectory(join(nursery.directory, 's'), account, 0o755);
  for (const [name, text] of Object.entries(filesFor(postgres, port, ini)))
    writeForPgbouncer(nursery, name, text);
  await startPgbouncerProcess(nursery, PROGRAM, 'pgbouncer.ini');
  const socketPath = join(socketDir, `.s.PGSQL.${port}`);
  return { socketDir, socketPath, port, [Symbol.asyncDispose]: () => nursery.close() };
}

async function startPgsidecar(postgres: Postgres, ini: Ini): Promise<Pooler> {
  const port = await freePort();
  const files = filesFor(postgres, port, ini);
  // Without what PgBouncer has not: behind some transactions the server is asked something, or kept for a while.
  const own = ['--leak-check-every', '0', '--pin-sequences', 'ignore'];
  const { socketDir, stop } = await startAgent({ files, args: ['--config', 'pgbouncer.ini', ...own] });
  const socketPath = join(socketDir, `.s.PGSQL.${port}`);
  return { socketDir, socketPath, port, [Symbol.asyncDispose]: stop };
}

export const POOLERS = { pgsidecar: startPgsidecar, PgBouncer: startPgbouncer } as const;
