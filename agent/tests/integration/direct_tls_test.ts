// TLS from the first byte on (libpq's sslnegotiation=direct), to real servers that know it and to one that does not.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { testNeeding } from '../harness/needs.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { isPostgresInstalled } from '../harness/postgres_programs.ts';
import { ask, refusalOf, through } from '../harness/psql.ts';

setDefaultTimeout(30_000);

const authority = createCertificateAuthority();
const OLDER = 15;
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    settings: { trace_connection_negotiation: true },
    users: { app: '' },
    databases: { shop: 'app' },
  });
}, 60_000);
afterAll(() => postgres?.stop());

function start(more: Partial<Application> = {}) {
  const settings = { server_tls_negotiation: 'direct', server_login_retry: '100ms' };
  return serve({ postgres, authority, settings, ...more });
}

describe('to servers', () => {
  const password = () => postgres.passwordOf('app');

  test('begins TLS at once, and asks for it where it shall', async () => {
    const before = postgres.logText().length;
    await using agent = await start();
    const login = through(agent, password());
    expect(await ask(login, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).toBe('t');
    const log = postgres.logText().slice(before);
    expect(log).toContain('direct SSL connection accepted');
    expect(log).not.toContain('SSLRequest');

    await using other = await serve({ postgres, authority });
    expect(await ask(through(other, password()), 'SELECT 1')).toBe('1');
    expect(postgres.logText().slice(before)).toContain('SSLRequest accepted');
  });

  test('is what the application itself asks for by its URL', async () => {
    const before = postgres.logText().length;
    const url = postgres.url('app', 'shop', { sslmode: 'verify-full', sslnegotiation: 'direct' });
    const files = { '.env': `DATABASE_URL='${url}'\n`, 'application.yml': '' };
    const agent = await serve({ postgres, authority, settings: { sources: ['.env'] } }, { files });
    await using _ = agent;
    expect(await ask(through(agent, password()), 'SELECT 1')).toBe('1');
    const log = postgres.logText().slice(before);
    expect([log.includes('direct SSL connection accepted'), log.includes('SSLRequest')]).toEqual([
      true,
      false,
    ]);
  });

  test('takes no certificate that SSLRequest would not take', async () => {
    await using agent = await start({ authority: createCertificateAuthority() });
    expect(await refusalOf(through(agent, password()))).toContain('cannot trust the server');
  });

  testNeeding(isPostgresInstalled(OLDER) ? undefined : `PostgreSQL ${OLDER} is not installed`)(
    'says of a server that does not know it that it is too old',
    async () => {
      await using older = await startPostgres({
        version: OLDER,
        tls: { server: authority.issueServer() },
        users: { app: '' },
        databases: { shop: 'app' },
      });
      await using agent = await start({ postgres: older });
      const refusal = await refusalOf(through(agent, older.passwordOf('app')));
      expect(refusal).toContain('does not take TLS from the first byte on');
      expect(refusal).toEndWith(
        'sslnegotiation=direct needs PostgreSQL 17 or newer there; set it to postgres',
      );
    },
  );
});
