// Starts a real PgBouncer, Debian's or the newer one of scripts/newer_pgbouncer, on an ini file that a test has written.

import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Child, Nursery } from './nursery.ts';
import { unprivilegedAccount } from './nursery.ts';

/** What scripts/newer_pgbouncer fetches. */
export const NEWER_PGBOUNCER = resolve(import.meta.dir, '../../../node_modules/.cache/pgbouncer/pgbouncer');
export const DEBIAN_PGBOUNCER = 'pgbouncer';

const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/bin' };

export function hasNewerPgbouncer(): boolean {
  return existsSync(NEWER_PGBOUNCER);
}

/** `1.18.0`; `unknown` where it is not installed. */
export function pgbouncerVersion(program: string): string {
  if (Bun.which(program, ENVIRONMENT) === null && !existsSync(program)) return 'unknown';
  const { stdout } = Bun.spawnSync([program, '--version'], { env: ENVIRONMENT });
  return /^PgBouncer (\S+)/.exec(stdout.toString())?.[1] ?? 'unknown';
}

/** Writes a file that PgBouncer may read: it refuses to be root. Gives its path. */
export function writeForPgbouncer(nursery: Nursery, name: string, text: string): string {
  const account = unprivilegedAccount();
  const path = join(nursery.directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  if (account !== undefined) chownSync(path, account.uid, account.gid);
  return path;
}

export interface PgbouncerProcess {
  readonly child: Child;
  logText(): string;
}

/** Until it serves: PgBouncer, or what is started in its place by the same words. The nursery ends it; made with `createNursery(name, unprivilegedAccount())`. */
export async function startPgbouncerProcess(
  nursery: Nursery,
  program: string | readonly string[],
  ini: string,
): Promise<PgbouncerProcess> {
  const logPath = join(nursery.directory, 'pgbouncer.log');
  const descriptor = openSync(logPath, 'a');
  const child = nursery.spawn([program, ini].flat(), {
    account: unprivilegedAccount(),
    output: descriptor,
    env: ENVIRONMENT,
  });
  closeSync(descriptor);
  const logText = () => readFileSync(logPath, 'utf8');
  while (!logText().includes('process up')) {
    if (child.exitCode !== null) throw new Error(`Cannot start ${program}: ${logText()}`);
    await Bun.sleep(10);
  }
  return { child, logText };
}
