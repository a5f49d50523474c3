// Fuzz targets of the configuration's other texts: .env, connection strings, libpq's files, commands, numbers with units.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: values of .env files are written so.

import {
  parseBoolean,
  parseDuration,
  parseInteger,
  parseOctal,
  parseSize,
  printDuration,
  printOctal,
  printSize,
} from '../../../base/units.ts';
import { commandWords } from '../../../config/command_words.ts';
import {
  CONNINFO_CHARS_MAX,
  conninfoWords,
  maskConninfo,
  parseConninfo,
  printConninfo,
  printConninfoUrl,
} from '../../../config/conninfo.ts';
import { DraftWords } from '../../../config/draft_words.ts';
import { psychScalar } from '../../../config/psych_scalar.ts';
import { readDotenv } from '../../../config/sources/dotenv.ts';
import { takePassword, takeService } from '../../../config/sources/libpq_service.ts';
import { memoryIo } from '../../harness/memory_io.ts';
import { checkProblems, must, mustBeSame, type Target, textOf } from '../target.ts';
import { checkReading, ENVIRONMENT, FILE_BYTES_MAX } from './yaml_files.ts';

const dotenv: Target = {
  name: 'dotenv',
  errors: [],
  share: 14,
  bytesMax: 8_192,
  words: [
    '=',
    '\n',
    '"',
    "'",
    '`',
    '#',
    ' ',
    '\\n',
    '\\$',
    '$',
    '${',
    '}',
    '${A:-',
    '$(',
    'export ',
    ': ',
    'DATABASE_URL=',
    'DB_HOST=',
    'DB_PASSWORD=',
    'DB_PORT=',
    'PGSERVICE=',
    'A=$A',
    'postgres://u:p@h/d',
  ],
  seeds: [
    'DATABASE_URL=postgres://u:p@h/d\nDB_HOST=db\n',
    'export DB_HOST="db"\nDB_PORT=5432 # x\nDB_NAME=\'s\'\nDB_USER=${DB_HOST:-x}\nDB_PASSWORD="a\nb"\n',
    'A=$B\nB=$A\nDB_CONNECTION=pgsql\nX_DATABASE_URL=host=h\n',
  ],
  run(input) {
    const text = textOf(input);
    const io = memoryIo(
      { '.env': text, '.env.local': 'DB_USER=app\n', '/home/x/.pgpass': text },
      ENVIRONMENT,
    );
    return checkReading(readDotenv('.env', 'production', io), `${text}\n\n`);
  },
};

const ORIGIN = { place: 'fuzz', line: 1 };

const conninfo: Target = {
  name: 'conninfo',
  errors: [],
  share: 30,
  bytesMax: CONNINFO_CHARS_MAX + 64,
  words: [
    'postgres://',
    'postgresql+psycopg2://',
    'jdbc:postgresql://',
    '@',
    ':',
    '/',
    '?',
    '&',
    '=',
    ',',
    '%2F',
    '%',
    '%00',
    '[::1]',
    'host=',
    "'",
    '\\',
    ' ',
    'sslmode=',
    'password=',
    'options=',
    '-c a=b',
    'hostaddr=',
    'port=5432',
    'service=x',
    '%ff',
  ],
  seeds: [
    'postgres://u:p@h:5432/d?sslmode=require&application_name=x',
    "host=/run/x port=5432 dbname='a b' password='it\\'s' options='-c geqo=off'",
    'postgresql://%2Frun%2Fx/d?host=a,b&port=1,2',
    'postgres://u@[::1],h:1/d',
  ],
  run(input) {
    const text = textOf(input);
    const { problems } = parseConninfo(text, ORIGIN);
    checkProblems(problems, text);
    must(maskConninfo(text).length <= 256, 'a masked text that is long');
    const read = conninfoWords(text);
    if ('foreign' in read) return 'foreign';
    if ('reason' in read) return read.reason.replace(/\d+|"[^"]*"/g, '');
    const words = Object.fromEntries(new Map(read.words).entries());
    const said = Object.fromEntries(Object.entries(words).filter(([, value]) => value !== ''));
    const isWord = Object.keys(said).every((each) => /^[a-z_]+$/.test(each));
    if (isWord) {
      const written = printConninfo(said);
      const again = conninfoWords(written);
      if (written !== '' && written.length <= CONNINFO_CHARS_MAX)
        mustBeSame(
          'words' in again && sorted(again.words),
          sorted(Object.entries(said)),
          'conninfo, written again',
        );
      checkUrl(said);
    }
    return `${Object.keys(words).sort()} ${problems.map(({ code }) => code).slice(0, 2)}`.slice(0, 120);
  },
};

/** What fits into a URL comes back out of it. */
function checkUrl(said: Readonly<Record<string, string>>): void {
  const { host = '', port = '', dbname = '' } = said;
  const hosts = host.split(',').length;
  const ports = port.split(',');
  if (host === '' || host.includes('@') || !ports.every((each) => each === '' || /^[1-9]\d{0,3}$/.test(each)))
    return;
  if (ports.length !== 1 && ports.length !== hosts) return;
  if (ports.length === 1 && hosts > 1 && port !== '') return;
  if (/[[\]]/.test(host) || (dbname.startsWith('/') && host === '') || !isWellFormed(said)) return;
  if ('ssl' in said || said.sslmode === 'no-verify' || host.split(',').includes('')) return;
  const url = printConninfoUrl(said);
  // Percent signs make it longer, and longer ones are not read.
  if (url.length > CONNINFO_CHARS_MAX) return;
  const again = conninfoWords(url);
  mustBeSame('words' in again && sorted(again.words), sorted(Object.entries(said)), 'a URL, written again');
}

/** No half of a character: a URL has bytes, and those have none for it. */
function isWellFormed(said: Readonly<Record<string, string>>): boolean {
  return Object.values(said).every((each) => each.isWellFormed());
}

function sorted(words: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return [...words].sort(([a], [b]) => (a < b ? -1 : 1));
}

const libpqService: Target = {
  name: 'libpq_service',
  errors: [],
  share: 30,
  bytesMax: FILE_BYTES_MAX,
  words: [
    '[x]\n',
    '[',
    ']',
    '=',
    '\n',
    '#',
    'host=',
    'port=',
    'user=',
    'service=',
    'password=',
    '*:',
    ':',
    '\\:',
    '\\',
    'localhost:5432:shop:app:',
    '\r\n',
  ],
  seeds: [
    '[y]\nhost=a\n[x]\nhost=db\nport=5432\nuser=app\ndbname=shop\n# c\n',
    '# c\n*:*:*:app:x\nlocalhost:5432:s\\:hop:app:y\\\\z\n',
  ],
  run(input) {
    const text = textOf(input);
    const words = new DraftWords();
    words.take('service', 'x', ORIGIN);
    const io = memoryIo({ '/home/x/.pg_service.conf': text, '/home/x/.pgpass': text }, ENVIRONMENT);
    const files = takeService(words, io);
    words.take('user', 'app', ORIGIN);
    takePassword(words, io);
    words.finish();
    must(
      files.every((each) => each.startsWith('/')),
      'a file to watch that is not absolute',
    );
    checkProblems(words.problems, text);
    return `${Object.keys(words.fields).sort()} ${words.problems.map(({ code }) => code).slice(0, 2)}`;
  },
};

const units: Target = {
  name: 'units',
  errors: [],
  share: 20,
  bytesMax: 2_048,
  words: [
    'ms',
    's',
    'min',
    'h',
    'd',
    'us',
    'kB',
    'MB',
    'GB',
    'B',
    '0o',
    '0',
    '.',
    '_',
    ' ',
    '-',
    '+',
    'yes',
    'off',
    '1e9',
    '9007199254740993',
    '"',
    "'",
    '\\',
    ':30',
    ',',
    '.inf',
    '0x',
    '0b',
  ],
  seeds: [
    '10s',
    '1.5min',
    '64kB',
    '0770',
    '1_000',
    'yes',
    '/bin/x \'a b\' "c\\"d" e\\ f',
    '12:30',
    '1,000',
    '-0x1f',
  ],
  run(input) {
    const text = textOf(input);
    const duration = parseDuration(text);
    const size = parseSize(text);
    const octal = parseOctal(text);
    if (duration !== undefined && Number.isSafeInteger(duration))
      must(
        parseDuration(printDuration(duration)) === duration,
        `a duration of ${duration} ms, written again`,
      );
    if (size !== undefined && Number.isSafeInteger(size))
      must(parseSize(printSize(size)) === size, `a size of ${size} bytes, written again`);
    if (octal !== undefined) must(parseOctal(printOctal(octal)) === octal, `mode ${octal}, written again`);
    const integer = parseInteger(text);
    if (integer !== undefined) must(parseInteger(String(integer)) === integer, `${integer}, written again`);
    const words = commandWords(text);
    if (words !== undefined) {
      const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
      mustBeSame(commandWords(quoted), words, 'a command, written again');
    }
    const scalar = psychScalar(text);
    return `${typeof duration}${typeof size}${typeof octal}${typeof integer}${parseBoolean(text)}${words?.length} ${scalar === null ? null : typeof scalar}`;
  },
};

export const TEXT_TARGETS: readonly Target[] = [dotenv, conninfo, libpqService, units];
