// Certificates and keys that TLS cannot use are known before it is asked to.

import { expect, test } from 'bun:test';
import { createCertificateAuthority } from '../tests/harness/certificates.ts';
import { pemFault } from './pem_fault.ts';

const authority = createCertificateAuthority();
const nonsense = '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n';

test('pemFault() has nothing to say of a certificate and its key, of either kind, whenever it ended', () => {
  for (const options of [{}, { keyKind: 'rsa' }, { validity: 'expired' }] as const) {
    const { certificate, key } = authority.issueServer(options);
    expect(pemFault(certificate, key)).toBeUndefined();
    expect(pemFault(`# a comment\n${certificate}\n${authority.certificate}`, key)).toBeUndefined();
  }
  expect(pemFault(authority.certificate)).toBeUndefined();
});

test('pemFault() names the certificate that is none, and the key that belongs to another', () => {
  const { certificate, key } = authority.issueServer();
  expect(pemFault(certificate + nonsense)).toBe(
    'certificates that can be read, and number 2 in the file cannot',
  );
  expect(pemFault(certificate, authority.issueServer().key)).toBe(
    'the private key of the certificate beside it',
  );
  expect(pemFault(certificate, key.slice(0, 60))).toBe(
    'a private key that can be read, without a passphrase',
  );
  expect(pemFault(certificate.repeat(1_001))).toBe('at most 1000 certificates in a file');
});
