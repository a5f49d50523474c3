// What is said of settings that systemd's sockets leave without effect, and that nothing is said of the others.

import { expect, test } from 'bun:test';
import { load } from '../config/load.ts';
import { ignoredSettings } from './ignored_settings.ts';

async function ignoredIn(lines: readonly string[], flags: Readonly<Record<string, string>> = {}) {
  const main = 'databases: {main: {host: db.example, user: app, password: "x"}}';
  const read = (path: string) => (path === 'pgsidecar.yml' ? [...lines, main, ''].join('\n') : undefined);
  const io = { cwd: '/app', env: {}, read, run: async () => '' };
  const { settings, explanation, problems } = await load({ flags }, io);
  if (settings === undefined) throw new Error(problems.map(({ sentence }) => sentence).join('; '));
  const unix = { address: { kind: 'unix', path: '/run/pgsidecar/.s.PGSQL.5432' } } as const;
  const tcp = { address: { kind: 'tcp', host: '127.0.0.1', port: 6432 } } as const;
  const of = (...sockets: readonly (typeof unix | typeof tcp)[]) =>
    ignoredSettings({ settings, explanation }, sockets, 'pgsidecar.socket');
  return { unix: of(unix), both: of(unix, tcp), none: of() };
}

test('ignoredSettings() names each setting that systemd has not fulfilled, its place, and the word for the socket unit', async () => {
  const lines = ['listen_addr: 127.0.0.1', 'listen_port: 6432', "unix_socket_mode: '0777'"];
  const { unix, both, none } = await ignoredIn(lines);
  const rest = 'systemd opened the sockets (pgsidecar.socket); write';
  const mode = `unix_socket_mode at pgsidecar.yml:3 has no effect: ${rest} SocketMode= there`;
  expect(unix).toEqual([
    `listen_addr at pgsidecar.yml:1 has no effect: ${rest} ListenStream= there`,
    `listen_port at pgsidecar.yml:2 has no effect: ${rest} ListenStream= there`,
    mode,
  ]);
  expect(both).toEqual([mode]);
  expect(none).toEqual([]);
});

test('ignoredSettings() has nothing to say of defaults, and of a folder that is the one of the socket', async () => {
  expect((await ignoredIn([])).unix).toEqual([]);
  expect((await ignoredIn([], { unix_socket_dir: '/run/pgsidecar' })).unix).toEqual([]);
  expect((await ignoredIn(['unix_socket_dir: /run/other'])).unix).toHaveLength(1);
});
