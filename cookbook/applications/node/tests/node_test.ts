// The shops on node-postgres, postgres.js, knex and TypeORM, run by Node.js, directly and through the agent.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { missingPrograms } from '../../../../agent/tests/harness/needs.ts';
import { describeApplication } from '../../trial/trial.ts';

/** Wherever it is: the processes have a short PATH. */
const NODE = Bun.which('node') ?? 'node';

/** In a checkout that was set up before it was among the packages. */
function missing(name: string): string | undefined {
  const path = resolve(import.meta.dir, '../../../../node_modules', name);
  return (
    missingPrograms('node') ?? (existsSync(path) ? undefined : `${name} is not installed (scripts/setup)`)
  );
}

describeApplication({
  folder: 'node',
  title: 'node-postgres',
  missing: missing('pg'),
  program: [NODE, 'node_postgres.js'],
  urlFor: 'node',
  listens: true,
  checks: [
    'tables',
    'migrations',
    'statements',
    'transactions',
    'settings',
    'settings_of_a_connection',
    'statements_of_sql',
    'locks_of_the_session',
    'temporary_tables',
    'cursors_that_are_held',
    'notifications',
    'what_is_left',
  ],
});

describeApplication({
  folder: 'node',
  title: 'postgres.js',
  missing: missing('postgres'),
  program: [NODE, 'postgres_js.js'],
  urlFor: 'libpq',
  env: ({ host, port, user, password, database }) => ({
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
  }),
  listens: true,
  checks: [
    'tables',
    'migrations',
    'statements',
    'transactions',
    'settings',
    'locks_of_the_session',
    'temporary_tables',
    'cursors',
    'copy',
    'cancel',
    'notifications',
    'what_is_left',
  ],
});

describeApplication({
  folder: 'node',
  title: 'knex',
  missing: missing('knex'),
  program: [NODE, 'knex.js'],
  urlFor: 'node',
  checks: [
    'migrations',
    'queries',
    'transactions_in_transactions',
    'inserts_by_the_hundred',
    'jobs_that_are_skipped_while_locked',
    'a_session',
    'a_query_that_takes_too_long',
    'what_is_left',
  ],
});

describeApplication({
  folder: 'node',
  title: 'TypeORM',
  missing: missing('typeorm'),
  program: [NODE, 'typeorm.js'],
  urlFor: 'node',
  checks: [
    'migrations',
    'entities_and_their_relations',
    'the_query_builder',
    'transactions_in_transactions',
    'locks_of_rows',
    'a_session',
    'the_schema',
    'what_is_left',
  ],
});
