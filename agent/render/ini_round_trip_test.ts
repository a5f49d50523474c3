// Both ways and back loses nothing: what an ini means is what its import means, and what it means when it is rendered again.

import { expect, setDefaultTimeout, test } from 'bun:test';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import { type LoadResult, load } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { DATABASE_NAMES, GLOBAL_NAMES, USER_NAMES } from '../config/sources/pgbouncer_names.ts';
import { DATABASE_KEYS, USER_KEYS } from '../config/table/keys.ts';
import type { KeyRow } from '../config/table/row.ts';
import { rowOf } from '../config/table.ts';
import { renderImport } from './import.ts';
import { renderPgbouncer } from './pgbouncer.ts';

setDefaultTimeout(60_000);

type Files = Readonly<Record<string, string>>;

function loadOf(configFile: string, files: Files): Promise<LoadResult> {
  const io = {
    cwd: '/app',
    env: {},
    read: (path: string) => files[path.replace(/^\/app\//, '')],
    run: () => Promise.reject(new Error('there is nothing to run')),
  };
  return load({ configFile }, io);
}

/** Names whose value is a file that has to be there, or needs one. */
const NEED_FILES = /^(auth_file|auth_hba_file|auth_ident_file|client_tls_|server_tls_)/;
/** Values that PgBouncer has no words for, or that need more than themselves. */
const NOT_ALONE = ['peer', 'hba', 'cert', 'verify-ca', 'verify-full'];

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
/** What quotes are for. */
const odd = fc
  .string({ minLength: 1, maxLength: 12 })
  .filter((text) => /^[ -~]+$/.test(text) && text === text.trim());

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** As PgBouncer writes it. */
function writtenValue(row: KeyRow): fc.Arbitrary<string> {
  const [min, max] = [row.min ?? 0, Math.min(row.max ?? 5000, Math.max(row.min ?? 0, 5000))];
  switch (row.type) {
    case 'integer':
    case 'size':
      return fc.integer({ min, max: Math.max(min, max) }).map(String);
    case 'duration':
      return row.bareUnit === 'ms'
        ? fc.integer({ min, max: 60_000 }).map(String)
        : fc
            .integer({
              min: Math.ceil(min / 500),
              max: Math.floor(Math.min(row.max ?? 600_000, 600_000) / 500),
            })
            .map((halves) => String(halves / 2));
    case 'boolean':
      return fc.constantFrom('0', '1');
    case 'octal':
      return fc.constantFrom('0700', '0777', '0660');
    case 'enum':
      return fc.constantFrom(...(row.values ?? []).filter((each) => !NOT_ALONE.includes(each)));
    case 'list':
      return fc.array(word, { maxLength: 3 }).map((words) => words.join(', '));
    case 'path':
      return word.map((name) => `/run/${name}`);
    default:
      return word;
  }
}

const globalNames = [...GLOBAL_NAMES].filter(
  ([name]) =>
    !NEED_FILES.test(name) && !['listen_addr', 'auth_query', 'user', 'unix_socket_group'].includes(name),
);
const globals = fc.subarray(globalNames).chain((names) =>
  fc.record(
    Object.fromEntries(
      names.map(([name, ours]) => [
        name,
        // The kernel counts these in whole seconds, and so does PgBouncer.
        name.startsWith('tcp_keepi') ? fc.constantFrom('0', '1', '75') : writtenValue(rowOf(ours)),
      ]),
    ),
  ),
);

const SPECIAL: Readonly<Record<string, fc.Arbitrary<string>>> = {
  host: fc.constantFrom('db.example', '127.0.0.1', '/var/run/postgresql', 'a.example,b.example', '::1'),
  port: fc.constantFrom('5432', '6543'),
  dbname: odd.map(quoted),
  password: odd.map(quoted),
  connect_query: odd.map(quoted),
  auth_query: fc.constant("'SELECT $1, ''x'''"),
  application_name: odd.map(quoted),
};

function lineOf(names: readonly string[], rows: Readonly<Record<string, KeyRow>>): fc.Arbitrary<string> {
  return fc
    .subarray([...names])
    .chain((chosen) =>
      fc
        .tuple(
          ...chosen.map(
            (name) => SPECIAL[name] ?? (rows[name] === undefined ? word : writtenValue(rows[name])),
          ),
        )
        .map((values) => chosen.map((name, index) => `${name}=${values[index]}`).join(' ')),
    );
}

// auth_dbname has to be one that is served.
const databaseNames = [...DATABASE_NAMES.keys()].filter((name) => name !== 'auth_dbname');
const databases = fc.dictionary(
  fc.oneof(
    word.filter((name) => name !== 'pgbouncer'),
    fc.constant('*'),
  ),
  lineOf(databaseNames, DATABASE_KEYS),
  { maxKeys: 3 },
);
const users = fc.dictionary(word, lineOf(USER_NAMES, USER_KEYS), { maxKeys: 3 });
const userlist = fc.dictionary(word, fc.array(odd, { minLength: 1, maxLength: 2 }), { maxKeys: 3 });
const peers = fc.dictionary(
  fc.integer({ min: 1, max: 65_535 }).map(String),
  fc.constantFrom('host=/run/peer', 'host=peer.example port=6433 pool_size=7'),
  { maxKeys: 2 },
);

const configuration = fc.record({ globals, databases, users, peers, userlist: fc.option(userlist) });

function filesOf(made: typeof configuration extends fc.Arbitrary<infer T> ? T : never): Files {
  const section = (name: string, lines: Readonly<Record<string, string>>) =>
    `[${name}]\n${Object.entries(lines)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join('')}`;
  const settings = { ...made.globals, ...(made.userlist === null ? {} : { auth_file: 'userlist.txt' }) };
  const lines = Object.entries(made.userlist ?? {}).flatMap(([name, secrets]) =>
    [...new Set(secrets)].map((secret) => `"${name}" "${secret.replaceAll('"', '""')}"\n`),
  );
  return {
    'pgbouncer.ini': [
      section('databases', made.databases),
      section('users', made.users),
      section('peers', made.peers),
      section('pgbouncer', settings),
    ].join('\n'),
    ...(made.userlist === null ? {} : { 'userlist.txt': lines.join('') }),
  };
}

/** Without where it was said, and what would hold had nobody said it; secrets as they are. */
const LEFT_OUT = ['origin', 'defaults'];
function bare(value: unknown): unknown {
  if (value instanceof Secret) return `secret ${value.open()}`;
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, each]) => !LEFT_OUT.includes(key) && each !== undefined,
  );
  return Object.fromEntries(entries.map(([key, each]) => [key, bare(each)]));
}

function problemsOf({ problems }: LoadResult): string {
  return problems.map(({ severity, sentence }) => `${severity}: ${sentence}`).join('\n');
}

function settingsOf(result: LoadResult): Settings {
  if (result.settings === undefined) throw new Error(problemsOf(result));
  return result.settings;
}

test('an ini, its import and its rendering mean the same', async () => {
  let usable = 0;
  await fc.assert(
    fc.asyncProperty(configuration, async (made) => {
      const files = filesOf(made);
      const loaded = await loadOf('pgbouncer.ini', files);
      if (loaded.settings === undefined) return;
      usable += 1;
      const wanted = bare(loaded.settings);

      const yml = renderImport('pgbouncer.ini', { ...loaded, settings: loaded.settings });
      const imported = await loadOf('pgsidecar.yml', { ...files, 'pgsidecar.yml': yml.text });
      expect(bare(settingsOf(imported))).toEqual(wanted);

      const wishes = { directory: '/app', systemCaFile: '/etc/ssl/ca.crt', newer: true, fromIni: true };
      const rendered = renderPgbouncer(loaded.settings, wishes);
      const again = await loadOf(
        'pgbouncer.ini',
        Object.fromEntries(rendered.map(({ name, text }) => [name, text])),
      );
      expect(bare(settingsOf(again))).toEqual(wanted);
    }),
    { numRuns: 60 },
  );
  expect(usable).toBeGreaterThan(20);
});
