// Flask, Flask-SQLAlchemy, psycopg2 and Alembic, at PostgreSQL itself and through the agent.

import { missingModules } from '../../../pages/guide.ts';
import { describeApplication } from '../../trial/trial.ts';

describeApplication({
  folder: 'flask',
  missing: missingModules('flask', 'flask_sqlalchemy', 'psycopg2', 'alembic'),
  program: ['/usr/bin/python3', '-B', 'work.py'],
  library: 'sqlalchemy',
  checks: [
    'migrations_of_one',
    'requests',
    'requests_in_threads',
    'isolation_levels',
    'cursors_of_the_server',
    'bulk',
    'a_report_that_takes_too_long',
    'a_connection_that_is_lost',
  ],
});
