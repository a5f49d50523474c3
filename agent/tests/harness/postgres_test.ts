// Proves the harness before anything stands on it: a PostgreSQL that comes, answers, and leaves nothing behind.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import pg from 'pg';
import { createCertificateAuthority } from './certificates.ts';
import { createNursery } from './nursery.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { installedPostgresVersions } from './postgres_programs.ts';

const authority = createCertificateAuthority();

async function connect(url: string, certificate?: string): Promise<string> {
  const client = new pg.Client({
    connectionString: url,
    ...(certificate !== undefined && { ssl: { ca: certificate, servername: 'localhost' } }),
  });
  try {
    await client.connect();
    const { rows } = await client.query(
      'SELECT current_user::text AS name, current_database()::text AS database',
    );
    return `${rows[0].name}@${rows[0].database}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.end().catch(() => {}); // it never connected
  }
}

describe.each(['embedded', ...installedPostgresVersions()] as const)(
  'startPostgres() version %p',
  (version) => {
    let postgres: Postgres;
    beforeAll(async () => {
      postgres = await startPostgres({
        version,
        tls: { server: authority.issueServer() },
        users: { app: 'CONNECTION LIMIT 50' },
        databases: { shop: 'app' },
        settings: { max_connections: 60 },
      });
    }, 60_000);
    afterAll(() => postgres?.stop());

    test('has the users, databases and settings that it was asked for', async () => {
      expect(await postgres.sql('SHOW max_connections')).toEqual([{ max_connections: '60' }]);
      expect(await connect(postgres.url('app', 'shop'), authority.certificate)).toBe('app@shop');
    });

    test('turns away whoever comes without TLS, with a wrong password or trusting another authority', async () => {
      expect(await connect(postgres.url('app', 'shop'))).toMatch(/no pg_hba.conf entry .* no encryption/);
      const wrong = postgres.url('app', 'shop').replace(postgres.passwordOf('app'), 'wrong');
      expect(await connect(wrong, authority.certificate)).toMatch(/password authentication failed/);
      const other = createCertificateAuthority().certificate;
      expect(await connect(postgres.url('app', 'shop'), other)).toMatch(/unable to|self.signed|certificate/i);
    });

    test('replaceCertificate() is what the next client sees', async () => {
      await postgres.replaceCertificate(authority.issueServer({ validity: 'expired' }));
      expect(await connect(postgres.url('app', 'shop'), authority.certificate)).toMatch(/expired/);
      await postgres.replaceCertificate(authority.issueServer());
      expect(await connect(postgres.url('app', 'shop'), authority.certificate)).toBe('app@shop');
    });

    test('kill9(), shutDown() and restart() keep the port and the data', async () => {
      await postgres.sql('CREATE TABLE kept AS SELECT 7 AS n', 'shop');
      await postgres.kill9();
      expect(await connect(postgres.url('app', 'shop'), authority.certificate)).toMatch(
        /ECONNREFUSED|connect/i,
      );
      await postgres.restart();
      expect(await postgres.sql('SELECT n FROM kept', 'shop')).toEqual([{ n: 7 }]);
      await postgres.shutDown();
      await postgres.restart();
      expect(await postgres.sql('SELECT n FROM kept', 'shop')).toEqual([{ n: 7 }]);
      expect(postgres.logText()).toContain('database system was not properly shut down');
    }, 60_000);

    test('stop() leaves neither process nor directory', async () => {
      const { directory } = postgres;
      const pid = postgres.pid();
      await postgres.stop();
      expect(existsSync(directory)).toBe(false);
      expect(existsSync(`/proc/${pid}`)).toBe(false);
    });
  },
);

describe('startPostgres()', () => {
  test('says what to do about a version that is not there', async () => {
    expect(startPostgres({ version: 8 })).rejects.toThrow('run scripts/setup --debian');
  });

  test.each(['md5', 'password'] as const)('auth %s lets the right password in', async (auth) => {
    await using postgres = await startPostgres({ auth, users: { app: '' }, databases: { shop: 'app' } });
    expect(await connect(postgres.url('app', 'shop'))).toBe('app@shop');
  });

  test('auth cert takes a client certificate for the password', async () => {
    const clientAuthority = createCertificateAuthority();
    await using postgres = await startPostgres({
      auth: 'cert',
      tls: { server: authority.issueServer(), clientAuthority },
      users: { app: '' },
      databases: { shop: 'app' },
    });
    const { certificate, key } = clientAuthority.issueClient({ commonName: 'app' });
    const client = new pg.Client({
      connectionString: postgres.url('app', 'shop'),
      ssl: { ca: authority.certificate, cert: certificate, key, servername: 'localhost' },
    });
    await client.connect();
    expect((await client.query('SELECT current_user::text AS name')).rows).toEqual([{ name: 'app' }]);
    await client.end();
  });
});

describe('createNursery()', () => {
  test('ends its processes and removes its directory when the test is killed', async () => {
    const nursery = createNursery('outer');
    const program = `
      import { createNursery } from ${JSON.stringify(`${import.meta.dir}/nursery.ts`)};
      const inner = createNursery('inner');
      const child = inner.spawn(['sleep', '600'], { output: 2, env: { PATH: '/usr/bin:/bin' } });
      console.log(JSON.stringify({ pid: child.pid, directory: inner.directory }));
      setInterval(() => {}, 1000);
    `;
    const test = nursery.spawn([process.execPath, '-e', program], { output: 'pipe' });
    const { value } = await (test.stdout as ReadableStream<Uint8Array>).getReader().read();
    const { pid, directory } = JSON.parse(new TextDecoder().decode(value)) as {
      pid: number;
      directory: string;
    };
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    test.kill('SIGKILL');
    while (existsSync(directory) || existsSync(`/proc/${pid}`)) await Bun.sleep(10); // bun test's own limit ends a hang
    expect(existsSync(directory)).toBe(false);
    await nursery.close();
  });
});
