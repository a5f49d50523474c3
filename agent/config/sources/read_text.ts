// Reads a file for a source: a file that cannot be read is a problem among the others, never a throw.

import { isAbsolute, join, normalize } from 'node:path/posix';
import { AgentError, type Problem } from '../../base/errors.ts';
import type { SourceIo } from '../source.ts';

/** Undefined when there is no such file, or when it cannot be read, which `problems` then says. */
export function readText(path: string, io: SourceIo, problems: Problem[]): string | undefined {
  try {
    return io.read(path);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    problems.push({ severity: 'error', code: error.code, sentence: error.message, origin: { place: path } });
    return undefined;
  }
}

/** For the list of files to watch. */
export function absolutePath(path: string, io: SourceIo): string {
  return normalize(isAbsolute(path) ? path : join(io.cwd, path));
}
