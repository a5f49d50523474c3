// The files of a package, each with its place and mode: the same for deb and rpm, but for two folders.

import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { VERSION } from '../agent/base/version.ts';
import { billOfMaterials, licences } from './bill.ts';
import { pgsidecar1, pgsidecarYml5 } from './man_pages.ts';

export type Flavour = 'deb' | 'rpm';

export interface Release {
  readonly version: string;
  /** Seconds since 1970: every time in the package is this one (SOURCE_DATE_EPOCH). */
  readonly epoch: number;
}

export interface Placed {
  /** Below the root, without a slash at its beginning. */
  readonly path: string;
  readonly mode: number;
  readonly from?: string;
  readonly bytes?: string | Uint8Array;
}

const ROOT = resolve(import.meta.dir, '..');
const UNITS = ['pgsidecar.service', 'pgsidecar.socket', 'pgsidecar@.service', 'pgsidecar@.socket'];
/** Drop-ins that an administrator copies. */
const EXAMPLES = ['after-pgsidecar.conf', 'credentials.conf', 'notify-reload.conf'];
const DOC = 'usr/share/doc/pgsidecar';

export const RELEASE_VERSION = VERSION;

/** @param executable the compiled program for the package's machine; @param native one that runs here, for what it prints. */
export function filesOf(flavour: Flavour, release: Release, executable: string, native: string): Placed[] {
  const date = new Date(release.epoch * 1_000).toISOString();
  // Debian 12's own tools look for units here; with merged /usr it is the same folder.
  const units = flavour === 'deb' ? 'lib/systemd/system' : 'usr/lib/systemd/system';
  const zsh = flavour === 'deb' ? 'usr/share/zsh/vendor-completions' : 'usr/share/zsh/site-functions';
  const completion = (shell: string): string => printed(native, 'completion', shell);
  return [
    { path: 'usr/bin/pgsidecar', mode: 0o755, from: executable },
    ...UNITS.map((unit) => ({ path: `${units}/${unit}`, mode: 0o644, from: ours(`systemd/${unit}`) })),
    { path: 'usr/lib/sysusers.d/pgsidecar.conf', mode: 0o644, from: ours('systemd/sysusers.conf') },
    { path: 'usr/lib/tmpfiles.d/pgsidecar.conf', mode: 0o644, from: ours('systemd/tmpfiles.conf') },
    { path: 'etc/pgsidecar/pgsidecar.yml', mode: 0o640, from: ours('etc/pgsidecar.yml') },
    ...templates(),
    manPage('man1/pgsidecar.1', pgsidecar1(release.version, date)),
    manPage('man5/pgsidecar.yml.5', pgsidecarYml5(release.version, date)),
    { path: 'usr/share/bash-completion/completions/pgsidecar', mode: 0o644, bytes: completion('bash') },
    { path: `${zsh}/_pgsidecar`, mode: 0o644, bytes: completion('zsh') },
    { path: 'usr/share/fish/vendor_completions.d/pgsidecar.fish', mode: 0o644, bytes: completion('fish') },
    ...EXAMPLES.map((name) => ({
      path: `${DOC}/examples/${name}`,
      mode: 0o644,
      from: ours(`systemd/${name}`),
    })),
    { path: `${DOC}/sbom.cdx.json`, mode: 0o644, bytes: billOfMaterials(release) },
    { path: `${DOC}/copyright`, mode: 0o644, bytes: licences() },
  ];
}

/** Lays them out below `root`, which is emptied first. */
export function layOut(files: readonly Placed[], root: string, { epoch }: Release): void {
  rmSync(root, { recursive: true, force: true });
  for (const { path, mode, from, bytes } of files) {
    const to = join(root, path);
    mkdirSync(dirname(to), { recursive: true });
    if (from !== undefined) cpSync(from, to);
    else writeFileSync(to, bytes!);
    chmodSync(to, mode);
    utimesSync(to, epoch, epoch);
  }
}

function ours(path: string): string {
  return join(import.meta.dir, path);
}

/** What `render` fills: the program has them inside, and an administrator wants to see and copy them. */
function templates(): Placed[] {
  const folder = join(ROOT, 'templates');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((from) => ({
      path: `usr/share/pgsidecar/templates/${from.slice(folder.length + 1)}`,
      mode: 0o644,
      from,
    }));
}

/** Without a time in its header, so that it is the same each time. */
function manPage(path: string, text: string): Placed {
  return { path: `usr/share/man/${path}.gz`, mode: 0o644, bytes: gzipSync(text, { level: 9 }) };
}

function printed(...command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${stderr}`);
  return stdout.toString();
}
