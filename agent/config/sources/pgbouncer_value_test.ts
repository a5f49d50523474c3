// Values of pgbouncer.ini in the words of the settings table; what PgBouncer makes of each was looked up in a running one.

import { expect, test } from 'bun:test';
import { rowOf, type SettingName } from '../table.ts';
import { takeValue } from './pgbouncer_value.ts';

function taken(name: SettingName, written: string): string | undefined {
  return takeValue(name, rowOf(name), written).value;
}

test('takeValue() reads numbers as strtol() does, and modes as they were meant', () => {
  expect(taken('default_pool_size', '010')).toBe('8');
  expect(taken('default_pool_size', '0x10')).toBe('16');
  expect(taken('default_pool_size', '20')).toBe('20');
  expect(taken('unix_socket_mode', '0777')).toBe('0777');
  expect(taken('unix_socket_mode', '511')).toBe('0777');
  expect(taken('unix_socket_mode', '0x1ff')).toBe('0777');
  expect(taken('unix_socket_mode', '777')).toBe('777');
});

test('takeValue() knows words in capitals, and any number for yes', () => {
  expect(taken('pool_mode', 'Transaction')).toBe('transaction');
  expect(taken('auth_type', 'MD5')).toBe('md5');
  expect(taken('log_connections', '2')).toBe('1');
  expect(taken('log_connections', '0')).toBe('0');
});

test('takeValue() makes one of our ranges of any list of TLS versions', () => {
  const protocols = (written: string) =>
    takeValue('server_tls_protocols', rowOf('server_tls_protocols'), written);
  expect(protocols('secure')).toEqual({ value: 'secure' });
  expect(protocols('tlsv1.2,tlsv1.3')).toEqual({ value: 'secure' });
  expect(protocols('tlsv1.3')).toEqual({ value: 'tlsv1.3' });
  expect(protocols('secure:!tlsv1.2')).toEqual({ value: 'tlsv1.3' });
  expect(protocols('all')).toMatchObject({ value: 'secure', note: expect.stringContaining('not spoken') });
  expect(protocols('tlsv1.1')).toMatchObject({
    value: undefined,
    note: expect.stringContaining('not spoken'),
  });
  expect(protocols('ssl3')).toEqual({ value: 'ssl3' });
});

test('takeValue() leaves a 0 that would be no limit to our default, and says so', () => {
  const row = rowOf('server_connect_timeout');
  expect(takeValue('server_connect_timeout', row, '0')).toMatchObject({ value: undefined });
  expect(takeValue('server_connect_timeout', row, '0.5')).toEqual({ value: '0.5' });
  expect(takeValue('query_timeout', rowOf('query_timeout'), '0')).toEqual({ value: '0' });
});
