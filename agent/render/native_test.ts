// What `render --format native` writes means the same: loaded again, it gives the same settings.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import { diffSettings } from '../config/diff.ts';
import { load } from '../config/load.ts';
import { printValue } from '../config/read_value.ts';
import type { Settings } from '../config/settings.ts';
import type { SourceIo } from '../config/source.ts';
import type { SettingRow } from '../config/table/row.ts';
import { rowOf, SETTING_NAMES } from '../config/table.ts';
import { renderNative, yamlText } from './native.ts';
import { databaseFixture, settingsFixture, userFixture } from './render_fixture.ts';

function ioOf(files: Readonly<Record<string, string>>): SourceIo {
  return {
    cwd: '/app',
    env: {},
    read: (path) => files[path.replace('/app/', '')],
    run: async () => '',
  };
}

async function settingsOf(files: Readonly<Record<string, string>>): Promise<Settings | undefined> {
  return (await load({}, ioOf(files))).settings;
}

async function expectRoundTrip(settings: Settings): Promise<void> {
  const [file] = renderNative(settings);
  const { settings: again, problems } = await load({}, ioOf({ 'pgsidecar.yml': file!.text }));
  if (again === undefined) throw new Error(problems.map((each) => each.sentence).join('\n'));
  expect(diffSettings(settings, again)).toEqual([]);
}

test('renderNative() of an application means the same without the application', async () => {
  const settings = await settingsOf({
    'application.yml': `
production:
  database_host: writer.example
  database_name: idp
  database_username: idp_app
  database_password: "${crypto.randomUUID()}"
  database_read_replica_host: reader.example
  database_readonly_username: idp_ro
  database_readonly_password: "${crypto.randomUUID()}"
  database_worker_jobs_host: jobs.example
  database_worker_jobs_name: jobs
  database_worker_jobs_username: idp_app
  database_worker_jobs_password: "${crypto.randomUUID()}"
  database_statement_timeout: 2_500
`,
  });
  expect(Object.keys(settings?.databases ?? {})).toHaveLength(3);
  await expectRoundTrip(settings!);
});

const NASTY = [
  'yes',
  'No',
  '010',
  '12:30',
  '1_000',
  '~',
  'null',
  '1e3',
  '.5',
  '<<',
  '=',
  '*a',
  '&a',
  '!a',
  '- a',
  'a: b',
];
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }).filter((each) => !each.includes('\0')),
);
/** Names and passwords: libpq and the loader cut nothing off them that is not blank at an end. */
const word = text
  .map((each) => each.trim())
  .filter((each) => each !== '' && !/[,\r\n\u0085\u2028\u2029]/.test(each));

/** Values that this row accepts, as one would write them. */
function valueFor(row: SettingRow): fc.Arbitrary<unknown> {
  if (row.values !== undefined && row.type === 'enum') return fc.constantFrom(...row.values);
  if (row.type === 'boolean') return fc.boolean();
  if (typeof row.default === 'number') {
    const max = Math.min(row.max ?? 1_000_000, 1_000_000);
    return fc
      .integer({ min: row.min ?? 0, max: Math.max(max, row.min ?? 0) })
      .map((each) => printValue(row, each));
  }
  return row.type === 'list' ? fc.constant(row.default) : fc.constant(row.default);
}

const databaseKeys = fc.record(
  {
    host: fc.constantFrom('db.example', 'a.example,b.example', '/var/run/postgresql', '::1'),
    port: fc.constantFrom('5432', '6543'),
    dbname: word,
    user: word,
    password: word,
    role: fc.constantFrom('writer', 'replica'),
    force_user: fc.boolean(),
    sslmode: fc.constantFrom('verify-full', 'require'),
    pool_mode: fc.constantFrom('session', 'transaction', 'statement'),
    pool_size: fc.integer({ min: 1, max: 50 }),
    query_wait_timeout: fc.constantFrom('5s', '1500ms', '0'),
    server_lifetime: fc.constantFrom('1h', '90s'),
    connect_timeout: fc.integer({ min: 1, max: 60 }),
    parameters: fc.dictionary(fc.constantFrom('search_path', 'statement_timeout', 'my.own'), word),
  },
  { requiredKeys: ['host', 'user', 'password'] },
);
const userKeys = fc.record(
  {
    password: word,
    databases: fc.constant('*'),
    pool_mode: fc.constantFrom('session', 'transaction'),
    max_user_connections: fc.integer({ min: 1, max: 50 }),
    max_user_client_connections: fc.integer({ min: 1, max: 50 }),
  },
  { requiredKeys: ['password'] },
);
const settingValues = fc
  .subarray(
    SETTING_NAMES.filter((name) => typeof rowOf(name).default !== 'string' || rowOf(name).type === 'enum'),
  )
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, valueFor(rowOf(name))]))));

test('renderNative() means the same, whatever was loaded', async () => {
  let usable = 0;
  const configuration = fc.record({
    settings: settingValues,
    databases: fc.dictionary(word, databaseKeys, { minKeys: 1, maxKeys: 3 }),
    users: fc.dictionary(word, userKeys, { maxKeys: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(configuration, async ({ settings, databases, users }) => {
      // JSON is YAML, but for the characters that YAML wants escaped.
      const json = JSON.stringify({ ...settings, databases, users }).replace(/[\x7f-\uffff]/g, escapeAlways);
      const loaded = await settingsOf({ 'pgsidecar.yml': json });
      // Settings that contradict each other are refused, which is for other tests.
      if (loaded === undefined) return;
      usable++;
      await expectRoundTrip(loaded);
    }),
    { numRuns: 200 },
  );
  expect(usable).toBeGreaterThan(20);
});

function escapeAlways(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

test('yamlText() leaves plain words plain, and nothing else', () => {
  for (const plain of [
    'writer.example.com',
    '/etc/ca.pem',
    'transaction',
    '5432',
    '2min',
    '16MB',
    'scram-sha-256',
  ]) {
    expect(yamlText(plain).text).toBe(plain);
  }
  for (const nasty of NASTY) expect(yamlText(nasty).text).toBe(JSON.stringify(nasty));
  expect(yamlText('\u0085').text).toBe('"\\u0085"');
});

test('renderNative() says nothing that the loader knows by itself', () => {
  const secret = new Secret(crypto.randomUUID());
  const settings = settingsFixture([databaseFixture({ password: secret })], [userFixture({ secret })]);
  const [file] = renderNative(settings);
  expect(file?.text).not.toContain('users:');
  expect(file?.text).not.toContain('pool_mode');
});

test('the mask of renderNative() shows lines of its own shape only', () => {
  const secret = new Secret(crypto.randomUUID());
  const [file] = renderNative(settingsFixture([databaseFixture({ password: secret })]));
  const shown = file!.text.split('\n').map((line) => (line === '' ? '' : file!.mask(line)));
  expect(shown).not.toContain(undefined);
  expect(shown.join('\n')).not.toContain(secret.open());
  for (const foreign of [
    '    token: abc',
    '# password: abc',
    'password abc',
    '    url: abc',
    '    password: abc',
  ]) {
    expect(file!.mask(foreign) ?? '', foreign).not.toContain('abc');
  }
});
