// The schema is itself a good schema, and every fault in a tree is found at once.

import { expect, test } from 'bun:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { schemaOf } from './schema.ts';
import { DATABASE_KEYS, USER_KEYS } from './table/keys.ts';
import { SETTING_NAMES } from './table.ts';
import { faultsOf } from './validate.ts';

test('both schemas are what JSON Schema says a schema is', () => {
  for (const purpose of ['check', 'publish'] as const) {
    const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictTypes: false });
    expect(ajv.validateSchema(schemaOf(purpose)), ajv.errorsText()).toBe(true);
    expect(() => ajv.compile(schemaOf(purpose))).not.toThrow();
  }
});

test('every default of the table passes the published schema', () => {
  const ajv = new Ajv({ strict: false });
  const schema = schemaOf('publish') as { properties: Record<string, { default?: unknown }> };
  const check = ajv.compile(schema);
  const written = Object.fromEntries(
    Object.entries(schema.properties).flatMap(([name, row]) =>
      'default' in row ? [[name, row.default]] : [],
    ),
  );
  expect(Object.keys(written).length).toBeGreaterThan(50);
  expect(check(written), ajv.errorsText(check.errors)).toBe(true);
});

test('faultsOf() finds unknown keys and wrong shapes at every depth, each once', () => {
  const faults = faultsOf({
    pool_mod: 'session',
    default_pool_size: 'many',
    log_connections: { yes: 1 },
    databases: { main: { hots: 'a', port: 5432, pool_size: [1] }, 'a/b~c': 'nothing' },
    users: ['somebody'],
  });
  expect(faults.map(({ path, kind }) => `${kind} ${path.join(' > ')}`).sort()).toEqual([
    'shape databases > a/b~c',
    'shape databases > main > pool_size',
    'shape default_pool_size',
    'shape log_connections',
    'shape users',
    'unknown databases > main > hots',
    'unknown pool_mod',
  ]);
});

test('faultsOf() is content with what the readers take', () => {
  const written = {
    query_wait_timeout: '1.5min',
    server_idle_timeout: 30,
    unix_socket_mode: '0770',
    max_packet_size: '1GB',
    listen_addr: ['127.0.0.1', '::1'],
    log_connections: 'off',
    databases: { main: { port: '5432,5433', parameters: { statement_timeout: 2500, jit: false } } },
    users: { app: { databases: 'main, other', pool_mode: 'session' } },
  };
  expect(faultsOf(written)).toEqual([]);
  expect(faultsOf('nothing but a text')).toEqual([{ path: [], kind: 'shape' }]);
});

test('faultsOf() finds what ajv itself finds with the schema of this very table', () => {
  const check = new Ajv({ allErrors: true, strict: false }).compile(schemaOf('check'));
  const keys = [
    ...SETTING_NAMES,
    ...Object.keys(DATABASE_KEYS),
    ...Object.keys(USER_KEYS),
    'databases',
    'users',
    'x',
  ];
  const leaves = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom('5', '30s', '64kB', 'session'),
  );
  const trees = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaves,
      fc.array(tie('tree'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 8 }),
    ),
  })).tree;
  fc.assert(
    fc.property(trees, (tree) => {
      check(tree);
      const places = (check.errors ?? []).map(({ instancePath, keyword, params }) =>
        keyword === 'additionalProperties' ? `${instancePath}/${params.additionalProperty}` : instancePath,
      );
      expect(
        faultsOf(tree)
          .map(({ path }) => path.map((word) => `/${word}`).join(''))
          .sort(),
      ).toEqual([...new Set(places)].sort());
    }),
    { numRuns: 500 },
  );
});
