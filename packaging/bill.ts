// What is inside the executable: the bill of materials (CycloneDX), and the licences of all of it.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import manifest from '../package.json';
import lock from '../package-lock.json';
import type { Release } from './stage.ts';

const ROOT = resolve(import.meta.dir, '..');

interface Part {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** The text that comes with it. */
  readonly text: string;
}

type Locked = { version?: string; license?: string; dev?: boolean; optional?: boolean };

/** Everything that package-lock.json wants for the program itself, not for its tests. */
export function parts(): Part[] {
  const locked = Object.entries(lock.packages as Record<string, Locked>);
  return locked
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(ROOT, path)))
    .map(([path, { version, license }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: version!,
      licence: license!,
      text: licenceText(join(ROOT, path)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** CycloneDX 1.5, JSON; the same for the same release. */
export function billOfMaterials({ version, epoch }: Release): string {
  const component = (name: string, at: string, licence: string, purl: string) => ({
    type: 'library',
    name,
    version: at,
    purl,
    licenses: [{ expression: licence }],
  });
  const { bun } = manifest.devDependencies;
  return `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      version: 1,
      metadata: {
        timestamp: new Date(epoch * 1_000).toISOString(),
        component: {
          type: 'application',
          name: 'pgsidecar',
          version,
          licenses: [{ expression: manifest.license }],
        },
      },
      components: [
        component('bun', bun, 'MIT', `pkg:npm/bun@${bun}`),
        ...parts().map(({ name, version: at, licence }) =>
          component(name, at, licence, `pkg:npm/${name.replace(/^@/, '%40')}@${at}`),
        ),
      ],
    },
    undefined,
    2,
  )}\n`;
}

/** Debian's machine-readable form, which rpm may have as well. */
export function licences(): string {
  const stanza = (files: string, comment: string, licence: string, text: string) =>
    [
      `Files: ${files}`,
      'Copyright: see the text below',
      `Comment: ${comment}`,
      `License: ${licence}`,
      ...text
        .trim()
        .split('\n')
        .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`)),
    ].join('\n');
  const own = 'On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.';
  const bun = [
    'The runtime is Bun, under the MIT licence. It has JavaScriptCore in it, which is under the LGPL 2.1 (on Debian systems:',
    '/usr/share/common-licenses/LGPL-2.1), BoringSSL and other libraries, which Bun lists in its own LICENSE.md.',
  ].join('\n');
  return `${[
    [
      'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
      'Upstream-Name: pgsidecar',
    ].join('\n'),
    ['Files: *', 'Copyright: The pgsidecar authors', 'License: Apache-2.0', ` ${own}`].join('\n'),
    stanza('usr/bin/pgsidecar', 'the runtime inside', 'MIT and LGPL-2.1', bun),
    ...parts().map(({ name, version, licence, text }) =>
      stanza('usr/bin/pgsidecar', `${name} ${version} inside`, licence, text),
    ),
  ].join('\n\n')}\n`;
}

function licenceText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^(?:licen[cs]e|copying)(?:\.|$)/i.test(name));
  return file === undefined ? 'No text comes with it.' : readFileSync(join(folder, file), 'utf8');
}
