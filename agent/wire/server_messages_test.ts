// Server messages, encoded and decoded face to face, and what a hostile server may say without harm.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { message } from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import { ProtocolError } from './protocol_error.ts';
import {
  decodeParameterStatus,
  decodeReport,
  decodeTexts,
  encodeAuthentication,
  encodeBackendKeyData,
  encodeBare,
  encodeCommandComplete,
  encodeDataRow,
  encodeError,
  encodeNegotiateProtocolVersion,
  encodeNotice,
  encodeParameterStatus,
  encodeReadyForQuery,
  encodeRowDescription,
  readError,
} from './server_messages.ts';
import * as type from './types.ts';

const text = fc.string({ maxLength: 30 }).map((value) => value.replaceAll('\0', ''));

test('encoders write what the protocol says', () => {
  expect(encodeReadyForQuery(type.IN_TRANSACTION)).toEqual(server.ready('T'));
  expect(encodeCommandComplete('SELECT 1')).toEqual(server.complete('SELECT 1'));
  expect(encodeParameterStatus('TimeZone', 'UTC')).toEqual(server.parameterStatus('TimeZone', 'UTC'));
  expect(encodeBackendKeyData(7, new Uint8Array([1, 2, 3, 4]))).toEqual(
    server.backendKey(7, new Uint8Array([1, 2, 3, 4])),
  );
  expect(encodeAuthentication(10, Buffer.from('X\0\0'))).toEqual(server.authentication(10, 'X\0\0'));
  expect(encodeAuthentication(0)).toEqual(server.authentication(0));
  expect(encodeBare(type.PARSE_COMPLETE)).toEqual(server.parseComplete);
  expect(encodeRowDescription(['a', 'größe'])).toEqual(server.rowDescription('a', 'größe'));
  expect(encodeDataRow(['1', null, ''])).toEqual(server.dataRow('1', null, ''));
});

test('encodeNegotiateProtocolVersion() says the whole version, and which options nobody knows', () => {
  // 3.0 is 196608: libpq 18 refuses less as "downgrade to pre-3.0 protocol version".
  expect(encodeNegotiateProtocolVersion(type.PROTOCOL_3_0, ['_pq_.a', '_pq_.b'])).toEqual(
    message('v', Buffer.from('\0\x03\0\0\0\0\0\x02_pq_.a\0_pq_.b\0')),
  );
});

test('readError() undoes encodeError()', () => {
  fc.assert(
    fc.property(text, text, text, (words, detail, hint) => {
      const bytes = encodeError({ severity: 'FATAL', sqlstate: '57P01', message: words, detail, hint });
      const fields = decodeReport(bytes.subarray(5));
      expect(readError(bytes.subarray(5))).toEqual({ severity: 'FATAL', sqlstate: '57P01', message: words });
      expect([fields.get('D'), fields.get('H'), fields.get('S')]).toEqual([detail, hint, 'FATAL']);
      expect(bytes[bytes.length - 1]).toBe(0);
    }),
  );
});

test('encodeError() makes a NUL visible instead of ending the message there', () => {
  const bytes = encodeError({ severity: 'ERROR', sqlstate: 'XX000', message: 'a\0b', detail: 'c\0d' });
  expect(readError(bytes.subarray(5)).message).toBe('a\\0b');
  expect(decodeReport(bytes.subarray(5)).get('D')).toBe('c\\0d');
});

test('encodeNotice() is a NoticeResponse', () => {
  const bytes = encodeNotice({ severity: 'NOTICE', sqlstate: '00000', message: 'hello' });
  expect(server.serverWords(bytes)).toEqual(['NOTICE 00000 hello']);
});

test('readError() prefers the severity that is never translated', () => {
  expect(readError(Buffer.from('SFEHLER\0VERROR\0C42601\0Mkaputt\0\0')).severity).toBe('ERROR');
  expect(readError(Buffer.from('SFATAL\0C42601\0Mkaputt\0\0')).severity).toBe('FATAL');
});

test('readError() says something even of an error without fields, or without ends', () => {
  const nothing = { severity: 'ERROR', sqlstate: 'XX000', message: 'an error without a message' };
  for (const body of ['', '\0', 'M', 'Mno end']) expect(readError(Buffer.from(body))).toEqual(nothing);
  expect(readError(Buffer.from('C57014\0Mno end')).sqlstate).toBe('57014');
});

test('decodeParameterStatus() undoes encodeParameterStatus()', () => {
  fc.assert(
    fc.property(text, text, (name, value) => {
      expect(decodeParameterStatus(encodeParameterStatus(name, value).subarray(5))).toEqual({ name, value });
    }),
  );
});

test('decodeParameterStatus() throws ProtocolError when a string has no end', () => {
  for (const body of ['', 'TimeZone', 'TimeZone\0', 'TimeZone\0UTC'])
    expect(() => decodeParameterStatus(Buffer.from(body))).toThrow(ProtocolError);
});

test('decodeTexts() undoes encodeDataRow()', () => {
  fc.assert(
    fc.property(fc.option(text), fc.array(fc.option(text)), (first, others) => {
      const texts = decodeTexts(encodeDataRow([first, ...others]).subarray(5));
      expect(texts).toEqual([first, ...others].map((each) => each ?? undefined));
    }),
  );
});

test('decodeTexts() gives nothing for a row without columns, or with a length that does not fit', () => {
  const column = (length: number): Buffer => {
    const body = Buffer.from('\0\x01\0\0\0\0abc');
    body.writeInt32BE(length, 2);
    return body;
  };
  for (const body of [
    Buffer.alloc(0),
    Buffer.alloc(2),
    column(4),
    column(-1),
    column(0x7fffffff),
    column(-2147483648),
  ])
    expect(decodeTexts(body)[0]).toBeUndefined();
  expect(decodeTexts(column(3))).toEqual(['abc']);
});
