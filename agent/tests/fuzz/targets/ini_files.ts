// Fuzz targets of pgbouncer.ini: the file with those that it includes, and the right side of a line.

import { load } from '../../../config/load.ts';
import { readPairs } from '../../../config/sources/pgbouncer_conninfo.ts';
import { memoryIo } from '../../harness/memory_io.ts';
import { checkProblems, must, mustBeSame, type Target, textOf } from '../target.ts';
import { ENVIRONMENT, FILE_BYTES_MAX } from './yaml_files.ts';

const ini: Target = {
  name: 'pgbouncer_ini',
  errors: [],
  share: 4,
  bytesMax: FILE_BYTES_MAX,
  words: [
    ...[
      '[databases]\n',
      '[users]\n',
      '[peers]\n',
      '[pgbouncer]\n',
      '%include x.ini\n',
      '%include p.ini\n',
      '; c\n',
    ],
    ...[
      'a = host=h ',
      '* = ',
      'user=u ',
      "password='",
      'dbname=',
      'pool_size=3',
      '=',
      "'",
      '"',
      '\n',
      '\r\n',
      '\t',
    ],
    ...[
      'auth_type = md5\n',
      'auth_file = u.txt\n',
      'listen_addr = *\n',
      'unix_socket_mode = 0777\n',
      'pkt_buf = 1\n',
    ],
    ...[
      'server_tls_protocols = all\n',
      'server_connect_timeout = 0\n',
      '010',
      '0x10',
      '1.5',
      '\ufeff',
      '__proto__',
    ],
  ],
  seeds: [
    "[databases]\na = host=h\n* = host=i user=u password='p'\n[pgbouncer]\nauth_type = md5\nauth_file = u.txt\n",
    '[users]\nbob = pool_mode=session\n[peers]\n1 = host=/run/p\n[databases]\n%include x.ini\n',
  ],
  async run(input) {
    const text = textOf(input);
    const files = { 'p.ini': text, 'x.ini': 'b = host=/run/x\n', 'u.txt': '"bob" "secretive"\n' };
    const { settings, problems, notes } = await load({ configFile: 'p.ini' }, memoryIo(files, ENVIRONMENT));
    checkProblems(problems, `${text}\n\n`);
    must(!notes.some((each) => each.includes('\n')), 'a note of several lines');
    must(
      settings !== undefined || problems.some(({ severity }) => severity === 'error'),
      'no settings, and no error',
    );
    const said = problems.map(({ code }) => code).slice(0, 3);
    return `${Object.keys(settings?.databases ?? {}).length} ${said} ${notes.length}`;
  },
};

const pairs: Target = {
  name: 'pgbouncer_pairs',
  errors: [],
  share: 30,
  bytesMax: 1_024,
  words: ['host=', "'", "''", ' ', '=', '\t', ';', '#', '\\', 'dbname= ', "password='it''s'"],
  seeds: ["host=h dbname='it''s' port = 5432", "connect_query='select ''x''' pool_size=3"],
  run(input) {
    const text = textOf(input);
    const read = readPairs(text);
    if ('reason' in read) return read.reason.replace(/"[^"]*"|of \w+|behind \w+|^\w+ has/g, '');
    const written = read.pairs.map(({ key, value }) => `${key}='${value.replaceAll("'", "''")}'`).join(' ');
    const again = readPairs(written);
    mustBeSame('pairs' in again && again.pairs, read.pairs, 'pairs, written again');
    return `${read.pairs.length} ${read.swallowed.length}`;
  },
};

export const INI_TARGETS: readonly Target[] = [ini, pairs];
