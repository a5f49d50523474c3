// The agent proves itself to servers, in each way that pg_hba.conf can ask for, and holds them to each sslmode.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority, type IssuedCertificate } from '../harness/certificates.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { ask, refusalOf, through } from '../harness/psql.ts';

setDefaultTimeout(30_000);

const authority = createCertificateAuthority();
const clientAuthority = createCertificateAuthority();
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer(), clientAuthority, cleartextToo: true },
    users: { app: '', hashed: '', plain: '', certified: '' },
    databases: { shop: 'app' },
    hba: [
      'host all hashed all md5',
      'host all plain all password',
      'hostssl all certified all cert',
      'host all certified all reject',
    ],
  });
  await postgres.sql(`
    SET password_encryption = 'md5';
    ALTER ROLE hashed PASSWORD '${postgres.passwordOf('hashed')}'`);
}, 60_000);
afterAll(() => postgres?.stop());

/** Which TLS the server sees, or why it cannot be used. */
async function tlsOf(application: Partial<Application>, files: Record<string, string> = {}): Promise<string> {
  const user = application.user ?? 'app';
  const password = application.password ?? postgres.passwordOf(user);
  await using agent = await serve({ postgres, authority, ...application }, { files });
  const login = through(agent, password, { user });
  const sql = 'SELECT current_user, ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
  return await ask(login, sql).catch(() => refusalOf(login));
}

describe('a server that asks', () => {
  test('for SCRAM gets it', async () => {
    expect(await tlsOf({})).toBe('app|t|TLSv1.3');
  });

  test('for md5 gets it', async () => {
    expect(await tlsOf({ user: 'hashed' })).toBe('hashed|t|TLSv1.3');
  });

  test('for the password itself gets it over verified TLS, and over nothing else', async () => {
    for (const sslmode of ['verify-full', 'verify-ca'])
      expect(await tlsOf({ user: 'plain', sslmode })).toBe('plain|t|TLSv1.3');
    for (const sslmode of ['require', 'prefer', 'allow', 'disable']) {
      expect(await tlsOf({ user: 'plain', sslmode })).toBe(
        'FATAL:  pgsidecar does not log in to the server: it asks for the password in cleartext, which is only told over verified TLS (sslmode verify-ca or verify-full)',
      );
    }
    expect(postgres.logText()).not.toMatch(/authenticated: identity="plain" .*no encryption/);
  });

  test('for a certificate gets it', async () => {
    const { certificate, key } = clientAuthority.issueClient({ commonName: 'certified' });
    const settings = { server_tls_cert_file: 'client.crt', server_tls_key_file: 'client.key' };
    const files = { 'client.crt': certificate, 'client.key': key };
    expect(await tlsOf({ user: 'certified', settings }, files)).toBe('certified|t|TLSv1.3');
  });

  test('for a certificate is told when there is none, or a stranger signed it, or it is for somebody else', async () => {
    const settings = { server_tls_cert_file: 'client.crt', server_tls_key_file: 'client.key' };
    const filesOf = (issued: IssuedCertificate) => ({
      'client.crt': issued.certificate,
      'client.key': issued.key,
    });
    const application = { user: 'certified', settings };
    expect(await tlsOf({ user: 'certified' })).toBe(
      'FATAL:  connection requires a valid client certificate (the server refused our login)',
    );
    const stranger = createCertificateAuthority().issueClient({ commonName: 'certified' });
    expect(await tlsOf(application, filesOf(stranger))).toBe(
      'FATAL:  the server closed the connection: it closed the connection during the login',
    );
    expect(postgres.logText()).toContain('certificate verify failed');
    const other = clientAuthority.issueClient({ commonName: 'somebody' });
    expect(await tlsOf(application, filesOf(other))).toBe(
      'FATAL:  certificate authentication failed for user "certified" (the server refused our login)',
    );
  });

  test('cannot be answered with a hash, so that the agent does not even start', async () => {
    const [row] = await postgres.sql<{ verifier: string }>(
      "SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = 'app'",
    );
    const application = { postgres, authority, password: row!.verifier };
    await using agent = await serve(application, { expectFailure: true });
    expect(await agent.exited).toBe(78);
    expect(agent.logLines().map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(
        /^error: Cannot serve database "shop" at application\.yml:\d+: its password is a hash/,
      ),
    );
  });
});

describe('sslmode', () => {
  const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
  const YES = 'app|t|TLSv1.3';
  const CLEAR = 'app|f|';

  /** What comes of each mode; a refusal is the part of its sentence that matters. */
  async function expectOfEach(
    expected: Readonly<Record<(typeof MODES)[number], string>>,
    port = postgres.port,
  ) {
    for (const mode of MODES) {
      const got = await tlsOf({ sslmode: mode, port });
      expect(`${mode}: ${got}`).toStartWith(`${mode}: ${got.startsWith('FATAL') ? 'FATAL' : ''}`);
      expect(`${mode}: ${got}`).toContain(expected[mode]);
    }
  }

  test('against a server of the right CA', async () => {
    await expectOfEach({
      disable: CLEAR,
      allow: CLEAR,
      prefer: YES,
      require: YES,
      'verify-ca': YES,
      'verify-full': YES,
    });
  });

  test('against a server with a certificate for another host', async () => {
    await postgres.replaceCertificate(authority.issueServer({ hosts: ['db.example'] }));
    await expectOfEach({
      disable: CLEAR,
      allow: CLEAR,
      prefer: YES,
      require: YES,
      'verify-ca': YES,
      'verify-full': "the server's certificate is for another host name",
    });
  });

  test('against a server of another CA', async () => {
    await postgres.replaceCertificate(createCertificateAuthority().issueServer());
    const refused = "the server's certificate is not signed by a CA of sslrootcert";
    await expectOfEach({
      disable: CLEAR,
      allow: CLEAR,
      prefer: YES,
      require: YES,
      'verify-ca': refused,
      'verify-full': refused,
    });
    await postgres.replaceCertificate(authority.issueServer());
  });

  test('against a server without TLS', async () => {
    await postgres.sql('ALTER SYSTEM SET ssl = off');
    await postgres.reload();
    const refused = 'does not offer TLS, and sslmode is';
    await expectOfEach({
      disable: CLEAR,
      allow: CLEAR,
      prefer: CLEAR,
      require: refused,
      'verify-ca': refused,
      'verify-full': refused,
    });
    await postgres.sql('ALTER SYSTEM RESET ssl');
    await postgres.reload();
  });

  test('anything weaker than verify-full is warned about at the start', async () => {
    for (const sslmode of MODES) {
      await using agent = await serve({ postgres, authority, sslmode });
      const warnings = agent.logLines().filter(({ level }) => level === 40);
      expect(warnings.map(({ msg }) => String(msg))).toEqual(
        sslmode === 'verify-full'
          ? []
          : [
              expect.stringMatching(
                new RegExp(
                  `^database_sslmode is "${sslmode}" at application[.]yml:[0-9]+: .+; write verify-full$`,
                ),
              ),
            ],
      );
    }
  });

  test('an intermediate CA, an RSA key and a CA that signs with SHA-512 are all verified', async () => {
    await postgres.replaceCertificate(authority.issueAuthority('pgsidecar test intermediate').issueServer());
    expect(await tlsOf({})).toBe(YES);
    await postgres.replaceCertificate(authority.issueServer({ keyKind: 'rsa' }));
    expect(await tlsOf({})).toBe(YES);
    const other = createCertificateAuthority({ keyKind: 'rsa', hash: 'sha512' });
    await postgres.replaceCertificate(other.issueServer());
    expect(await tlsOf({ authority: other })).toBe(YES);
    await postgres.replaceCertificate(authority.issueServer());
  });

  test('server_tls_protocols decides what is spoken', async () => {
    expect(await tlsOf({ settings: { server_tls_protocols: 'tlsv1.2' } })).toBe('app|t|TLSv1.2');
    expect(await tlsOf({ settings: { server_tls_protocols: 'tlsv1.3' } })).toBe('app|t|TLSv1.3');
    await postgres.sql("ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'");
    await postgres.reload();
    expect(await tlsOf({})).toBe('app|t|TLSv1.2');
    expect(await tlsOf({ settings: { server_tls_protocols: 'tlsv1.3' } })).toMatch(
      /^FATAL: {2}TLS with the server .* failed/,
    );
    await postgres.sql('ALTER SYSTEM RESET ssl_max_protocol_version');
    await postgres.reload();
  });
});
