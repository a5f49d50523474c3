// How many parameters a prepared statement has, as its text says it.

import { PARAMETER } from './lex.ts';
import { StatementReader } from './statements.ts';
import type { Tokens } from './tokens.ts';

/** PostgreSQL takes no more (a Bind counts them in two bytes). */
const PARAMETERS_MAX = 65_535;

/** Of a text that is one statement, PREPARE included: the highest that it mentions, or as many as it has types for. */
export function parametersIn(bytes: Uint8Array, from: number, to: number, isConforming: boolean): number {
  const tokens = new StatementReader(bytes, from, to, isConforming).next();
  if (tokens === undefined) return 0;
  let most = declared(tokens);
  for (let i = 0; i < tokens.length; i++) {
    if (tokens.kinds[i] !== PARAMETER) continue;
    const number = Number(tokens.latin1(tokens.starts[i]! + 1, tokens.ends[i]!));
    if (number <= PARAMETERS_MAX) most = Math.max(most, number);
  }
  return most;
}

/** PREPARE name (a type, another) AS … */
function declared(tokens: Tokens): number {
  if (!tokens.is(0, 'prepare') || !tokens.is(2, '(')) return 0;
  let count = 1;
  let depth = 0;
  for (let i = 2; i < tokens.length; i++) {
    if (tokens.is(i, '(')) depth++;
    else if (tokens.is(i, ')') && --depth === 0) break;
    else if (tokens.is(i, ',') && depth === 1) count++;
  }
  return count;
}

/** It ends a transaction, and is taken in one that has failed. */
export function isExit(bytes: Uint8Array, from: number, to: number): boolean {
  const tokens = new StatementReader(bytes, from, to, true).next();
  if (tokens === undefined) return true;
  if (tokens.is(0, 'prepare')) return tokens.is(1, 'transaction');
  return ['commit', 'end', 'rollback', 'abort'].some((word) => tokens.is(0, word));
}
