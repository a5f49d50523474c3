// Holds the made certificates against Node's own reading of X.509 and against a real TLS handshake.

import { describe, expect, test } from 'bun:test';
import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from './certificates.ts';

/** Listens with `server`, connects trusting `authority` alone, and says what the client thought of it. */
async function handshake(server: IssuedCertificate, authority: CertificateAuthority): Promise<string> {
  const listener = createServer({ cert: server.certificate, key: server.key }, (socket) => socket.end());
  listener.on('tlsClientError', () => {}); // the client hangs up on a bad certificate; that is the point
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  try {
    return await new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: authority.certificate });
      socket.on('secureConnect', () => resolve('accepted'));
      socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
      socket.on('close', () => socket.destroy());
    });
  } finally {
    listener.close();
  }
}

describe('createCertificateAuthority()', () => {
  test('signs itself, and may sign others', () => {
    const authority = new X509Certificate(createCertificateAuthority({ commonName: 'root' }).certificate);
    expect(authority.ca).toBe(true);
    expect(authority.subject).toBe('CN=root');
    expect(authority.verify(authority.publicKey)).toBe(true);
  });

  test.each(['sha256', 'sha384', 'sha512'] as const)(
    'signs with %s, elliptic curve and RSA alike',
    (hash) => {
      for (const keyKind of ['ec', 'rsa'] as const) {
        const authority = createCertificateAuthority({ hash, keyKind });
        const issuer = new X509Certificate(authority.certificate);
        const leaf = new X509Certificate(authority.issueServer().certificate);
        expect(leaf.checkIssued(issuer)).toBe(true);
        expect(leaf.verify(issuer.publicKey)).toBe(true);
      }
    },
  );

  test('two of them do not vouch for each other', () => {
    const leaf = new X509Certificate(createCertificateAuthority().issueServer().certificate);
    const other = new X509Certificate(createCertificateAuthority().certificate);
    expect(leaf.verify(other.publicKey)).toBe(false);
  });
});

describe('issueServer()', () => {
  const authority = createCertificateAuthority();

  test('holds for its hosts and no other', () => {
    const issued = authority.issueServer({
      hosts: ['db.example', '*.wild.example', '127.0.0.1', '::1', '2001:db8::7'],
    });
    const leaf = new X509Certificate(issued.certificate);
    expect(leaf.checkHost('db.example')).toBe('db.example');
    expect(leaf.checkHost('a.wild.example')).toBe('*.wild.example');
    expect(leaf.checkHost('localhost')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkIP('::1')).toBe('::1');
    expect(leaf.checkIP('2001:db8::7')).toBe('2001:db8::7');
    expect(leaf.checkIP('127.0.0.2')).toBeUndefined();
  });

  test('expired and not_yet_valid lie wholly in the past and the future', () => {
    const expired = new X509Certificate(authority.issueServer({ validity: 'expired' }).certificate);
    const early = new X509Certificate(authority.issueServer({ validity: 'not_yet_valid' }).certificate);
    expect(Date.parse(expired.validTo)).toBeLessThan(Date.now());
    expect(Date.parse(early.validFrom)).toBeGreaterThan(Date.now());
  });

  test('a TLS client accepts it, and gives each bad one its own reason', async () => {
    expect(await handshake(authority.issueServer(), authority)).toBe('accepted');
    expect(await handshake(authority.issueServer({ keyKind: 'rsa' }), authority)).toBe('accepted');
    expect(await handshake(authority.issueServer(), createCertificateAuthority())).toMatch(/UNABLE_TO/);
    expect(await handshake(authority.issueServer({ hosts: ['other.example'] }), authority)).toMatch(
      /ALTNAME_INVALID/,
    );
    expect(await handshake(authority.issueServer({ validity: 'expired' }), authority)).toMatch(/EXPIRED/);
    expect(await handshake(authority.issueServer({ validity: 'not_yet_valid' }), authority)).toMatch(
      /NOT_YET_VALID/,
    );
  });

  test('an intermediate authority sends its own certificate along', async () => {
    const intermediate = authority.issueAuthority('pgsidecar test intermediate');
    expect(await handshake(intermediate.issueServer(), authority)).toBe('accepted');
  });
});

describe('issueClient()', () => {
  test('carries the role as its common name and is no server certificate', () => {
    const leaf = new X509Certificate(
      createCertificateAuthority().issueClient({ commonName: 'idp' }).certificate,
    );
    expect(leaf.subject).toBe('CN=idp');
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });
});
