// The rpm: rpmbuild on the tree of stage.ts, with the spec of packaging/rpm.

import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MACHINES, type Machine } from './compile.ts';
import { run } from './run.ts';
import { layOut, type Placed, type Release } from './stage.ts';

const ROOT = resolve(import.meta.dir, '..');

/** Gives its path. */
export function buildRpm(release: Release, machine: Machine, files: readonly Placed[]): string {
  const work = join(ROOT, 'dist', 'package', machine, 'rpm');
  rmSync(work, { recursive: true, force: true });
  const tree = join(work, 'tree');
  layOut(files, tree, release);
  mkdirSync(join(work, 'out'), { recursive: true });
  const { rpm } = MACHINES[machine];
  const define = (name: string, value: string | number): string[] => ['--define', `${name} ${value}`];
  const words = [
    ...define('_topdir', work),
    ...define('_rpmdir', join(work, 'out')),
    ...define('our_version', release.version),
    ...define('our_tree', tree),
    ...define('our_date', rpmDate(release.epoch)),
    // The same bytes each time, whoever builds it wherever.
    ...define('_buildhost', 'localhost'),
    ...define('use_source_date_epoch_as_buildtime', 1),
    ...define('clamp_mtime_to_source_date_epoch', 1),
    ...define('_build_id_links', 'none'),
    ...define('__strip', '/bin/true'),
  ];
  run(['rpmbuild', '-bb', '--target', rpm, ...words, join(import.meta.dir, 'rpm/pgsidecar.spec')], work, {
    SOURCE_DATE_EPOCH: String(release.epoch),
  });
  const name = `pgsidecar-${release.version}-1.${rpm}.rpm`;
  const path = join(ROOT, 'dist', name);
  copyFileSync(join(work, 'out', rpm, name), path);
  return path;
}

/** As %changelog wants it: `Sat Nov 21 2026`. */
function rpmDate(epoch: number): string {
  const [weekday, day, month, year] = new Date(epoch * 1_000).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${year}`;
}
