// The messages of the extended protocol, whole, broken and made up.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  bind,
  close,
  describe as describeMessage,
  execute,
  parse,
  query,
} from '../tests/harness/client_words.ts';
import { readBindBody, readExecuteBody, readParseBody, readQuery, readTargetBody } from './client_reads.ts';
import { ProtocolError } from './protocol_error.ts';

const bodyOf = (message: Uint8Array): Uint8Array => message.subarray(5);

describe('client_reads', () => {
  test('reads each message', () => {
    expect(readQuery(bodyOf(query('SHOW POOLS')))).toBe('SHOW POOLS');
    expect(readParseBody(bodyOf(parse('a', 'SHOW POOLS')))).toEqual({
      name: 'a',
      sql: 'SHOW POOLS',
      types: [],
    });
    expect(readBindBody(bodyOf(bind('a', 'p', ['x', ''])))).toEqual({
      ...{ portal: 'p', statement: 'a', parameters: 2, formats: [] },
    });
    expect(readTargetBody(bodyOf(describeMessage('S', 'a')))).toEqual({ kind: 'statement', name: 'a' });
    expect(readTargetBody(bodyOf(close('P')))).toEqual({ kind: 'portal', name: '' });
    expect(readExecuteBody(bodyOf(execute('p', 7)))).toEqual({ portal: 'p', rowsMax: 7 });
  });

  test('reads the types of Parse, and the formats of Bind', () => {
    const types = Buffer.concat([Buffer.from('a\0b\0'), Buffer.from([0, 1, 0, 0, 0, 23])]);
    expect(readParseBody(types).types).toEqual([23]);
    const formats = Buffer.from([0, 0, 0, 1, 0, 1, 0, 1, 255, 255, 255, 255, 0, 2, 0, 1, 0, 0]);
    expect(readBindBody(formats)).toEqual({ portal: '', statement: '', parameters: 1, formats: [1, 0] });
  });

  test('refuses a message that ends too early or too late, and a format that there is not', () => {
    const whole = bodyOf(bind('a', 'p', ['x']));
    for (let length = 0; length < whole.length; length++)
      expect(() => readBindBody(whole.subarray(0, length))).toThrow(ProtocolError);
    expect(() => readBindBody(Buffer.concat([whole, Buffer.from([0])]))).toThrow('behind its end');
    expect(() => readBindBody(Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, 2]))).toThrow('there is no format 2');
    expect(() => readTargetBody(Buffer.from('X\0'))).toThrow('neither a statement nor a portal');
    expect(() => readTargetBody(Buffer.from('Sa'))).toThrow('a name has no end');
    expect(() => readQuery(Buffer.from('a\0b\0'))).toThrow('something stands behind');
  });

  test('throws nothing but ProtocolError, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        for (const read of [readQuery, readParseBody, readBindBody, readTargetBody, readExecuteBody]) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
      }),
    );
  });
});
