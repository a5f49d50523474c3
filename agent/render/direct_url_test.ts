// The URL of the server, as each library takes it; and what cannot be said to some of them.

import { expect, test } from 'bun:test';
import type { DatabaseSettings } from '../config/settings.ts';
import { directUrl } from './direct_url.ts';
import type { Library } from './libraries.ts';
import { databaseFixture, nastySecret } from './render_fixture.ts';

const password = nastySecret();
const CA = '/etc/ssl/ca.crt';

function url(library: Library, more: Partial<DatabaseSettings> = {}): string {
  return directUrl(databaseFixture(more), { library, showSecrets: false, systemCaFile: CA });
}

test('directUrl() names the server as the agent reaches it, for every library', () => {
  const tls = `sslmode=verify-full&sslrootcert=${CA}`;
  for (const library of ['libpq', 'django', 'sqlalchemy', 'node'] as const) {
    expect(url(library, { password }), library).toBe(
      `postgresql://idp_app:***@writer.example.com/idp?${tls}`,
    );
  }
  expect(url('rails')).toBe(`postgresql://idp_app@writer.example.com:5432/idp?${tls}`);
  expect(url('postgres.js')).toBe('postgresql://idp_app@writer.example.com/idp?sslmode=verify-full');
});

test('directUrl() says several hosts where each library looks for them, and asks for the writer among them', () => {
  const hosts = [
    { host: 'a.example', port: 5432 },
    { host: 'b.example', port: 5433 },
  ];
  const tls = `sslmode=verify-full&sslrootcert=${CA}&target_session_attrs=read-write`;
  expect(url('libpq', { hosts })).toBe(`postgresql://idp_app@a.example:5432,b.example:5433/idp?${tls}`);
  expect(url('django', { hosts })).toBe(
    `postgresql://idp_app@/idp?${tls}&host=a.example,b.example&port=5432,5433`,
  );
  expect(() => url('node', { hosts })).toThrow('this library tries one');
});

test('directUrl() says what it cannot say', () => {
  expect(() => url('postgres.js', { sslrootcert: '/our.crt' })).toThrow('takes a CA from its options only');
  expect(() => url('node', { sslnegotiation: 'direct' })).toThrow('it cannot begin with TLS');
  expect(() => url('node', { dbname: 'what?' })).toThrow('cannot read the name');
});

test('directUrl() of a server behind a socket is the path of that socket', () => {
  const hosts = [{ host: '/var/run/postgresql', port: 5432 }];
  expect(url('libpq', { hosts })).toBe('postgresql://idp_app@/idp?host=/var/run/postgresql');
  expect(url('node', { hosts })).toBe(
    'postgresql://idp_app@localhost/idp?host=/var/run/postgresql&port=5432',
  );
});
