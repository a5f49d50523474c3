// The deb: debhelper on the tree of stage.ts, so that its maintainer scripts are those that Debian expects.

import { copyFileSync, cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Machine } from './compile.ts';
import { run } from './run.ts';
import { layOut, type Placed, type Release } from './stage.ts';

const ROOT = resolve(import.meta.dir, '..');

/** Gives its path. */
export function buildDeb(release: Release, machine: Machine, files: readonly Placed[]): string {
  const work = join(ROOT, 'dist', 'package', machine, 'deb');
  rmSync(work, { recursive: true, force: true });
  const source = join(work, 'pgsidecar');
  layOut(files, join(source, 'tree'), release);
  cpSync(join(import.meta.dir, 'debian'), join(source, 'debian'), { recursive: true });
  writeFileSync(join(source, 'debian/changelog'), changelog(release));
  // Nothing is compiled here, so that what Debian would want for that on another machine is not needed.
  run(
    ['dpkg-buildpackage', '--build=binary', '--no-sign', '--no-check-builddeps', `--host-arch=${machine}`],
    source,
    {
      SOURCE_DATE_EPOCH: String(release.epoch),
      DEB_BUILD_OPTIONS: 'nocheck noautodbgsym',
    },
  );
  const name = readdirSync(work).find((each) => each.endsWith('.deb'))!;
  const path = join(ROOT, 'dist', name);
  copyFileSync(join(work, name), path);
  return path;
}

function changelog({ version, epoch }: Release): string {
  const date = new Date(epoch * 1_000).toUTCString().replace('GMT', '+0000');
  return [
    `pgsidecar (${version}) stable; urgency=medium`,
    '',
    '  * See CHANGELOG.md.',
    '',
    ` -- pgsidecar maintainers <maintainers@pgsidecar.example>  ${date}`,
    '',
  ].join('\n');
}
