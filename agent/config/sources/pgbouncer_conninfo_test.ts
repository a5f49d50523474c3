// Pairs as PgBouncer reads them; each expectation was looked up in a running one (1.18 and 1.24).

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readPairs } from './pgbouncer_conninfo.ts';

function pairs(text: string): string[] | string {
  const read = readPairs(text);
  return 'reason' in read ? read.reason : read.pairs.map(({ key, value }) => `${key}=${value}`);
}

test('readPairs() takes blanks around = and between pairs, and quotes with a doubled quote', () => {
  expect(pairs("host = h2   dbname =  x  port = '6000'")).toEqual(['host=h2', 'dbname=x', 'port=6000']);
  expect(pairs("dbname='it''s' host=x")).toEqual(["dbname=it's", 'host=x']);
  expect(pairs("password='a b=c;#' host=x")).toEqual(['password=a b=c;#', 'host=x']);
  expect(pairs('host="h1"')).toEqual(['host="h1"']);
  expect(pairs('')).toEqual([]);
});

test('readPairs() refuses what PgBouncer refuses, and says what was expected', () => {
  expect(pairs('host=h1 ; comment')).toContain('begins no comment');
  expect(pairs("host=h1 dbname='x")).toContain('the quote of dbname is not closed');
  expect(pairs('host')).toContain('expected = behind "host"');
  expect(pairs('host=')).toContain('host has no value');
  expect(pairs("dbname='' host=x")).toContain('dbname has no value');
  expect(pairs("host='h1'dbname=x")).toContain('expected a blank');
  expect(pairs("dbname='it\\\\'s' host=x")).toContain('expected a blank');
});

test('readPairs() takes the next word for an empty value, as PgBouncer does, and tells of it', () => {
  const read = readPairs('dbname= host=x');
  expect(read).toEqual({
    pairs: [{ key: 'dbname', value: 'host=x' }],
    swallowed: [{ key: 'dbname', value: 'host=x' }],
  });
});

test('readPairs() reads back whatever is quoted', () => {
  const value = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(value, value, (a, b) => {
      const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
      expect(readPairs(`a=${quote(a)} b=${quote(b)}`)).toMatchObject({
        pairs: [
          { key: 'a', value: a },
          { key: 'b', value: b },
        ],
      });
    }),
  );
});

test('readPairs() ends, whatever it is given', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(Object.keys(readPairs(text)).length).toBeGreaterThan(0);
    }),
  );
});
