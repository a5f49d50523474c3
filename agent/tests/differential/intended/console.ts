// The admin console.

import { CODES, error, type IntendedDifference, ourError, words } from './words.ts';

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

/** PgBouncer has nothing that they could say. */
const PINS = 'why a client keeps its server between transactions, behind all columns of PgBouncer';

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

export const CONSOLE: readonly IntendedDifference[] = [
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
  ...['cl_pinned 23', 'pins 25'].map((column) => columns(column, [column], { reason: PINS })),
  columns('leaks 20', ['leaks 20'], {
    reason: 'what was left by functions, and found; behind all columns of PgBouncer',
  }),
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
