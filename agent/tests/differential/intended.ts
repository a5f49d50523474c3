// THE table of intended differences: what clients see of pgsidecar and not of PgBouncer, or the other way round, and why.

import type { Intended } from './comparison.ts';

export interface IntendedDifference extends Intended {
  /** In the table of docs/guides/pgbouncer_differences.md. */
  readonly reason: string;
  /** Only that PgBouncer differs, and an older or newer one does not, or otherwise. */
  readonly version?: '1.18' | '1.24';
  /** Where it may occur: the beginning of a title. Default is anywhere. */
  readonly where?: string;
}

const CODES = 'a SQLSTATE that says what it was, where PgBouncer says 08P01; the sentence goes on';
const ENDED = '* -- the connection ended';

/** PgBouncer's sentence, and how ours goes on behind it. */
function words(theirs: string, sqlstate: string, more: string): IntendedDifference {
  return {
    name: `words: ${theirs}`,
    reason: CODES,
    theirs: [error('08P01', theirs)],
    ours: [ourError(sqlstate, theirs + more)],
  };
}

/** What the server has said, as PgBouncer 1.24 passes it on, and as 1.18 does. */
function serverWords(said: string, sqlstate: string): IntendedDifference[] {
  const ours = [ourError(sqlstate, `${said} (the server refused our login)`)];
  const reason = 'it is told that the server said it; the agent itself may say the same';
  return [
    { name: `server: ${said}`, reason, theirs: [error(sqlstate, said)], ours, version: '1.24' },
    { name: `server: ${said}`, reason, theirs: [error('08P01', said)], ours, version: '1.18' },
  ];
}

function error(sqlstate: string, message: string): string {
  return `* < ErrorResponse S "FATAL" C "${sqlstate}" M "${message}"`;
}

function ourError(sqlstate: string, message: string): string {
  return `* < ErrorResponse S "FATAL" V "FATAL" C "${sqlstate}" M "${message}"`;
}

/** A user that nobody has is asked for the proof that others are asked for. */
const NOT_LET_IN = ourError('28P01', 'password authentication failed for user "*"');
const SAME_WORDS = 'in PostgreSQL’s words, whatever the proof was and whatever was wrong with it';
const SAME_STEPS =
  'who has no password that could be proved gets the steps of a wrong one: nobody learns who there is';
const LIKE_POSTGRES =
  'as PostgreSQL itself: an error, and the connection goes on; a name whose Parse failed is free again';
const FOLLOWS =
  'parameters follow the client from server to server, and are not refused; the server says which it does not know';

const LOGINS: readonly IntendedDifference[] = [
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

const LIMITS: readonly IntendedDifference[] = [
  words('no more connections allowed (max_client_conn)', '53300', ': it is *'),
  {
    ...words('client connections exceeded (max_db_client_connections)', '53300', ': it is *'),
    version: '1.24',
  },
  {
    ...words('client connections exceeded (max_user_client_connections)', '53300', ': it is *'),
    version: '1.24',
  },
  words('query_wait_timeout', '08006', ': no server connection became free within 1 s: *'),
  words('query timeout', '57014', ': *'),
  words('idle transaction timeout', '25P03', ': *'),
  words('client_idle_timeout', '57P05', ': *'),
  {
    name: 'a block in statement mode',
    reason: 'what the server had said before reaches the client too; the SQLSTATE says what it was',
    theirs: [error('08P01', 'transaction blocks not allowed in statement pooling mode')],
    ours: [
      '* < CommandComplete "BEGIN"',
      ourError('0A000', 'transaction blocks not allowed in statement pooling mode'),
    ],
  },
  {
    name: 'a message that is too long',
    reason: 'says what is wrong with it',
    theirs: [error('08P01', "bad packet header: '*'")],
    ours: [ourError('08P01', "protocol violation: a message of type 'Q' says that it is * bytes long")],
  },
];

const QUERIES: readonly IntendedDifference[] = [
  {
    name: 'a cancelled waiter',
    reason: 'leaves the queue and hears of it at once; there it waits on, and hears nothing',
    theirs: ['b -- nothing came'],
    ours: [
      'b < ErrorResponse S "ERROR" V "ERROR" C "57014" M "canceling statement due to user request"',
      'b < ReadyForQuery I',
    ],
    where: 'cancel: a client that waits',
  },
  {
    name: 'the last words of a server',
    reason: 'PostgreSQL’s own are the last ones: drivers would show the second error and hide the first',
    theirs: [error('08P01', 'server conn crashed?')],
    ours: [],
    where: 'servers that go away',
  },
  {
    name: 'a server that is not there',
    reason: 'a client is told at once, and told why; there it waits for query_wait_timeout',
    theirs: [error('08P01', 'query_wait_timeout')],
    ours: [ourError('08001', 'cannot connect to the server: connection refused by *')],
    where: 'servers that go away',
  },
  {
    name: 'a statement that nobody has prepared',
    reason: LIKE_POSTGRES,
    theirs: [error('08P01', 'prepared statement did not exist'), ENDED],
    ours: [
      '* < ErrorResponse S "ERROR" V "ERROR" C "26000" M "prepared statement "*" does not exist"*',
      '**',
    ],
    where: 'prepared statements',
  },
  {
    name: 'a name that is taken',
    reason: LIKE_POSTGRES,
    theirs: [error('08P01', 'prepared statement name is already in use'), ENDED],
    ours: [
      '* < ErrorResponse S "ERROR" V "ERROR" C "42P05" M "prepared statement "*" already exists"*',
      '**',
    ],
    where: 'prepared statements',
  },
  {
    name: 'a name whose Parse failed',
    reason: LIKE_POSTGRES,
    theirs: [error('08P01', 'prepared statement name is already in use'), ENDED],
    ours: ['* < ParseComplete', '* < ReadyForQuery I', '**'],
    where: 'prepared statements',
  },
];

const STARTUP: readonly IntendedDifference[] = [
  words('invalid server parameter', '22023', ': cannot set those of the startup packet: *'),
  {
    name: 'a parameter that is not tracked',
    reason: FOLLOWS,
    theirs: [error('08P01', 'unsupported startup parameter: *'), ENDED],
    ours: ['* < AuthenticationOk', '**'],
    where: 'the startup packet',
  },
  {
    name: 'a parameter that nobody knows',
    reason: FOLLOWS,
    theirs: [error('08P01', 'unsupported startup parameter: *')],
    ours: ['* < AuthenticationOk', '**'],
    where: 'the startup packet',
  },
  {
    name: 'a parameter in options that is not tracked',
    reason: FOLLOWS,
    theirs: [error('08P01', 'unsupported startup parameter in options: *'), ENDED],
    ours: ['* < AuthenticationOk', '**'],
    where: 'the startup packet',
    version: '1.24',
  },
  {
    name: 'a parameter before the proof',
    reason: 'who has not proved who he is hears nothing of his parameters',
    theirs: [error('08P01', 'unsupported startup parameter*')],
    ours: ['* < AuthenticationSASL SCRAM-SHA-256', '* < AuthenticationSASLContinue', NOT_LET_IN],
    where: 'auth_query',
  },
  {
    name: 'a value that the server spells otherwise',
    reason: 'the client is told what the server has made of it, as soon as one has',
    theirs: [],
    ours: ['* < ParameterStatus "DateStyle" "German, DMY"'],
    where: 'the startup packet',
  },
  {
    name: 'application_name_add_host on the UNIX socket',
    reason: 'says `unix`; the process id of a client means nothing on another machine',
    theirs: ['* < ParameterStatus "application_name" "* - unix(*@*):*"'],
    ours: ['* < ParameterStatus "application_name" "* - unix"'],
    where: 'application_name_add_host',
  },
  {
    name: 'application_name_add_host on the UNIX socket, at the server',
    reason: 'as above',
    theirs: ["* < DataRow 1 * '* - unix(*@*):*'"],
    ours: ["* < DataRow 1 * '* - unix'"],
    where: 'application_name_add_host',
  },
];

/** Of the console: an error behind which it goes on. */
function consoleWords(theirs: string, sqlstate: string, more = ''): IntendedDifference {
  return {
    name: `words: ${theirs}`,
    reason: CODES,
    theirs: [`* < ErrorResponse S "ERROR" C "08P01" M "${theirs}"`],
    ours: [`* < ErrorResponse S "ERROR" V "ERROR" C "${sqlstate}" M "${theirs}${more}"`],
  };
}

const COLUMNS = 'columns of PgBouncer 1.25';

function columns(name: string, added: readonly string[], more: Partial<IntendedDifference> = {}) {
  const ours = added.map((column) => `* column ${column}`);
  return { name: `SHOW: ${name}`, reason: COLUMNS, theirs: [], ours, where: 'SHOW', ...more };
}

/** Those that PgBouncer has had since 1.18, and since 1.24. */
const SHOWN: readonly IntendedDifference[] = [
  ...['replication 25', 'load_balance_hosts 25', 'prepared_statements 23', 'id 23'].map((column) =>
    columns(column, [column], { version: '1.18' }),
  ),
  ...[
    'max_client_connections 23',
    'current_client_connections 23',
    'pool_size 25',
    'reserve_pool_size 25',
  ].map((column) => columns(column, [column], { version: '1.18' })),
  ...['max_user_connections 23', 'current_connections 23', 'max_user_client_connections 23'].map((column) =>
    columns(column, [column], { version: '1.18' }),
  ),
  ...['total_', 'avg_', ''].flatMap((prefix) => [
    ...['server_assignment_count', 'client_parse_count', 'server_parse_count', 'bind_count'].map((column) =>
      columns(`${prefix}${column}`, [`${prefix}${column} 1700`], { version: '1.18' }),
    ),
    columns(`${prefix}client_login_count`, [`${prefix}client_login_count 1700`]),
  ]),
];

const CONSOLE: readonly IntendedDifference[] = [
  consoleWords("invalid command '*', use SHOW HELP;", '42601'),
  consoleWords('SET failed', '22023', ': *'),
  consoleWords('admin access needed', '42501'),
  consoleWords('no such database: *', '3D000'),
  consoleWords('cannot * admin db: pgbouncer', '0A000'),
  consoleWords('a database is required', '42601'),
  consoleWords('already suspended/paused', '55000'),
  consoleWords('pooler is not paused/suspended', '55000'),
  consoleWords('database * is not paused', '55000'),
  { ...consoleWords('client not found', '42704'), version: '1.24' },
  words('database "*" is disabled', '57P03', ''),
  words('database removed', '57P01', ': "*" was killed by an administrator (KILL)'),
  {
    ...words('admin forced disconnect', '57P01', ': an administrator has killed this client (KILL_CLIENT)'),
    version: '1.24',
  },
  {
    name: 'the end by SHUTDOWN',
    reason: 'clients are told why their connection ends',
    theirs: [],
    ours: [ourError('57P01', 'terminating connection because pgsidecar is stopping')],
    where: 'SHUTDOWN',
  },
  {
    name: 'SET of a path',
    reason:
      'an admin of the console is not for that the system user of the agent: only the file says what it runs, reads, writes and is',
    theirs: ['* < CommandComplete "SET client_tls_ca_file="'],
    ours: ['* < ErrorResponse S "ERROR" V "ERROR" C "22023" M "SET failed: *"'],
    where: 'words of the console: SET of a path',
  },
  words('not allowed', '28000', ': user "*" is neither in admin_users nor in stats_users'),
  ...SHOWN,
  {
    name: 'the version of the console',
    reason: 'the PgBouncer whose columns it has; `SHOW VERSION` names pgsidecar too',
    theirs: ['* < ParameterStatus "server_version" "*/bouncer"'],
    ours: ['* < ParameterStatus "server_version" "1.25.2/bouncer"'],
  },
  {
    name: 'SHOW DATABASES: reserve_pool_size',
    reason: COLUMNS,
    theirs: ['* column reserve_pool 23'],
    ours: ['* column reserve_pool_size 23', '* column server_lifetime 23'],
    where: 'SHOW',
    version: '1.18',
  },
  {
    name: 'SHOW STATS_AVERAGES',
    reason: COLUMNS,
    theirs: ['* column xact_count 1700', '**'],
    ours: ['* column avg_server_assignment_count 1700', '* column avg_xact_count 1700', '**'],
    where: 'SHOW: SHOW STATS_AVERAGES',
    version: '1.18',
  },
  {
    name: 'SHOW STATS_AVERAGES',
    reason: COLUMNS,
    theirs: ['* column server_assignment_count 1700', '* column xact_count 1700', '**'],
    ours: ['* column avg_server_assignment_count 1700', '* column avg_xact_count 1700', '**'],
    where: 'SHOW: SHOW STATS_AVERAGES',
    version: '1.24',
  },
  {
    name: 'SHOW LISTS: items',
    reason: 'INT8, which Telegraf asks for',
    theirs: ['* column items 23'],
    ours: ['* column items 20'],
    where: 'SHOW: SHOW LISTS',
  },
  ...['peers', 'peer_pools'].map(
    (list): IntendedDifference => ({
      name: `SHOW LISTS: ${list}`,
      reason: 'lists of PgBouncer 1.25',
      theirs: [],
      ours: [`* list ${list}`],
      where: 'SHOW: the lists of SHOW LISTS',
      version: '1.18',
    }),
  ),
  {
    name: 'SHOW MEM',
    reason: 'INT8: memory has more bytes than an INT4',
    theirs: ['size', 'used', 'free', 'memtotal'].map((column) => `* column ${column} 23`),
    ours: ['size', 'used', 'free', 'memtotal'].map((column) => `* column ${column} 20`),
    where: 'SHOW: SHOW MEM',
  },
  {
    name: 'SHOW HELP',
    reason: 'names what this console knows',
    theirs: ['* < NoticeResponse S "NOTICE" C "00000" M "Console usage" D "*'],
    ours: ['* < NoticeResponse S "NOTICE" V "NOTICE" C "00000" M "Console usage" D "*'],
    where: 'SHOW: HELP',
  },
  {
    name: 'an empty query at the console',
    reason: 'as PostgreSQL; drivers ping with it',
    theirs: [`* < ErrorResponse S "ERROR" C "08P01" M "invalid command '', use SHOW HELP;"`],
    ours: ['* < EmptyQueryResponse'],
    where: 'words of the console',
  },
  {
    name: 'the extended protocol at the console',
    reason: 'spoken, as PgBouncer does since 1.25',
    theirs: [
      '* < ErrorResponse S "ERROR" C "08P01" M "extended query protocol not supported by admin console"',
    ],
    ours: [
      '* < ParseComplete',
      '* < BindComplete',
      '* < RowDescription 1 "version"*',
      '* < DataRow 1 *',
      '* < CommandComplete "SHOW"',
    ],
    where: 'the console by the extended protocol',
  },
  {
    name: 'the extended protocol at the console, its end',
    reason: 'as above',
    theirs: [error('08P01', 'bad packet')],
    ours: [],
    where: 'the console by the extended protocol',
  },
];

export const INTENDED: readonly IntendedDifference[] = [
  ...[...LOGINS, ...LIMITS, ...QUERIES, ...STARTUP, ...CONSOLE],
];
