// The shop on JDBC, over TCP with TLS, directly and through the agent.

import { afterAll, beforeAll } from 'bun:test';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { missingPrograms } from '../../../../agent/tests/harness/needs.ts';
import { createNursery } from '../../../../agent/tests/harness/nursery.ts';
import { describeApplication } from '../../trial/trial.ts';

const DRIVER = '/usr/share/java/postgresql.jar';
const missing =
  missingPrograms('javac', 'java') ??
  (existsSync(DRIVER) ? undefined : 'libpostgresql-jdbc-java is not installed (scripts/setup --debian)');
const nursery = createNursery('jdbc');
const classes = nursery.directory;

beforeAll(() => {
  if (missing !== undefined) return;
  const sources = ['Worker.java', 'Shop.java'].map((file) => resolve(import.meta.dir, '..', file));
  const words = ['javac', '-Xlint:all', '-Werror', '-cp', DRIVER, '-d', classes, ...sources];
  const { exitCode, stderr } = Bun.spawnSync(words);
  if (exitCode !== 0) throw new Error(`javac ended with ${exitCode}: ${stderr}`);
}, 60_000);
afterAll(() => nursery.close());

describeApplication({
  folder: 'jdbc',
  missing,
  // Eight machines that live for two seconds: what takes long to be quick is left out.
  program: ['java', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', `${DRIVER}:${classes}`, 'Shop'],
  urlFor: 'libpq',
  overTcp: true,
  env: ({ tcpPort, caFile, user, password, database }) => ({
    JDBC_URL: `jdbc:postgresql://localhost:${tcpPort}/${database}?sslmode=verify-full&sslrootcert=${caFile}`,
    DB_USERNAME: user,
    DB_PASSWORD: password,
  }),
  listens: true,
  checks: [
    'tables',
    'migrations',
    'prepared_after_five',
    'fetch_size',
    'transactions',
    'autosave',
    'read_only_and_isolation',
    'schema',
    'settings',
    'generated_keys_and_batches',
    'locks_of_the_session',
    'temporary_tables',
    'copy',
    'cancel',
    'notifications',
    'what_is_left',
  ],
});
