// Flask, Flask-SQLAlchemy, psycopg2 and Alembic, at PostgreSQL itself and through the agent.

import { missingModules } from '../../../pages/guide.ts';
import { describeApplication } from '../../trial/trial.ts';

describeApplication({
  folder: 'flask',
  missing: missingModules('flask', 'flask_sqlalchemy', 'psycopg2', 'alembic'),
  program: ['/usr/bin/python3', '-B', 'work.py'],
  urlFor: 'sqlalchemy',
  listens: true,
  checks: [
    'migrations_of_all_at_once',
    'requests',
    'requests_in_threads',
    'settings_of_each_new_connection',
    'settings_of_a_session',
    'isolation_levels',
    'a_session_of_psycopg2_with_characteristics',
    'cursors_of_the_server',
    'cursors_with_hold',
    'bulk',
    'temporary_tables',
    'advisory_locks_of_a_session',
    'notifications',
    'a_report_that_takes_too_long',
    'a_connection_that_is_lost',
  ],
});
