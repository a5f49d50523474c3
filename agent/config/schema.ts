// The JSON Schema of pgsidecar.yml, derived from the settings table: what ajv compiles, and what an editor reads.

import { DURATION_WRITTEN, INTEGER_WRITTEN, OCTAL_WRITTEN, SIZE_WRITTEN } from '../base/units.ts';
import { printValue } from './read_value.ts';
import { DATABASE_KEYS, PEER_KEYS, USER_KEYS } from './table/keys.ts';
import type { KeyRow } from './table/row.ts';
import { rowOf, SETTING_NAMES } from './table.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Of the whole file. `check` is lean, for ajv at every start; `publish` has the documentation in it, for editors. */
export function schemaOf(purpose: 'check' | 'publish'): JsonSchema {
  const key = (row: KeyRow) => schemaOfKey(row, purpose);
  const named = (keys: Readonly<Record<string, KeyRow>>, more: Readonly<Record<string, JsonSchema>>) => ({
    type: 'object',
    additionalProperties: { ...closed({ ...mapValues(keys, key), ...more }), type: 'object' },
  });
  const settings = Object.fromEntries(
    SETTING_NAMES.map((name) => [name, withDefault(name, key(rowOf(name)), purpose)]),
  );
  const root = closed({
    ...settings,
    databases: named(DATABASE_KEYS, { parameters: PARAMETERS }),
    users: named(USER_KEYS, {}),
    peers: named(PEER_KEYS, {}),
  });
  if (purpose === 'check') return root;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'pgsidecar.yml',
    description: 'Settings of pgsidecar. Generated from agent/config/table.ts by scripts/generate.ts.',
    ...root,
  };
}

const PARAMETERS: JsonSchema = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
};

function closed(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, additionalProperties: false };
}

function schemaOfKey(row: KeyRow, purpose: 'check' | 'publish'): JsonSchema {
  const shape = shapeOf(row);
  return purpose === 'check' ? shape : { ...shape, description: row.doc };
}

/** Limits of texts with units are left to read_value.ts, which sees them for every source alike. */
function shapeOf(row: KeyRow): JsonSchema {
  switch (row.type) {
    case 'integer':
      return { type: ['integer', 'string'], ...limitsOf(row), pattern: INTEGER_WRITTEN.source };
    case 'duration':
      return { type: ['number', 'string'], minimum: 0, pattern: DURATION_WRITTEN.source };
    case 'size':
      return { type: ['integer', 'string'], ...limitsOf(row), pattern: SIZE_WRITTEN.source };
    case 'octal':
      return { type: ['integer', 'string'], minimum: 0, pattern: OCTAL_WRITTEN.source };
    case 'boolean':
      return { type: ['boolean', 'integer', 'string'], minimum: 0, maximum: 1 };
    case 'enum':
      return { enum: row.values };
    case 'list':
      return { type: ['array', 'string', 'integer'], items: { type: ['string', 'integer'] } };
    default:
      return { type: ['string', 'number', 'boolean'] };
  }
}

function limitsOf(row: KeyRow): JsonSchema {
  return {
    ...(row.min === undefined ? {} : { minimum: row.min }),
    ...(row.max === undefined ? {} : { maximum: row.max }),
  };
}

function withDefault(
  name: (typeof SETTING_NAMES)[number],
  schema: JsonSchema,
  purpose: 'check' | 'publish',
): JsonSchema {
  if (purpose === 'check') return schema;
  const row = rowOf(name);
  const written =
    typeof row.default === 'number' && row.type !== 'integer' ? printValue(row, row.default) : row.default;
  return { ...schema, default: written };
}

function mapValues<T, U>(from: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, change(value)]));
}
