// Mount, network and process namespaces of a test's own, made by a script that is their process 1; they end with the nursery.

import { existsSync, readFileSync } from 'node:fs';
import type { Nursery } from './nursery.ts';

/** Where programs of this machine are looked for in there. */
export const NAMESPACE_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

const UNSHARE = [
  'unshare',
  '--mount',
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  '--propagation',
  'private',
];

/**
 * Gives the process id of their process 1, as this machine sees it. Throws with what the script said when it ended before.
 *
 * @param script of `sh`; it makes the file `ready` when all is laid out, and goes on (`exec sleep infinity`).
 */
export async function openNamespaces(nursery: Nursery, script: string, ready: string): Promise<number> {
  const words = [...UNSHARE, '/bin/sh', '-c', script];
  const holder = nursery.spawn(words, { env: { PATH: NAMESPACE_PATH }, output: 'pipe' });
  while (!existsSync(ready)) {
    if (holder.exitCode !== null)
      throw new Error(`No namespaces: ${await new Response(holder.stderr as ReadableStream).text()}`);
    await Bun.sleep(5);
  }
  return Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim());
}
