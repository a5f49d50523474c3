// The log of `pgsidecar pgbouncer` beside PgBouncer's own: what each step says there is said here, in the words that people have alerts on.

import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { pgsidecarProgram } from '../harness/agent.ts';
import { testNeeding } from '../harness/needs.ts';
import { createNursery, unprivilegedAccount } from '../harness/nursery.ts';
import {
  DEBIAN_PGBOUNCER,
  hasNewerPgbouncer,
  NEWER_PGBOUNCER,
  startPgbouncerProcess,
  writeForPgbouncer,
} from '../harness/pgbouncer.ts';
import { freePort, startPostgres } from '../harness/postgres.ts';
import { type Login, psql } from '../harness/psql.ts';
import { untilRuns } from '../harness/until_runs.ts';

setDefaultTimeout(60_000);

const postgres = await startPostgres({ users: { app: '', worker: '' }, databases: { shop: 'app' } });
const deadPort = await freePort();
// Logs in to the pooler, and to no server.
const strange = crypto.randomUUID();
afterAll(() => postgres.stop());

interface Room {
  /** psql with these, as `app` at `shop` where nothing else is said. */
  ask(sql: string, login?: Partial<Login>): Promise<unknown>;
  console(sql: string): Promise<unknown>;
  /** Waits for a line. */
  said(words: RegExp): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<unknown>;
}

type Steps = Readonly<Record<string, (room: Room) => Promise<unknown>>>;

const COMMANDS = [
  ...['RELOAD', 'PAUSE', 'RESUME', 'PAUSE shop', 'RESUME shop', 'DISABLE shop', 'ENABLE shop', 'RECONNECT'],
  ...['RECONNECT shop', 'KILL shop', 'RESUME shop again', 'WAIT_CLOSE shop', 'RESUME of nothing', 'FOO'],
  ...["SET query_timeout = '9'", 'SUSPEND'],
];

const STEPS: Steps = {
  start: () => Promise.resolve(),
  'a login': (room) => room.ask('SELECT 1'),
  'a login by TCP': (room) => room.ask('SELECT 1', { host: '127.0.0.1' }),
  'a wrong password': (room) => room.ask('SELECT 1', { password: 'wrong' }),
  'a user that there is not': (room) => room.ask('SELECT 1', { user: 'nemo' }),
  'a database that nobody listed': (room) => room.ask('SELECT 1', { database: 'postgres' }),
  'one that the server has not': async (room) => {
    await room.ask('SELECT 1', { database: 'nowhere' });
    await room.said(/ S-0x\S+ nowhere\/app@\S+ closing because: /);
  },
  'a server that is not there': (room) => room.ask('SELECT 1', { database: 'dead' }),
  'a password that the server does not take': async (room) => {
    await room.ask('SELECT 1', { user: 'worker', password: strange });
    await room.said(/ S-0x\S+ shop\/worker@\S+ closing because: /);
  },
  ...Object.fromEntries(
    COMMANDS.map((command) => [
      command,
      (room: Room) => room.console(command.replace(/ (again|of nothing)$/, '')),
    ]),
  ),
  'the console, for somebody else': (room) =>
    room.ask('SHOW VERSION', { user: 'worker', password: strange, database: 'pgbouncer' }),
  'a database that is disabled': async (room) => {
    await room.console('DISABLE few');
    await room.ask('SELECT 1', { database: 'few' });
    await room.console('ENABLE few');
  },
  query_wait_timeout: async (room) => {
    const slow = room.ask('SELECT pg_sleep(3)', { database: 'few' });
    await untilRuns(postgres, 'pg_sleep(3)');
    await room.ask('SELECT 1', { database: 'few' });
    await slow;
  },
  'a server that is killed': async (room) => {
    const slow = room.ask('SELECT pg_sleep(30)');
    await untilRuns(postgres, 'pg_sleep(30)');
    await postgres.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'",
    );
    await slow;
  },
  ...Object.fromEntries(
    (['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const).map((name) => [
      name,
      async (room: Room) => {
        room.signal(name);
        await room.said(new RegExp(`got ${name}`));
      },
    ]),
  ),
  SHUTDOWN: async (room) => {
    await room.console('SHUTDOWN');
    await room.exited;
  },
};

/** What is meant to be otherwise in a step; with one of PgBouncer's versions only, or with each. */
interface Difference {
  readonly missing?: readonly string[];
  readonly more?: readonly string[];
  readonly only?: Version;
  readonly why: string;
}

type Version = '1.18' | '1.24';

const AUTO_DATABASE =
  'a database is made with its pool, when the client has proved who he is, and not before';
const FAILED_LOGIN = 'a connection to a server is told of when it can be used';
const WHY_OF_1_24 = '1.24 closes with the whole sentence, 1.18 with these two words';

const INTENDED: Readonly<Record<string, readonly Difference[]>> = {
  'a wrong password': [
    {
      more: ['LOG C shop/app@unix reason: wrong password'],
      why: 'the operator is told more than the client',
    },
  ],
  'a user that there is not': [
    {
      missing: [
        'LOG C (nodb)/(nouser)@unix no such user: nemo',
        'LOG C (nodb)/nemo@unix closing because: password authentication failed (age)',
        'LOG C (nodb)/nemo@unix login attempt: db=shop user=nemo tls=no',
        'WARNING C (nodb)/nemo@unix pooler error: password authentication failed',
      ],
      more: [
        'LOG C shop/nemo@unix closing because: password authentication failed (age)',
        'LOG C shop/nemo@unix login attempt: db=shop user=nemo tls=no',
        'LOG C shop/nemo@unix no such user: nemo',
        'WARNING C shop/nemo@unix pooler error: password authentication failed for user "nemo"',
      ],
      why: 'who it says that it is, and what it asked for, is known from the first line on',
    },
  ],
  'a database that nobody listed': [
    {
      missing: ['LOG C (nodb)/(nouser)@unix registered new auto-database: postgres'],
      more: ['LOG registered new auto-database: postgres'],
      why: AUTO_DATABASE,
    },
  ],
  'one that the server has not': [
    {
      missing: ['LOG C (nodb)/(nouser)@unix registered new auto-database: nowhere'],
      more: ['LOG registered new auto-database: nowhere'],
      why: AUTO_DATABASE,
    },
    { missing: ['LOG S nowhere/app@SERVER new connection to server (from SOMEWHERE)'], why: FAILED_LOGIN },
    {
      missing: ['LOG S nowhere/app@SERVER closing because: database "nowhere" does not exist (age)'],
      more: ['LOG S nowhere/app@SERVER closing because: login failed (age)'],
      only: '1.24',
      why: WHY_OF_1_24,
    },
  ],
  'a server that is not there': [
    {
      missing: [
        'LOG C dead/app@unix closing because: query_wait_timeout (age)',
        'WARNING C dead/app@unix pooler error: query_wait_timeout',
      ],
      more: [
        'LOG C dead/app@unix closing because: cannot connect to the server: connection refused by DEAD: is PostgreSQL running there? (age)',
        'WARNING C dead/app@unix pooler error: cannot connect to the server: connection refused by DEAD: is PostgreSQL running there?',
        'WARNING S dead/app@DEAD connect failed: cannot connect to the server: connection refused by DEAD: is PostgreSQL running there?',
      ],
      why: 'the first client is told at once what is wrong',
    },
  ],
  'a password that the server does not take': [
    { missing: ['LOG S shop/worker@SERVER new connection to server (from SOMEWHERE)'], why: FAILED_LOGIN },
    {
      missing: [
        'LOG S shop/worker@SERVER closing because: password authentication failed for user "worker" (age)',
      ],
      more: ['LOG S shop/worker@SERVER closing because: login failed (age)'],
      only: '1.24',
      why: WHY_OF_1_24,
    },
  ],
  FOO: [
    {
      missing: [
        "ERROR invalid command 'FOO', use SHOW HELP;",
        "WARNING C pgbouncer/app@unix pooler error: invalid command 'FOO', use SHOW HELP;",
      ],
      more: [
        "ERROR invalid command 'FOO… (3 characters)', use SHOW HELP;",
        "WARNING C pgbouncer/app@unix pooler error: invalid command 'FOO… (3 characters)', use SHOW HELP;",
      ],
      why: 'what somebody typed at the wrong database may have had a password in it',
    },
  ],
  'a server that is killed': [
    {
      missing: ['WARNING C shop/app@unix pooler error: server conn crashed?'],
      why: 'the client was told by the server itself, and by nobody else',
    },
  ],
  SUSPEND: [{ more: ['LOG RESUME command issued'], why: 'a verb is told, whoever gave it' }],
  SIGUSR1: [{ more: ['LOG PAUSE command issued'], why: 'a verb is told, whoever gave it' }],
  SIGUSR2: [{ more: ['LOG RESUME command issued'], why: 'a verb is told, whoever gave it' }],
  SHUTDOWN: [
    {
      more: [
        'LOG C pgbouncer/app@unix closing because: terminating connection because pgsidecar is stopping (age)',
        'LOG server connections dropped, exiting',
      ],
      why: 'clients are told that it ends, and that it has ended is told',
    },
  ],
};

/** Lines that say what PgBouncer has no words for, or at another time: a name that the server has not is forgotten at once. */
const OURS =
  /^(LOG|WARNING) (took |source directory is |dropping database 'nowhere' |server_tls_sslmode is |reloaded|SET at the console|\S+ reason: |process up: )/;
/** Lines about PgBouncer's own insides. */
const THEIRS = /^LOG (kernel file descriptor limit|process up: )/;

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await Bun.sleep(10);
}

async function logsOf(program: string | readonly string[]): Promise<Record<string, readonly string[]>> {
  const nursery = createNursery('log-oracle', unprivilegedAccount());
  try {
    const { directory } = nursery;
    const port = await freePort();
    writeForPgbouncer(
      nursery,
      'userlist.txt',
      `"app" "${postgres.passwordOf('app')}"\n"worker" "${strange}"\n`,
    );
    const ini = writeForPgbouncer(nursery, 'pgbouncer.ini', iniAt(directory, port));
    const { child, logText } = await startPgbouncerProcess(nursery, program, ini);
    const count = (pattern: RegExp): number => logText().match(pattern)?.length ?? 0;
    const ask: Room['ask'] = (sql, login = {}) =>
      psql(
        {
          host: directory,
          port,
          user: 'app',
          password: postgres.passwordOf('app'),
          database: 'shop',
          ...login,
        },
        ['-c', sql],
      );
    const room: Room = {
      ask,
      console: (sql) => ask(sql, { database: 'pgbouncer' }),
      said: (words) => until(() => words.test(logText())),
      signal: (name) => child.kill(name),
      exited: child.exited,
    };
    const logs: Record<string, readonly string[]> = {};
    let at = 0;
    for (const [step, run] of Object.entries(STEPS)) {
      await run(room);
      // Everybody who came has gone, and it was said; but for the one who ended the pooler.
      const isQuiet = () => count(/ login attempt: /g) === count(/ C-0x\S+ \S+ closing because: /g);
      await until(() => child.exitCode !== null || isQuiet());
      if (step === 'SUSPEND') await room.said(/doing RESUME/);
      const text = logText();
      logs[step] = [
        ...new Set(
          text
            .slice(at)
            .trimEnd()
            .split('\n')
            .map((line) => plain(line, directory, port)),
        ),
      ].sort();
      at = text.length;
    }
    return logs;
  } finally {
    await nursery.close();
  }
}

function iniAt(directory: string, port: number): string {
  const server = `host=127.0.0.1 port=${postgres.port}`;
  return [
    '[databases]',
    `shop = ${server}`,
    `few = ${server} dbname=shop pool_size=1`,
    `dead = host=127.0.0.1 port=${deadPort}`,
    `* = ${server}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    `unix_socket_dir = ${directory}`,
    'auth_type = md5',
    `auth_file = ${directory}/userlist.txt`,
    'admin_users = app',
    'pool_mode = transaction',
    'server_tls_sslmode = disable',
    'query_wait_timeout = 1',
    'server_login_retry = 1',
    '',
  ].join('\n');
}

/** Without what is never the same: when, who by number, from which port, at what age. */
function plain(line: string, directory: string, port: number): string {
  return (
    line
      .replace(/^\S+ \S+ \S+ \[\d+\] /, '')
      .replaceAll(directory, 'HERE')
      .replace(/\b([CS])-0x[0-9a-f]+: /, '$1 ')
      .replace(/@unix(\(\d+\):\d+)?/, '@unix')
      .replaceAll(`127.0.0.1:${postgres.port}`, 'SERVER')
      .replaceAll(`127.0.0.1:${deadPort}`, 'DEAD')
      .replaceAll(String(port), 'PORT')
      .replace(/127\.0\.0\.1:\d+/, 'SOMEWHERE')
      .replace(/\(age=\d+s\)/, '(age)')
      // Since 1.23.
      .replace(/ replication=no$/, '')
      // In 1.18 `db=` stood before it.
      .replace(/(auto-database: )db=/, '$1')
  );
}

/** Ours may go on after theirs, but for what is closed, where alerts are on the whole of it. */
function isSaid(theirs: string, ours: readonly string[]): boolean {
  return ours.some(
    (each) => each === theirs || (/pooler error: |failed: /.test(theirs) && each.startsWith(theirs)),
  );
}

let once: ReturnType<typeof logsOf> | undefined;
function logsOfOurs(): ReturnType<typeof logsOf> {
  once ??= logsOf([...pgsidecarProgram(), 'pgbouncer']);
  return once;
}

async function compareWith(program: string, version: Version): Promise<void> {
  // One after the other: they have the same servers.
  const [theirs, ours] = [await logsOf(program), await logsOfOurs()];
  const found: Record<string, { missing?: string[]; more?: string[] }> = {};
  for (const step of Object.keys(STEPS)) {
    const [there, here] = [
      theirs[step]!.filter((each) => !THEIRS.test(each)),
      ours[step]!.filter((each) => !OURS.test(each)),
    ];
    const missing = there.filter((each) => !isSaid(each, here));
    const more = here.filter((each) => !there.some((line) => isSaid(line, [each])));
    if (missing.length + more.length > 0)
      found[step] = { ...(missing.length > 0 && { missing }), ...(more.length > 0 && { more }) };
  }
  expect(found).toEqual(intendedWith(version));
}

function intendedWith(version: Version): Record<string, { missing?: string[]; more?: string[] }> {
  const steps = Object.entries(INTENDED).map(([step, differences]) => {
    const held = differences.filter(({ only }) => only === undefined || only === version);
    const missing = held.flatMap((each) => each.missing ?? []).sort();
    const more = held.flatMap((each) => each.more ?? []).sort();
    return [step, { ...(missing.length > 0 && { missing }), ...(more.length > 0 && { more }) }] as const;
  });
  return Object.fromEntries(steps);
}

test('each step is logged in the words of PgBouncer 1.18', () => compareWith(DEBIAN_PGBOUNCER, '1.18'));

testNeeding(hasNewerPgbouncer() ? undefined : 'scripts/newer_pgbouncer has not fetched it')(
  'each step is logged in the words of PgBouncer 1.24',
  () => compareWith(NEWER_PGBOUNCER, '1.24'),
);
