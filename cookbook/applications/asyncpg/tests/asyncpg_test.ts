// asyncpg as its README shows it, at PostgreSQL itself and through the agent.

import { missingModules } from '../../../pages/guide.ts';
import { describeApplication } from '../../trial/trial.ts';

describeApplication({
  folder: 'asyncpg',
  missing: missingModules('asyncpg'),
  program: ['/usr/bin/python3', '-B', 'shop.py'],
  urlFor: 'libpq',
  listens: true,
  checks: [
    'a_pool_with_all_defaults',
    'types_are_introspected',
    'the_statement_cache',
    'settings_last_until_the_connection_is_given_back',
    'transactions_and_errors',
    'cursors',
    'copy_in_and_out',
    'advisory_locks_of_a_session',
    'locks_that_were_forgotten_end_with_the_reset',
    'temporary_tables',
    'listeners',
    'a_query_that_takes_too_long',
    'a_connection_that_is_lost',
  ],
});
