// The outside that the configuration is read from: real files, the real environment, an operator's real commands.

import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { AgentError } from '../base/errors.ts';
import type { FileOwner, SourceIo } from '../config/source.ts';
import { whyDenied } from './denied.ts';
import { type FileState, stateOfBytes } from './file_state.ts';
import { pemFault } from './pem_fault.ts';

/**
 * Limits that no setting can say, since the settings are in the files: ten megabytes is a hundred times the longest
 * configuration file or CA bundle, and a secret is a line or two.
 */
const FILE_BYTES_MAX = 10 * 1024 * 1024;
const OUTPUT_BYTES_MAX = 64 * 1024;
/** Of what a failed command says on standard error, which may be long. */
const REASON_CHARS_MAX = 200;

/** @param seen takes, by absolute path, the state in which each file was read: what a watcher compares with;
 * @param unit the service that is to read them, for what a refusal advises. */
export function sourceIo(
  env: SourceIo['env'] = process.env,
  cwd: string = process.cwd(),
  seen?: Map<string, FileState>,
  unit?: string,
): SourceIo {
  const owners = new Map<string, FileOwner>();
  const { geteuid, getegid } = process;
  return {
    env,
    cwd,
    now: () => Date.now(),
    read: (path) => {
      owners.delete(path);
      const deny = () => whyDenied(resolve(cwd, path), unit);
      return readFile(resolve(cwd, path), path, { own: (owner) => owners.set(path, owner), deny }, seen);
    },
    ownerOf: (path) => owners.get(path),
    // Asked anew each time: a daemon that was started by root becomes somebody else.
    get caller() {
      return geteuid === undefined || getegid === undefined ? undefined : { uid: geteuid(), gid: getegid() };
    },
    pemFault,
    run: (command, args, timeoutMs) => runCommand(command, args, timeoutMs, cwd, env),
  };
}

/** Opened first and looked at afterwards, so that the file that is measured is the file that is read. */
function readFile(
  path: string,
  written: string,
  reader: { own: (owner: FileOwner) => void; deny: () => string },
  seen?: Map<string, FileState>,
): string | undefined {
  // What was seen before is not what is seen now; where nothing can be read, the watcher goes by its own look.
  seen?.delete(path);
  let file: number;
  try {
    // Without O_NONBLOCK a named pipe would hold the agent here for ever.
    file = openSync(path, 0o4000);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      seen?.set(path, stateOfBytes(undefined)!);
      return undefined;
    }
    throw unreadable(written, isDenied(code) ? `permission denied: ${reader.deny()}` : reasonOf(error));
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile())
      throw unreadable(written, status.isDirectory() ? 'it is a directory' : 'it is no ordinary file');
    if (status.size > FILE_BYTES_MAX)
      throw unreadable(written, `it has ${status.size} bytes, and at most ${FILE_BYTES_MAX} are read`);
    reader.own({ uid: status.uid, gid: status.gid, mode: status.mode & 0o7777 });
    const bytes = readWhole(file);
    const state = stateOfBytes(bytes);
    if (state !== undefined) seen?.set(path, state);
    return textOf(bytes, written);
  } catch (error) {
    throw error instanceof AgentError ? error : unreadable(written, reasonOf(error));
  } finally {
    closeSync(file);
  }
}

/** To the end, whatever the size was a moment ago: the file may be growing. */
function readWhole(file: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length <= FILE_BYTES_MAX) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const read = readSync(file, chunk);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    length += read;
  }
  throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
}

function textOf(bytes: Buffer, written: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(written, 'it is not UTF-8 text');
  }
}

/**
 * The whole process group is ended when the time is up, for a shell's children hold the pipe open. The secret itself is in
 * no message.
 */
function runCommand(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  cwd: string,
  env: SourceIo['env'],
): Promise<string> {
  return new Promise((fulfil, reject) => {
    const fail = (reason: string) => reject(new AgentError('command_failed', { command, reason }));
    const child = spawn(command, args, {
      cwd,
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const out: Buffer[] = [];
    let outBytes = 0;
    let complaint = '';
    let stopped: string | undefined;
    const stop = (reason: string) => {
      stopped ??= reason;
      if (child.pid !== undefined) killGroup(child.pid);
      // A child that has left the group lives on, and as long as it holds the pipes there is no end to wait for.
      fail(stopped);
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(
      () => stop(`it took longer than ${timeoutMs} ms (secret_command_timeout)`),
      timeoutMs,
    );
    child.stdout.on('data', (chunk: Buffer) => {
      outBytes += chunk.length;
      if (outBytes > OUTPUT_BYTES_MAX) stop(`it printed more than ${OUTPUT_BYTES_MAX} bytes`);
      else out.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < REASON_CHARS_MAX) complaint += chunk.toString('utf8');
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      fail(reasonOf(error));
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (status !== 0) return fail(`it ended with ${signal ?? `status ${status}`}${quoted(complaint)}`);
      return fulfil(
        Buffer.concat(out)
          .toString('utf8')
          .replace(/\r?\n$/, ''),
      );
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already, which is what was wanted.
  }
}

function quoted(complaint: string): string {
  const line = complaint.trim().split('\n')[0]?.slice(0, REASON_CHARS_MAX) ?? '';
  return line === '' ? '' : `: ${line}`;
}

function unreadable(path: string, reason: string): AgentError {
  return new AgentError('config_unreadable', { reason }, { place: path });
}

function isDenied(code: string | undefined): boolean {
  return code === 'EACCES' || code === 'EPERM';
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (isDenied(code)) return 'permission denied';
  if (code === 'ENOENT') return 'there is no such program';
  return message;
}
