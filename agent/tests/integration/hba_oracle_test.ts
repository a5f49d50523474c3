// The reader of pg_hba.conf beside PostgreSQL's own: the same lines, what pg_hba_file_rules says of them, and what we say.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { parseHbaFile } from '../../auth/hba.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';

setDefaultTimeout(60_000);

let postgres: Postgres;
let file: string;

beforeAll(async () => {
  const authority = createCertificateAuthority();
  postgres = await startPostgres({ tls: { server: authority.issueServer(), clientAuthority: authority } });
  file = (await postgres.sql<{ hba_file: string }>('SHOW hba_file'))[0]!.hba_file;
}, 60_000);
afterAll(() => postgres?.stop());

/** Everything that can be read comes to `type databases users method`; the rest to undefined. */
async function asPostgres(line: string): Promise<string | undefined> {
  // The file is only looked at: who may log in stays as it was, because nothing is reloaded.
  writeFileSync(file, `${line}\n`);
  const [row, ...more] = await postgres.sql<{
    type: string;
    /** Null for some lines that it cannot read, without an error beside it: a regular expression that is none. */
    database: string[] | null;
    user_name: string[];
    auth_method: string;
    error: string | null;
  }>('SELECT type, database, user_name, auth_method, error FROM pg_hba_file_rules');
  if (row === undefined || more.length > 0 || row.error !== null || row.database === null) return undefined;
  return [row.type, row.database.join(','), row.user_name.join(','), row.auth_method].join(' ');
}

function asWe(line: string): string | undefined {
  const { rules, problems } = parseHbaFile(`${line}\n`, 'hba.conf', { x: [], 'x y': [] });
  const [rule, ...more] = rules;
  if (rule === undefined || more.length > 0 || problems.length > 0) return undefined;
  const words = (patterns: typeof rule.databases) =>
    patterns.map((each) => {
      if (each.kind === 'expression') return `/${each.expression.source}`;
      return each.kind === 'name' ? each.name : each.kind;
    });
  const method = rule.method === 'plain' ? 'password' : rule.method;
  return [rule.connection, words(rule.databases).join(','), words(rule.users).join(','), method].join(' ');
}

const READ = [
  'host a, b c all reject',
  ...[
    'local all all trust',
    'local all all scram-sha-256 # c',
    'local all all md5#x',
    'local all all trust \\',
  ],
  ...['local all \\\n all trust', '"local" all all trust', 'local all all "trust"', 'local all all password'],
  ...[
    'local all all ident',
    'local all all peer map=x',
    'local all all "peer" "map=x"',
    'local all all peer "map=x y"',
  ],
  ...['local /^a all trust', 'local "/^a,b" all trust', 'local all /x$ trust', 'local "sameuser" all trust'],
  ...[
    'local replication all trust',
    'local sameuser all trust',
    'local "" all trust',
    'local a,,b all trust',
  ],
  ...['local "all"x all trust', 'host a,b c,d all reject', 'host "a b" "c""d" all reject'],
  ...['host all all 10.0.0.1/8 md5', 'host all all 10.0.0.1 255.0.0.0 md5', 'host all all ::1/128 md5'],
  ...[
    'host all all ::1 ffff:: md5',
    'host all all all md5',
    'host all all 10.0.0.0/08 md5',
    'host all all 0.0.0.0/0 md5',
  ],
  ...['hostssl all all all cert', 'hostssl all all all cert map=x', 'hostssl all all all cert clientname=CN'],
  ...['hostssl all all all md5 clientcert=verify-ca', 'hostssl all all all md5 clientcert=verify-full'],
  ...[
    'hostssl all all all cert clientcert=verify-full',
    'hostnossl all all all md5',
    'hostnogssenc all all all md5',
  ],
];

const UNREADABLE = [
  'local a, all trust',
  ...['local', 'local all', 'local all all', 'local all ""', 'LOCAL all all trust', 'local all all TRUST'],
  ...['local,host all all trust', 'local all all trust,md5', 'local /( all trust', 'local all all md5 map=x'],
  ...[
    'local all all peer map',
    'local all all peer foo=bar',
    'local all all trust map=x',
    'local all all cert',
  ],
  ...['host a ,b c all reject', 'host all all 10.0.0.1 md5', 'host all all 10.0.0.1/33 md5'],
  ...[
    'host all all 10.0.0.1/ md5',
    'host all all ::1/129 md5',
    'host all all 10.0.0.1 ffff:: md5',
    'host all all all cert',
  ],
  ...['host all all 10.0.0.0/8/8 md5', 'host all all 256.0.0.1/8 md5', 'host all all 1.2.3.4/32,all md5'],
  ...[
    'host all all all peer',
    'host all all all md5 clientcert=verify-ca',
    'hostssl all all all md5 clientcert=1',
  ],
  ...['hostssl all all all cert clientcert=verify-ca', 'local all all nonsense', 'hots all all all md5'],
];

test('reads a line as PostgreSQL does', async () => {
  for (const line of READ) expect([line, asWe(line)]).toEqual([line, await asPostgres(line)]);
  expect(READ.map(asWe)).not.toContain(undefined);
});

test('reads nothing in a line where PostgreSQL reads nothing', async () => {
  for (const line of UNREADABLE)
    expect([line, asWe(line), await asPostgres(line)]).toEqual([line, undefined, undefined]);
});

test('reads less than PostgreSQL where docs/concepts/authentication.md says so', async () => {
  const stricter = [
    ...[
      'local all +staff reject',
      'local samerole all reject',
      'host all all samehost md5',
      'host all all samenet md5',
    ],
    ...[
      'host all all db.example.com md5',
      'host all all all ident',
      'hostssl all all all cert clientname=DN',
    ],
    ...['host all all 127.1/8 md5', 'host all all 010.0.0.1/8 md5', 'host all all ::ffff:10.0.0.0/104 md5'],
    ...['local "/[[:alpha:]]" all trust', 'hostnossl all all all password'],
  ];
  for (const line of stricter) {
    expect([line, asWe(line)]).toEqual([line, undefined]);
    expect([line, typeof (await asPostgres(line))]).toEqual([line, 'string']);
  }
});
