// The corpus: inputs that are worth keeping, a small file each, in a folder for each target.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dir, 'corpus');

/** In the order of their names, so that a seed gives the same inputs everywhere. */
export function readCorpus(target: string): Uint8Array[] {
  return namesIn(join(FOLDER, target)).map(
    (name) => new Uint8Array(readFileSync(join(FOLDER, target, name))),
  );
}

/** Targets that have a folder. */
export function corpusTargets(): string[] {
  return namesIn(FOLDER);
}

/** Answers where it is now. The same input twice is one file. */
export function keepInput(target: string, input: Uint8Array): string {
  const name = `i${createHash('sha256').update(input).digest('hex').slice(0, 12)}`;
  mkdirSync(join(FOLDER, target), { recursive: true });
  const path = join(FOLDER, target, name);
  writeFileSync(path, input);
  return path;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
