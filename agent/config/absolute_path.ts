// What a relative path in a configuration file is relative to.

import { basename, dirname, isAbsolute, resolve } from 'node:path/posix';
import type { Origin } from '../base/origin.ts';
import type { SourceIo } from './source.ts';

/** What a path begins with that is one of systemd's credentials (systemd.exec(5), LoadCredential=). */
const CREDENTIALS = `$\{CREDENTIALS_DIRECTORY}/`;

/**
 * A path in a file is relative to that file's folder, and in a folder named `config` to the one above it, which is the
 * application's own. A path in a flag or in the environment is relative to where the agent was started.
 */
export function absolutePath(
  path: string,
  origin: Origin,
  { cwd, env }: Pick<SourceIo, 'cwd' | 'env'>,
): string {
  // Where there are no credentials it stays as it was written, below the root, and whoever reads it says so.
  if (path.startsWith(CREDENTIALS))
    return resolve(env.CREDENTIALS_DIRECTORY || `/${CREDENTIALS}`, path.slice(CREDENTIALS.length));
  if (isAbsolute(path)) return resolve(path);
  if (origin.line === undefined) return resolve(cwd, path);
  const folder = resolve(cwd, dirname(origin.place));
  return resolve(basename(folder) === 'config' ? dirname(folder) : folder, path);
}

/** A credential, where nobody has handed any over. */
export function isLostCredential(absolute: string): boolean {
  return absolute.startsWith(`/${CREDENTIALS}`);
}
