// The log in PgBouncer's words: the lines that people have alerts on.

import { expect, test } from 'bun:test';
import { VERSION } from '../base/version.ts';
import { asPgbouncer } from './log_format.ts';
import { type LogRecord, pgbouncerLines } from './log_pgbouncer.ts';

const TIME = '2026-11-21T18:30:45.010Z';
const CLIENT = { client_pid: 42, database: 'app', user: 'bob', peer: '127.0.0.1:5000' };
const SERVER = { server_pid: 42, database: 'app', user: 'bob', host: '10.0.0.1:5432' };

function spoken(level: number, fields: Record<string, unknown>, msg: string): string[] {
  const record: LogRecord = { level, time: TIME, msg, ...fields };
  return pgbouncerLines(record).map(({ level: word, text }) => `${word} ${text}`);
}

test.each([
  [
    'client connected',
    { ...CLIENT, tls: 'TLSv1.3' },
    ['LOG C-0x2a: app/bob@127.0.0.1:5000 login attempt: db=app user=bob tls=TLSv1.3'],
  ],
  [
    'client disconnected',
    { ...CLIENT, reason: 'client close request', age_s: 3 },
    ['LOG C-0x2a: app/bob@127.0.0.1:5000 closing because: client close request (age=3s)'],
  ],
  [
    'login refused',
    { ...CLIENT, client_pid: undefined, reason: 'wrong', told: 'password authentication failed' },
    [
      'LOG C-0x0: app/bob@127.0.0.1:5000 login attempt: db=app user=bob tls=no',
      'WARNING C-0x0: app/bob@127.0.0.1:5000 pooler error: password authentication failed',
      'LOG C-0x0: app/bob@127.0.0.1:5000 reason: wrong',
      'LOG C-0x0: app/bob@127.0.0.1:5000 closing because: password authentication failed (age=0s)',
    ],
  ],
  [
    'server connected',
    { ...SERVER, local: '10.0.0.9:40000' },
    ['LOG S-0x2a: app/bob@10.0.0.1:5432 new connection to server (from 10.0.0.9:40000)'],
  ],
  [
    'server connection closed',
    { ...SERVER, reason: 'server lifetime over', age_s: 3600 },
    ['LOG S-0x2a: app/bob@10.0.0.1:5432 closing because: server lifetime over (age=3600s)'],
  ],
  [
    'server connection lost',
    { ...SERVER, reason: 'reset', age_s: 5 },
    ['LOG S-0x2a: app/bob@10.0.0.1:5432 closing because: server conn crashed? (age=5s)'],
  ],
  [
    'listening',
    { address: '/run/pgsidecar/.s.PGSQL.5432' },
    ['LOG listening on unix:/run/pgsidecar/.s.PGSQL.5432'],
  ],
  ['listening', { address: '127.0.0.1:6432' }, ['LOG listening on 127.0.0.1:6432']],
  ['ready', {}, [`LOG process up: pgsidecar ${VERSION}`]],
  ['signal', { signal: 'SIGHUP', verb: 'reload' }, ['LOG got SIGHUP, re-reading config']],
  ['stopped', { uptime_ms: 1 }, ['LOG server connections dropped, exiting']],
] as const)('%s', (msg, fields, lines) => {
  expect(spoken(30, fields, msg)).toEqual([...lines]);
});

test('an error that the agent tells a client is a pooler error', () => {
  expect(spoken(40, { ...CLIENT, code: 'query_timeout' }, 'query_timeout: it took longer')).toEqual([
    'WARNING C-0x2a: app/bob@127.0.0.1:5000 pooler error: query_timeout: it took longer',
  ]);
  const login = { user: 'bob', peer: 'unix', source: 'uid 0', code: 'client_limit' };
  expect(spoken(40, login, 'no more connections allowed (max_client_conn)')).toEqual([
    'WARNING C-0x0: (nodb)/bob@unix pooler error: no more connections allowed (max_client_conn)',
    'LOG C-0x0: (nodb)/bob@unix closing because: no more connections allowed (max_client_conn) (age=0s)',
  ]);
});

test.each([
  ['query_wait_timeout: no server connection became free within 1 s', 'query_wait_timeout'],
  ['idle transaction timeout: it said nothing for longer', 'idle transaction timeout'],
  ['client unexpected eof: ECONNRESET', 'client unexpected eof'],
  ['no such database: a: b (pgsidecar serves shop)', 'no such database: a: b'],
  ['no more connections allowed (max_client_conn): it is 5', 'no more connections allowed (max_client_conn)'],
  ['password authentication failed for user "app"', 'password authentication failed'],
  [
    'password authentication failed for user "app" (the server refused our login)',
    'password authentication failed for user "app"',
  ],
  ['the server ended the connection', 'server conn crashed?'],
  ['client close request', 'client close request'],
  ['server lifetime over', 'server lifetime over'],
])('what is closed because of "%s" has PgBouncer’s words, and nothing behind them', (reason, words) => {
  expect(spoken(30, { ...CLIENT, reason, age_s: 3 }, 'client disconnected')).toEqual([
    `LOG C-0x2a: app/bob@127.0.0.1:5000 closing because: ${words} (age=3s)`,
  ]);
});

test('names that `*` serves are told when they come and go, a user that there is not by his name', () => {
  expect(spoken(30, { database: 'a' }, 'registered new auto-database')).toEqual([
    'LOG registered new auto-database: a',
  ]);
  const gone = 'database dropped: it is not served, or nobody has used it for long';
  expect(spoken(30, { database: 'a' }, gone)).toEqual([
    "LOG dropping database 'a' as it does not exist anymore or inactive auto-database",
  ]);
  const refused = { ...CLIENT, client_pid: undefined, reason: 'user "x" does not exist', told: 'no' };
  expect(spoken(30, refused, 'login refused')[2]).toBe('LOG C-0x0: app/bob@127.0.0.1:5000 no such user: x');
});

test('an error of the console stands there by itself too', () => {
  const admin = { ...CLIENT, database: 'pgbouncer', code: 'console_database_needed' };
  expect(spoken(40, admin, 'a database is required')).toEqual([
    'ERROR a database is required',
    'WARNING C-0x2a: pgbouncer/bob@127.0.0.1:5000 pooler error: a database is required',
  ]);
});

test('a client that is refused for its database has made its attempt', () => {
  const login = { user: 'bob', database: 'no', peer: 'unix', source: 'uid 0', code: 'database_unknown' };
  expect(spoken(40, { ...login, tls: 'TLSv1.3' }, 'no such database: no')).toEqual([
    'LOG C-0x0: no/bob@unix login attempt: db=no user=bob tls=TLSv1.3',
    'WARNING C-0x0: no/bob@unix pooler error: no such database: no',
    'LOG C-0x0: no/bob@unix closing because: no such database: no (age=0s)',
  ]);
});

test('a server that cannot be had says whether it was the connection or the login', () => {
  const dialed = { database: 'app', user: 'bob', failures: 1 };
  expect(spoken(40, { ...dialed, code: 'server_unreachable' }, 'refused by 10.0.0.1')).toEqual([
    'WARNING S-0x0: app/bob@unix connect failed: refused by 10.0.0.1',
    'LOG S-0x0: app/bob@unix closing because: connect failed (age=0s)',
  ]);
  expect(spoken(40, { ...dialed, code: 'server_password_wrong' }, 'wrong password')).toEqual([
    'WARNING S-0x0: app/bob@unix server login failed: wrong password',
    'LOG S-0x0: app/bob@unix closing because: login failed (age=0s)',
  ]);
  const said = 'database "app" does not exist (the server refused our login)';
  expect(spoken(40, { ...dialed, code: 'server_database_missing' }, said)).toEqual([
    'WARNING server login failed: FATAL database "app" does not exist',
    'LOG S-0x0: app/bob@unix closing because: login failed (age=0s)',
  ]);
  const at = { ...dialed, host: '10.0.0.1:5432', code: 'server_password_is_md5' };
  expect(spoken(40, at, 'server login failed: wrong password type: md5')[0]).toBe(
    'WARNING S-0x0: app/bob@10.0.0.1:5432 server login failed: wrong password type: md5',
  );
});

test('what PgBouncer has no words for keeps its own, with what stands beside it', () => {
  expect(spoken(50, { why: 'SIGHUP', problems: ['a b'] }, 'reload refused: nothing was changed')).toEqual([
    'ERROR reload refused: nothing was changed (why=SIGHUP problems=["a b"])',
  ]);
  expect(spoken(20, {}, 'looked')).toEqual(['DEBUG looked']);
});

test('asPgbouncer() begins as PgBouncer does, and no name begins a line of its own', () => {
  const line = JSON.stringify({ level: 30, time: TIME, msg: 'hello\n2026 LOG all is well' });
  const [, day, rest] = /^(\S+ \S+ \S+) (.*\n)$/s.exec(asPgbouncer(11537)(`${line}\n`))!;
  expect(day).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.010 [A-Z+-][A-Z0-9]+$/);
  expect(rest).toBe('[11537] LOG hello\\u000a2026 LOG all is well\n');
});
