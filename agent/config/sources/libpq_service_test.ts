// Services and password files are read in libpq's order, by libpq's rules.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { memoryIo, UNREADABLE } from '../../tests/harness/memory_io.ts';
import { DraftWords } from '../draft_words.ts';
import { LIBPQ_FILE_CHARS_MAX, takePassword, takeService } from './libpq_service.ts';

const ORIGIN = { place: '.env', line: 1 };
const HOME = { HOME: '/home/shop' };

function wordsOf(said: Record<string, string>): DraftWords {
  const words = new DraftWords();
  for (const [keyword, value] of Object.entries(said)) words.take(keyword, value, ORIGIN);
  return words;
}

describe('takeService()', () => {
  const service = '[shop]\nhost=db\nport=5433\nuser=shop\n# host=no\n\n[other]\nhost=other\n';

  test('takes the section, each word with its line, beneath what is said already', () => {
    const words = wordsOf({ service: 'shop', user: 'me' });
    const files = takeService(words, memoryIo({ '/home/shop/.pg_service.conf': service }, HOME));
    expect(files).toEqual(['/home/shop/.pg_service.conf']);
    expect(words.fields).toMatchObject({
      user: { value: 'me' },
      host: { value: 'db', origin: { place: '/home/shop/.pg_service.conf', line: 2, key: 'host' } },
      port: { value: '5433', origin: { line: 3 } },
    });
    expect(words.problems).toEqual([]);
  });

  test('looks into the system file when the own one has no such service, and only then', () => {
    const io = memoryIo(
      { '/home/shop/.pg_service.conf': '[x]\nhost=x\n', '/etc/pg/pg_service.conf': service },
      { ...HOME, PGSYSCONFDIR: '/etc/pg' },
    );
    const words = wordsOf({ service: 'other' });
    expect(takeService(words, io)).toEqual(['/home/shop/.pg_service.conf', '/etc/pg/pg_service.conf']);
    expect(words.fields.host?.value).toBe('other');
  });

  test('takes the file that is named in place of the own one', () => {
    const words = wordsOf({ service: 'shop', servicefile: 'conf/services' });
    const io = memoryIo(
      { 'conf/services': service, '/home/shop/.pg_service.conf': '[shop]\nhost=no\n' },
      HOME,
    );
    expect(takeService(words, io)).toEqual(['/app/conf/services']);
    expect(words.fields.host?.value).toBe('db');
  });

  test('reads nothing when no service is named', () => {
    expect(takeService(wordsOf({}), memoryIo({}, HOME))).toEqual([]);
  });

  test('tells of a file that cannot be read, or is too long', () => {
    const locked = wordsOf({ service: 'shop', servicefile: '/locked' });
    takeService(locked, memoryIo({ '/locked': UNREADABLE }));
    expect(locked.problems[0]?.sentence).toBe('Cannot read /locked: permission denied');
    const long = wordsOf({ service: 'shop', servicefile: '/long' });
    takeService(long, memoryIo({ '/long': '#'.repeat(LIBPQ_FILE_CHARS_MAX + 1) }));
    expect(long.problems[0]?.sentence).toBe(
      `Cannot read /long as a service file: it has ${LIBPQ_FILE_CHARS_MAX + 1} characters, and at most ${LIBPQ_FILE_CHARS_MAX} (LIBPQ_FILE_CHARS_MAX) are read`,
    );
  });
});

describe('takePassword()', () => {
  function password(pgpass: string, said: Record<string, string>): string | number | undefined {
    const words = wordsOf(said);
    takePassword(words, memoryIo({ '/home/shop/.pgpass': pgpass }, HOME));
    return words.fields.password?.value;
  }
  const db = { host: 'db', dbname: 'shop', user: 'me' };

  test('takes the first line that fits', () => {
    expect(password('x:5432:shop:me:1\ndb:5432:shop:me:2\n*:*:*:*:3\n', db)).toBe('2');
    expect(password('db:5433:*:*:1\n*:*:*:*:3\n', db)).toBe('3');
    expect(password('db:5433:*:*:1\n', { ...db, port: '5433' })).toBe('1');
    expect(password('db:*:other:*:1\n', db)).toBeUndefined();
  });

  test('takes the user for a database that is not named', () => {
    expect(password('db:*:me:me:1\n', { host: 'db', user: 'me' })).toBe('1');
  });

  test('knows the server behind a socket as localhost', () => {
    expect(password('localhost:*:*:*:1\n', { ...db, host: '/var/run/postgresql' })).toBe('1');
    expect(password('localhost:*:*:*:1\n', { dbname: 'shop', user: 'me' })).toBe('1');
  });

  test('tries each of several hosts', () => {
    expect(password('b:2:*:*:1\n', { ...db, host: 'a,b', port: '1,2' })).toBe('1');
  });

  test('takes colons and backslashes behind a backslash', () => {
    expect(password('d\\:b:*:*:*:a\\:b\\\\c\n', { ...db, host: 'd:b' })).toBe('a:b\\c');
    expect(password('db:*:*:*:a:b\r\n', db)).toBe('a:b');
  });

  test('passes over comments, short lines and lines without a password', () => {
    expect(password('#db:*:*:*:1\ndb:*:*\n\ndb:*:*:*:\n*:*:*:*:2', db)).toBe('2');
  });

  test('asks no file when there is a password, or no user', () => {
    expect(takePassword(wordsOf({ password: 'x', user: 'me' }), memoryIo({}, HOME))).toEqual([]);
    expect(takePassword(wordsOf({ host: 'db' }), memoryIo({}, HOME))).toEqual([]);
    expect(takePassword(wordsOf({ user: 'me' }), memoryIo({}))).toEqual([]);
  });

  test('takes the file that is named, and says that it looked there', () => {
    const words = wordsOf({ ...db, passfile: '/etc/pgpass' });
    expect(takePassword(words, memoryIo({ '/etc/pgpass': '*:*:*:*:1' }, HOME))).toEqual(['/etc/pgpass']);
    expect(words.fields.password).toEqual({ value: '1', origin: { place: '/etc/pgpass', line: 1 } });
  });
});

test('no text of either file makes them throw', () => {
  const line = fc.string({ unit: fc.constantFrom(...'[]shop=:\\#*\n\r \0') });
  fc.assert(
    fc.property(fc.oneof(line, fc.string({ unit: 'binary' })), (text) => {
      const words = wordsOf({ service: 'shop', user: 'shop' });
      const io = memoryIo({ '/home/shop/.pg_service.conf': text, '/home/shop/.pgpass': text }, HOME);
      takeService(words, io);
      takePassword(words, io);
    }),
  );
});
