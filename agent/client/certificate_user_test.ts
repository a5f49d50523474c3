// Subjects of certificates, and the users who come with them.

import { expect, test } from 'bun:test';
import { isCertificateOf } from './certificate_user.ts';

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
