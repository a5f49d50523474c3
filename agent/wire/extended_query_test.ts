// A query with its parameters, byte for byte, and rows that are whole, cut or made up.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { bind, execute, join, message, parse, sync } from '../tests/harness/client_words.ts';
import { decodeDataRow, encodeExtendedQuery } from './extended_query.ts';
import { ProtocolError } from './protocol_error.ts';
import { encodeDataRow } from './server_messages.ts';

test('encodeExtendedQuery() sends parameters beside the SQL, whatever they say', () => {
  const name = "x'; DROP ROLE app; --ä\\";
  expect(encodeExtendedQuery('SELECT $1', [name, ''], 2)).toEqual(
    join(parse('', 'SELECT $1'), bind('', '', [name, '']), execute('', 2), sync),
  );
  expect(encodeExtendedQuery('SELECT 1', [], 0)).toEqual(
    join(parse('', 'SELECT 1'), message('B', Buffer.alloc(8)), execute(), sync),
  );
});

test('decodeDataRow() gives back every column, NULL and empty ones too', () => {
  const column = fc.option(fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(fc.array(column, { maxLength: 20 }), (columns) => {
      const body = encodeDataRow(columns).subarray(5);
      expect(decodeDataRow(body)).toEqual(columns.map((each) => each ?? undefined));
      for (let end = 0; end < body.length; end++)
        expect(() => decodeDataRow(body.subarray(0, end))).toThrow(ProtocolError);
    }),
    { numRuns: 50 },
  );
});

test('decodeDataRow() gives columns or a ProtocolError for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
      try {
        decodeDataRow(body);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
