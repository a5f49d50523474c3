// Startup packets: what the encoders write the decoders read, and what PostgreSQL refuses is refused.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import * as client from '../tests/harness/client_words.ts';
import { ProtocolError } from './protocol_error.ts';
import {
  decodeStartup,
  encodeCancelRequest,
  encodeSslRequest,
  encodeStartup,
  STARTUP_BYTES_MAX,
  startupLength,
} from './startup.ts';

const word = fc.stringMatching(/^[a-zäß_][a-zA-Z0-9äß .=\\-]{0,12}$/);

test('decodeStartup() undoes encodeStartup()', () => {
  fc.assert(
    fc.property(fc.dictionary(word, word, { maxKeys: 8 }), (parameters) => {
      const bytes = encodeStartup(parameters);
      expect(startupLength(bytes)).toBe(bytes.length);
      const packet = decodeStartup(bytes);
      if (packet.kind !== 'startup') throw new Error(packet.kind);
      expect(Object.fromEntries(packet.parameters)).toEqual(parameters);
      expect([packet.major, packet.minor, packet.protocolOptions]).toEqual([3, 0, []]);
    }),
  );
});

test('encodeStartup() writes what the protocol says', () => {
  const parameters = { user: 'anna', database: 'idp', TimeZone: 'UTC' };
  expect(encodeStartup(parameters)).toEqual(client.startup(parameters));
});

test('decodeStartup() keeps protocol options apart from parameters', () => {
  const packet = decodeStartup(client.startup({ user: 'anna', '_pq_.compression': 'zstd' }, 196_610));
  if (packet.kind !== 'startup') throw new Error(packet.kind);
  expect([...packet.parameters.keys()]).toEqual(['user']);
  expect([packet.minor, packet.protocolOptions]).toEqual([2, ['_pq_.compression']]);
});

test('decodeStartup() takes a parameter with an empty value, and the last one of two', () => {
  const packet = decodeStartup(client.packet(196_608, Buffer.from('user\0a\0options\0\0user\0b\0\0')));
  if (packet.kind !== 'startup') throw new Error(packet.kind);
  expect(Object.fromEntries(packet.parameters)).toEqual({ user: 'b', options: '' });
});

test('decodeStartup() tells requests for encryption apart', () => {
  expect(decodeStartup(encodeSslRequest())).toEqual({ kind: 'ssl' });
  expect(encodeSslRequest()).toEqual(client.sslRequest);
  expect(decodeStartup(client.gssencRequest)).toEqual({ kind: 'gssenc' });
});

test('decodeStartup() undoes encodeCancelRequest(), with keys of 4 and of 256 bytes', () => {
  for (const length of [4, 32, 256]) {
    const key = crypto.getRandomValues(new Uint8Array(length));
    expect(encodeCancelRequest(-7, key)).toEqual(client.cancelRequest(-7, key));
    expect(decodeStartup(encodeCancelRequest(-7, key))).toEqual({ kind: 'cancel', pid: -7, key });
  }
});

describe('decodeStartup() refuses', () => {
  const cases: Readonly<Record<string, Uint8Array>> = {
    'SSLRequest with a body': client.packet(80_877_103, Buffer.from('x')),
    'GSSENCRequest with a body': client.packet(80_877_104, Buffer.from('xy')),
    'a cancel request without a key': client.packet(80_877_102, Buffer.alloc(4)),
    'a cancel request whose key is too long': client.packet(80_877_102, Buffer.alloc(4 + 257)),
    'parameters without a terminator': client.packet(196_608, Buffer.from('user\0anna\0')),
    'no parameters and no terminator': client.packet(196_608),
    'a name without an end': client.packet(196_608, Buffer.from('user')),
    'a name without a value': client.packet(196_608, Buffer.from('user\0')),
    'a value without an end': client.packet(196_608, Buffer.from('user\0anna')),
    'bytes behind the terminator': client.packet(196_608, Buffer.from('user\0anna\0\0x')),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    test(what, () => {
      expect(() => decodeStartup(bytes)).toThrow(ProtocolError);
    });
  }
});

test('decodeStartup() names a protocol that it does not know, and reads no further', () => {
  for (const [major, minor] of [
    [2, 0],
    [4, 0],
    [0x7fff, 0xffff],
  ] as const)
    expect(decodeStartup(client.packet(major * 65_536 + minor))).toEqual({
      kind: 'unsupported',
      major,
      minor,
    });
});

test('startupLength() does not know before there are four bytes', () => {
  for (let length = 0; length < 4; length++)
    expect(startupLength(client.sslRequest.subarray(0, length))).toBe(0);
  expect(startupLength(client.sslRequest.subarray(0, 4))).toBe(8);
});

test('startupLength() refuses a packet that is too short, too long or negative, before it is there', () => {
  for (const length of [-1, 0, 7, STARTUP_BYTES_MAX + 1, 0x7fffffff, -2147483648]) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(length);
    expect(() => startupLength(bytes)).toThrow(`a startup packet says that it is ${length} bytes long`);
  }
});
