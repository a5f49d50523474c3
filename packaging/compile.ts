// The single executable for each machine that there are packages for: the same flags as `npm run build`.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import manifest from '../package.json';
import { run } from './run.ts';
import { fetchRuntime } from './runtime.ts';

const ROOT = resolve(import.meta.dir, '..');

/** As Debian names a machine; `bun` and `rpm` are the others' words for it. */
export const MACHINES = {
  amd64: { bun: 'bun-linux-x64', rpm: 'x86_64', arch: 'x64' },
  arm64: { bun: 'bun-linux-arm64', rpm: 'aarch64', arch: 'arm64' },
} as const;

export type Machine = keyof typeof MACHINES;

export function machineOf(arch: string): Machine {
  const found = (Object.keys(MACHINES) as Machine[]).find((each) => MACHINES[each].arch === arch);
  if (found === undefined) throw new Error(`there are no packages for ${arch}`);
  return found;
}

/**
 * Its path. This machine's runtime is the one that runs here, which `npm ci` has checked. Bun would fetch another machine's by
 * itself and not look at its sum.
 */
export function compile(machine: Machine): string {
  const path = join(ROOT, 'dist', 'package', machine, 'pgsidecar');
  mkdirSync(join(path, '..'), { recursive: true });
  const [, ...flags] = manifest.scripts.build.split(' --outfile ')[0]!.split(' ');
  const isOurs = MACHINES[machine].arch === process.arch;
  const runtime = isOurs ? process.execPath : fetchRuntime(machine);
  const target = [`--target=${MACHINES[machine].bun}`, `--compile-executable-path=${runtime}`];
  run([process.execPath, ...flags, ...target, '--outfile', path], ROOT);
  return path;
}
