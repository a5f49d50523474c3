// A guide of this cookbook as a test reads it: the files that it shows, by their paths, and its steps, by their names.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Page {
  /** ```` ```yaml /etc/pgsidecar/pgsidecar.yml ````: path and text, in the order of the page. */
  readonly files: readonly (readonly [path: string, text: string])[];
  /** ```` ```sh point ````: what to run. Throws when the page has no such step, or two. */
  step(name: string): string;
  /** Every named step, in the order of the page. */
  readonly steps: readonly string[];
}

export function readPage(folder: string): Page {
  const text = readFileSync(join(resolve(import.meta.dir, '..'), folder, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, name, body]) => [name!, body!] as const,
  );
  const files = blocks.filter(([name]) => name.startsWith('/'));
  const steps = blocks.filter(([name]) => !name.startsWith('/'));
  return {
    files,
    steps: steps.map(([name]) => name),
    step(name) {
      const found = steps.filter(([each]) => each === name);
      if (found.length !== 1) throw new Error(`${folder} has ${found.length} steps named ${name}`);
      return found[0]![1];
    },
  };
}
