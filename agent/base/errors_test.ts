// The error table: every row can be told to a client and to a shell, and its blanks are filled from the details.

import { expect, test } from 'bun:test';
import { AgentError, ERRORS, type ErrorCode, type ErrorRow, problem, sentenceOf } from './errors.ts';

const rows = Object.entries(ERRORS) as [ErrorCode, ErrorRow][];

test('ERRORS has a SQLSTATE of five characters and an exit code that a shell can tell from success, in every row', () => {
  for (const [code, row] of rows) {
    expect(`${code} ${row.sqlstate}`).toMatch(/^[a-z_0-9]+ [0-9A-Z]{5}$/);
    expect(row.exit).toBeGreaterThan(0);
    expect(row.exit).toBeLessThan(126);
  }
});

test('ERRORS has a sentence in every row, and none that ends like a paragraph', () => {
  for (const [code, { sentence }] of rows) {
    expect(`${code}: ${sentence}`).not.toMatch(/[.!\s]$/);
    expect(sentence).not.toBe('');
  }
});

test('sentenceOf() fills every blank, numbers too', () => {
  expect(sentenceOf('client_limit', { what: 'no more', limit: 'max_client_conn', value: 100 })).toBe(
    'no more (max_client_conn): it is 100',
  );
});

test('sentenceOf() leaves a blank that nobody fills as it stands, so that the mistake can be seen', () => {
  expect(sentenceOf('client_limit', { limit: undefined, what: 'no more' })).toBe(
    'no more ({limit}): it is {value}',
  );
});

test('sentenceOf() does not read what it filled in: braces and dollars of a value stay', () => {
  expect(sentenceOf('password_wrong', { user: '{user} $& $1' })).toBe(
    'password authentication failed for user "{user} $& $1"',
  );
});

test('sentenceOf() prints the origin for {origin}', () => {
  const details = { setting: 'pool_mode', value: 'x', expected: 'session or transaction' };
  expect(sentenceOf('setting_invalid', details, { place: 'pgsidecar.yml', line: 3 })).toBe(
    'Cannot use pool_mode "x" at pgsidecar.yml:3: expected session or transaction',
  );
  expect(sentenceOf('setting_invalid', { ...details, origin: 'somewhere' })).toContain('at somewhere:');
});

test('AgentError carries its row, its details and its origin', () => {
  const origin = { place: 'flag', key: '--pool-mode' };
  const error = new AgentError('password_wrong', { user: 'anna' }, origin);
  expect(error).toBeInstanceOf(Error);
  expect([error.name, error.code, error.message]).toEqual([
    'AgentError',
    'password_wrong',
    'password authentication failed for user "anna"',
  ]);
  expect([error.row.sqlstate, error.row.exit, error.details, error.origin]).toEqual([
    '28P01',
    77,
    { user: 'anna' },
    origin,
  ]);
});

test('problem() is a sentence with its severity and where it is from', () => {
  const origin = { place: '.env', line: 2 };
  expect(problem('warning', 'dotenv_limit', { reason: 'too long' }, origin)).toEqual({
    severity: 'warning',
    code: 'dotenv_limit',
    sentence: 'Cannot read .env:2: too long',
    origin,
  });
});
