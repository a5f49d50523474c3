// The shop on Go's database/sql, over lib/pq and over pgx as Debian has them, directly and through the agent.

import { afterAll, beforeAll } from 'bun:test';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { missingPrograms } from '../../../../agent/tests/harness/needs.ts';
import { createNursery } from '../../../../agent/tests/harness/nursery.ts';
import { describeApplication } from '../../trial/trial.ts';

const GOPATH = '/usr/share/gocode';
const missing =
  missingPrograms('go') ??
  ['lib/pq', 'jackc/pgx/v4']
    .filter((name) => !existsSync(join(GOPATH, 'src/github.com', name)))
    .map((name) => `Debian's ${name} is not installed (scripts/setup --debian)`)[0];
const nursery = createNursery('go');
const shop = join(nursery.directory, 'shop');

beforeAll(() => {
  if (missing !== undefined) return;
  // As Debian builds its own: from the sources of its packages, and from nowhere else.
  const env = {
    ...{ PATH: '/usr/local/bin:/usr/bin:/bin', HOME: nursery.directory },
    ...{ GOPATH, GO111MODULE: 'off', GOPROXY: 'off' },
    GOCACHE: resolve(import.meta.dir, '../../../../node_modules/.cache/go'),
  };
  const build = Bun.spawnSync(['go', 'build', '-o', shop, '.'], { env, cwd: resolve(import.meta.dir, '..') });
  if (build.exitCode !== 0) throw new Error(`go build ended with ${build.exitCode}: ${build.stderr}`);
}, 180_000);
afterAll(() => nursery.close());

const CHECKS = [
  'tables',
  'migrations',
  'statements',
  'many_goroutines',
  'transactions',
  'serializable_transactions',
  'contexts_that_end',
  'settings',
  'statements_of_sql',
  'locks_of_the_session',
  'temporary_tables',
  'cursors_that_are_held',
];

describeApplication({
  folder: 'go',
  title: 'lib/pq',
  missing,
  program: [shop, 'pq'],
  urlFor: 'libpq',
  listens: true,
  checks: [...CHECKS, 'copy', 'notifications', 'channels_that_come_and_go', 'what_is_left'],
});

describeApplication({
  folder: 'go',
  title: 'pgx',
  missing,
  program: [shop, 'pgx'],
  urlFor: 'libpq',
  listens: true,
  // contexts_that_end among them: pgx sends a cancel request to where getpeername() says that the socket is.
  checks: [...CHECKS, 'cached_statements', 'batches', 'copy', 'notifications', 'what_is_left'],
});

describeApplication({
  folder: 'go',
  title: 'pgx over TCP',
  missing,
  program: [shop, 'pgx'],
  urlFor: 'libpq',
  overTcp: true,
  env: ({ tcpPort, caFile, user, password, database }) => ({
    DATABASE_URL: `postgresql://${user}:${password}@localhost:${tcpPort}/${database}?sslmode=verify-full&sslrootcert=${caFile}`,
  }),
  checks: ['tables', 'contexts_that_end', 'what_is_left'],
});
