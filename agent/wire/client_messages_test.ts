// Client messages, encoded and decoded face to face, and renamed without a byte of the rest changed.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import * as client from '../tests/harness/client_words.ts';
import {
  encodeCloseStatement,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStatementTarget,
  encodeSync,
  encodeTerminate,
  readBind,
  readParse,
  readTarget,
  renameBind,
} from './client_messages.ts';
import { ProtocolError } from './protocol_error.ts';
import * as type from './types.ts';

const name = fc.stringMatching(/^[a-zA-Z0-9_.-]{0,70}$/);
const bytes = fc.uint8Array({ maxLength: 40 });

test('encoders write what the protocol says', () => {
  expect(encodeQuery('SELECT 1')).toEqual(client.query('SELECT 1'));
  expect(encodeSync()).toEqual(client.sync);
  expect(encodeTerminate()).toEqual(client.terminate);
  expect(encodeCloseStatement('s1')).toEqual(client.close('S', 's1'));
  expect(encodeStatementTarget(type.DESCRIBE, 's1')).toEqual(client.describe('S', 's1'));
  expect(encodePassword(Buffer.from('x\0'))).toEqual(client.message('p', 'x\0'));
});

/** The message somewhere inside a chunk, as the framer finds it. */
function inChunk(
  before: Uint8Array,
  message: Uint8Array,
  after: Uint8Array,
): readonly [Uint8Array, number, number] {
  return [client.join(before, message, after), before.length, before.length + message.length];
}

test('readParse() undoes encodeParse(), wherever the message stands', () => {
  fc.assert(
    fc.property(name, fc.string(), bytes, bytes, (own, sql, before, after) => {
      const tail = Buffer.from(`${sql.replaceAll('\0', '')}\0\0\0`);
      const [chunk, start, end] = inChunk(before, encodeParse(own, tail), after);
      const read = readParse(chunk, start, end);
      expect(read?.name).toBe(own);
      expect(Buffer.from(chunk.subarray(read?.tail, end))).toEqual(tail);
      expect(chunk.subarray(read?.tail, read?.textEnd)).toEqual(tail.subarray(0, -3));
    }),
  );
});

test('readTarget() undoes encodeStatementTarget()', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(type.DESCRIBE, type.CLOSE),
      name,
      bytes,
      bytes,
      (kind, own, before, after) => {
        const [chunk, start, end] = inChunk(before, encodeStatementTarget(kind, own), after);
        expect(readTarget(chunk, start, end)).toBe(own);
      },
    ),
  );
});

test('renameBind() replaces the name that readBind() found, and nothing else', () => {
  fc.assert(
    fc.property(
      name,
      name,
      name,
      fc.array(fc.string({ maxLength: 9 }), { maxLength: 4 }),
      bytes,
      (own, other, portal, values, before) => {
        const clean = values.map((value) => value.replaceAll('\0', ''));
        const [chunk, start, end] = inChunk(before, client.bind(own, portal, clean), new Uint8Array([0, 0]));
        const at = readBind(chunk, start, end);
        if (at === undefined) throw new Error('the message is whole');
        const renamed = client.join(
          renameBind(chunk, start, end, at, other),
          chunk.subarray(at.statementEnd + 1, end),
        );
        expect(renamed).toEqual(client.bind(other, portal, clean));
      },
    ),
  );
});

test('renameBind() refuses a message whose length would no longer fit: it would be a negative one', () => {
  const chunk = client.bind('s', '', []);
  const at = readBind(chunk, 0, chunk.length)!;
  const most = 0x7fffffff;
  // The rest of such a message comes later: only its header and its names are there.
  expect(renameBind(chunk, 0, most + 1, at, 't').subarray(1, 5)).toEqual(
    new Uint8Array([127, 255, 255, 255]),
  );
  expect(() => renameBind(chunk, 0, most + 1, at, 'longer')).toThrow(ProtocolError);
});

test('readBind() waits until both names are there, at every split', () => {
  const whole = client.bind('statement', 'portal', ['value']);
  const namesEnd = 5 + 'portal\0statement\0'.length;
  for (let there = 5; there <= whole.length; there++) {
    const at = readBind(whole.subarray(0, there), 0, whole.length);
    if (there < namesEnd) expect(at).toBeUndefined();
    else expect(at).toEqual({ statementAt: 12, statementEnd: namesEnd - 1 });
  }
});

describe('readParse(), readBind() and readTarget() find nothing in', () => {
  // The NUL behind each message belongs to the next one.
  const nul = new Uint8Array([0, 0, 0]);
  const broken: Readonly<
    Record<string, readonly [(chunk: Uint8Array, start: number, end: number) => unknown, Uint8Array]>
  > = {
    'a Parse without a body': [readParse, client.message('P')],
    'a Parse whose name has no end': [readParse, client.message('P', 's1')],
    'a Parse whose text has no end': [readParse, client.message('P', 's1\0SELECT 1')],
    'a Bind without a body': [readBind, client.message('B')],
    'a Bind whose portal has no end': [readBind, client.message('B', 'p1')],
    'a Bind whose statement has no end': [readBind, client.message('B', 'p1\0s1')],
    'a Describe without a body': [readTarget, client.message('D')],
    'a Describe without a name': [readTarget, client.message('D', 'S')],
    'a Close whose name has no end': [readTarget, client.message('C', 'Ss1')],
    'a Close with something behind its name': [readTarget, client.message('C', 'Ss1\0x')],
  };
  for (const [what, [read, message]] of Object.entries(broken)) {
    test(`${what}, although a NUL follows it`, () => {
      expect(read(client.join(message, nul), 0, message.length)).toBeUndefined();
    });
  }
});

test('readParse() and readTarget() keep names apart that are no UTF-8', () => {
  const parse = (byte: number): Uint8Array => client.message('P', Buffer.from([byte, 0, 0x3b, 0, 0, 0]));
  const [one, other] = [parse(0xe9), parse(0xe8)];
  expect(readParse(one, 0, one.length)?.name).not.toBe(readParse(other, 0, other.length)?.name);
  const target = client.message('D', Buffer.from([0x53, 0xe9, 0]));
  expect(readTarget(target, 0, target.length)).toBe(readParse(one, 0, one.length)?.name);
});
