// What an instance of the packaged service goes by: /etc/pgsidecar/NAME.yml, and the folder /run/pgsidecar-NAME.

import type { SourceReading } from './source.ts';

/** A hidden one is what a tool stages there (`.chef-…`) before it is put in place. */
const FILE = /^\/etc\/pgsidecar\/([^/.][^/]*)\.yml$/;
/** As systemd takes it in pgsidecar@NAME.service. */
const NAME = /^[\w.:-]+$/;
/** The service that is no instance. */
const PLAIN = 'pgsidecar';

export function isInstanceName(name: string): boolean {
  return NAME.test(name) && name !== PLAIN;
}

export function instanceFile(name: string): string {
  return `/etc/pgsidecar/${name}.yml`;
}

export function instanceFolder(name: string): string {
  return `/run/pgsidecar-${name}`;
}

/** Whose file it is; undefined when it is none of an instance. */
export function instanceOf(configFile: string | undefined): string | undefined {
  const name = FILE.exec(configFile ?? '')?.[1];
  return name !== undefined && isInstanceName(name) ? name : undefined;
}

/** What the unit of the instance says to the agent. The weakest source: where nobody says another folder, it is the instance's. */
export function readInstance(configFile: string | undefined): SourceReading {
  const name = instanceOf(configFile);
  const folder = name === undefined ? [] : [[name, instanceFolder(name)] as const];
  const settings = Object.fromEntries(
    folder.map(([of, value]) => ['unix_socket_dir', { value, origin: { place: `instance ${of}` } }]),
  );
  return { format: 'instance', databases: [], settings, problems: [], files: [] };
}
