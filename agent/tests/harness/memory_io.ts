// A SourceIo in memory: the files and the environment of one test, and nothing that can be run.

import { isAbsolute, join, normalize } from 'node:path/posix';
import { AgentError } from '../../base/errors.ts';
import type { SourceIo } from '../../config/source.ts';

export const MEMORY_DIRECTORY = '/app';
/** A day of 2026: what is said to be valid until 2027 is. */
const NOW = Date.UTC(2026, 5, 1);
/** A file of this content is there and cannot be read. */
export const UNREADABLE = Symbol('unreadable');

export function memoryIo(
  files: Readonly<Record<string, string | typeof UNREADABLE>>,
  env: Readonly<Record<string, string>> = {},
): SourceIo {
  const absolute = (path: string) => normalize(isAbsolute(path) ? path : join(MEMORY_DIRECTORY, path));
  const texts = new Map(Object.entries(files).map(([path, text]) => [absolute(path), text]));
  return {
    cwd: MEMORY_DIRECTORY,
    now: () => NOW,
    env,
    read(path) {
      const text = texts.get(absolute(path));
      if (text !== UNREADABLE) return text as string | undefined;
      throw new AgentError('config_unreadable', { reason: 'permission denied' }, { place: path });
    },
    async run(command) {
      throw new AgentError('command_failed', { command, reason: 'this is a test' });
    },
  };
}
