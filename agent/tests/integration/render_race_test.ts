// Somebody who owns the directory that is rendered into puts links in the place of what is being written.

import { afterAll, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskRoom } from '../../render/write.ts';
import { testNeeding } from '../harness/needs.ts';

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

/** Exchanges a directory with a link to another one, again and again, each time in one step. */
const SWAPPER = `
  const { dlopen } = require('bun:ffi');
  const [a, b] = process.argv.slice(1).map((path) => Buffer.from(path + '\\0'));
  const { renameat2 } = dlopen('libc.so.6', {
    renameat2: { args: ['i32', 'ptr', 'i32', 'ptr', 'u32'], returns: 'i32' },
  }).symbols;
  console.log('ready');
  while (renameat2(-100, a, -100, b, 2) === 0) for (let i = 0; i < 2000; i++);
`;

const NOBODY = 65_534;
const LOOKS = 300;

testNeeding(process.getuid?.() === 0 ? undefined : 'files of two users need root')(
  "replace() and look() stay in the application's directory, whatever its user exchanges it with meanwhile",
  async () => {
    const [shop, victim] = [join(folder, 'shop'), join(folder, 'victim')];
    const [config, link] = [join(shop, 'config'), join(shop, 'link')];
    for (const each of [shop, victim, config]) mkdirSync(each);
    writeFileSync(join(config, 'app.env'), 'mine');
    writeFileSync(join(victim, 'app.env'), 'of root');
    symlinkSync(victim, link);
    for (const each of [shop, config, join(config, 'app.env')]) chownSync(each, NOBODY, NOBODY);
    lchownSync(link, NOBODY, NOBODY);
    const swapper = Bun.spawn([process.execPath, '-e', SWAPPER, config, link], { stdout: 'pipe' });
    await swapper.stdout.getReader().read();
    const came = { written: 0, refused: 0 };
    const refusals = new Set<string>();
    for (let i = 0; i < LOOKS; i++) {
      try {
        const there = diskRoom.look(join(config, 'app.env'));
        if (there?.text !== 'mine') throw new Error(`it is ${there?.text}`);
        diskRoom.replace(join(config, 'app.env.through-pgsidecar'), 'mine', 0o600, there.place);
        came.written++;
      } catch (error) {
        refusals.add(String(error));
        came.refused++;
      }
    }
    expect(swapper.exitCode).toBeNull();
    swapper.kill();
    await swapper.exited;
    for (const refusal of refusals)
      expect(refusal).toMatch(
        /on the way (is a symbolic link to|was a symbolic link a moment ago)|its directory is another one since a moment/,
      );
    expect(came.written).toBeGreaterThan(0);
    expect(came.refused).toBeGreaterThan(0);
    expect(readdirSync(victim)).toEqual(['app.env']);
  },
);
