// The grammar of SCRAM's messages: what is read, what is refused, and that no bytes at all make it throw.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { AuthError } from './auth_error.ts';
import { encodeBase64 } from './base64.ts';
import {
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
  printClientFinalWithoutProof,
  SCRAM_LIMITS,
  toBytes,
} from './scram.ts';

const SALT = encodeBase64(new Uint8Array(16));
const KEY = encodeBase64(new Uint8Array(32));

function reasonOf(result: unknown): string {
  expect(result).toBeInstanceOf(AuthError);
  return (result as AuthError).reason;
}

test('parseClientFirst() reads the three gs2 headers', () => {
  expect(parseClientFirst(toBytes('n,,n=,r=abc'))).toEqual({
    binding: 'none',
    gs2Header: 'n,,',
    bare: 'n=,r=abc',
    nonce: 'abc',
  });
  expect(parseClientFirst(toBytes('y,,n=someone,r=abc'))).toMatchObject({ binding: 'supported' });
  expect(parseClientFirst(toBytes('p=tls-server-end-point,,n=,r=abc,x=later'))).toMatchObject({
    binding: 'tls-server-end-point',
    nonce: 'abc',
  });
});

test('parseClientFirst() refuses what it does not know, each with its own reason', () => {
  expect(reasonOf(parseClientFirst(toBytes('')))).toContain('gs2 header');
  expect(reasonOf(parseClientFirst(toBytes('n,a=admin,n=,r=abc')))).toContain('authorization identity');
  expect(reasonOf(parseClientFirst(toBytes('p=tls-unique,,n=,r=abc')))).toContain('unknown channel binding');
  expect(reasonOf(parseClientFirst(toBytes('z,,n=,r=abc')))).toContain('unknown channel binding');
  expect(reasonOf(parseClientFirst(toBytes('n,,m=x,n=,r=abc')))).toContain('mandatory extension');
  expect(reasonOf(parseClientFirst(toBytes('n,,r=abc,n=')))).toContain('where "n" belongs');
  expect(reasonOf(parseClientFirst(toBytes('n,,n=')))).toContain('lacks attribute "r"');
  expect(reasonOf(parseClientFirst(toBytes('n,,n=,r=')))).toContain('nonce is empty');
  expect(reasonOf(parseClientFirst(toBytes('n,,n=,r=a b\u00e9')))).toContain('not printable');
  expect(reasonOf(parseClientFirst(toBytes('n,,n=,r=abc,')))).toContain('no attribute');
  expect(reasonOf(parseClientFirst(toBytes('n,,n=,r=abc\0')))).toContain('NUL');
});

test('parseServerFirst() refuses an iteration count over the limit before anything is computed', () => {
  expect(parseServerFirst(toBytes(`r=ab,s=${SALT},i=4096`))).toMatchObject({ nonce: 'ab', iterations: 4096 });
  expect(reasonOf(parseServerFirst(toBytes(`r=ab,s=${SALT},i=2147483647`)))).toContain('over the limit');
  expect(reasonOf(parseServerFirst(toBytes(`r=ab,s=${SALT},i=5000`), 4999))).toContain(
    'over the limit of 4999',
  );
  for (const count of ['0', '-1', '04096', '4096.5', '1e9', '99999999999', '']) {
    expect(reasonOf(parseServerFirst(toBytes(`r=ab,s=${SALT},i=${count}`)))).toContain('not a number');
  }
});

test('parseServerFirst() refuses an endless nonce, salt and message', () => {
  const nonce = 'n'.repeat(SCRAM_LIMITS.nonceBytesMax + 1);
  expect(reasonOf(parseServerFirst(toBytes(`r=${nonce},s=${SALT},i=4096`)))).toContain('nonce of 513 bytes');
  const salt = encodeBase64(new Uint8Array(SCRAM_LIMITS.saltBytesMax + 1));
  expect(reasonOf(parseServerFirst(toBytes(`r=ab,s=${salt},i=4096`)))).toContain('salt of 257 bytes');
  const message = new Uint8Array(SCRAM_LIMITS.messageBytesMax + 1).fill(0x61);
  expect(reasonOf(parseServerFirst(message))).toContain('message of 4097 bytes');
  expect(reasonOf(parseServerFirst(toBytes('r=ab,s=,i=4096')))).toContain('salt is not base64');
});

test('parseClientFinal() wants c=, r= and p=, each of them, the proof at the end', () => {
  expect(parseClientFinal(toBytes(`c=biws,r=ab,p=${KEY}`))).toMatchObject({
    nonce: 'ab',
    withoutProof: 'c=biws,r=ab',
  });
  expect(reasonOf(parseClientFinal(toBytes('c=biws,r=ab')))).toContain('no proof');
  expect(reasonOf(parseClientFinal(toBytes(`r=ab,p=${KEY}`)))).toContain('where "c" belongs');
  expect(reasonOf(parseClientFinal(toBytes(`c=biws,p=${KEY}`)))).toContain('lacks attribute "r"');
  expect(reasonOf(parseClientFinal(toBytes(`p=${KEY}`)))).toContain('no proof');
  expect(reasonOf(parseClientFinal(toBytes(`c=bi!s,r=ab,p=${KEY}`)))).toContain(
    'channel binding is not base64',
  );
  expect(reasonOf(parseClientFinal(toBytes('c=biws,r=ab,p=YQ==')))).toContain('proof is not 32 bytes');
  expect(reasonOf(parseClientFinal(toBytes(`c=biws,r=ab,p=${KEY},x=1`)))).toContain('proof is not 32 bytes');
});

test('parseServerFinal() reads the signature and the refusal', () => {
  expect(parseServerFinal(toBytes(`v=${KEY}`))).toEqual(Buffer.alloc(32));
  expect(reasonOf(parseServerFinal(toBytes('e=invalid-proof')))).toContain('ended SCRAM with an error');
  expect(reasonOf(parseServerFinal(toBytes('v=YQ==')))).toContain('32 bytes');
});

test('printClientFinalWithoutProof() encodes the gs2 header with the binding data after it', () => {
  expect(printClientFinalWithoutProof('none', new Uint8Array(), 'ab')).toBe('c=biws,r=ab');
  expect(printClientFinalWithoutProof('supported', new Uint8Array(), 'ab')).toBe('c=eSws,r=ab');
  expect(printClientFinalWithoutProof('tls-server-end-point', Uint8Array.of(1, 2), 'ab')).toBe(
    `c=${Buffer.from('p=tls-server-end-point,,\x01\x02', 'latin1').toString('base64')},r=ab`,
  );
});

/** Arbitrary bytes seldom get past the first comma; pieces of real messages get further. */
const almostScram = fc
  .array(
    fc.constantFrom(
      'n',
      'y',
      'p=',
      ',',
      'r=',
      's=',
      'i=',
      'c=',
      'biws',
      'v=',
      'e=',
      'm=',
      SALT,
      KEY,
      'ab',
      '\0',
      '\xff',
      '=',
    ),
  )
  .map((pieces) => toBytes(pieces.join('')));

test('the parsers give a value for any bytes and never throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), almostScram), (bytes) => {
      for (const parse of [parseClientFirst, parseClientFinal, parseServerFinal]) {
        const result = parse(bytes);
        if (result instanceof AuthError) expect(result.kind).toBe('malformed');
      }
      const first = parseServerFirst(bytes);
      if (!(first instanceof AuthError))
        expect(first.iterations).toBeLessThanOrEqual(SCRAM_LIMITS.iterationsMax);
    }),
    { numRuns: 1000 },
  );
});
