// An agent in a mount namespace of its own, with its own /etc/hosts: names lead where a test says, and elsewhere a moment later.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgsidecarProgram } from './agent.ts';
import { missingPrograms } from './needs.ts';

export interface OwnHosts {
  /** What `AgentOptions.executable` wants. */
  readonly executable: string;
  /** Name → addresses, from now on. */
  set(names: Readonly<Record<string, readonly string[]>>): void;
  remove(): void;
}

export function missingOwnHosts(): string | undefined {
  return process.getuid?.() === 0
    ? missingPrograms('unshare', 'mount')
    : 'only root may have an /etc/hosts of its own';
}

/** @param nameserver the one that its /etc/resolv.conf names, for what is not in its /etc/hosts; the machine's where nothing is said. */
export function makeOwnHosts(
  names: Readonly<Record<string, readonly string[]>>,
  nameserver?: string,
): OwnHosts {
  const directory = mkdtempSync(join(tmpdir(), 'pgsidecar-hosts-'));
  chmodSync(directory, 0o755);
  const file = join(directory, 'hosts');
  // In place: what is mounted is this very file.
  const set: OwnHosts['set'] = (all) => {
    const lines = Object.entries(all).flatMap(([name, addresses]) =>
      addresses.map((each) => `${each} ${name}`),
    );
    writeFileSync(file, `${['127.0.0.1 localhost', ...lines].join('\n')}\n`);
  };
  set(names);
  const executable = join(directory, 'pgsidecar');
  // The paths of a checkout and of a temporary directory have no quotes and no spaces in them.
  const program = pgsidecarProgram().join(' ');
  const resolver = join(directory, 'resolv.conf');
  writeFileSync(resolver, `nameserver ${nameserver}\noptions timeout:30 attempts:1\n`);
  const asks = nameserver === undefined ? '' : `mount --bind ${resolver} /etc/resolv.conf && `;
  const inside = `mount --bind ${file} /etc/hosts && ${asks}exec ${program} "$@"`;
  const script = `#!/bin/sh\nexec unshare --mount --propagation private /bin/sh -c '${inside}' pgsidecar "$@"\n`;
  writeFileSync(executable, script, { mode: 0o755 });
  return { executable, set, remove: () => rmSync(directory, { recursive: true }) };
}
