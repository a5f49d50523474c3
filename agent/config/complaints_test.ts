// What a complaint about a setting shows of a value, and what it does not.

import { expect, test } from 'bun:test';
import { invalidSetting } from './complaints.ts';
import { rowOf } from './table.ts';

const origin = { place: 'pgsidecar.yml', line: 3 };

test('invalidSetting() does not show what stands in place of a mapping: it may be a password', () => {
  const secret = crypto.randomUUID();
  for (const written of [secret, `postgres://app:${secret}@db/shop`, [secret], [[secret]]]) {
    const { sentence } = invalidSetting('users.app', undefined, written, origin);
    expect(sentence).toBe(
      'Cannot use users.app "***" at pgsidecar.yml:3: expected a mapping, with its own keys beneath it',
    );
  }
});

test('invalidSetting() asks for one value where a run-time parameter is a list', () => {
  const { sentence } = invalidSetting('databases.shop.parameters.search_path', undefined, ['a', 'b'], origin);
  expect(sentence).toBe(
    'Cannot use databases.shop.parameters.search_path "***" at pgsidecar.yml:3: expected one text or number, as SET takes it',
  );
});

test('invalidSetting() names mappings and lists in a list, and shows no more than a line of it', () => {
  const written = (value: unknown): string =>
    /"(.*)" at/.exec(invalidSetting('sources', rowOf('sources'), value, origin).sentence)![1]!;
  expect(written(['.env', { a: 1 }, ['b']])).toBe('.env, a mapping, a list');
  expect(written({ a: 1 })).toBe('a mapping');
  expect(written(Array(10_000).fill('a\n')).length).toBe(81);
});
