// The pidfile: written, refused while its process lives, taken away by whoever wrote it.

import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pidIn, writePidfile } from './pidfile.ts';

function freshPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'pgsidecar-pidfile-')), 'agent.pid');
}

test('writePidfile() writes the number, and takes it away again', () => {
  const path = freshPath();
  const remove = writePidfile(path, 4711);
  expect(readFileSync(path, 'utf8')).toBe('4711\n');
  remove();
  expect(pidIn(path)).toBeUndefined();
});

test('writePidfile() refuses where another process lives, and replaces what is left of one that does not', () => {
  const path = freshPath();
  writeFileSync(path, '99\n');
  expect(() => writePidfile(path, 4711, (pid) => pid === 99)).toThrow(
    `pidfile exists: ${path} names process 99, which is alive`,
  );
  expect(pidIn(path)).toBe(99);
  writePidfile(path, 4711, () => false);
  expect(pidIn(path)).toBe(4711);
});

test('writePidfile() leaves a file that is somebody else’s by then', () => {
  const path = freshPath();
  const remove = writePidfile(path, 4711);
  writeFileSync(path, '99\n');
  remove();
  expect(pidIn(path)).toBe(99);
});

test('writePidfile() says which file it cannot write', () => {
  expect(() => writePidfile('/proc/nowhere/agent.pid', 1)).toThrow(
    'Cannot write pidfile /proc/nowhere/agent.pid: ENOENT',
  );
});

test('writePidfile() is not held by a named pipe, and follows no link', () => {
  const pipe = freshPath();
  expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0);
  expect(() => writePidfile(pipe, 4711)).toThrow(`Cannot write pidfile ${pipe}: `);
  const [link, elsewhere] = [freshPath(), freshPath()];
  symlinkSync(elsewhere, link);
  expect(() => writePidfile(link, 4711)).toThrow(`Cannot write pidfile ${link}: ELOOP`);
  expect(existsSync(elsewhere)).toBe(false);
});
