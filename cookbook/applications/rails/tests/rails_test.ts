// Rails with Active Record, Action Cable's adapter and a queue like GoodJob's, at PostgreSQL itself and through the agent.

import { describeApplication } from '../../trial/trial.ts';

describeApplication({
  folder: 'rails',
  missing: missingRails(),
  program: ['ruby', '-W0', 'work.rb'],
  urlFor: 'rails',
  listens: true,
  // database.yml has a replica: the same server once more, with a pool of its own.
  otherServers: 2,
  settings: { databases: { shop: { from: 'primary' }, shop_replica: { from: 'primary', pool_size: 2 } } },
  env({ host, port, user, password, isThrough }) {
    const database = isThrough ? 'shop_replica' : 'shop';
    return {
      REPLICA_URL: `postgresql://${user}:${password}@${encodeURIComponent(host)}:${port}/${database}`,
    };
  },
  checks: [
    'migrations_of_all_at_once',
    'prepared_statements',
    'a_table_that_changes',
    'transactions_and_savepoints',
    'variables_of_database_yml',
    'settings_of_a_session',
    'a_replica',
    'threads',
    'jobs_under_session_advisory_locks',
    'a_nightly_task_that_must_not_run_twice',
    'action_cable',
    'temporary_tables',
    'copy',
    'a_report_that_takes_too_long',
    'a_connection_that_is_lost',
  ],
});

function missingRails(): string | undefined {
  const words =
    "require 'logger'; require 'rails'; require 'action_cable'; require 'active_record'; require 'pg'";
  const isThere = Bun.which('ruby') !== null && Bun.spawnSync(['ruby', '-W0', '-e', words]).exitCode === 0;
  return isThere ? undefined : 'not all of ruby-railties, ruby-actioncable, ruby-pg: scripts/setup --debian';
}
