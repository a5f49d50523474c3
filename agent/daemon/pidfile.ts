// The file with the number of the process, for scripts that send it signals.

import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { AgentError } from '../base/errors.ts';

const PIDFILE_MODE = 0o644;
/** Whoever may write to its directory leads nobody elsewhere by a link, and holds nobody by a named pipe. */
const CAREFULLY = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const TO_WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;

/**
 * Writes it, and gives the function that takes it away again. One that is left of a process that is gone is replaced.
 *
 * @throws AgentError pidfile_in_use, file_unwritable
 */
export function writePidfile(path: string, pid: number, isAlive = isProcessAlive): () => void {
  const there = pidIn(path);
  if (there !== undefined && there !== pid && isAlive(there)) {
    throw new AgentError('pidfile_in_use', { path, pid: there });
  }
  try {
    withFile(path, TO_WRITE, (fd) => writeFileSync(fd, `${pid}\n`));
  } catch (error) {
    throw new AgentError('file_unwritable', { path: `pidfile ${path}`, reason: (error as Error).message });
  }
  // It may be somebody else's by then.
  return () => {
    if (pidIn(path) === pid) rmSync(path, { force: true });
  };
}

/** Undefined when there is none, or what it says is no number of a process. */
export function pidIn(path: string): number | undefined {
  try {
    const text = withFile(path, constants.O_RDONLY, (fd) => readFileSync(fd, 'utf8')).trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

function withFile<T>(path: string, flags: number, use: (fd: number) => T): T {
  const fd = openSync(path, flags | CAREFULLY, PIDFILE_MODE);
  try {
    if (!fstatSync(fd).isFile()) throw new Error('it is no regular file');
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
