// A cable between this machine and a network namespace that somebody lives in: pulled out, put back, lossy, reset.

import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pgsidecarProgram } from '../harness/agent.ts';
import { missingPrograms } from '../harness/needs.ts';
import { createNursery } from '../harness/nursery.ts';

export interface Cable extends AsyncDisposable {
  /** This machine's address, and the one in the namespace; of the range for benchmarks (RFC 2544), which nobody routes. */
  readonly near: string;
  readonly far: string;
  /** What to put in front of a command, so that it runs in the namespace. */
  readonly inside: readonly string[];
  /** An executable that runs the agent in the namespace; its other commands run here. */
  readonly agent: string;
  pullOut(): void;
  putBack(): void;
  /** Drops packets, at random where the kernel can do that and else those that come too fast; until it is called with false. */
  loseSome(isLossy: boolean): void;
  /** Packets that were dropped so far. */
  lost(): number;
  /** Resets the connections of a port of ours, as a firewall does that has forgotten them. */
  resetAll(port: number): void;
}

/** Why there can be no cable here. */
export function missingCables(): string | undefined {
  const missing = missingPrograms('ip', 'ss', 'tc', 'unshare', 'nsenter');
  if (missing !== undefined) return missing;
  if (process.getuid?.() !== 0) return 'network namespaces are for root';
  const add = ['ip', 'link', 'add', 'name', 'near', 'type', 'veth', 'peer', 'name', 'far'];
  const made = Bun.spawnSync(['unshare', '-n', ...add], { stderr: 'pipe' });
  return made.exitCode === 0 ? undefined : `no network namespaces here: ${made.stderr.toString().trim()}`;
}

/** Why connections cannot be reset here: the kernel may be built without it, and then says nothing. */
export async function missingResets(): Promise<string | undefined> {
  const missing = missingCables();
  if (missing !== undefined) return missing;
  const listener = createServer((socket) => socket.on('error', () => {})); // that is what is tried
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  await new Promise((resolve) => client.once('connect', resolve));
  const reset = new Promise<boolean>((resolve) => client.once('error', () => resolve(true)));
  run('ss', '-K', 'state', 'connected', 'sport', '=', `:${port}`);
  const done = await Promise.race([reset, Bun.sleep(2_000).then(() => false)]);
  client.destroy();
  listener.close();
  return done ? undefined : 'this kernel resets no connections (CONFIG_INET_DIAG_DESTROY)';
}

/** The namespace, and with it the cable, goes with the process that holds it, whatever becomes of the test. */
export async function layCable(): Promise<Cable> {
  const nursery = createNursery('cable');
  const holder = nursery.spawn(['unshare', '-n', 'sleep', '3600'], {
    output: 'pipe',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const inside = ['nsenter', '-t', String(holder.pid), '-n'];
  // Interfaces have short names; files of tests have processes, and so numbers, of their own.
  const [nearName, farName] = [`pgsn${process.pid}`, `pgsf${process.pid}`];
  const [second, third] = [18 + (process.pid & 1), (process.pid >> 1) & 255];
  const [near, far] = [`198.${second}.${third}.1`, `198.${second}.${third}.2`];
  run('ip', 'link', 'add', 'name', nearName, 'type', 'veth', 'peer', 'name', farName);
  run('ip', 'addr', 'add', `${near}/30`, 'dev', nearName);
  run('ip', 'link', 'set', nearName, 'up');
  // It takes a moment to get there: until then its namespace is ours.
  const ours = linkOf('self');
  while (linkOf(String(holder.pid)) === ours) await Bun.sleep(5);
  run('ip', 'link', 'set', farName, 'netns', String(holder.pid));
  run(...inside, 'ip', 'link', 'set', 'lo', 'up');
  run(...inside, 'ip', 'link', 'set', farName, 'up');
  run(...inside, 'ip', 'addr', 'add', `${far}/30`, 'dev', farName);

  const agent = join(nursery.directory, 'pgsidecar');
  const program = quoted(pgsidecarProgram());
  writeFileSync(
    agent,
    `#!/bin/sh\n[ "$1" = run ] && exec ${quoted(inside)} ${program} "$@"\nexec ${program} "$@"\n`,
    { mode: 0o755 },
  );
  let lostBefore = 0;
  const lossy = ['tc', 'qdisc', 'add', 'dev', nearName, 'root'];
  return {
    near,
    far,
    inside,
    agent,
    pullOut: () => run('ip', 'link', 'set', nearName, 'down'),
    putBack: () => run('ip', 'link', 'set', nearName, 'up'),
    loseSome(isLossy) {
      if (!isLossy) {
        lostBefore += droppedBy(nearName);
        return run('tc', 'qdisc', 'del', 'dev', nearName, 'root');
      }
      const random = ['netem', 'delay', '3ms', '2ms', 'loss', '3%', 'reorder', '10%'];
      const { exitCode } = Bun.spawnSync([...lossy, ...random], { stderr: 'ignore' });
      if (exitCode !== 0) run(...lossy, 'tbf', 'rate', '600kbit', 'burst', '1600', 'limit', '1600');
    },
    lost: () => lostBefore + droppedBy(nearName),
    resetAll: (port) => run('ss', '-K', 'state', 'connected', 'sport', '=', `:${port}`, 'dst', far),
    async [Symbol.asyncDispose]() {
      await nursery.close();
      // The kernel takes the cable away with the namespace, in its own time.
      Bun.spawnSync(['ip', 'link', 'del', nearName], { stderr: 'ignore' });
    },
  };
}

function linkOf(pid: string): string {
  return Bun.spawnSync(['readlink', `/proc/${pid}/ns/net`]).stdout.toString();
}

function droppedBy(name: string): number {
  const text = Bun.spawnSync(['tc', '-s', 'qdisc', 'show', 'dev', name]).stdout.toString();
  return Number(/dropped (\d+)/.exec(text)?.[1] ?? 0);
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { stdout: 'ignore', stderr: 'pipe' });
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${stderr.toString()}`);
}

function quoted(command: readonly string[]): string {
  return command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}
