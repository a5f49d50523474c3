// The database `*`: what it stands for, in an ini and in pgsidecar.yml.

import { expect, test } from 'bun:test';
import { databaseNamed, entryName, namedDatabases } from './any_database.ts';
import { load } from './load.ts';

async function settingsOf(name: string, text: string) {
  const { settings, problems } = await load(
    { configFile: name },
    {
      cwd: '/app',
      env: {},
      read: (path) => (path.endsWith(name) ? text : undefined),
      run: () => Promise.reject(new Error('there is nothing to run')),
    },
  );
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return settings!;
}

test('databaseNamed() makes of * a database of any name, which is its dbname unless that is written', async () => {
  const settings = await settingsOf(
    'p.ini',
    '[databases]\nshop = host=/run/a\n* = host=/run/b pool_size=3\n',
  );
  expect(databaseNamed(settings, 'shop')).toMatchObject({ dbname: 'shop', hosts: [{ host: '/run/a' }] });
  expect(databaseNamed(settings, 'shop')?.isAny).toBeUndefined();
  const other = databaseNamed(settings, 'other');
  expect(other).toMatchObject({ name: 'other', dbname: 'other', poolSize: 3, isAny: true });
  // Its own name is one as any other: nobody gets a database without a name.
  expect(databaseNamed(settings, '*')).toMatchObject({ name: '*', dbname: '*', isAny: true });
  expect(databaseNamed(settings, '__proto__')).toMatchObject({ name: '__proto__', dbname: '__proto__' });
  expect(namedDatabases(settings).map(({ name }) => name)).toEqual(['shop']);
});

test('databaseNamed() keeps a dbname that * has, and lets auth_query run in the database that is asked for', async () => {
  const yml = (more: string) =>
    `databases:\n  "*": {host: /run/b, user: "*", auth_user: asker${more}}\nusers: {asker: {password: ${crypto.randomUUID()}}}\n`;
  const settings = await settingsOf('p.yml', yml(''));
  expect(databaseNamed(settings, 'x')?.auth?.database).toBe('x');
  const fixed = await settingsOf('p.yml', yml(', dbname: shop, auth_dbname: books'));
  expect(databaseNamed(fixed, 'x')).toMatchObject({ name: 'x', dbname: 'shop', auth: { database: 'books' } });
});

test('databaseNamed() knows nothing but what is listed where there is no *', async () => {
  const settings = await settingsOf('p.ini', '[databases]\nshop = host=/run/a\n');
  expect(databaseNamed(settings, 'other')).toBeUndefined();
  expect(databaseNamed(settings, '*')).toBeUndefined();
});

test('entryName() is a listed name itself, and * for every other', async () => {
  const settings = await settingsOf('p.ini', '[databases]\nshop = host=/run/a\n* = host=/run/b\n');
  expect(['shop', 'other', '*', 'constructor'].map((name) => entryName(settings, name))).toEqual([
    'shop',
    '*',
    '*',
    '*',
  ]);
});
