// The shop on Perl's DBI and DBD::Pg, directly and through the agent.

import { describeApplication } from '../../trial/trial.ts';

const PERL = '/usr/bin/perl';
const isThere = Bun.spawnSync([PERL, '-MDBD::Pg', '-e', '1'], { stderr: 'ignore' }).exitCode === 0;

describeApplication({
  folder: 'perl',
  missing: isThere ? undefined : 'libdbd-pg-perl is not installed (scripts/setup --debian)',
  program: [PERL, 'shop.pl'],
  urlFor: 'libpq',
  env: ({ host, port, user, password, database }) => ({
    DBI_DSN: `dbi:Pg:dbname=${database};host=${host};port=${port}`,
    DBI_USER: user,
    DBI_PASS: password,
  }),
  listens: true,
  checks: [
    'tables',
    'migrations',
    'statements',
    'settings',
    'statements_of_sql',
    'locks_of_the_session',
    'temporary_tables',
    'cursors_that_are_held',
    'copy',
    'notifications',
    'orders_and_their_numbers',
    'what_is_left',
  ],
});
