// Files are replaced whole, with their mode and owner, and never through a link.

import { afterAll, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testNeeding } from '../tests/harness/needs.ts';
import type { PlannedFile } from './plan.ts';
import { diskRoom, type FileRoom, writePlanned } from './write.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgsidecar-write-'));
afterAll(() => rmSync(folder, { recursive: true }));

function planned(name: string, action: PlannedFile['action']): PlannedFile {
  return { name, action, text: `${name}\n`, mode: 0o600, diff: [], modeBefore: undefined };
}

test('replace() makes a file with its mode, whatever the umask, and leaves nothing else behind', () => {
  const path = join(folder, 'new');
  diskRoom.replace(path, 'text\n', 0o644);
  expect(readFileSync(path, 'utf8')).toBe('text\n');
  expect(statSync(path).mode & 0o777).toBe(0o644);
  diskRoom.replace(path, 'other\n', 0o600);
  expect(diskRoom.look(path)).toMatchObject({ text: 'other\n', mode: 0o600 });
  expect(readdirSync(folder).filter((name) => name.startsWith('.pgsidecar'))).toEqual([]);
});

test('replace() puts a new file in the place of the old one, which a reader that has it open keeps whole', () => {
  const path = join(folder, 'read');
  diskRoom.replace(path, 'before\n', 0o600);
  const before = statSync(path).ino;
  diskRoom.replace(path, 'after\n', 0o600);
  expect(statSync(path).ino).not.toBe(before);
});

test('replace() gives what it writes to whom the file belonged that was looked at', () => {
  const path = join(folder, 'owned');
  writeFileSync(path, 'x');
  // Only root can give a file away; to everybody else it stays their own.
  if (process.getuid?.() === 0) chownSync(path, 65_534, 65_534);
  const { uid, gid } = statSync(path);
  const { place } = diskRoom.look(path)!;
  diskRoom.replace(path, 'y', 0o600, place);
  diskRoom.replace(`${path}.before`, 'x', 0o600, place);
  for (const each of [path, `${path}.before`]) expect(statSync(each)).toMatchObject({ uid, gid });
});

test('look() and replace() know no mode but to read and write: nothing is made that runs, and nothing with set-id bits', () => {
  const path = join(folder, 'program');
  writeFileSync(path, 'x');
  chmodSync(path, 0o6755);
  const { mode, place } = diskRoom.look(path)!;
  expect(mode).toBe(0o644);
  diskRoom.replace(path, 'y', 0o7777, place);
  expect(statSync(path).mode & 0o7777).toBe(0o666);
});

test('replace() writes nothing when the directory is not the one in which the file was looked at', () => {
  const directory = join(folder, 'config');
  mkdirSync(directory);
  writeFileSync(join(directory, 'app.env'), 'x');
  const { place } = diskRoom.look(join(directory, 'app.env'))!;
  renameSync(directory, join(folder, 'away'));
  mkdirSync(directory);
  expect(() => diskRoom.replace(join(directory, 'app.env'), 'y', 0o600, place)).toThrow(
    'its directory is another one',
  );
  expect(readdirSync(directory)).toEqual([]);
});

test('look() and replace() follow a link on the way that the caller made where nobody else may write', () => {
  mkdirSync(join(folder, 'real'));
  symlinkSync('real', join(folder, 'current'));
  diskRoom.replace(join(folder, 'current', 'app.env'), 'x', 0o600);
  expect(diskRoom.look(join(folder, 'current', 'app.env'))).toMatchObject({ text: 'x' });
  expect(readdirSync(join(folder, 'real'))).toEqual(['app.env']);
});

test('look() and replace() follow no link on the way that somebody else may have moved there, nor one in a circle', () => {
  const shared = join(folder, 'shared');
  mkdirSync(join(shared, 'real'), { recursive: true });
  chmodSync(shared, 0o1777);
  symlinkSync('real', join(shared, 'current'));
  symlinkSync('circle', join(folder, 'circle'));
  for (const path of [join(shared, 'current', 'app.env'), join(folder, 'circle', 'app.env')]) {
    expect(() => diskRoom.look(path), path).toThrow('on the way is a symbolic link to');
    expect(() => diskRoom.replace(path, 'x', 0o600), path).toThrow('on the way is a symbolic link to');
  }
  expect(readdirSync(join(shared, 'real'))).toEqual([]);
});

testNeeding(process.getuid?.() === 0 ? undefined : 'files of two users need root')(
  'look() says whose file it is that somebody may have put where others can write',
  async () => {
    const [nobody, other] = [65_534, 65_533];
    const directory = join(folder, 'mixed');
    const path = join(directory, 'userlist.txt');
    mkdirSync(directory);
    writeFileSync(path, '');
    chownSync(path, nobody, nobody);
    const strangerIn = (owner: number, mode: number) => {
      chownSync(directory, owner, owner);
      chmodSync(directory, mode);
      return diskRoom.look(path)?.stranger;
    };
    expect([strangerIn(0, 0o755), strangerIn(nobody, 0o755)]).toEqual([undefined, undefined]);
    expect([strangerIn(0, 0o1777), strangerIn(nobody, 0o775), strangerIn(other, 0o755)]).toEqual([
      nobody,
      nobody,
      nobody,
    ]);
    chownSync(path, 0, 0);
    expect(strangerIn(0, 0o1777)).toBeUndefined();
  },
);

test('replace() and look() go through no link, and take no directory for a file', () => {
  const outside = mkdtempSync(join(tmpdir(), 'pgsidecar-outside-'));
  try {
    writeFileSync(join(outside, 'passwd'), 'root');
    symlinkSync(join(outside, 'passwd'), join(folder, 'link'));
    symlinkSync(join(outside, 'nothing'), join(folder, 'dangling'));
    mkdirSync(join(folder, 'directory'));
    for (const name of ['link', 'dangling']) {
      expect(() => diskRoom.replace(join(folder, name), 'x', 0o600), name).toThrow(
        'it is a symbolic link to',
      );
      expect(() => diskRoom.look(join(folder, name)), name).toThrow('it is a symbolic link to');
    }
    expect(() => diskRoom.replace(join(folder, 'directory'), 'x', 0o600)).toThrow('not a regular file');
    expect(readFileSync(join(outside, 'passwd'), 'utf8')).toBe('root');
    expect(existsSync(join(outside, 'nothing'))).toBe(false);
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test('replace() says which file it could not write, and why', () => {
  expect(() => diskRoom.replace(join(folder, 'nowhere', 'x'), 'x', 0o600)).toThrow(
    `Cannot write ${join(folder, 'nowhere', 'x')}: there is no such directory`,
  );
  expect(diskRoom.look(join(folder, 'nowhere', 'x'))).toBeUndefined();
});

test('writePlanned() touches only what changes', () => {
  const touched: string[] = [];
  const room: FileRoom = { look: () => undefined, replace: (path) => touched.push(path) };
  const changed = writePlanned(room, '/out', [
    planned('a', 'keep'),
    planned('b', 'change'),
    planned('c', 'create'),
  ]);
  expect(touched).toEqual(['/out/b', '/out/c']);
  expect(changed.map((file) => file.name)).toEqual(['b', 'c']);
});
