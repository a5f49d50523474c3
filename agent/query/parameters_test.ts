// What a failed transaction can still be told of a statement: how many parameters it has, and whether it ends one.

import { expect, test } from 'bun:test';
import { isExit, parametersIn } from './parameters.ts';

function count(sql: string): number {
  const bytes = Buffer.from(sql);
  return parametersIn(bytes, 0, bytes.length, true);
}

test('parametersIn() counts what the text mentions, and the types of a PREPARE', () => {
  for (const [sql, parameters] of [
    ['', 0],
    ['SELECT 1', 0],
    ["SELECT $2, '$3' -- $4", 2],
    ['PREPARE p (int, numeric(10, 2), text) AS SELECT $1', 3],
    ['PREPARE "a (" AS SELECT $1 || $2', 2],
    ['SELECT $$ $7 $$, $99999999999', 0],
  ] as const)
    expect([sql, count(sql)]).toEqual([sql, parameters]);
});

test('isExit() knows what a failed transaction takes', () => {
  for (const [sql, exits] of [
    ['commit', true],
    ['/* x */ ROLLBACK TO s1', true],
    ["PREPARE TRANSACTION 'x'", true],
    ['', true],
    ['PREPARE x AS SELECT 1', false],
    ['SELECT 1', false],
  ] as const) {
    const bytes = Buffer.from(sql);
    expect([sql, isExit(bytes, 0, bytes.length)]).toEqual([sql, exits]);
  }
});
