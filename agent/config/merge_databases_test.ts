// The names that clients ask for, and whose word counts when several sources speak of one database.

import { expect, test } from 'bun:test';
import { mergeDatabases } from './merge_databases.ts';
import type { DatabaseDraft, DatabaseField, Located } from './source.ts';

function draft(
  key: string,
  fields: Partial<Record<DatabaseField, string>>,
  place = 'application.yml',
): DatabaseDraft {
  const origin = { place, line: 1 };
  const located = Object.entries(fields).map(([field, value]): [string, Located<string>] => [
    field,
    { value, origin },
  ]);
  return { key, origin, fields: Object.fromEntries(located), parameters: {} };
}

function names(own: DatabaseDraft[], ...applications: DatabaseDraft[][]): string[] {
  return mergeDatabases(own, applications).databases.map(({ name, key }) => `${name}=${key}`);
}

test('the primary keeps its dbname wherever it stands, and a replica has its key added', () => {
  const replica = draft('read_replica', { dbname: 'shop', role: 'replica' });
  const primary = draft('primary', { dbname: 'shop' });
  expect(names([], [replica, primary])).toEqual(['shop_read_replica=read_replica', 'shop=primary']);
});

test('a database of another name keeps it, and a writer keeps the name before a replica', () => {
  const drafts = [
    draft('reports', { dbname: 'shop', role: 'replica' }),
    draft('main', { dbname: 'shop' }),
    draft('queue', { dbname: 'jobs' }),
  ];
  expect(names([], drafts)).toEqual(['shop_reports=reports', 'shop=main', 'jobs=queue']);
});

test("without a dbname it is the user's name, and without that the key", () => {
  const { databases } = mergeDatabases([], [[draft('primary', { user: 'shop' }), draft('cache', {})]]);
  expect(databases.map(({ name, fields }) => [name, fields.dbname?.value])).toEqual([
    ['shop', 'shop'],
    ['cache', 'cache'],
  ]);
});

test('an own entry speaks of the database of that key, else of that name, else of a new one', () => {
  const application = [draft('primary', { dbname: 'shop', host: 'a' })];
  expect(names([draft('primary', { pool_size: '5' })], application)).toEqual(['shop=primary']);
  expect(names([draft('shop', { pool_size: '5' })], application)).toEqual(['shop=primary']);
  expect(names([draft('other', { host: 'b' })], application)).toEqual(['shop=primary', 'other=other']);
  expect(names([draft('main', { from: 'primary' })], application)).toEqual(['main=primary']);
});

test('a renamed database keeps its dbname on the server', () => {
  const { databases } = mergeDatabases(
    [draft('main', { from: 'primary' })],
    [[draft('primary', { dbname: 'shop' })]],
  );
  expect(databases[0]?.fields.dbname?.value).toBe('shop');
});

test('a password never comes from a source that speaks of another server', () => {
  const first = draft('primary', { host: 'a', user: 'shop' });
  for (const identity of [
    { host: 'b' },
    { host: 'a', user: 'root' },
    { host: 'a', port: '1', dbname: 'x' },
  ]) {
    const known = draft('primary', { host: 'a', user: 'shop', port: '5432', dbname: 'shop' });
    const second = draft('primary', { ...identity, password: 'x', sslmode: 'disable' }, '.env');
    const { databases, problems } = mergeDatabases([], [[known], [second]]);
    expect(databases[0]?.fields.password).toBeUndefined();
    expect(databases[0]?.fields.sslmode).toBeUndefined();
    expect(problems.map(({ code }) => code)).toEqual(['source_conflict']);
  }
  const agreeing = draft('primary', { host: 'a', password: 'x' }, '.env');
  expect(mergeDatabases([], [[first], [agreeing]]).databases[0]?.fields.password?.origin.place).toBe('.env');
});

test('the strongest source that says how to get the password decides alone', () => {
  const own = draft('primary', { password_file: '/run/secret' }, 'pgsidecar.yml');
  const application = draft('primary', { dbname: 'shop', password: 'x', secret_id: 'y' });
  const { fields } = mergeDatabases([own], [[application]]).databases[0]!;
  expect(Object.keys(fields).sort()).toEqual(['dbname', 'password_file']);
});
