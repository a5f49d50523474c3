// The file with the number of the process, for scripts that send it signals.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { AgentError } from '../base/errors.ts';

const PIDFILE_MODE = 0o644;

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
    writeFileSync(path, `${pid}\n`, { mode: PIDFILE_MODE });
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
    const text = readFileSync(path, 'utf8').trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
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
