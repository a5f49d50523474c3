// The hash of a certificate that SCRAM binds to: RFC 5929's tls-server-end-point, by the certificate's own signature algorithm.

import { createHash, X509Certificate } from 'node:crypto';

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
/** `[0]`, in which RSASSA-PSS says its hash. */
const FIRST = 0xa0;

/** MD5 and SHA-1 are hashed with SHA-256, as the RFC says. By the bytes of the identifier, in hexadecimal. */
const HASHES: Readonly<Record<string, string>> = {
  // 1.2.840.113549.1.1.x: RSA with MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512
  '2a864886f70d010104': 'sha256',
  '2a864886f70d010105': 'sha256',
  '2a864886f70d01010e': 'sha224',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  // 1.2.840.10045.4.x: ECDSA with SHA-1, SHA-224, SHA-256, SHA-384, SHA-512
  '2a8648ce3d0401': 'sha256',
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  // 1.3.14.3.2.26 and 2.16.840.1.101.3.4.2.x: the hashes themselves, inside RSASSA-PSS
  '2b0e03021a': 'sha256',
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};
const RSASSA_PSS = '2a864886f70d01010a';

/**
 * Undefined where the RFC gives no hash (Ed25519 has none), and for what is no certificate: then nothing can be bound.
 *
 * @param der a certificate
 */
export function endPointOf(der: Uint8Array): Uint8Array | undefined {
  const hash = hashOf(der);
  return hash === undefined ? undefined : new Uint8Array(createHash(hash).update(der).digest());
}

/** Of the first certificate of a PEM text, which is the one that its owner shows. */
export function endPointOfPem(pem: string): Uint8Array | undefined {
  try {
    return endPointOf(new X509Certificate(pem).raw);
  } catch {
    // TLS will say what is wrong with it.
    return undefined;
  }
}

/** RFC 5280 section 4.1: SEQUENCE { tbsCertificate, SEQUENCE { algorithm, parameters }, signature }. */
function hashOf(der: Uint8Array): string | undefined {
  const [, algorithm] = childrenOf(childrenOf(der)[0]);
  const [identifier, parameters] = childrenOf(algorithm);
  const name = identifierOf(identifier);
  if (name !== RSASSA_PSS) return name === undefined ? undefined : HASHES[name];
  // SHA-1 where nothing is said, which counts as SHA-256.
  const said = childrenOf(parameters).find(({ tag }) => tag === FIRST);
  if (said === undefined) return 'sha256';
  const [hash] = childrenOf(childrenOf(said)[0]);
  return HASHES[identifierOf(hash) ?? ''];
}

interface Value {
  readonly tag: number;
  readonly content: Uint8Array;
}

function identifierOf(value: Value | undefined): string | undefined {
  return value?.tag === OBJECT_IDENTIFIER ? Buffer.from(value.content).toString('hex') : undefined;
}

/** The values inside a constructed one, or of a whole text; none where the lengths are wrong. */
function childrenOf(parent: Value | Uint8Array | undefined): readonly Value[] {
  if (parent === undefined) return [];
  if (!(parent instanceof Uint8Array) && parent.tag !== SEQUENCE && parent.tag !== FIRST) return [];
  const bytes = parent instanceof Uint8Array ? parent : parent.content;
  const values: Value[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!;
    const first = bytes[at + 1];
    if (first === undefined) return [];
    let [begin, length] = [at + 2, first];
    if (first >= 0x80) {
      const count = first - 0x80;
      if (count === 0 || count > 4) return [];
      length = bytes.subarray(begin, begin + count).reduce((sum, byte) => sum * 256 + byte, 0);
      begin += count;
    }
    if (begin + length > bytes.length) return [];
    values.push({ tag, content: bytes.subarray(begin, begin + length) });
    at = begin + length;
  }
  return values;
}
