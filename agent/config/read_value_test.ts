// A row's value is read from whatever a source gave, printed, and read again as the same.

import { expect, test } from 'bun:test';
import { expectedOf, printValue, readValue } from './read_value.ts';
import { rowOf, SETTING_NAMES } from './table.ts';

test('every default is printed as something that reads back as itself', () => {
  for (const name of SETTING_NAMES) {
    const row = rowOf(name);
    expect(readValue(row, printValue(row, row.default)), name).toEqual({ value: row.default });
  }
});

test('readValue() holds a value against the limits of its row, whatever the notation', () => {
  const row = rowOf('client_login_failure_delay');
  for (const written of ['60', '60s', '1min', 60]) expect(readValue(row, written)).toEqual({ value: 60_000 });
  for (const written of ['61', '2min', '-1', -1]) expect(readValue(row, written)).toHaveProperty('expected');
  expect(readValue(rowOf('drain_timeout'), '25d')).toHaveProperty('expected');
  expect(readValue(rowOf('listen_port'), 65_535)).toEqual({ value: 65_535 });
  expect(readValue(rowOf('listen_port'), '65536')).toHaveProperty('expected');
});

test('readValue() takes a list as a list and as words with commas', () => {
  const row = rowOf('listen_addr');
  for (const written of ['a, b', ['a', 'b'], ['a,b', ''], ' a ,b,']) {
    expect(readValue(row, written)).toEqual({ value: ['a', 'b'] });
  }
  expect(readValue(row, '')).toEqual({ value: [] });
  expect(readValue(row, [['a']])).toHaveProperty('expected');
});

test('readValue() refuses what is no scalar, and a NUL in any text', () => {
  for (const written of [null, undefined, {}, ['a'], () => 'a']) {
    expect(readValue(rowOf('server_reset_query'), written), String(written)).toHaveProperty('expected');
  }
  expect(readValue(rowOf('server_reset_query'), 'DISCARD ALL\0')).toHaveProperty('expected');
});

test('expectedOf() names the words of an enum and the nearest one', () => {
  expect(expectedOf(rowOf('auth_type'), 'scram-sha-255')).toBe(
    'one of scram-sha-256, md5, plain, peer, cert, hba, trust, any; did you mean "scram-sha-256"?',
  );
  expect(expectedOf(rowOf('auth_type'), 'kerberos')).toBe(
    'one of scram-sha-256, md5, plain, peer, cert, hba, trust, any',
  );
});
