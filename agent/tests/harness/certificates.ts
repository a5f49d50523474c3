// Makes certificate authorities and certificates on the spot, good ones and every kind of bad one.
//
// By hand, because a machine with only Node.js on it has no `openssl`, Node's own crypto signs but does not
// write X.509, and the npm packages that do bring twenty others with them. Also, a library refuses to make
// some of the mistakes that verify-full has to catch.

import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der.ts';
import { recordSecret } from './record.ts';

export type KeyKind = 'ec' | 'rsa';
export type SignatureHash = 'sha256' | 'sha384' | 'sha512';
/** `expired` ended yesterday, `not_yet_valid` begins tomorrow. */
export type Validity = 'valid' | 'expired' | 'not_yet_valid';

export interface CertificateOptions {
  /** The subject's common name: for a client certificate, the role that `clientcert=verify-full` compares. */
  readonly commonName?: string;
  /** Names and addresses for which it holds (subjectAltName). For the wrong host name, give another one. */
  readonly hosts?: readonly string[];
  readonly validity?: Validity;
  readonly keyKind?: KeyKind;
}

/** Both in PEM. `certificate` is followed by its intermediates, in the order that TLS wants. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** PEM, for `sslrootcert`. */
  readonly certificate: string;
  issueServer(options?: CertificateOptions): IssuedCertificate;
  issueClient(options?: CertificateOptions): IssuedCertificate;
  /** An authority under this one; what it issues carries its certificate as an intermediate. */
  issueAuthority(commonName: string): CertificateAuthority;
}

export interface AuthorityOptions {
  readonly commonName?: string;
  readonly keyKind?: KeyKind;
  /** Of the signatures that this authority makes; channel binding hashes with the same (RFC 5929). */
  readonly hash?: SignatureHash;
}

/** A root of its own: two calls give two authorities that do not trust each other (the wrong-CA case). */
export function createCertificateAuthority(options: AuthorityOptions = {}): CertificateAuthority {
  const commonName = options.commonName ?? `pgsidecar test CA ${randomBytes(4).toString('hex')}`;
  const keys = createKeys(options.keyKind ?? 'ec');
  const hash = options.hash ?? 'sha256';
  const certificate = signCertificate({
    subject: commonName,
    subjectKey: keys.publicKey,
    usage: 'authority',
    hosts: [],
    validity: 'valid',
    issuer: { commonName, keys, hash },
  });
  return authorityOf({ commonName, keys, hash }, certificate, '');
}

const HOUR_MS = 60 * 60 * 1000;
const VALIDITY_HOURS: Readonly<Record<Validity, readonly [from: number, to: number]>> = {
  valid: [-1, 90 * 24],
  expired: [-48, -24],
  not_yet_valid: [24, 48],
};

/** RFC 5758 and RFC 8017; RSA's carry an explicit NULL. */
const SIGNATURE_ALGORITHMS: Readonly<Record<KeyKind, Readonly<Record<SignatureHash, string>>>> = {
  ec: { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3', sha512: '1.2.840.10045.4.3.4' },
  rsa: { sha256: '1.2.840.113549.1.1.11', sha384: '1.2.840.113549.1.1.12', sha512: '1.2.840.113549.1.1.13' },
};

interface Keys {
  readonly kind: KeyKind;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
}

interface Issuer {
  readonly commonName: string;
  readonly keys: Keys;
  readonly hash: SignatureHash;
}

interface Request {
  readonly subject: string;
  readonly subjectKey: Buffer;
  readonly usage: 'authority' | 'server' | 'client';
  readonly hosts: readonly string[];
  readonly validity: Validity;
  readonly issuer: Issuer;
}

function authorityOf(issuer: Issuer, certificate: string, chain: string): CertificateAuthority {
  function issue(usage: 'server' | 'client', options: CertificateOptions): IssuedCertificate {
    const keys = createKeys(options.keyKind ?? 'ec');
    const hosts = options.hosts ?? (usage === 'server' ? ['localhost', '127.0.0.1'] : []);
    const leaf = signCertificate({
      subject: options.commonName ?? hosts[0] ?? 'pgsidecar test',
      subjectKey: keys.publicKey,
      usage,
      hosts,
      validity: options.validity ?? 'valid',
      issuer,
    });
    return { certificate: leaf + chain, key: keys.privateKey };
  }
  return {
    certificate,
    issueServer: (options = {}) => issue('server', options),
    issueClient: (options = {}) => issue('client', options),
    issueAuthority(commonName) {
      const keys = createKeys(issuer.keys.kind);
      const own = signCertificate({
        subject: commonName,
        subjectKey: keys.publicKey,
        usage: 'authority',
        hosts: [],
        validity: 'valid',
        issuer,
      });
      return authorityOf({ commonName, keys, hash: issuer.hash }, own, own + chain);
    },
  };
}

function createKeys(kind: KeyKind): Keys {
  const encoding = {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  } as const;
  const pair =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256', ...encoding })
      : generateKeyPairSync('rsa', { modulusLength: 2048, ...encoding });
  // A line of base64 from its middle is enough to know it by.
  recordSecret(pair.privateKey.split('\n')[2] ?? '');
  return { kind, publicKey: Buffer.from(pair.publicKey), privateKey: pair.privateKey };
}

/** RFC 5280 section 4.1, from the outside in. */
function signCertificate(request: Request): string {
  const { issuer } = request;
  const algorithm = algorithmOf(issuer);
  const [fromHours, toHours] = VALIDITY_HOURS[request.validity];
  const now = Date.now();
  const toBeSigned = der.sequence(
    der.context(0, der.integer(Buffer.of(2)), 'constructed'), // version 3
    der.integer(Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    algorithm,
    nameOf(issuer.commonName),
    der.sequence(der.time(new Date(now + fromHours * HOUR_MS)), der.time(new Date(now + toHours * HOUR_MS))),
    nameOf(request.subject),
    request.subjectKey,
    der.context(3, der.sequence(...extensionsOf(request)), 'constructed'),
  );
  const signature = sign(issuer.hash, toBeSigned, createPrivateKey(issuer.keys.privateKey));
  return pem('CERTIFICATE', der.sequence(toBeSigned, algorithm, der.bitString(signature)));
}

function algorithmOf(issuer: Issuer): Buffer {
  const identifier = der.objectIdentifier(SIGNATURE_ALGORITHMS[issuer.keys.kind][issuer.hash]);
  return issuer.keys.kind === 'rsa' ? der.sequence(identifier, der.nothing()) : der.sequence(identifier);
}

function nameOf(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(commonName))));
}

/** RFC 5280 section 4.2: which key, whose key, what for, under which names. */
function extensionsOf(request: Request): Buffer[] {
  const isAuthority = request.usage === 'authority';
  const extensions = [
    extension('2.5.29.14', false, der.octetString(keyIdOf(request.subjectKey))),
    extension(
      '2.5.29.35',
      false,
      der.sequence(der.context(0, keyIdOf(request.issuer.keys.publicKey), 'primitive')),
    ),
    extension('2.5.29.19', true, isAuthority ? der.sequence(der.boolean(true)) : der.sequence()),
    // keyCertSign and cRLSign for an authority, digitalSignature for everybody else.
    extension(
      '2.5.29.15',
      true,
      isAuthority ? der.bitString(Buffer.of(0x06), 1) : der.bitString(Buffer.of(0x80), 7),
    ),
  ];
  if (!isAuthority) {
    const purpose = request.usage === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2';
    extensions.push(extension('2.5.29.37', false, der.sequence(der.objectIdentifier(purpose))));
  }
  if (request.hosts.length > 0) {
    extensions.push(extension('2.5.29.17', false, der.sequence(...request.hosts.map(alternativeName))));
  }
  return extensions;
}

function extension(identifier: string, critical: boolean, value: Buffer): Buffer {
  const parts = [der.objectIdentifier(identifier)];
  if (critical) parts.push(der.boolean(true));
  return der.sequence(...parts, der.octetString(value));
}

function keyIdOf(publicKey: Buffer): Buffer {
  return createHash('sha1').update(publicKey).digest();
}

/** GeneralName: [2] is a DNS name, [7] an address in network byte order. */
function alternativeName(host: string): Buffer {
  if (isIP(host) === 0) return der.context(2, Buffer.from(host, 'latin1'), 'primitive');
  return der.context(
    7,
    isIP(host) === 4 ? Buffer.from(host.split('.').map(Number)) : ipv6Bytes(host),
    'primitive',
  );
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = groups(tail ?? '');
  const middle = tail === undefined ? [] : new Array<number>(8 - before.length - after.length).fill(0);
  return Buffer.from([...before, ...middle, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
