// The bodies around SASL: read exactly, and refused when any length in them does not fit.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { AuthError } from './auth_error.ts';
import {
  encodeInitialResponse,
  encodeMechanisms,
  parseInitialResponse,
  parseMechanisms,
} from './sasl_frames.ts';

const name = fc.stringMatching(/^[A-Z0-9-]{1,20}$/);

test('parseMechanisms() undoes encodeMechanisms()', () => {
  fc.assert(
    fc.property(fc.array(name, { minLength: 1 }), (mechanisms) => {
      expect(parseMechanisms(encodeMechanisms(mechanisms))).toEqual(mechanisms);
    }),
  );
});

test('parseMechanisms() refuses a list without its end', () => {
  for (const body of ['', '\0', 'A', 'A\0', 'A\0B', '\0\0\0', 'A\0\0B\0\0']) {
    expect(parseMechanisms(Buffer.from(body))).toBeUndefined();
  }
});

test('parseInitialResponse() undoes encodeInitialResponse()', () => {
  fc.assert(
    fc.property(name, fc.uint8Array(), (mechanism, data) => {
      const response = parseInitialResponse(encodeInitialResponse(mechanism, data));
      if (response instanceof AuthError) throw new Error(response.reason);
      expect(response.mechanism).toBe(mechanism);
      expect(Buffer.from(response.data)).toEqual(Buffer.from(data));
    }),
  );
});

test('parseInitialResponse() refuses a length that is not the rest of the message', () => {
  for (const length of [0, 1, 3, 5, 0x7fffffff, -1, -2, -0x80000000]) {
    const body = Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), Buffer.alloc(4), Buffer.from('abcd')]);
    body.writeInt32BE(length, 14);
    expect(parseInitialResponse(body)).toBeInstanceOf(AuthError);
  }
});

test('parseInitialResponse() gives a value for any bytes and never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
      const response = parseInitialResponse(body);
      if (!(response instanceof AuthError)) expect(response.data.length).toBeLessThan(body.length);
    }),
  );
});
