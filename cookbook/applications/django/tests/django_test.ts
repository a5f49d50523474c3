// Django with its PostgreSQL extras, at PostgreSQL itself and through the agent.

import { missingModules } from '../../../pages/guide.ts';
import { describeApplication } from '../../trial/trial.ts';

describeApplication({
  folder: 'django',
  missing: missingModules('django', 'dj_database_url', 'psycopg2'),
  program: ['/usr/bin/python3', '-B', 'work.py'],
  urlFor: 'django',
  listens: true,
  checks: [
    'migrations',
    'requests',
    'atomic_in_atomic',
    'select_for_update',
    'queries',
    'what_only_postgresql_has',
    'cursors_of_the_server_in_a_transaction',
    'settings_of_each_new_connection',
    'cursors_of_the_server',
    'temporary_tables',
    'advisory_locks_of_a_session',
    'notifications',
    'a_report_that_takes_too_long',
    'a_connection_that_is_lost',
  ],
});
