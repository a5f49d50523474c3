// Somebody who owns the directory that is rendered into puts links in the place of what is being written.

import { afterAll, expect, test } from 'bun:test';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskRoom } from '../../render/write.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgsidecar-race-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RENDERS = 200;

/** Turns every file that is being written into a link to the target. */
const THIEF = `
  const { readdirSync, renameSync, symlinkSync } = require('node:fs');
  const [directory, target] = process.argv.slice(1);
  console.log('ready');
  for (;;) for (const name of readdirSync(directory)) if (name.startsWith('.pgsidecar.')) try {
    renameSync(directory + '/' + name, directory + '/stolen');
    symlinkSync(target, directory + '/' + name);
  } catch {}
`;

test('replace() gives owner and mode to the file that it has made, whatever its name means by then', async () => {
  const directory = join(folder, 'application');
  mkdirSync(directory);
  const target = join(folder, 'shadow');
  writeFileSync(target, 'of root');
  chmodSync(target, 0o400);
  const thief = Bun.spawn([process.execPath, '-e', THIEF, directory, target], { stdout: 'pipe' });
  await thief.stdout.getReader().read();
  let stolen = 0;
  for (let i = 0; i < RENDERS; i++) {
    const path = join(directory, 'pgbouncer.ini');
    try {
      diskRoom.replace(path, 'text', 0o644);
    } catch {
      // It was taken away altogether.
    }
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) stolen++;
    rmSync(path, { force: true });
  }
  thief.kill();
  await thief.exited;
  expect(stolen).toBeGreaterThan(0);
  expect(statSync(target).mode & 0o777).toBe(0o400);
}, 30_000);
