// The pgsidecar.yml of a manifest on this machine: the places that a pod has become places below a scratch directory.

import { readFileSync } from 'node:fs';

/** Each setting's text as it is written, with the mounts and hosts of a pod replaced; a place that is not named stays. */
export function onThisMachine(path: string, places: Readonly<Record<string, string>>): string {
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of Object.entries(places)) {
    if (!text.includes(from)) throw new Error(`${path} does not name ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}
