// Connection strings are read as libpq reads them.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { CONNINFO_CHARS_MAX, conninfoWords, parseConninfo } from './conninfo.ts';
import { HOSTS_MAX } from './draft_words.ts';

const ORIGIN = { place: '.env', line: 3, key: 'DATABASE_URL' };

function words(text: string): Record<string, string> | string {
  const read = conninfoWords(text);
  if ('words' in read) return Object.fromEntries(read.words);
  return 'reason' in read ? read.reason : `foreign: ${read.foreign}`;
}

function fields(text: string): Record<string, string | number> {
  const reading = parseConninfo(text, ORIGIN);
  expect(reading.problems).toEqual([]);
  return Object.fromEntries(Object.entries(reading.fields).map(([name, located]) => [name, located.value]));
}

function sentences(text: string): string[] {
  return parseConninfo(text, ORIGIN).problems.map((each) => each.sentence);
}

// Each was given to PQconninfoParse of libpq 15, and this is what it said.
const LIBPQ: readonly [string, Record<string, string>][] = [
  ['postgresql://', {}],
  ['postgres://localhost', { host: 'localhost' }],
  [
    'postgresql://u:p@h:1/db?connect_timeout=10&application_name=myapp',
    {
      user: 'u',
      password: 'p',
      host: 'h',
      port: '1',
      dbname: 'db',
      connect_timeout: '10',
      application_name: 'myapp',
    },
  ],
  ['postgresql://h1:1,h2:2,h3/db', { host: 'h1,h2,h3', port: '1,2,', dbname: 'db' }],
  ['postgresql://a,b:1,c:2?user=x', { host: 'a,b,c', port: ',1,2', user: 'x' }],
  ['postgresql://%2Fvar%2Flib%2Fpostgresql/dbname', { host: '/var/lib/postgresql', dbname: 'dbname' }],
  ['postgresql://%2Ftmp:5433/db', { host: '/tmp', port: '5433', dbname: 'db' }],
  ['postgresql:///db?host=/var/lib/postgresql', { dbname: 'db', host: '/var/lib/postgresql' }],
  ['postgresql://h/db?host=a&host=b', { dbname: 'db', host: 'b' }],
  ['postgresql://u@/db', { user: 'u', dbname: 'db' }],
  ['postgresql://@h/db', { host: 'h', dbname: 'db' }],
  ['postgresql://:@/db', { dbname: 'db' }],
  ['postgresql://u:@h/db', { user: 'u', host: 'h', dbname: 'db' }],
  ['postgresql://u%40x:p%2Fw%40@h/db', { user: 'u@x', password: 'p/w@', host: 'h', dbname: 'db' }],
  ['postgresql://u:p?w@h/db', { user: 'u', password: 'p?w', host: 'h', dbname: 'db' }],
  ['postgresql://u:p#w@h/db#frag', { user: 'u', password: 'p#w', host: 'h', dbname: 'db#frag' }],
  ['postgresql://u:a:b@h', { user: 'u', password: 'a:b', host: 'h' }],
  ['postgresql://[::1]:5433/db', { host: '::1', port: '5433', dbname: 'db' }],
  ['postgresql://[::1],h:1/db', { host: '::1,h', port: ',1', dbname: 'db' }],
  ['postgresql://[fe80::1%25eth0]/db', { host: 'fe80::1%eth0', dbname: 'db' }],
  ['postgresql://h/db?ssl=true', { host: 'h', dbname: 'db', sslmode: 'require' }],
  ['postgresql://h/db?', { host: 'h', dbname: 'db' }],
  ['postgresql://h/db?user=a&', { user: 'a', host: 'h', dbname: 'db' }],
  ['postgresql://h/a/b', { host: 'h', dbname: 'a/b' }],
  ['postgresql://h?user=a', { host: 'h', user: 'a' }],
  ['postgresql://h/?user=a', { host: 'h', user: 'a' }],
  ['postgresql://h:/db', { host: 'h', dbname: 'db' }],
  ['postgresql://h/db?options=-c%20geqo%3Doff', { host: 'h', dbname: 'db', options: '-c geqo=off' }],
  ['postgresql://h/db?user=a+b', { host: 'h', dbname: 'db', user: 'a+b' }],
  ['host=a port=1 user = b', { host: 'a', port: '1', user: 'b' }],
  ["host='a b' password='it\\'s \\\\'", { host: 'a b', password: "it's \\" }],
  ['host=a\\ b', { host: 'a b' }],
  ["host=a'b'", { host: "a'b'" }],
  ["host='' user=a", { host: '', user: 'a' }],
  ['host=a host=b', { host: 'b' }],
  ['user=a\n port=2', { user: 'a', port: '2' }],
  ['password=\\', { password: '' }],
  ['dbname=postgres://x/y', { dbname: 'postgres://x/y' }],
];

describe('conninfoWords()', () => {
  test.each(LIBPQ)('reads %s as libpq does', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  // libpq: errors, too.
  const refused: readonly [string, string][] = [
    ['postgresql://[::1/db', 'an IPv6 address wants brackets on both sides, then ":" or "/"'],
    ['postgresql://[]/db', 'the brackets for an IPv6 address are empty'],
    ['postgresql://[::1]x/db', 'an IPv6 address wants brackets on both sides, then ":" or "/"'],
    ['postgresql://h/db?a', 'a parameter behind the ? has no "="'],
    ['postgresql://h/db?&user=a', 'a parameter behind the ? has no "="'],
    ['postgresql://h/db?a=b=c', 'a parameter behind the ? has two "="; write %3D for the one in the value'],
    ['postgresql://h/db?user=%zz', 'a % is not followed by two hexadecimal digits; write %25 for a %'],
    ['postgresql://u:p%@h/db', 'a % is not followed by two hexadecimal digits; write %25 for a %'],
    ['postgresql://h/db?user=%00', 'it holds %00, which PostgreSQL cannot take'],
    ['host=a b', 'word 2 has no "=" behind it; put a value with blanks in single quotes'],
    ["host='a'b", 'word 2 has no "=" behind it; put a value with blanks in single quotes'],
    ['=a', 'word 1 has no name in front of its "="'],
    ["host='a", 'the quote around "host" is never closed'],
  ];
  test.each(refused)('refuses %s', (text, reason) => {
    expect(words(text)).toBe(reason);
  });

  // libpq takes these for hosts, ports and names that cannot be, and then says that it cannot find the host.
  const earlier: readonly [string, string][] = [
    ['postgresql://u:p@w@h/db', 'there are two @; write %40 for an @ in the user or password'],
    [
      'postgresql://u:p/w@h/db',
      'a port is no number from 1 to 65535; write %2F for a / and %3A for a : in the user or password',
    ],
    ['hello', 'it is neither a URL (postgresql://…) nor words such as host=… dbname=…'],
    ['', 'it is neither a URL (postgresql://…) nor words such as host=… dbname=…'],
    ['postgresql://h/%C3', 'its percent-encoded characters are not UTF-8'],
    ['host=a\0b', 'it holds a character 0, which PostgreSQL cannot take'],
    [
      'x'.repeat(CONNINFO_CHARS_MAX + 1),
      'it has 16385 characters, and at most 16384 (CONNINFO_CHARS_MAX) are read',
    ],
  ];
  test.each(earlier)('refuses %.60s earlier than libpq', (text, reason) => {
    expect(words(text)).toBe(reason);
  });

  const frameworks: readonly [string, string, Record<string, string> | string][] = [
    [
      'django-environ: a socket directory in front of the name',
      'postgres:////run/pg/db',
      { host: '/run/pg', dbname: 'db' },
    ],
    ['SQLAlchemy: a driver', 'postgresql+psycopg2://u@h/db', { user: 'u', host: 'h', dbname: 'db' }],
    [
      'SQLAlchemy: several hosts',
      'postgresql+asyncpg://u@/db?host=a:1&host=b:2',
      { user: 'u', dbname: 'db', host: 'a,b', port: '1,2' },
    ],
    ['Rails: postgis', 'postgis://u@h/db?pool=5', { user: 'u', host: 'h', dbname: 'db', pool: '5' }],
    ['postgres2', 'postgres2://h/db', { host: 'h', dbname: 'db' }],
    [
      'JDBC',
      'jdbc:postgresql://h:1/db?user=u&ssl=true',
      { host: 'h', port: '1', dbname: 'db', user: 'u', sslmode: 'require' },
    ],
    [
      'node-postgres: no-verify',
      'postgres://h/db?sslmode=no-verify',
      { host: 'h', dbname: 'db', sslmode: 'require' },
    ],
    ['node-postgres: ssl=0', 'postgres://h/db?ssl=0', { host: 'h', dbname: 'db', sslmode: 'disable' }],
    ['capital letters', 'POSTGRES://h/db', { host: 'h', dbname: 'db' }],
    ['blanks around a URL', ' postgres://h/db\n', { host: 'h', dbname: 'db' }],
    ['MySQL, which is somebody else', 'mysql2://h/db', 'foreign: mysql2'],
  ];
  test.each(frameworks)('reads what frameworks write: %s', (_title, text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test('throws for no text', () => {
    const piece = fc.constantFrom(
      ...'u:p@h/d?x=1&%41[],\'"\\ #\n',
      'postgresql://',
      'host=',
      '%',
      '\0',
      '\ud800',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((all) => all.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const { problems } = parseConninfo(text, ORIGIN);
          for (const each of problems) expect(each.origin).toEqual(ORIGIN);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('parseConninfo()', () => {
  test('puts libpq words into fields, with their origin', () => {
    const secret = crypto.randomUUID();
    const { fields: read } = parseConninfo(
      `postgres://app:${secret}@db:6432/shop?sslmode=verify-full`,
      ORIGIN,
    );
    expect(read).toEqual({
      user: { value: 'app', origin: ORIGIN },
      password: { value: secret, origin: ORIGIN },
      host: { value: 'db', origin: ORIGIN },
      port: { value: '6432', origin: ORIGIN },
      dbname: { value: 'shop', origin: ORIGIN },
      sslmode: { value: 'verify-full', origin: ORIGIN },
    });
  });

  test('reads options and names into parameters', () => {
    const text =
      "dbname=d application_name=web client_encoding=auto options='-c geqo=off --search-path=a,b -cwork_mem=1MB -c x=a\\\\ b'";
    const { parameters, problems } = parseConninfo(text, ORIGIN);
    expect(problems).toEqual([]);
    expect(Object.entries(parameters).map(([name, { value }]) => [name, value])).toEqual([
      ['application_name', 'web'],
      ['geqo', 'off'],
      ['search_path', 'a,b'],
      ['work_mem', '1MB'],
      ['x', 'a b'],
    ]);
  });

  test('says which options it cannot follow', () => {
    expect(sentences("host=h options='-d 5'")).toEqual([
      'options -d at .env:3 is not followed: connections of pgsidecar to the server go without it',
      'options 5 at .env:3 is not followed: connections of pgsidecar to the server go without it',
    ]);
  });

  test('takes hostaddr for a host, requiressl for a mode, target_session_attrs for a role', () => {
    expect(fields('hostaddr=10.0.0.1 requiressl=1 target_session_attrs=prefer-standby')).toEqual({
      ...{ host: '10.0.0.1', sslmode: 'require', role: 'replica' },
    });
    expect(fields('host=h hostaddr=10.0.0.1')).toEqual({ host: 'h' });
  });

  test('keeps service and passfile for whoever reads files', () => {
    expect(parseConninfo('service=main passfile=/x', ORIGIN).asides).toEqual({
      service: { value: 'main', origin: ORIGIN },
      passfile: { value: '/x', origin: ORIGIN },
    });
  });

  test('warns of what the application counts on and does not get', () => {
    expect(sentences('postgres://h/db?channel_binding=require&sslcrl=/x&keepalives=1')).toEqual([
      'channel_binding at .env:3 is not followed: connections of pgsidecar to the server go without it',
      'sslcrl at .env:3 is not followed: connections of pgsidecar to the server go without it',
    ]);
    expect(sentences('postgres://h/db?channel_binding=prefer&ssl_min_protocol_version=TLSv1.2')).toEqual([]);
  });

  test('passes over the words of frameworks, and warns of unknown ones', () => {
    expect(sentences('postgres://h/db?pool=5&prepared_statements=false&variables[x]=1')).toEqual([]);
    expect(sentences('postgres://h/db?slmode=disable')).toEqual([
      'Passed over "slmode" at .env:3: it is no connection parameter of libpq',
    ]);
  });

  test('refuses a mode, a port and a timeout that cannot be', () => {
    expect(sentences('sslmode=verify port=0 connect_timeout=soon')).toEqual([
      'Cannot use sslmode "verify" at .env:3: expected disable, allow, prefer, require, verify-ca or verify-full',
      'Cannot use port "0" at .env:3: expected a port from 1 to 65535',
      'Cannot use connect_timeout "soon" at .env:3: expected a whole number of seconds',
    ]);
  });

  test('refuses ports that do not fit the hosts, and too many hosts', () => {
    expect(sentences('host=a,b,c port=1,2')).toEqual([
      'Cannot use port "1,2" at .env:3: expected one port, or 3: one for each host',
    ]);
    expect(sentences(`host=${'a,'.repeat(HOSTS_MAX)}a`)).toEqual([
      `Cannot use host "(65 hosts)" at .env:3: expected at most ${HOSTS_MAX} (HOSTS_MAX) hosts`,
    ]);
  });

  test('warns of a host that is the agent itself, and leaves it out with its port', () => {
    for (const text of [
      'postgres://u@/db?host=/run/pgsidecar',
      'postgres://u@%2Frun%2Fpgsidecar:5432/db',
      'user=u dbname=db host=/var/run/pgsidecar/',
      'postgres://u@/db?host=/run/pgsidecar/.s.PGSQL.5432',
    ]) {
      const { fields: read, problems } = parseConninfo(text, ORIGIN);
      expect(Object.keys(read).sort()).toEqual(['dbname', 'user']);
      expect(problems.map((each) => [each.severity, each.code, each.sentence])).toEqual([
        [
          'warning',
          'agent_socket',
          "The host at .env:3 is pgsidecar's own socket, and is passed over: the agent needs the address of the server",
        ],
      ]);
    }
  });

  test('takes the servers out of the form that has the agent in front of them', () => {
    expect(fields('postgres://u@%2Frun%2Fpgsidecar:5432,db1:6000,db2/db')).toEqual({
      ...{ user: 'u', dbname: 'db', host: 'db1,db2', port: '6000,' },
    });
    expect(fields('host=/run/pgsidecar,db1 port=6000')).toEqual({ host: 'db1', port: '6000' });
  });

  test('passes over the URL of another kind of database, without its password', () => {
    const secret = crypto.randomUUID();
    const { fields: read, problems } = parseConninfo(`mysql2://u:${secret}@h/db`, ORIGIN);
    expect(read).toEqual({});
    expect(problems.map((each) => each.sentence)).toEqual([
      'Passed over "mysql2://u:***@h/db" at .env:3: mysql2 is not PostgreSQL',
    ]);
  });
});
