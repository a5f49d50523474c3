// The package that is installed on the node, and the same program under another version.

import { copyFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildPackage } from '../../../packaging/tests/build.ts';
import type { Debian } from '../../../packaging/tests/debian.ts';

const ON_NODE = '/opt/packages';

export interface Package {
  /** Where it is on the node. */
  readonly path: string;
  /** As dpkg says it. */
  readonly version: string;
}

/** Puts one of each version where the node has its packages; they come back in the same order. */
export type PutPackages = (debian: Debian, ...versions: readonly string[]) => Promise<Package[]>;

/** Builds each version once, which takes a while. */
export function openShelf(): PutPackages {
  const shelf = new Map<string, string>();
  return async ({ root, must }, ...versions) => {
    mkdirSync(join(root, ON_NODE), { recursive: true });
    const packages: Package[] = [];
    for (const version of versions) {
      const built = shelf.get(version) ?? buildPackage('deb', version);
      shelf.set(version, built);
      const path = join(ON_NODE, basename(built));
      copyFileSync(built, join(root, path));
      packages.push({ path, version: (await must(['dpkg-deb', '-f', path, 'Version'])).trim() });
    }
    return packages;
  };
}
