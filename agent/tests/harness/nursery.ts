// A scratch directory and the processes that live in it: none of them outlives the test, however the test ends.
//
// A shell waits at the other end of a pipe. When this process closes the pipe, or dies of Ctrl-C, of a crash or of
// SIGKILL, the kernel closes it, and the shell ends the processes and removes the directory. So there is no exit
// handler to forget, and nothing to clean up by hand after a bad day.

import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileSink, Subprocess } from 'bun';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Who it runs as; only root can choose. */
  readonly account?: Account | undefined;
  /** Where output goes: a file's descriptor, or `pipe` to read it. */
  readonly output: number | 'pipe';
  /** How it is ended when the test can no longer do it: QUIT for PostgreSQL, which cleans up its shared memory. */
  readonly lastSignal?: 'KILL' | 'QUIT';
}

export interface Nursery {
  readonly directory: string;
  /** Runs `command` in a process group of its own, so that the terminal's Ctrl-C reaches it only through us. */
  spawn(command: readonly string[], options: SpawnOptions): Child;
  /** Ends whatever still runs and removes the directory. Twice is as good as once. */
  close(): Promise<void>;
}

export type Child = Subprocess<'ignore', 'pipe' | number, 'pipe' | number>;

const KEEPER = `
trap '' HUP INT QUIT TERM
# Dead and not yet buried is not running: its new parent may take its time.
is_running() {
  case "$(grep '^State:' "/proc/$1/status" 2>/dev/null)" in '' | *Z*) return 1 ;; esac
}
children=
while read -r verb pid signal; do
  case $verb in
    watch) children="$children $pid:$signal" ;;
    forget)
      kept=
      for child in $children; do [ "\${child%%:*}" = "$pid" ] || kept="$kept $child"; done
      children=$kept ;;
  esac
done
for child in $children; do kill -s "\${child#*:}" -- "-\${child%%:*}" 2>/dev/null; done
for child in $children; do
  tries=0
  while is_running "\${child%%:*}"; do
    tries=$((tries + 1))
    [ $tries -lt 50 ] || { kill -s KILL -- "-\${child%%:*}" 2>/dev/null; break; }
    sleep 0.1
  done
done
rm -rf -- "$1"
`;

/** `owner` gets the directory, so that a server that refuses to run as root can live in it. */
export function createNursery(name: string, owner?: Account): Nursery {
  const directory = mkdtempSync(join(reachableRoot(), `pgsidecar-${name}-`));
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
  const keeper = Bun.spawn(['/bin/sh', '-c', KEEPER, 'pgsidecar-keeper', directory], {
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    cwd: '/',
    detached: true,
  });
  keeper.unref();
  const children = new Set<Child>();

  return {
    directory,
    spawn(command, options) {
      const child = Bun.spawn([...command], {
        stdin: 'ignore',
        stdout: options.output,
        stderr: options.output,
        env: { ...options.env },
        cwd: options.cwd ?? directory,
        detached: true,
        ...options.account,
      });
      child.unref();
      children.add(child);
      tell(keeper.stdin, `watch ${child.pid} ${options.lastSignal ?? 'KILL'}`);
      void child.exited.then(() => {
        children.delete(child);
        tell(keeper.stdin, `forget ${child.pid}`);
      });
      return child;
    },
    async close() {
      await Promise.all([...children].map((child) => endChild(child)));
      await keeper.stdin.end();
      await keeper.exited;
    },
  };
}

/** SIGTERM, five seconds of patience, SIGKILL. */
export async function endChild(child: Child, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await child.exited;
  clearTimeout(timer);
}

/** The account for programs that refuse to be root; undefined when we are not root, and they may run as us. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['nobody', 'postgres', 'daemon']) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error('Cannot run PostgreSQL as root, and /etc/passwd has neither nobody, postgres nor daemon');
}

/** A directory for `owner` (root's own subdirectories stay root's). */
export function makeDirectory(path: string, owner?: Account, mode = 0o700): string {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  return path;
}

/** Can somebody who is neither owner nor group walk down to `path`? A checkout under /root usually cannot be reached. */
export function isReachableByAll(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false;
  const parent = dirname(path);
  return parent === path || isReachableByAll(parent);
}

/** Where temporary files go. Short as well: a UNIX socket's path has room for 107 bytes. */
export function reachableRoot(): string {
  const candidates = [tmpdir(), '/tmp', '/var/tmp'];
  const found = candidates.find((path) => path.length <= 40 && isReachableByAll(path));
  if (found === undefined) throw new Error(`Cannot make temporary files: tried ${candidates.join(', ')}`);
  return found;
}

function tell(keeper: FileSink, line: string): void {
  keeper.write(`${line}\n`);
  keeper.flush();
}
