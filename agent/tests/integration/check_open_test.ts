// `pgsidecar check` of a file with a password in it that everybody on the machine may read.

import { afterAll, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgsidecarProgram } from '../harness/agent.ts';
import { recordSecret } from '../harness/record.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgsidecar-open-'));
const config = join(folder, 'pgsidecar.yml');
afterAll(() => rmSync(folder, { recursive: true }));

function check(database: string, mode: number): { readonly code: number; readonly said: string } {
  writeFileSync(config, `databases:\n  shop: { host: localhost, sslmode: disable, ${database} }\n`);
  chmodSync(config, mode);
  const { exitCode, stderr } = Bun.spawnSync([...pgsidecarProgram(), 'check', '--config', config], {
    env: { PATH: '/usr/bin:/bin', HOME: folder },
  });
  return { code: exitCode, said: stderr.toString() };
}

test('check warns of a password that everybody may read, wherever in the file it stands, and of nothing else', () => {
  const password = crypto.randomUUID();
  recordSecret(password);
  writeFileSync(join(folder, 'secret'), password);
  const about = `${config} has a password in it, and everybody on the machine may read it (mode 0644): take it from others`;
  for (const database of [
    `user: u, password: ${password}`,
    `url: "postgresql://u:${password}@localhost/shop"`,
  ]) {
    const open = check(database, 0o644);
    expect(open.code).toBe(0);
    expect(open.said).toContain(`warning: ${about}`);
    expect(check(database, 0o640).said).not.toContain('has a password in it');
  }
  expect(check(`user: u, password_file: ${folder}/secret`, 0o644).said).not.toContain('has a password in it');
}, 60_000);
