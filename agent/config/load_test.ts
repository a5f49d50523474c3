// What must hold of every load, whatever is written: it never throws, settings are whole or absent, no secret gets out.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { AgentError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { type LoadInput, type LoadResult, load } from './load.ts';
import { DATABASE_KEYS, USER_KEYS } from './table/keys.ts';
import { SETTING_NAMES } from './table.ts';

/** A world of files, variables and no commands. */
function loadIn(
  files: Readonly<Record<string, string>>,
  input: LoadInput = {},
  env: Readonly<Record<string, string>> = {},
): Promise<LoadResult> {
  return load(input, {
    cwd: '/app',
    env,
    read: (path) => {
      const name = path.replace(/^\/app\//, '');
      return Object.hasOwn(files, name) ? files[name] : undefined;
    },
    run: (command) =>
      Promise.reject(new AgentError('command_failed', { command, reason: 'there is no such program' })),
  });
}

const MAIN = 'databases: {main: {host: db.example, user: app, password: "x"}}\n';

test('load() freezes what it gives, to the bottom', async () => {
  const { settings } = await loadIn({ 'pgsidecar.yml': `listen_addr: localhost\n${MAIN}` });
  const seen: unknown[] = [settings];
  for (const each of seen) {
    expect(Object.isFrozen(each)).toBe(true);
    for (const value of Object.values(each as object))
      if (typeof value === 'object' && value !== null) seen.push(value);
  }
  expect(seen.length).toBeGreaterThan(8);
});

test('load() gives no settings when anything is an error, and all of them when nothing is', async () => {
  const good = await loadIn({ 'pgsidecar.yml': MAIN });
  expect(good.problems).toEqual([]);
  expect(Object.keys(good.settings ?? {}).sort()).toEqual(
    [...SETTING_NAMES, 'databases', 'peers', 'users'].sort(),
  );
  const bad = await loadIn({ 'pgsidecar.yml': `default_pool_size: 0\n${MAIN}` });
  expect(bad.settings).toBeUndefined();
  expect(bad.explanation['databases.main.host']?.value).toBe('db.example');
});

test('load() tells of a file that cannot be read, and takes no other in its place', async () => {
  const { settings, problems } = await load(
    {},
    {
      cwd: '/app',
      env: {},
      read: (path) => {
        if (path === 'pgsidecar.yml')
          throw new AgentError('config_unreadable', { reason: 'permission denied' }, { place: path });
        return path === '/etc/pgsidecar/pgsidecar.yml' ? MAIN : undefined;
      },
      run: () => Promise.reject(new Error('no command is named here')),
    },
  );
  expect(settings).toBeUndefined();
  expect(problems.map(({ sentence }) => sentence)).toEqual(['Cannot read pgsidecar.yml: permission denied']);
});

test('load() tells of a named file that cannot be read once, and not as one that is not there', async () => {
  const unreadable = ['named.yml', '/app/ca'];
  const io = (config: string) => ({
    cwd: '/app',
    env: {},
    read: (path: string) => {
      if (unreadable.includes(path))
        throw new AgentError('config_unreadable', { reason: 'it is a directory' }, { place: path });
      return path === 'pgsidecar.yml' ? config : undefined;
    },
    run: () => Promise.reject(new Error('no command is named here')),
  });
  const sentences = async (configFile: string, config: string) =>
    (await load({ configFile }, io(config))).problems.map(({ sentence }) => sentence);
  expect(await sentences('named.yml', '')).toEqual(['Cannot read named.yml: it is a directory']);
  expect(await sentences('pgsidecar.yml', `server_tls_ca_file: ca\n${MAIN}`)).toEqual([
    'Cannot use server_tls_ca_file "/app/ca" at pgsidecar.yml:1: expected a file that can be read',
    'Cannot read /app/ca: it is a directory',
  ]);
  expect(
    await sentences('pgsidecar.yml', 'databases:\n  z: {host: a.example, user: u, password_file: ca}'),
  ).toEqual([
    'Cannot read the password of database "z" at pgsidecar.yml:2: Cannot read /app/ca: it should hold the password',
    'Cannot read /app/ca: it is a directory',
  ]);
});

test("load() names the application's file as one would type it: without a slash in its folder, with one from the root directory", async () => {
  const place = async (cwd: string): Promise<string> => {
    const files: Record<string, string> = {
      '/etc/pgsidecar.yml': 'sources: [/srv/app/config/application.yml]\n',
      '/srv/app/config/application.yml':
        'production:\n  database_host: db.example\n  database_name: shop\n  database_username: app\n  database_password: x\n',
    };
    const io = {
      cwd,
      env: {},
      read: (path: string) => files[path.startsWith('/') ? path : `${cwd}/${path}`.replace('//', '/')],
    };
    const run = () => Promise.reject(new Error('no command is named here'));
    const { settings } = await load(
      { configFile: '/etc/pgsidecar.yml', environment: 'production' },
      { ...io, run },
    );
    return settings!.databases.shop!.origin.place;
  };
  expect(await place('/srv/app')).toBe('config/application.yml');
  expect(await place('/')).toBe('/srv/app/config/application.yml');
});

test('load() keeps a password that looks like anything else', async () => {
  for (const password of [
    '0123',
    '1_000',
    'yes',
    'null',
    '~',
    '12:30',
    ' with blanks ',
    '***',
    "['env', 'X']",
  ]) {
    const { settings } = await loadIn({
      'pgsidecar.yml': `databases: {main: {host: a, user: b, password: ${JSON.stringify(password)}}}`,
    });
    expect(settings?.databases.main?.password?.open(), password).toBe(password);
  }
  const { settings } = await loadIn({
    'pgsidecar.yml': 'databases: {main: {host: a, user: b, password: 0123}}',
  });
  expect(settings?.databases.main?.password?.equals(new Secret('0123'))).toBe(true);
});

test('load() takes names that mean something to JavaScript as names', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const text = names
    .map((name) => `  ${name}: {host: a, user: ${name}, password: x, parameters: {${name}: y}}`)
    .join('\n');
  const { settings, problems } = await loadIn({ 'pgsidecar.yml': `databases:\n${text}\n` });
  expect(problems).toEqual([]);
  expect(Object.keys(settings?.databases ?? {})).toEqual(names);
  expect(Object.keys(settings?.users ?? {})).toEqual(names);
  for (const name of names) {
    expect(Object.getOwnPropertyDescriptor(settings?.databases, name)?.value.user).toBe(name);
    expect(Object.keys(Object.getOwnPropertyDescriptor(settings?.databases, name)?.value.parameters)).toEqual(
      [name],
    );
  }
});

const keys = fc.constantFrom(
  ...SETTING_NAMES,
  ...Object.keys(DATABASE_KEYS),
  ...Object.keys(USER_KEYS),
  'databases',
  'users',
  'parameters',
  'main',
  '<<',
  '',
);
const scalars = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('5', '30s', '*', 'yes', 'primary', '/a', 'a,b', '\0'),
);
const trees = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalars,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(keys, tie('tree'), { maxKeys: 6 }),
  ),
})).tree;

test('load() never throws, whatever tree pgsidecar.yml is', async () => {
  await fc.assert(
    fc.asyncProperty(trees, async (tree) => {
      const { settings, problems } = await loadIn({ 'pgsidecar.yml': JSON.stringify(tree) });
      expect(settings === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
    }),
    { numRuns: 500 },
  );
});

test('load() never throws, whatever the text, the variables and the flags are', async () => {
  const settings = fc.dictionary(fc.constantFrom(...SETTING_NAMES), fc.string(), { maxKeys: 8 });
  await fc.assert(
    fc.asyncProperty(fc.string(), settings, settings, async (text, flags, variables) => {
      const env = Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [`PGSIDECAR_${name.toUpperCase()}`, value]),
      );
      const result = await loadIn({ 'pgsidecar.yml': text, '.env': text }, { flags }, env);
      expect(result.settings === undefined).toBe(
        result.problems.some(({ severity }) => severity === 'error'),
      );
    }),
    { numRuns: 300 },
  );
});

test('no sentence, explanation or JSON of a load holds a password', async () => {
  const places = [
    'databases: {main: {host: a, user: b, password: "@"}}',
    'databases: {main: {url: "postgres://b:@@a:x/c"}}',
    'databases: {main: {url: "host=a user=b password=@ port=x"}}',
    'users: {main: {password: ["@"]}}',
    'users: {main: {password: "md5@"}}',
    'databases: {main: {host: a, user: b, password: {"@": 1}}}',
  ];
  for (const place of places) {
    const secret = crypto.randomUUID();
    const result = await loadIn({
      'pgsidecar.yml': place
        .replaceAll('@@', `${secret}@`)
        .replaceAll('@"', `${secret}"`)
        .replaceAll('=@', `=${secret}`),
    });
    expect(JSON.stringify(result), place).not.toContain(secret);
    expect(Bun.inspect(result, { depth: 10 }), place).not.toContain(secret);
  }
});

test('load() takes the folder of an instance from its file, as its unit does, unless somebody says another', async () => {
  const dirOf = async (input: LoadInput, files: Readonly<Record<string, string>>) =>
    (await loadIn(files, input)).explanation.unix_socket_dir;
  const path = '/etc/pgsidecar/shop.yml';
  expect(await dirOf({ configFile: path }, { [path]: MAIN })).toMatchObject({
    value: '/run/pgsidecar-shop',
    origin: 'instance shop',
  });
  const said = { [path]: `unix_socket_dir: /srv/shop/s\n${MAIN}` };
  expect((await dirOf({ configFile: path }, said))?.value).toBe('/srv/shop/s');
  const plain = '/etc/pgsidecar/pgsidecar.yml';
  expect((await dirOf({ configFile: plain }, { [plain]: MAIN }))?.value).toBe('/run/pgsidecar');
});

test('load() of a package that nobody has configured says what to write into its file', async () => {
  const { problems } = await loadIn({ '/etc/pgsidecar/pgsidecar.yml': '# nothing yet\n' });
  expect(problems.map(({ sentence }) => sentence)).toEqual([
    'There is no database to serve: write where the application\'s file is into /etc/pgsidecar/pgsidecar.yml: "sources: [/srv/app/config/application.yml]"',
  ]);
});
