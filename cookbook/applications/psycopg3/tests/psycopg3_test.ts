// psycopg 3 as its README shows it, at PostgreSQL itself and through the agent.

import { missingModules } from '../../../pages/guide.ts';
import { describeApplication } from '../../trial/trial.ts';

describeApplication({
  folder: 'psycopg3',
  missing: missingModules('psycopg', 'psycopg_pool'),
  program: ['/usr/bin/python3', '-B', 'shop.py'],
  urlFor: 'libpq',
  listens: true,
  checks: [
    'a_pool_with_all_defaults',
    'statements_are_prepared_after_five_times',
    'a_statement_whose_table_has_changed',
    'types_and_rows',
    'transactions',
    'pipelines',
    'cursors_of_the_server',
    'cursors_with_hold',
    'settings_last_as_long_as_the_connection',
    'statements_prepared_in_sql',
    'copy_in_and_out',
    'advisory_locks_of_a_session',
    'jobs_for_all_workers',
    'temporary_tables',
    'notifications',
    'asynchronous',
    'a_query_that_is_cancelled',
    'a_connection_that_is_lost',
  ],
});
