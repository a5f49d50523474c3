// The table is consistent with itself: defaults lie within their own limits, names are one spelling everywhere.

import { expect, test } from 'bun:test';
import { DEFAULTS, rowOf, SETTING_NAMES, type SettingValues } from './table.ts';

test('every default is a value that its own row accepts', () => {
  expect(SETTING_NAMES.length).toBeGreaterThan(50);
  for (const name of SETTING_NAMES) {
    const row = rowOf(name);
    if (typeof row.default === 'number') {
      expect(row.default, name).toBeGreaterThanOrEqual(row.min ?? Number.NEGATIVE_INFINITY);
      expect(row.default, name).toBeLessThanOrEqual(row.max ?? Number.POSITIVE_INFINITY);
      expect(row.min, `${name} has a lower limit`).toBeDefined();
    }
    if (row.type === 'enum') expect(row.values, name).toContain(row.default as string);
    expect(Array.isArray(row.default), name).toBe(row.type === 'list');
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(row.doc, name).toMatch(/[.)]$/);
  }
});

test('SettingValues has the type of each row', () => {
  const values: SettingValues = DEFAULTS;
  const mode: 'session' | 'transaction' | 'statement' = values.pool_mode;
  const size: number = values.default_pool_size;
  const keepalive: boolean = values.tcp_keepalive;
  const addresses: readonly string[] = values.listen_addr;
  // @ts-expect-error a setting that is not in the table is not in the type
  expect(values.no_such_setting).toBeUndefined();
  expect([mode, size, keepalive, addresses]).toEqual(['transaction', 20, true, []]);
});
