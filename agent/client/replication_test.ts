// What a startup packet says of replication, as PostgreSQL reads it; and which database stands for the whole cluster.

import { describe, expect, test } from 'bun:test';
import type { Settings } from '../config/settings.ts';
import { replicatedName, replicationOf } from './replication.ts';
import type { StartupMessage } from './startup.ts';

function asked(value?: string) {
  const parameters = new Map(value === undefined ? [] : [['replication', value]]);
  return replicationOf({ parameters } as unknown as StartupMessage);
}

describe('replicationOf()', () => {
  test('knows the word, and every way to write a boolean', () => {
    expect(asked('database')).toBe('logical');
    for (const yes of ['true', 'on', '1', 'yes', 't', 'TRUE', 'y']) expect(asked(yes)).toBe('physical');
    for (const no of [undefined, 'false', 'off', '0', 'no', 'f', 'of']) expect(asked(no)).toBeUndefined();
  });

  test('refuses what PostgreSQL would refuse', () => {
    for (const value of ['', 'o', 'maybe', 'Database', '2'])
      expect(() => asked(value)).toThrow(`invalid value for parameter "replication": "${value}"`);
  });
});

describe('replicatedName()', () => {
  const database = (name: string, host: string, role: 'writer' | 'replica' = 'writer') => ({
    [name]: { name, role, hosts: [{ host, port: 5432 }] },
  });
  const settings = (databases: object): Settings => ({ databases }) as Settings;

  test('is the writer for those that name no database, as long as there is one', () => {
    const one = {
      ...database('shop_replica', 'b', 'replica'),
      ...database('shop', 'a'),
      ...database('jobs', 'a'),
    };
    expect(replicatedName('replication', 'physical', settings(one))).toBe('shop');
    const two = { ...database('shop', 'a'), ...database('jobs', 'b') };
    expect(replicatedName('replication', 'physical', settings(two))).toBe('replication');
  });

  test('is what was asked for in every other case', () => {
    const served = settings({ ...database('shop', 'a'), ...database('replication', 'b') });
    expect(replicatedName('replication', 'physical', served)).toBe('replication');
    expect(replicatedName('jobs', 'physical', settings(database('shop', 'a')))).toBe('jobs');
    expect(replicatedName('replication', 'logical', settings(database('shop', 'a')))).toBe('replication');
    expect(replicatedName('replication', undefined, settings(database('shop', 'a')))).toBe('replication');
  });
});
