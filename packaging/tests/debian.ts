// A booted Debian for the tests of packages and cookbooks: a real systemd, PostgreSQL, Ruby and Ansible in it, no network but the loopback.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { missingPrograms } from '../../agent/tests/harness/needs.ts';

const BOX = resolve(import.meta.dir, '../box/box');
/** Made once for each machine and release: two minutes, most of it Debian's packages. */
const CACHE = '/var/cache/pgsidecar-tests';

/** What can be booted, and what its users call it. */
const RELEASES = { bookworm: 'Debian 12', trixie: 'Debian 13' } as const;
export type Release = keyof typeof RELEASES;
/** For a table of tests. */
export const EACH_RELEASE = Object.entries(RELEASES) as readonly (readonly [Release, string])[];

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Debian extends AsyncDisposable {
  /** Its root file system: files may be put there at any time. */
  readonly root: string;
  /** Runs words, or a line of `sh`. */
  run(command: string | readonly string[]): Promise<Outcome>;
  /** The same; throws with what it printed when it fails. Gives its standard output. */
  must(command: string | readonly string[]): Promise<string>;
  /** What systemd says of a unit; of the agent's where none is named. */
  property(name: string, unit?: string): Promise<string>;
  /** @param path absolute, inside. */
  write(path: string, text: string | Uint8Array, mode?: number): void;
  read(path: string): string;
  /** Powers it off and boots it again; what was under /run and /tmp is gone. */
  reboot(): Promise<void>;
  close(): Promise<void>;
}

/** Why there cannot be one here; undefined when there can. */
export function whyNoDebian(): string | undefined {
  if (process.getuid?.() !== 0) return 'a booted Debian needs root';
  return missingPrograms('debootstrap', 'unshare', 'nsenter', 'ip');
}

/**
 * Boots one. It is gone with this process, even if nobody closes it: it is lent by a keeper, who takes it away when the pipe
 * between them ends. Where the keeper was killed too, the next one that is opened takes away what is left.
 */
export async function openDebian(release: Release = 'bookworm'): Promise<Debian> {
  const base = join(CACHE, release);
  const packages = readFileSync(resolve(import.meta.dir, '../box/packages'), 'utf8')
    .trim()
    .split('\n');
  await box('make', base, release, ...packages);
  const running = join(CACHE, 'run');
  mkdirSync(running, { recursive: true });
  await box('reap', running);
  const root = join(running, `debian-${crypto.randomUUID()}`);
  const close = await lend(base, root);
  const run = (command: string | readonly string[]) =>
    capture([BOX, 'run', root, ...(typeof command === 'string' ? ['sh', '-c', command] : command)]);
  const must: Debian['must'] = async (command) => mustSucceed(command, await run(command));
  return {
    root,
    run,
    must,
    property: async (name, unit = 'pgsidecar.service') =>
      (await must(['systemctl', 'show', '--value', '--property', name, unit])).trim(),
    write: (path, text, mode = 0o644) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      chmodSync(join(root, path), mode);
    },
    read: (path) => readFileSync(join(root, path), 'utf8'),
    reboot: async () => {
      await box('down', root);
      await box('up', root);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Gives what takes it away again, once it is booted. */
async function lend(base: string, root: string): Promise<() => Promise<void>> {
  // In a session of its own: the terminal's Ctrl-C ends the borrower, not the keeper.
  const keeper = Bun.spawn([BOX, 'lend', base, root], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  });
  keeper.unref();
  // It says one thing when it is up, and closes both; or why there is none, and ends.
  const [stdout, stderr] = await Promise.all([keeper.stdout.text(), keeper.stderr.text()]);
  if (!/^(running|degraded)\n$/.test(stdout))
    throw new Error(`box lend ${base} ended with ${await keeper.exited}: ${stdout}${stderr}`);
  return async () => {
    await keeper.stdin.end();
    await keeper.exited;
  };
}

async function box(...words: string[]): Promise<string> {
  return mustSucceed(['box', ...words], await capture([BOX, ...words]));
}

async function capture(command: readonly string[]): Promise<Outcome> {
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

function mustSucceed(command: string | readonly string[], { code, stdout, stderr }: Outcome): string {
  if (code === 0) return stdout;
  throw new Error(
    `${typeof command === 'string' ? command : command.join(' ')} ended with ${code}: ${stdout}${stderr}`,
  );
}
