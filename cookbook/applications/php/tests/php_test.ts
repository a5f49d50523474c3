// The shop on PHP's PDO, directly and through the agent.

import { describeApplication } from '../../trial/trial.ts';

const PHP = '/usr/bin/php';
const drivers = ['-r', 'exit(in_array("pgsql", PDO::getAvailableDrivers()) ? 0 : 1);'];
const isThere = Bun.which(PHP) !== null && Bun.spawnSync([PHP, ...drivers]).exitCode === 0;

describeApplication({
  folder: 'php',
  missing: isThere ? undefined : 'php-cli or php-pgsql is not installed (scripts/setup --debian)',
  program: [PHP, 'shop.php'],
  urlFor: 'libpq',
  env: ({ host, port, user, password, database }) => ({
    DB_HOST: host,
    DB_PORT: String(port),
    DB_DATABASE: database,
    DB_USERNAME: user,
    DB_PASSWORD: password,
  }),
  listens: true,
  checks: [
    'tables',
    'migrations',
    'statements',
    'statements_that_are_not_prepared',
    'persistent_connections',
    'last_insert_id',
    'transactions',
    'settings',
    'locks_of_the_session',
    'temporary_tables',
    'scrollable_cursors',
    'copy',
    'large_objects',
    'notifications',
    'what_is_left',
  ],
});
