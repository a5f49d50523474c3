// Real files and real commands, in a folder of their own: what is there, what is not, and what must not hold the agent up.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentError } from '../base/errors.ts';
import { stateOfBytes } from './file_state.ts';
import { sourceIo } from './source_io.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pgsidecar-source-io-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const io = () => sourceIo({ PATH: process.env.PATH, GREETING: 'hello' }, folder);
const PATIENCE_MS = 60_000;

test('read() gives a file as it is, and undefined for one that is not there', () => {
  writeFileSync(join(folder, 'plain.yml'), 'a: ü\n');
  expect(io().read('plain.yml')).toBe('a: ü\n');
  expect(io().read(join(folder, 'plain.yml'))).toBe('a: ü\n');
  expect(io().read('missing.yml')).toBeUndefined();
  expect(io().read('plain.yml/beneath')).toBeUndefined();
});

test('read() says what it saw last: also that a file is gone, and nothing of one that cannot be read', () => {
  const seen = new Map<string, string>();
  const { read } = sourceIo({}, folder, seen);
  const path = join(folder, 'comes_and_goes.yml');
  writeFileSync(path, 'a: 1\n');
  read(path);
  expect(seen.get(path)).toBe(stateOfBytes(Buffer.from('a: 1\n')));
  rmSync(path);
  read(path);
  expect(seen.get(path)).toBe(stateOfBytes(undefined));
  mkdirSync(path);
  expect(() => read(path)).toThrow(AgentError);
  expect(seen.has(path)).toBe(false);
  rmSync(path, { recursive: true });
});

test('read() says why a thing that is there is no text', () => {
  mkdirSync(join(folder, 'directory'));
  writeFileSync(join(folder, 'binary'), Uint8Array.of(0xff, 0xfe, 0x00));
  writeFileSync(join(folder, 'long'), Buffer.alloc(10 * 1024 * 1024 + 1, 'a'));
  Bun.spawnSync(['mkfifo', join(folder, 'pipe')]);
  const reasons: [string, string][] = [
    ['directory', 'it is a directory'],
    ['binary', 'it is not UTF-8 text'],
    ['long', 'at most 10485760 are read'],
    ['pipe', 'it is no ordinary file'],
  ];
  for (const [name, reason] of reasons) expect(() => io().read(name), name).toThrow(reason);
  expect(() => io().read('directory')).toThrow(AgentError);
});

test('run() gives what the command prints, without the last newline, and no shell in between', async () => {
  const secret = crypto.randomUUID();
  expect(await io().run('printf', ['%s\\n\\n', secret], PATIENCE_MS)).toBe(`${secret}\n`);
  expect(await io().run('echo', ['$GREETING', '*'], PATIENCE_MS)).toBe('$GREETING *');
  expect(await io().run('sh', ['-c', 'echo $GREETING; pwd'], PATIENCE_MS)).toBe(`hello\n${folder}`);
});

test('run() says why a command failed, and never what it printed', async () => {
  const secret = crypto.randomUUID();
  const failing = ['-c', `echo ${secret}; echo denied >&2; echo more >&2; exit 3`];
  expect(await reasonOf('sh', failing)).toBe('Cannot run sh: it ended with status 3: denied');
  expect(await reasonOf('sh', ['-c', 'kill -9 $$'])).toBe('Cannot run sh: it ended with SIGKILL');
  expect(await reasonOf('no-such-program', [])).toBe('Cannot run no-such-program: there is no such program');
  const endless = ['-c', 'while :; do echo aaaaaaaaaaaaaaaa; done'];
  expect(await reasonOf('sh', endless)).toBe('Cannot run sh: it printed more than 65536 bytes');
});

test('run() does not wait for a child that has left the process group of its command', async () => {
  const script = join(folder, 'leaves.sh');
  writeFileSync(script, 'setsid sh -c "echo \\$\\$ > stray; exec sleep 30" &\necho secret\n');
  await expect(io().run('sh', [script], 1_000)).rejects.toThrow('it took longer than 1000 ms');
  process.kill(Number(readFileSync(join(folder, 'stray'), 'utf8')), 'SIGKILL');
});

test('run() ends a command that takes too long, its children included', async () => {
  const reason = await reasonOf('sh', ['-c', 'sleep 3600 & wait'], 50);
  expect(reason).toBe('Cannot run sh: it took longer than 50 ms (secret_command_timeout)');
});

/** The AgentError's sentence; fails when the command does not fail, or fails in another way. */
async function reasonOf(command: string, args: readonly string[], timeoutMs = PATIENCE_MS): Promise<string> {
  try {
    await io().run(command, args, timeoutMs);
  } catch (error) {
    if (error instanceof AgentError) return error.message;
    throw error;
  }
  throw new Error(`${command} did not fail`);
}
