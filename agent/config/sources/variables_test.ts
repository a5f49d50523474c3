// databasesOf() finds the databases among variables, and the place that speaks for each.

import { describe, expect, test } from 'bun:test';
import { memoryIo } from '../../tests/harness/memory_io.ts';
import { DATABASES_MAX, databasesOf, environmentVariables } from './variables.ts';

function read(env: Record<string, string>, environment = 'production') {
  const { databases, problems } = databasesOf(environmentVariables(env), environment, memoryIo({}, env));
  return {
    keys: databases.map((each) => each.key),
    hosts: databases.map((each) => each.fields.host?.value),
    databases,
    sentences: problems.map((each) => each.sentence),
  };
}

describe('databasesOf()', () => {
  test('finds nothing in the environment of a machine', () => {
    expect(
      read({ HOME: '/root', PATH: '/bin', PGUSER: 'me', DB_USER: 'me', REDIS_URL: 'redis://h' }).keys,
    ).toEqual([]);
  });

  test('lets the strongest style speak: URL, DB_*, DATABASE_*, PG*', () => {
    const all = { DATABASE_URL: 'postgres://a', DB_HOST: 'b', DATABASE_HOST: 'c', PGHOST: 'd' };
    const { DATABASE_URL, DB_HOST, DATABASE_HOST, PGHOST } = all;
    expect(read(all).hosts).toEqual(['a']);
    expect(read({ DB_HOST, DATABASE_HOST, PGHOST }).hosts).toEqual(['b']);
    expect(read({ DATABASE_HOST, PGHOST }).hosts).toEqual(['c']);
    expect(read({ PGHOST }).hosts).toEqual(['d']);
    expect(read({ ...all, PRIMARY_DATABASE_URL: 'postgres://e' }).hosts).toEqual(['e']);
    expect(read({ DB_URL: 'postgres://f', DATABASE_URL }).hosts).toEqual(['a']);
    expect(read({ DATABASE_URL: '', DB_URL: 'postgres://f' }).hosts).toEqual(['f']);
  });

  test('names prefixed sets by their prefix, in the order of the names', () => {
    const { keys } = read({
      DATABASE_URL: 'postgres://a',
      ZOO_DATABASE_URL: 'postgres://z',
      ANALYTICS_DB_HOST: 'b',
      BIG_DATA_DATABASE_URL: 'postgres://c',
      ANALYTICS_DATABASE_URL: 'postgres://d',
    });
    expect(keys).toEqual(['primary', 'analytics', 'big_data', 'zoo']);
  });

  test('leaves the databases of other environments alone', () => {
    const env = { TEST_DATABASE_URL: 'postgres://t', STAGING_DATABASE_URL: 'postgres://s' };
    expect(read(env).keys).toEqual([]);
    expect(read(env, 'staging').keys).toEqual(['staging']);
  });

  test('knows a replica by its name', () => {
    const { databases } = read({
      REPLICA_DATABASE_URL: 'postgres://r',
      MAIN_REPLICA_DATABASE_URL: 'postgres://s',
    });
    expect(databases.map((each) => each.fields.role?.value)).toEqual(['replica', 'replica']);
  });

  test('keeps the pool of the URL as a hint', () => {
    const { databases } = read({ DATABASE_URL: 'postgres://h/d?pool=7' });
    expect(databases[0]?.applicationPool?.value).toBe(7);
    expect(databases[0]?.fields.pool_size).toBeUndefined();
  });

  test('goes past a URL that leads to the agent to a style that names the server', () => {
    const { hosts, sentences } = read({
      DATABASE_URL: 'postgres:///d?host=/run/pgsidecar',
      DB_HOST: 'db',
      DB_NAME: 'd',
    });
    expect(hosts).toEqual(['db']);
    expect(sentences).toEqual([]);
  });

  test('says once what several databases have in common', () => {
    const { sentences } = read({
      A_DATABASE_URL: 'postgres://a',
      B_DATABASE_URL: 'postgres://b',
      PGSSLMODE: 'bogus',
    });
    expect(sentences).toEqual([
      'Cannot use PGSSLMODE "bogus" at environment PGSSLMODE: expected disable, allow, prefer, require, verify-ca or verify-full',
    ]);
  });

  test('warns of no contradiction between what processes inherit', () => {
    expect(read({ DATABASE_URL: 'postgres://a', DB_HOST: 'b', PGHOST: 'c' }).sentences).toEqual([]);
  });

  test('stops at its limit', () => {
    const env = Object.fromEntries(
      Array.from({ length: DATABASES_MAX + 1 }, (_, index) => [`X${index}_DATABASE_URL`, 'postgres://h']),
    );
    const { keys, sentences } = read(env);
    expect(keys).toHaveLength(DATABASES_MAX);
    expect(sentences).toEqual([
      expect.stringContaining(`it has more than ${DATABASES_MAX} (DATABASES_MAX) databases`),
    ]);
  });
});
