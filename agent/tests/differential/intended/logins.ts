// Who is let in, and what he is told.

import { error, type IntendedDifference, NOT_LET_IN, ourError, serverWords, words } from './words.ts';

const SAME_WORDS = 'in PostgreSQL’s words, whatever the proof was and whatever was wrong with it';
const SAME_STEPS =
  'who has no password that could be proved gets the steps of a wrong one: nobody learns who there is';

export const LOGINS: readonly IntendedDifference[] = [
  words('password authentication failed', '28P01', ' for user "*"'),
  words('no such database: *', '3D000', ' (pgsidecar serves *)'),
  words('"trust" authentication failed', '28000', ' for user "*"'),
  words('certificate authentication failed', '28000', ' for user "*"'),
  words('unix socket login rejected', '28000', ': peer authentication failed for user "*"'),
  words('login rejected', '28000', ': *'),
  words('SSL required', '28000', ': *'),
  words('bouncer config error', '28000', ': auth_type any asks nobody who he is*'),
  words('client_login_timeout', '08P01', ': the login was not finished in time'),
  ...serverWords('password authentication failed for user "*"', '28P01'),
  ...serverWords('database "*" does not exist', '3D000'),
  {
    name: 'SASL authentication failed',
    reason: SAME_WORDS,
    theirs: [error('08P01', 'SASL authentication failed')],
    ours: [NOT_LET_IN],
  },
  {
    name: 'empty password',
    reason: SAME_WORDS,
    theirs: [error('08P01', 'empty password returned by client')],
    ours: [NOT_LET_IN],
  },
  {
    name: 'no line of the HBA file',
    reason: 'says that no line fits, as PostgreSQL does; 1.18 has the same first words',
    theirs: [error('08P01', 'no authentication method is found')],
    ours: [ourError('28000', 'login rejected: no pg_hba.conf entry for host *')],
    version: '1.24',
  },
  {
    name: 'a hash cannot answer SCRAM',
    reason: SAME_STEPS,
    theirs: [error('08P01', 'SASL authentication failed')],
    ours: ['* < AuthenticationSASLContinue', NOT_LET_IN],
    where: 'auth_type scram-sha-256 with a hash',
  },
  {
    name: 'nobody has the user',
    reason: SAME_STEPS,
    theirs: [error('08P01', 'no such user')],
    ours: ['* < AuthenticationSASL SCRAM-SHA-256', '* < AuthenticationSASLContinue', NOT_LET_IN],
    where: 'auth_query',
  },
  {
    name: 'the password has expired',
    reason: `${SAME_STEPS}; and those of most users, which are SCRAM’s`,
    theirs: ['* < AuthenticationMD5Password', error('08P01', 'password authentication failed')],
    ours: ['* < AuthenticationSASL SCRAM-SHA-256', '* < AuthenticationSASLContinue', NOT_LET_IN],
    where: 'auth_query and VALID UNTIL',
  },
  {
    name: 'auth_query fails',
    reason: 'tells a client that he may come again (57P03), and the log why',
    theirs: [error('08P01', 'bouncer config error')],
    ours: [ourError('57P03', 'cannot find out who user "*" is just now')],
    where: 'auth_dbname and auth_query by database',
  },
  {
    name: 'auth_query, and no such database',
    reason: 'who has proved who he is hears what is wrong; there he is told that his right password is wrong',
    theirs: ['* < AuthenticationMD5Password', error('08P01', 'password authentication failed')],
    ours: [
      ...[
        '* < AuthenticationSASL SCRAM-SHA-256',
        '* < AuthenticationSASLContinue',
        '* < AuthenticationSASLFinal *',
      ],
      ourError('3D000', 'no such database: *'),
    ],
    where: 'auth_query: a database that nobody has',
  },
  {
    name: 'auth_dbname, and no such database',
    reason: 'as above',
    theirs: [error('08P01', 'SASL authentication failed')],
    ours: ['* < AuthenticationSASLFinal *', ourError('3D000', 'no such database: *')],
    where: 'auth_dbname and auth_query by database: a database that nobody has',
  },
  {
    name: 'auth_type any, and no such database',
    reason: 'says what is wrong',
    theirs: [error('08P01', 'bouncer config error')],
    ours: [ourError('3D000', 'no such database: *')],
    where: 'auth_type any',
  },
  {
    name: 'the password is of another role, and there is none',
    reason: 'says that no password is written for the role that all are; the first words are the same',
    theirs: [error('28P01', 'password authentication failed for user "nobody"')],
    ours: [ourError('28P01', 'password authentication failed for user "nobody": *')],
    where: 'forced users: whom nobody has',
    version: '1.24',
  },
  {
    name: 'the password is of another role, and there is none',
    reason: 'says that no password is written for the role that all are; the first words are the same',
    theirs: [error('08P01', 'password authentication failed for user "nobody"')],
    ours: [ourError('28P01', 'password authentication failed for user "nobody": *')],
    where: 'forced users: whom nobody has',
    version: '1.18',
  },
  {
    name: 'session_authorization of a forced user',
    reason: 'a client is told the name that it has proved; whose connection works for it is not its business',
    theirs: ['* < ParameterStatus "session_authorization" "other"'],
    ours: ['* < ParameterStatus "session_authorization" "app"'],
    where: 'forced users',
  },
  {
    name: 'channel binding',
    reason: 'PgBouncer has none: a man in the middle with a believed certificate is found out',
    theirs: ['* < AuthenticationSASL SCRAM-SHA-256'],
    ours: ['* < AuthenticationSASL SCRAM-SHA-256-PLUS SCRAM-SHA-256'],
    where: 'client_tls_sslmode require',
  },
];
