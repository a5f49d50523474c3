// The forms of a DATABASE_URL, one for each library, with and without a fallback.

import { expect, test } from 'bun:test';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { databaseUrl, shellWord } from './database_url.ts';
import type { Library } from './libraries.ts';
import { databaseFixture, nastySecret, settingsFixture } from './render_fixture.ts';

function url(
  library: Library,
  database: DatabaseSettings,
  more: Partial<Settings> = {},
  wishes: { fallback?: boolean; showSecrets?: boolean } = {},
): string {
  const settings = settingsFixture([database], [], more);
  return databaseUrl(settings, database, {
    library,
    fallback: false,
    showSecrets: false,
    systemCaFile: '/etc/ssl/system.crt',
    ...wishes,
  });
}

test('databaseUrl() has the form that each library reads', () => {
  const database = databaseFixture({ password: nastySecret() });
  expect(url('libpq', database)).toBe('postgresql://idp_app:***@/idp?host=/run/pgsidecar');
  expect(url('django', database)).toBe('postgresql://idp_app:***@/idp?host=/run/pgsidecar');
  expect(url('sqlalchemy', database)).toBe('postgresql://idp_app:***@/idp?host=/run/pgsidecar');
  expect(url('rails', database)).toBe('postgresql://idp_app:***@%2Frun%2Fpgsidecar/idp');
  expect(url('node', database)).toBe('postgresql://idp_app:***@localhost/idp?host=/run/pgsidecar');
  expect(url('postgres.js', database)).toBe(
    "PGHOST=/run/pgsidecar PGDATABASE=idp PGUSER=idp_app PGPASSWORD='***'",
  );
});

test('databaseUrl() names a port that libpq would not guess', () => {
  const database = databaseFixture();
  const more = { listen_port: 6432 };
  expect(url('libpq', database, more)).toBe('postgresql://idp_app@/idp?host=/run/pgsidecar&port=6432');
  expect(url('rails', database, more)).toBe('postgresql://idp_app@%2Frun%2Fpgsidecar:6432/idp');
  expect(url('node', database, more)).toBe(
    'postgresql://idp_app@localhost/idp?host=/run/pgsidecar&port=6432',
  );
});

test('databaseUrl() goes over TCP when there is no UNIX socket', () => {
  const more = { unix_socket_dir: '', listen_addr: ['*'], listen_port: 6432 };
  for (const library of ['libpq', 'django', 'sqlalchemy', 'rails', 'node'] as const) {
    expect(url(library, databaseFixture(), more), library).toBe('postgresql://idp_app@127.0.0.1:6432/idp');
  }
  expect(url('libpq', databaseFixture(), { ...more, listen_addr: ['::1'] })).toBe(
    'postgresql://idp_app@[::1]:6432/idp',
  );
  expect(() => url('libpq', databaseFixture(), { unix_socket_dir: '' })).toThrow(
    'Cannot make a URL of idp for libpq: the agent listens nowhere; set unix_socket_dir or listen_addr',
  );
});

test('databaseUrl() keeps a strange name out of the path for SQLAlchemy', () => {
  const database = databaseFixture({ name: 'i d&p' });
  expect(url('sqlalchemy', database)).toBe('postgresql://idp_app@/?host=/run/pgsidecar&dbname=i%20d%26p');
  expect(url('libpq', database)).toBe('postgresql://idp_app@/i%20d%26p?host=/run/pgsidecar');
});

test('databaseUrl() with fallback names the server, its TLS, and that it must be the writer', () => {
  const database = databaseFixture({ password: nastySecret(), sslrootcert: '/etc/ca.pem' });
  expect(url('libpq', database, {}, { fallback: true })).toBe(
    'postgresql://idp_app:***@/idp?host=/run/pgsidecar,writer.example.com&sslmode=verify-full&sslrootcert=/etc/ca.pem&target_session_attrs=read-write',
  );
  expect(url('libpq', databaseFixture(), {}, { fallback: true })).toContain(
    '&sslrootcert=/etc/ssl/system.crt&',
  );
  const several = databaseFixture({
    role: 'replica',
    sslmode: 'require',
    hosts: [
      { host: 'a.example.com', port: 5433 },
      { host: 'b.example.com', port: 5434 },
    ],
  });
  expect(url('libpq', several, {}, { fallback: true })).toBe(
    'postgresql://idp_app@/idp?host=/run/pgsidecar,a.example.com,b.example.com&port=5432,5433,5434&sslmode=require',
  );
  expect(url('rails', several, {}, { fallback: true })).toStartWith(
    'postgresql://idp_app@localhost/idp?sslmode=require&host=/run/pgsidecar,a.example.com,b.example.com&port=5432,',
  );
});

test('databaseUrl() refuses a fallback that would not mean the same', () => {
  const fallback = { fallback: true };
  expect(() => url('node', databaseFixture(), {}, fallback)).toThrow('--fallback needs libpq');
  expect(() => url('libpq', databaseFixture({ dbname: 'other' }), {}, fallback)).toThrow(
    'the server knows it as "other", and a URL has one name for all of its hosts',
  );
  const tcp = { unix_socket_dir: '', listen_addr: ['127.0.0.1'] };
  expect(() => url('libpq', databaseFixture(), tcp, fallback)).toThrow('--fallback needs the UNIX socket');
});

test('databaseUrl() prints the password only when it is asked to', () => {
  const password = nastySecret();
  const database = databaseFixture({ password });
  for (const library of ['libpq', 'rails', 'sqlalchemy', 'django', 'node', 'postgres.js'] as const) {
    const uuid = password.open().slice(0, 36);
    expect(url(library, database), library).not.toContain(uuid);
    expect(url(library, database, {}, { showSecrets: true }), library).toContain(uuid);
  }
});

test('shellWord() leaves alone what a shell does', () => {
  expect(shellWord('postgresql://a:b%40@/c?host=/run/x')).toBe('postgresql://a:b%40@/c?host=/run/x');
  expect(shellWord("it's & $more")).toBe(`'it'\\''s & $more'`);
  expect(shellWord('')).toBe("''");
});
