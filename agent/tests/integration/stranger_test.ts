// Root in the directory of an application: the pgsidecar.yml that is there by somebody else's hand is not obeyed by any command.

import { afterAll, expect } from 'bun:test';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgsidecarProgram } from '../harness/agent.ts';
import { testNeeding } from '../harness/needs.ts';

const NOBODY = 65_534;
const folder = mkdtempSync(join(tmpdir(), 'pgsidecar-stranger-'));
const mark = join(folder, 'it-ran');
const config = join(folder, 'pgsidecar.yml');
afterAll(() => rmSync(folder, { recursive: true }));

const test = testNeeding(process.getuid?.() === 0 ? undefined : 'files of two users need root');

function run(...words: string[]): { readonly code: number; readonly said: string; readonly ran: boolean } {
  rmSync(mark, { force: true });
  const { exitCode, stderr } = Bun.spawnSync([...pgsidecarProgram(), ...words], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', HOME: folder },
  });
  return { code: exitCode, said: stderr.toString(), ran: existsSync(mark) };
}

function write(owner: number): void {
  const command = `sh -c 'echo x | tee ${mark}'`;
  const database = `{ host: localhost, user: u, sslmode: disable, password_command: "${command}" }`;
  writeFileSync(config, `control_socket: ${folder}/evil.sock\ndatabases:\n  shop: ${database}\n`);
  chownSync(config, owner, owner);
}

test('no command runs or asks what the pgsidecar.yml of another says; named, root still runs nothing of it', async () => {
  write(NOBODY);
  for (const words of ['check', 'url', 'eject', 'explain', 'render', 'status', 'reload', 'drain', 'wait']) {
    const { code, said, ran } = run(words);
    expect({ code, ran }, words).toEqual({ code: 78, ran: false });
    expect(said, words).toContain(
      `Cannot take pgsidecar.yml, which was found in ${folder}: it belongs to user ${NOBODY}; look at it, and name it by --config`,
    );
  }
  const named = run('check', '--config', config);
  expect(named).toMatchObject({ code: 78, ran: false });
  expect(named.said).toContain(
    `it belongs to user ${NOBODY}; give the file to root, or run this as its user`,
  );
  write(0);
  expect(run('check')).toMatchObject({ code: 0, ran: true });
}, 60_000);
