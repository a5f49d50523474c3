// NotificationResponse byte for byte, and names that would end their quotes.

import { describe, expect, test } from 'bun:test';
import { notification } from '../tests/harness/server_words.ts';
import { concat } from './bytes.ts';
import { isChannel, listenSql, putNotificationPid, readNotification, unlistenSql } from './notification.ts';
import { ProtocolError } from './protocol_error.ts';

describe('readNotification()', () => {
  test('finds the process and the channel wherever the message lies', () => {
    const message = notification('tür', 'the payload');
    putNotificationPid(message, 0x7fee_ddcc);
    const bytes = concat([new Uint8Array(9), message, new Uint8Array(5)]);
    const found = readNotification(bytes, 9, 9 + message.length);
    expect(found).toEqual({ pid: 0x7fee_ddcc, channel: 'tür' });
  });

  test('takes a negative process id as it comes', () => {
    const message = notification('a', '');
    putNotificationPid(message, -2);
    expect(readNotification(message, 0, message.length).pid).toBe(-2);
  });

  test('refuses one that does not hold what it should', () => {
    const message = notification('channel', '');
    for (const end of [5, 8, 10, 16]) expect(() => readNotification(message, 0, end)).toThrow(ProtocolError);
  });
});

test('putNotificationPid() changes nothing but the process', () => {
  const [one, other] = [notification('a', 'b'), notification('a', 'b')];
  putNotificationPid(one, 4711);
  expect(one).not.toEqual(other);
  putNotificationPid(one, 0);
  expect(one).toEqual(other);
});

describe('listenSql() and unlistenSql()', () => {
  test('quote what would end the name', () => {
    expect(listenSql('a')).toBe('LISTEN "a"');
    expect(listenSql('"; DROP TABLE a; --')).toBe('LISTEN """; DROP TABLE a; --"');
    expect(unlistenSql('ä"b')).toBe('UNLISTEN "ä""b"');
  });
});

test('isChannel() takes what PostgreSQL would neither cut nor refuse', () => {
  for (const name of ['a', ' ', '*', 'x'.repeat(63), `x${'ä'.repeat(31)}`])
    expect(isChannel(name)).toBe(true);
  for (const name of ['', 'a\0b', 'x'.repeat(64), 'ä'.repeat(32)]) expect(isChannel(name)).toBe(false);
});
