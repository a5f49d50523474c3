// struct sockaddr: UNIX paths, abstract names and both families of IP, as the kernel writes them.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readAddress, unixAddress } from './socket_address.ts';

function ipv6(text: string, port: number): Uint8Array {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(10, 0);
  bytes.writeUInt16BE(port, 2);
  Buffer.from(text, 'hex').copy(bytes, 8);
  return bytes;
}

test('unixAddress() ends a path with a NUL, and an abstract name with nothing', () => {
  expect(Buffer.from(unixAddress('/run/x')).toString('hex')).toBe(
    `0100${Buffer.from('/run/x\0').toString('hex')}`,
  );
  expect(Buffer.from(unixAddress('@name')).toString('hex')).toBe(
    `0100${Buffer.from('\0name').toString('hex')}`,
  );
});

test('readAddress() undoes unixAddress()', () => {
  const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.constantFrom('/', '@'), name, (first, rest) => {
      expect(readAddress(unixAddress(first + rest))).toEqual({ kind: 'unix', path: first + rest });
    }),
  );
});

test('readAddress() reads a socket without a name as the empty path', () => {
  expect(readAddress(Uint8Array.of(1, 0))).toEqual({ kind: 'unix', path: '' });
});

test('readAddress() reads IP addresses with their port', () => {
  const ipv4 = Uint8Array.of(2, 0, 0x15, 0x38, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  expect(readAddress(ipv4)).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 5432 });
  expect(readAddress(ipv6('00000000000000000000000000000001', 5432))).toEqual({
    kind: 'tcp',
    host: '::1',
    port: 5432,
  });
  expect(readAddress(ipv6('20010db8000000000000000000000001', 1))).toEqual({
    kind: 'tcp',
    host: '2001:db8::1',
    port: 1,
  });
});

test('readAddress() of any bytes is an address or undefined, and never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 130 }), fc.constantFrom(0, 1, 2, 10, 40), (bytes, family) => {
      if (bytes.length > 1) bytes.set([family, 0]);
      const address = readAddress(bytes);
      if (family === 0 || family === 40 || bytes.length < 2) {
        if (bytes.length < 2 || bytes[0] === family) expect(address).toBeUndefined();
      }
    }),
  );
});
