// What a load puts into the log: each note once, and the defaults that differ from PgBouncer's in one line.

import { expect, test } from 'bun:test';
import { type LoadResult, load } from '../config/load.ts';
import { logNotes } from './loaded.ts';

function loadIni(...lines: readonly string[]): Promise<LoadResult> {
  const text = ['[databases]', 'a = host=/run/pg', '[pgbouncer]', 'pkt_buf = 8192', ...lines, ''].join('\n');
  const io = {
    cwd: '/app',
    env: {},
    read: (path: string) => (path === 'p.ini' ? text : undefined),
    run: () => Promise.reject(new Error('there is nothing to run')),
  };
  return load({ configFile: 'p.ini' }, io);
}

function said(loaded: LoadResult, before?: LoadResult): readonly string[] {
  const lines: string[] = [];
  logNotes(loaded, { info: (_, message) => lines.push(message) }, before);
  return lines;
}

test('logNotes() counts the defaults that differ, and says who lists their values', async () => {
  const lines = said(await loadIni());
  expect(lines).toHaveLength(2);
  expect(lines[0]).toStartWith('pkt_buf at p.ini:4: means nothing here');
  expect(lines[1]).toMatch(
    /^PgBouncer has another default for 12 settings that p\.ini does not say: unix_socket_dir, .*auth_type.*; "pgsidecar check --config p\.ini" lists both values$/,
  );
});

test('logNotes() says after a reload only what was not said before', async () => {
  const before = await loadIni();
  expect(said(await loadIni(), before)).toEqual([]);
  const [line, ...more] = said(await loadIni('listen_port = 6432'), before);
  expect(more).toEqual([]);
  expect(line).toStartWith('PgBouncer has another default for 11 settings that p.ini does not say');
  expect(line).not.toContain('listen_port');
});

test('logNotes() says nothing of defaults where all of them are written', async () => {
  const differing = (await loadIni()).differing.map(
    ({ setting, there }) => `${setting} = ${there.replace('1min', '60')}`,
  );
  expect((await loadIni(...differing)).differing).toEqual([]);
  expect(said(await loadIni(...differing))).toEqual([expect.stringContaining('pkt_buf')]);
});
