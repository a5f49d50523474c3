// No reader of an application's files throws, whatever is in them, and whatever it says comes with a place.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: values of .env files are written so.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { memoryIo } from '../../tests/harness/memory_io.ts';
import type { SourceReading } from '../source.ts';
import { readApplicationYml } from './application_yml.ts';
import { readDatabaseYml } from './database_yml.ts';
import { readDotenv } from './dotenv.ts';

const SECRET = crypto.randomUUID();

/** Lines such as people write, in any order and any state of repair. */
const yaml = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...[
        'production:',
        '  primary:',
        'default: &default',
        '  <<: *default',
        '- x',
        '  variables:',
        '# comment',
        '',
      ],
      ...[
        '  adapter: postgresql',
        'adapter: sqlite3',
        '    host: db',
        'url: mysql://h',
        '<% x %>',
        'DB_HOST: db',
        'DB_PORT: 1,2',
      ],
      ...[
        `  password: ${SECRET}`,
        `database_password: ${SECRET}`,
        `  url: postgres://u:${SECRET}@h/d`,
        'database_host: ~',
      ],
      ...[
        "database_host: ['env', 'X']",
        "database_password: ['secrets_manager', 'id']",
        'database_socket: /run/pgsidecar',
      ],
      ...[
        "  host: <%= ENV['HOME'] %>",
        '  port: <%= 5 + 5 %>',
        'database_read_replica_host: [1]',
        'database_port: yes',
      ],
    ),
    fc.string({ unit: fc.constantFrom(...'ab:&*!|>[]{},#"\'%@ \t<=%>?-\n'), maxLength: 12 }),
  ),
  { maxLength: 14 },
);
const dotenv = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...[
        'DATABASE_URL=',
        `DATABASE_URL=postgres://u:${SECRET}@h/d?x=y`,
        `DB_PASSWORD=${SECRET}`,
        'DB_HOST=a,b',
        'DB_PORT=1,2,3',
      ],
      ...[
        'PGSERVICE=x',
        'A=$A$B',
        'B=${A:-$(x)}',
        'DB_NAME=$B',
        'X_DB_HOST=/run/pgsidecar',
        'DB_CONNECTION=mysql',
        'DB_USER="a',
      ],
      ...[
        `Y_DATABASE_URL=host=h password=${SECRET} x`,
        `Z_DATABASE_URL=postgres://u:p@${SECRET}@h`,
        'PGOPTIONS=-x',
        "'",
        '"',
        'Q=`',
      ],
    ),
    fc.string({ unit: fc.constantFrom(...'AB_=:$(){}#\'"`\\ \n'), maxLength: 12 }),
  ),
  { maxLength: 14 },
);

function check(reading: SourceReading, lines: number): void {
  for (const { sentence, origin } of reading.problems) {
    expect(sentence).not.toContain(SECRET);
    expect(sentence).not.toMatch(/\{\w+\}|undefined/);
    expect(origin?.place).toBeString();
    expect(origin?.line ?? 1).toBeLessThanOrEqual(lines);
  }
  for (const { fields, parameters, origin } of reading.databases) {
    for (const each of [...Object.values(fields), ...Object.values(parameters)]) {
      expect(each.value).not.toBe('');
      expect(each.origin.line ?? 1).toBeLessThanOrEqual(lines);
    }
    expect(origin.place).toBeString();
  }
  expect(reading.files.every((each) => each.startsWith('/'))).toBe(true);
}

test('readApplicationYml() and readDatabaseYml() survive every file', () => {
  fc.assert(
    fc.property(yaml, yaml, fc.string({ unit: 'binary' }), (some, others, noise) => {
      for (const text of [some.join('\n'), noise]) {
        const io = memoryIo({ 'a.yml': text, 'a.yml.default': others.join('\n') }, { HOME: '/home/x' });
        check(readApplicationYml('a.yml', 'production', io), 300);
        check(readDatabaseYml('a.yml', 'production', io), 300);
      }
    }),
    { numRuns: 400 },
  );
});

test('readDotenv() survives every family', () => {
  fc.assert(
    fc.property(dotenv, dotenv, fc.string({ unit: 'binary' }), (some, others, noise) => {
      for (const text of [some.join('\n'), noise]) {
        const io = memoryIo(
          { '.env': text, '.env.local': others.join('\n'), '/home/x/.pgpass': text },
          { HOME: '/home/x' },
        );
        check(readDotenv('.env', 'production', io), 300);
      }
    }),
    { numRuns: 400 },
  );
});
