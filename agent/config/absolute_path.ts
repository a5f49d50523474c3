// What a relative path in a configuration file is relative to.

import { basename, dirname, isAbsolute, resolve } from 'node:path/posix';
import type { Origin } from '../base/origin.ts';

/**
 * A path in a file is relative to that file's folder, and in a folder named `config` to the one above it, which is the
 * application's own. A path in a flag or in the environment is relative to where the agent was started.
 */
export function absolutePath(path: string, origin: Origin, cwd: string): string {
  if (isAbsolute(path)) return resolve(path);
  if (origin.line === undefined) return resolve(cwd, path);
  const folder = resolve(cwd, dirname(origin.place));
  return resolve(basename(folder) === 'config' ? dirname(folder) : folder, path);
}
