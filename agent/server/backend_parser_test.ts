// pg-protocol behind a fence: whole messages only, and none that it would never come back from.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { join, message } from '../tests/harness/client_words.ts';
import * as server from '../tests/harness/server_words.ts';
import { BackendParser } from './backend_parser.ts';

function names(...chunks: readonly Uint8Array[]): string[] {
  const parser = new BackendParser(100_000);
  const found: string[] = [];
  for (const chunk of chunks) parser.parse(chunk, ({ name }) => found.push(name));
  return found;
}

const greeting = join(
  server.authentication(0),
  server.notice('hello'),
  server.parameterStatus('TimeZone', 'UTC'),
  server.backendKey(7, new Uint8Array(4)),
  server.errorResponse('no'),
  server.ready(),
);
const greetingNames = [
  'authenticationOk',
  'notice',
  'parameterStatus',
  'backendKeyData',
  'error',
  'readyForQuery',
];

test('BackendParser reads the same messages at every split', () => {
  for (let at = 0; at <= greeting.length; at++)
    expect(names(greeting.subarray(0, at), greeting.subarray(at))).toEqual(greetingNames);
  expect(names(...[...greeting].map((byte) => new Uint8Array([byte])))).toEqual(greetingNames);
});

test('BackendParser gives texts that outlive the chunk', () => {
  const chunk = new Uint8Array(server.authentication(5, Buffer.from([1, 2, 3, 4])));
  let salt: Buffer | undefined;
  new BackendParser(1_000).parse(chunk, (given) => {
    salt = (given as unknown as { salt: Buffer }).salt;
  });
  chunk.fill(0);
  expect([...(salt ?? [])]).toEqual([1, 2, 3, 4]);
});

describe('BackendParser refuses a report', () => {
  for (const body of ['', 'M', 'Mno end', 'SERROR\0', 'SERROR\0Mno\0', 'SERROR\0Mno']) {
    for (const letter of ['E', 'N']) {
      test(`${letter} ${JSON.stringify(body)} that pg-protocol would read for ever`, () => {
        expect(() => names(message(letter, body))).toThrow('an error message does not end');
      });
    }
  }
});

test('BackendParser never lets a message read what belongs to the next', () => {
  const found: string[] = [];
  const both = join(message('S', 'TimeZone\0UTC'), message('S', 'a\0b\0'));
  new BackendParser(1_000).parse(both, (given) => {
    found.push((given as unknown as { parameterValue: string }).parameterValue);
  });
  expect(found).toEqual(['UTC', 'b']);
});

test('BackendParser comes back from arbitrary bytes', () => {
  const byte = fc.oneof(
    fc.constantFrom(0, 0, 4, 5, 8, 12, 0x45, 0x4e, 0x52, 0x53, 0x4b, 0x54, 0x44),
    fc.nat(255),
  );
  const letter = fc.constantFrom(...'ENRSKZTDCGHWdctvAV123ns');
  const whole = fc
    .tuple(letter, fc.array(byte, { maxLength: 24 }))
    .map(([kind, body]) => message(kind, new Uint8Array(body)));
  const any = fc.array(byte, { maxLength: 40 }).map((all) => new Uint8Array(all));
  fc.assert(
    fc.property(fc.array(fc.oneof(whole, any), { maxLength: 5 }), (chunks) => {
      try {
        names(...chunks);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 500 },
  );
});
