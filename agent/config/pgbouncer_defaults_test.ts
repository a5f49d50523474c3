// PgBouncer's defaults: they hold for whoever asks for them, and are told of where they do not.

import { expect, test } from 'bun:test';
import { type LoadInput, type LoadResult, load } from './load.ts';

function loadIni(text: string, input: LoadInput = {}): Promise<LoadResult> {
  const io = {
    cwd: '/app',
    env: {},
    read: (path: string) => (path.includes('p.ini') ? text : undefined),
    run: () => Promise.reject(new Error('there is nothing to run')),
  };
  return load({ configFile: 'p.ini', ...input }, io);
}

const INI = '[databases]\na = host=/run/pg\n[pgbouncer]\nunix_socket_dir = /run/p\n';

test('load() with defaults: pgbouncer takes those of PgBouncer where nobody says anything', async () => {
  const { settings, differing } = await loadIni(INI, { defaults: 'pgbouncer' });
  expect(settings).toMatchObject({
    ...{
      pool_mode: 'session',
      auth_type: 'md5',
      listen_port: 6432,
      unix_socket_mode: 0o777,
      max_client_conn: 100,
    },
    ...{
      server_login_retry: 15_000,
      server_tls_sslmode: 'prefer',
      unix_socket_dir: '/run/p',
      tcp_keepidle: 0,
    },
    track_extra_parameters: ['IntervalStyle'],
  });
  expect(settings?.databases.a).toMatchObject({ poolMode: 'session' });
  expect(differing).toEqual([]);
  expect(settings?.defaults).toMatchObject({ listen_port: 6432, auth_type: 'md5', unix_socket_dir: '/tmp' });
});

test('load() of an ini keeps ours otherwise, and names those that differ and are not written', async () => {
  const { settings, differing } = await loadIni(`${INI}pool_mode = session\n`);
  expect(settings).toMatchObject({ pool_mode: 'session', auth_type: 'scram-sha-256', listen_port: 5432 });
  expect(differing).toContainEqual({ setting: 'listen_port', here: '5432', there: '6432' });
  expect(differing.map(({ setting }) => setting)).not.toContain('pool_mode');
  // But that one holds, whatever else does.
  expect(settings?.defaults).toEqual({ pool_mode: 'session' });
});

test('load() of a pgsidecar.yml has no other defaults than its own', async () => {
  const { settings, differing } = await loadIni(
    'databases: {a: {host: /run/pg, user: b}}\nunsafe_settings: warn\n',
    { configFile: 'p.ini.yml' },
  );
  expect(differing).toEqual([]);
  expect(settings?.pool_mode).toBe('transaction');
  expect(settings).not.toHaveProperty('defaults');
});
