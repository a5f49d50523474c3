// What SCRAM binds to: the hash that a certificate's signature names, and nothing where it names none.

import { describe, expect, test } from 'bun:test';
import { createHash, X509Certificate } from 'node:crypto';
import { createCertificateAuthority } from '../tests/harness/certificates.ts';
import * as der from '../tests/harness/der.ts';
import { endPointOf, endPointOfPem } from './end_point.ts';

/** As much of a certificate as is looked at. */
function certificate(...algorithm: Buffer[]): Buffer {
  const toBeSigned = der.sequence(der.octetString(Buffer.alloc(300, 7)));
  return der.sequence(toBeSigned, der.sequence(...algorithm), der.bitString(Buffer.alloc(64)));
}

function hashes(bytes: Uint8Array): string | undefined {
  const found = endPointOf(bytes);
  if (found === undefined) return undefined;
  return ['sha224', 'sha256', 'sha384', 'sha512'].find(
    (name) => Buffer.compare(createHash(name).update(bytes).digest(), found) === 0,
  );
}

describe('endPointOf()', () => {
  const algorithms: readonly (readonly [string, string | undefined])[] = [
    ['1.2.840.113549.1.1.4', 'sha256'],
    ['1.2.840.113549.1.1.5', 'sha256'],
    ['1.2.840.113549.1.1.14', 'sha224'],
    ['1.2.840.113549.1.1.11', 'sha256'],
    ['1.2.840.113549.1.1.12', 'sha384'],
    ['1.2.840.113549.1.1.13', 'sha512'],
    ['1.2.840.10045.4.1', 'sha256'],
    ['1.2.840.10045.4.3.1', 'sha224'],
    ['1.2.840.10045.4.3.2', 'sha256'],
    ['1.2.840.10045.4.3.3', 'sha384'],
    ['1.2.840.10045.4.3.4', 'sha512'],
    // Ed25519 and Ed448: the RFC has no hash for them, and libpq fails there too.
    ['1.3.101.112', undefined],
    ['1.3.101.113', undefined],
  ];
  for (const [algorithm, expected] of algorithms) {
    test(`hashes by ${algorithm} with ${expected}`, () =>
      expect(hashes(certificate(der.objectIdentifier(algorithm), der.nothing()))).toBe(expected));
  }

  test('finds the hash that RSASSA-PSS names in its parameters', () => {
    const pss = der.objectIdentifier('1.2.840.113549.1.1.10');
    const parameters = (hash: string) =>
      der.sequence(der.context(0, der.sequence(der.objectIdentifier(hash), der.nothing()), 'constructed'));
    expect(hashes(certificate(pss, parameters('2.16.840.1.101.3.4.2.2')))).toBe('sha384');
    expect(hashes(certificate(pss, parameters('2.16.840.1.101.3.4.2.1')))).toBe('sha256');
    expect(hashes(certificate(pss, parameters('1.3.14.3.2.26')))).toBe('sha256');
    expect(hashes(certificate(pss, parameters('1.2.3')))).toBeUndefined();
    expect(hashes(certificate(pss, der.sequence()))).toBe('sha256');
  });

  test('takes no bytes for a certificate that are none, and throws at none', () => {
    const whole = certificate(der.objectIdentifier('1.2.840.10045.4.3.2'));
    expect(hashes(whole)).toBe('sha256');
    for (let length = 0; length < whole.length; length++)
      expect(endPointOf(whole.subarray(0, length))).toBeUndefined();
    for (let at = 0; at < whole.length; at++) {
      const broken = Buffer.from(whole);
      broken[at]! ^= 0xff;
      endPointOf(broken);
    }
  });
});

test('endPointOfPem() takes the first certificate of the chain, and no text that holds none', () => {
  const { certificate: pem } = createCertificateAuthority({ hash: 'sha384' })
    .issueAuthority('below')
    .issueServer();
  const leaf = new X509Certificate(`${pem.slice(0, pem.indexOf('-----END'))}-----END CERTIFICATE-----\n`).raw;
  expect(Buffer.from(endPointOfPem(pem)!)).toEqual(createHash('sha384').update(leaf).digest());
  expect([
    endPointOfPem(''),
    endPointOfPem('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
  ]).toEqual([undefined, undefined]);
});
