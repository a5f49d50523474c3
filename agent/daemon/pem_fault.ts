// Why TLS could not use a certificate or a key, told at load: at the handshake it would be every client's trouble.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** The largest bundle of authorities in the field has a few hundred. */
const CERTIFICATES_MAX = 1_000;
const BLOCK = /-----BEGIN (?:X509 )?CERTIFICATE-----[\s\S]*?-----END (?:X509 )?CERTIFICATE-----/g;

/**
 * @param certificates PEM; its own first, where a `key` belongs to it
 * @returns what was expected, for the end of a sentence; undefined when there is nothing to complain about. Whether a
 * certificate is still valid is for those who verify it.
 */
export function pemFault(certificates: string, key?: string): string | undefined {
  const blocks = certificates.match(BLOCK) ?? [];
  if (blocks.length > CERTIFICATES_MAX) return `at most ${CERTIFICATES_MAX} certificates in a file`;
  const read = blocks.map(readCertificate);
  const broken = read.indexOf(undefined);
  if (broken >= 0) return `certificates that can be read, and number ${broken + 1} in the file cannot`;
  const [own] = read;
  if (key === undefined || own === undefined) return undefined;
  const privateKey = readKey(key);
  if (privateKey === undefined) return 'a private key that can be read, without a passphrase';
  return own.checkPrivateKey(privateKey) ? undefined : 'the private key of the certificate beside it';
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
