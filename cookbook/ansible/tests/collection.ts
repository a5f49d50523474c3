// The collection in a scratch folder of its own, where Ansible looks for collections, and Ansible's programs run on it.

import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createNursery, type Nursery } from '../../../agent/tests/harness/nursery.ts';

export const SOURCE = join(import.meta.dir, '..');

export interface Collection {
  readonly nursery: Nursery;
  /** Where galaxy.yml is. */
  readonly directory: string;
  /** Where Ansible looks for collections. */
  readonly path: string;
  /** Runs a program in the collection's folder; nothing of the machine's own Ansible configuration reaches it. */
  run(command: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
}

export interface Outcome {
  readonly exitCode: number;
  /** Standard output, then standard error. */
  readonly output: string;
}

export function openCollection(): Collection {
  const nursery = createNursery('ansible');
  const path = join(nursery.directory, 'collections');
  const directory = join(path, 'ansible_collections/pgsidecar/pgsidecar');
  mkdirSync(directory, { recursive: true });
  mkdirSync(join(nursery.directory, 'home'));
  cpSync(SOURCE, directory, { recursive: true });
  return {
    nursery,
    directory,
    path,
    async run(command, env = {}) {
      const child = nursery.spawn(command, {
        cwd: directory,
        output: 'pipe',
        env: { ...ansibleEnv(nursery, path), ...env },
      });
      const [exitCode, out, err] = await Promise.all([
        child.exited,
        new Response(child.stdout as ReadableStream).text(),
        new Response(child.stderr as ReadableStream).text(),
      ]);
      return { exitCode, output: out + err };
    },
  };
}

function ansibleEnv(nursery: Nursery, path: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: join(nursery.directory, 'home'),
    LANG: 'C.UTF-8',
    ANSIBLE_COLLECTIONS_PATH: path,
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_LOCALHOST_WARNING: 'false',
    ANSIBLE_INVENTORY_UNPARSED_WARNING: 'false',
  };
}
