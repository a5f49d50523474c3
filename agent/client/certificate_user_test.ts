// Subjects of certificates, and the users who come with them.

import { expect, test } from 'bun:test';
import { X509Certificate } from 'node:crypto';
import { createCertificateAuthority } from '../tests/harness/certificates.ts';
import { commonNameOf, isCertificateOf } from './certificate_user.ts';

test('isCertificateOf() takes the common name, whole and alone', () => {
  expect(isCertificateOf('CN=app', 'app')).toBe(true);
  expect(isCertificateOf('C=DE\nO=Example\nCN=app', 'app')).toBe(true);
  for (const subject of [
    'CN=App',
    'CN=app2',
    'CN=ap',
    'O=app',
    'UID=1\nSN=app',
    'CN=app\nCN=other',
    '',
    undefined,
  ])
    expect([subject, isCertificateOf(subject, 'app')]).toEqual([subject, false]);
});

test('commonNameOf() guesses at nothing', () => {
  expect(['CN=app', 'O=x\nCN=a=b', 'CN='].map(commonNameOf)).toEqual(['app', 'a=b', '']);
  expect(['O=x', 'CN=a\nCN=b', '', undefined].map(commonNameOf)).toEqual(Array(4).fill(undefined));
});

test('commonNameOf() gives the name that stands in the certificate, whatever letters it has', () => {
  const authority = createCertificateAuthority();
  const read = (commonName: string) =>
    commonNameOf(new X509Certificate(authority.issueClient({ commonName }).certificate).subject);
  const names = [
    'joe+tag@example.com',
    'a, b',
    'ä€𝄞',
    'CN=app',
    '"q"',
    ' blank ',
    '#1',
    'a\\b',
    'a\\0Ab',
    'x\nCN=app',
  ];
  expect(names.map(read)).toEqual(names);
  expect(read('app\0.example')).toBeUndefined();
});

test('commonNameOf() takes no name that stands beside another attribute', () => {
  expect(['CN=app + O=x', 'O=x + CN=app'].map(commonNameOf)).toEqual([undefined, undefined]);
});

test('commonNameOf() takes no more time for a name of many escapes that is none', () => {
  // With two ways to read an escape this would not end: it is 2 to the power of 5,000.
  expect(commonNameOf(`CN=${'\\00'.repeat(5_000)}+`)).toBeUndefined();
});
