// The runtime for another machine than this one: fetched by npm, and used only when it is byte for byte what package-lock.json names.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import lock from '../package-lock.json';
import { run } from './run.ts';

const ROOT = resolve(import.meta.dir, '..');

/** The npm packages that have the runtime of each machine. */
const PACKAGES = { amd64: '@oven/bun-linux-x64', arm64: '@oven/bun-linux-aarch64' } as const;

interface LockedPackage {
  readonly version: string;
  /** `sha512-` and the sum of the archive, in base64. */
  readonly integrity?: string;
}

/** Puts the archive of `name@version` into the directory; gives its path. */
export type Fetch = (spec: string, directory: string) => string;

/** The path of an executable. @throws Error when what came is not what was pinned; then it is removed. */
export function fetchRuntime(
  machine: keyof typeof PACKAGES,
  directory = join(ROOT, 'dist', 'package', 'runtime'),
  fetch: Fetch = byNpm,
): string {
  const name = PACKAGES[machine];
  const { version, integrity } = (lock.packages as Record<string, LockedPackage>)[`node_modules/${name}`]!;
  mkdirSync(directory, { recursive: true });
  const kept = join(directory, `${machine}-${version}.tgz`);
  const archive = existsSync(kept) ? kept : fetch(`${name}@${version}`, directory);
  const sum = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (sum !== integrity) {
    rmSync(archive);
    throw new Error(
      `${name}@${version} is not what package-lock.json names: it has ${sum}, not ${integrity}`,
    );
  }
  if (archive !== kept) run(['mv', archive, kept], ROOT);
  run(['tar', '-xzf', kept, '-C', directory, '--strip-components=2', 'package/bin/bun'], ROOT);
  const executable = join(directory, `bun-${machine}`);
  run(['mv', join(directory, 'bun'), executable], ROOT);
  return executable;
}

function byNpm(spec: string, directory: string): string {
  return join(
    directory,
    run(['npm', 'pack', '--silent', '--pack-destination', directory, spec], ROOT).trim(),
  );
}
