// Fuzz targets of the YAML files and their ERB, and of all files at once, as a start or a reload takes them.

import { expandErb } from '../../../config/erb.ts';
import { load } from '../../../config/load.ts';
import type { SourceReading } from '../../../config/source.ts';
import { readApplicationYml } from '../../../config/sources/application_yml.ts';
import { readDatabaseYml } from '../../../config/sources/database_yml.ts';
import { readPgsidecarYml } from '../../../config/sources/pgsidecar_yml.ts';
import { parseYaml, plainOf } from '../../../config/yaml_text.ts';
import { memoryIo } from '../../harness/memory_io.ts';
import { checkProblems, must, mustBeSame, type Target, textOf } from '../target.ts';

export const FILE_BYTES_MAX = 16_384;
export const ENVIRONMENT = { HOME: '/home/x', DB: 'shop', PASS: 'p#w' };

const YAML_WORDS = [
  ...[
    '- ',
    ': ',
    '? ',
    '&a ',
    '*a',
    '<<: *a\n',
    '!!str ',
    '!x ',
    '| ',
    '>-\n',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    '#',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\t',
    '\n',
    '\n  ',
    '\r\n',
    '~',
    '\\u0000',
    '\ufeff',
    '\u2028',
    '=',
    '@',
    '`',
  ],
  ...[
    'yes',
    '0x1f',
    '010',
    '1_000',
    '1,000',
    '12:30',
    '.inf',
    '.nan',
    '1e3',
    '9999999999999999999999',
    '__proto__',
    'constructor',
    '<%= ENV["DB"] %>',
    '<% x %>',
    '<%',
    '%>',
    "<%= ENV.fetch('X', 'y') %>",
  ],
];

const yaml: Target = {
  name: 'yaml',
  errors: [],
  share: 14,
  bytesMax: FILE_BYTES_MAX,
  words: YAML_WORDS,
  seeds: [
    'production:\n  primary:\n    host: db\n    port: 5432\n',
    'a: &a\n  x: 1\nb:\n  <<: *a\n  y: "z"\nc: [1, {d: e}, ~]\n',
    '- 1\n- two\n-\n  - 3\n',
    'a: |\n  text\n   more\nb: >-\n  folded\n  text\n? c\n: d\n',
    '{"a": ["b", {"c": "d\\u0041\\n"}], "e": \'f\'}',
    '%YAML 1.1\n---\na: !!str 1\n...\n---\nb: 2\n',
  ],
  run(input) {
    const text = textOf(input);
    const { root, problems } = parseYaml(text, 'a.yml');
    checkProblems(problems, text);
    if (root === undefined)
      return problems.map(({ sentence }) => sentence.replace(/\d+|"[^"]*"/g, '')).join(' ');
    const plain = plainOf(root);
    const written = JSON.stringify(plain);
    // JSON is YAML: what was read reads back as the same, as far as JSON can say it.
    if (
      /^[\x20-\x7e]*$/.test(written) &&
      !/[{,]"(?:<<|)":|:-?\d|[[,]-?\d|null/.test(written) &&
      isJson(plain)
    ) {
      const again = parseYaml(written, 'b.yml');
      must(again.root !== undefined, `it cannot be read again: ${again.problems[0]?.sentence} ${written}`);
      mustBeSame(plainOf(again.root), plain, 'YAML, written as JSON and read again');
    }
    return `${root.kind} ${problems.map(({ code }) => code).join(' ')} ${written.replace(/[^[\]{},:]+/g, '').slice(0, 24)}`;
  },
};

/** Nothing of it is lost when it is written as JSON. */
function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (value === null || typeof value !== 'object') return true;
  return Object.values(value).every(isJson);
}

/** What must hold of every reading of an application's files. */
export function checkReading(reading: SourceReading, text: string): string {
  checkProblems(reading.problems, text);
  const lines = text.split(/\r\n?|\n/).length;
  for (const { fields, parameters, origin } of reading.databases) {
    for (const each of [...Object.values(fields), ...Object.values(parameters)]) {
      must((each.origin.line ?? 1) <= lines, `a value at line ${each.origin.line} of ${lines}`);
    }
    must(origin.place !== '', 'a database from nowhere');
  }
  must(
    reading.files.every((each) => each.startsWith('/')),
    'a file to watch that is not absolute',
  );
  const said = reading.problems.map(({ code }) => code).slice(0, 3);
  return `${reading.databases.map(({ fields }) => Object.keys(fields).length)} ${said}`;
}

const applicationYml: Target = {
  name: 'application_yml',
  errors: [],
  share: 8,
  bytesMax: FILE_BYTES_MAX,
  words: [
    ...YAML_WORDS,
    'database_host: ',
    'database_password: ',
    'database_read_replica_host: ',
    "['env', 'DB']",
    "['secrets_manager', 'id']",
    'production:\n',
    'DB_HOST: ',
    'DATABASE_URL: ',
  ],
  seeds: [
    'database_host: db\ndatabase_name: shop\ndatabase_username: app\ndatabase_password: x\nproduction:\n  database_port: 5432\n',
    "production:\n  database_host: ['env', 'DB']\n  database_password: ['secrets_manager', 'id']\n  database_pool_idp: 5\n",
    'DB_HOST: db\nDB_PORT: "5432"\nDATABASE_URL: postgres://u:p@h/d\n',
  ],
  run(input) {
    const text = textOf(input);
    const io = memoryIo({ 'a.yml': text, 'a.yml.default': 'database_host: other\n' }, ENVIRONMENT);
    return checkReading(readApplicationYml('a.yml', 'production', io), `${text}\n\n`);
  },
};

const databaseYml: Target = {
  name: 'database_yml',
  errors: [],
  share: 8,
  bytesMax: FILE_BYTES_MAX,
  words: [
    ...YAML_WORDS,
    'adapter: postgresql\n',
    'url: ',
    'variables:\n',
    'replica: true\n',
    'production:\n',
    '<<: *default\n',
    'postgres://u:p@h/d',
    'pool: 5\n',
  ],
  seeds: [
    'default: &default\n  adapter: postgresql\n  host: <%= ENV["DB"] %>\nproduction:\n  primary:\n    <<: *default\n    database: shop\n  replica:\n    <<: *default\n    replica: true\n',
    'production:\n  url: postgres://u:p@h:5432/d?sslmode=require\n  pool: 5\n  variables:\n    statement_timeout: 1s\n',
  ],
  run(input) {
    const text = textOf(input);
    return checkReading(
      readDatabaseYml('a.yml', 'production', memoryIo({ 'a.yml': text }, ENVIRONMENT)),
      text,
    );
  },
};

const pgsidecarYml: Target = {
  name: 'pgsidecar_yml',
  errors: [],
  share: 8,
  bytesMax: FILE_BYTES_MAX,
  words: [
    ...YAML_WORDS,
    'default_pool_size: ',
    'databases:\n',
    'users:\n',
    'pool_mode: ',
    'transaction',
    'listen: ',
    '10s',
    '64kB',
    'parameters:\n',
    'url: ',
  ],
  seeds: [
    'pool_mode: transaction\ndefault_pool_size: 20\nserver_lifetime: 1h\ndatabases:\n  shop:\n    host: db\n    port: 5432\n    pool_size: 5\n    parameters:\n      timezone: UTC\nusers:\n  app:\n    password: x\n    databases: [shop]\n',
    'databases: { shop: { url: "postgres://u:p@h/d" }, other: ~ }\nunix_socket_mode: 0770\n',
  ],
  run(input) {
    const text = textOf(input);
    return checkReading(readPgsidecarYml('a.yml', text, memoryIo({ 'a.yml': text }, ENVIRONMENT)), text);
  },
};

const erb: Target = {
  name: 'erb',
  errors: [],
  share: 30,
  bytesMax: FILE_BYTES_MAX,
  words: [
    '<%=',
    '<%',
    '%>',
    '-%>',
    '<%%',
    '<%#',
    "ENV['DB']",
    'ENV["X"]',
    "ENV.fetch('X')",
    "ENV.fetch('X', 'y')",
    'ENV.fetch("X") { 5 }',
    '\n',
    'nil',
    '#{',
    '\\',
    '\ue0000\ue001',
  ],
  seeds: [
    "a: <%= ENV['DB'] %>\nb: <%= ENV.fetch('X', 'y') -%>\n<%# c %>\n<%%= x %>\n",
    'a: <%= 5 + 5 %>\n',
    'a: <% if x %>\n',
  ],
  run(input) {
    const text = textOf(input);
    const { text: filled, problems, refused } = expandErb(text, 'a.yml', ENVIRONMENT);
    checkProblems([...problems, ...refused], text);
    const lines = (of: string): number => of.split('\n').length;
    // Fewer only where no line ends behind a tag: then nothing stands there whose line could be wrong.
    must(lines(filled) <= lines(text), 'more lines than the file has');
    return `${problems.map(({ code }) => code).slice(0, 3)} ${refused.map(({ code }) => code).slice(0, 3)}`;
  },
};

/** Every file at once, as a start or a reload takes them: settings or problems, and never a throw. */
const everything: Target = {
  name: 'load',
  errors: [],
  share: 4,
  bytesMax: FILE_BYTES_MAX,
  words: [
    ...YAML_WORDS,
    '\x1d',
    'database_host: ',
    'databases:\n',
    'users:\n',
    'auth_type: ',
    'auth_file: userlist.txt\n',
    'sources: [.env]\n',
    'environment: production\n',
    'listen: 127.0.0.1:6432\n',
    'DATABASE_URL=',
    'sslmode: verify-full\n',
    'server_tls_ca_file: ca.crt\n',
    '"app" "x"\n',
  ],
  seeds: [
    'pool_mode: session\ndatabases:\n  shop: { host: db, user: app, password: x, dbname: shop }\nauth_file: userlist.txt\n\x1dproduction:\n  database_host: db\n  database_name: shop\n  database_username: app\n  database_password: x\n\x1dDATABASE_URL=postgres://u:p@h/d\n\x1d"clerk" "y"\n',
    'sources: [database.yml, .env]\n\x1d\x1dDATABASE_URL=postgres://u:p@h/d\n\x1d',
  ],
  async run(input) {
    const [config = '', application = '', env = '', userlist = ''] = textOf(input).split('\x1d');
    const io = memoryIo(
      {
        'pgsidecar.yml': config,
        'config/application.yml': application,
        'application.yml': application,
        'config/database.yml': application,
        '.env': env,
        'userlist.txt': userlist,
        'ca.crt': userlist,
      },
      ENVIRONMENT,
    );
    const { settings, problems, files } = await load({}, io);
    must(
      files.every((each) => each.startsWith('/')),
      'a file to watch that is not absolute',
    );
    const errors = problems.filter(({ severity }) => severity === 'error');
    must((settings === undefined) === errors.length > 0, 'settings beside an error, or neither');
    for (const { sentence } of problems)
      must(sentence !== '' && !sentence.includes('[object'), `a sentence: ${sentence}`);
    return `${settings === undefined} ${[...new Set(problems.map(({ code }) => code))].sort()}`;
  },
};

export const YAML_TARGETS: readonly Target[] = [
  yaml,
  applicationYml,
  databaseYml,
  pgsidecarYml,
  erb,
  everything,
];
