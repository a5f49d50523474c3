// Runs an image's ENTRYPOINT as an engine would: as its user, PID 1, without capabilities, on a root that it cannot write to.

import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, Nursery } from '../../../agent/tests/harness/nursery.ts';
import { lastOf, type Stage } from './dockerfile.ts';
import { quote } from './image.ts';

export interface Container {
  /** Of its PID 1, as the machine counts. */
  readonly pid: number;
  /** The folder behind /run/pgsidecar. */
  readonly socketDir: string;
  readonly child: Child;
  /** Runs the words of HEALTHCHECK inside; its exit code. */
  checkHealth(): Promise<number>;
  output(): string;
}

export interface ContainerOptions {
  /** What is mounted at /etc/pgsidecar. */
  readonly configuration: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function runContainer(
  stage: Stage,
  root: string,
  nursery: Nursery,
  options: ContainerOptions,
): Promise<Container> {
  const [uid = '', gid = ''] = userOf(stage);
  const socketDir = join(nursery.directory, 'socket');
  mkdirSync(socketDir);
  chownSync(socketDir, Number(uid), Number(gid));
  chmodSync(socketDir, 0o755);
  // These an engine writes into every container.
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  writeFileSync(join(root, 'etc/resolv.conf'), '');
  for (const path of ['proc', 'dev']) mkdirSync(join(root, path), { recursive: true });
  const script = scriptOf(stage, root, socketDir, options);
  const child = nursery.spawn(
    [
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'],
      ...['/bin/sh', '-c', script],
    ],
    { output: 'pipe', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) void collect(stream as ReadableStream<Uint8Array>);
  async function collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
  }
  const pid = await firstInside(child, () => text);
  const words = lastOf(stage, 'HEALTHCHECK').words;
  return {
    pid,
    socketDir,
    child,
    output: () => text,
    async checkHealth() {
      const namespaces = [`--target=${pid}`, '--mount', '--pid', '--root', '--wd'];
      const enter = ['nsenter', ...namespaces, `--setuid=${uid}`, `--setgid=${gid}`];
      const check = Bun.spawn([...enter, ...words], {
        stdio: ['ignore', 'ignore', 'ignore'],
        env: { PATH: '/usr/bin:/bin' },
      });
      return await check.exited;
    },
  };
}

/** What is mounted where, and then the program in place of the shell. */
function scriptOf(stage: Stage, root: string, socketDir: string, options: ContainerOptions): string {
  const [uid = '', gid = ''] = userOf(stage);
  const command = [...lastOf(stage, 'ENTRYPOINT').words, ...lastOf(stage, 'CMD').words];
  // The program is entered without a shell: there is none inside.
  const [workdir = '/'] = lastOf(stage, 'WORKDIR').words;
  const inside = ['unshare', `--root=${root}`, `--wd=${workdir}`, `--setgid=${gid}`, `--setuid=${uid}`];
  const env = Object.entries({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...options.env });
  const variables = env.map(([name, value]) => quote(`${name}=${value}`)).join(' ');
  return `
    set -eu
    mount --bind ${root} ${root}
    mount --bind ${socketDir} ${root}/run/pgsidecar
    mount --bind ${options.configuration} ${root}/etc/pgsidecar
    mount -t proc proc ${root}/proc
    mount -t tmpfs -o mode=755 tmpfs ${root}/dev
    for each in null zero random urandom; do touch ${root}/dev/$each; mount --bind /dev/$each ${root}/dev/$each; done
    mount -o remount,bind,ro ${root}
    mount -o remount,bind,ro ${root}/etc/pgsidecar
    cd /
    exec env -i ${variables} setpriv --no-new-privs ${[...inside, ...command].map(quote).join(' ')}
  `;
}

/** The child of unshare, once it has become the program of the image. */
async function firstInside(child: Child, output: () => string): Promise<number> {
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  while (child.exitCode === null) {
    const pid = existsSync(children) ? Number(readFileSync(children, 'utf8').trim()) : 0;
    if (pid > 0 && nameOf(pid) === 'pgsidecar') return pid;
    await Bun.sleep(5);
  }
  throw new Error(`The container ended with ${child.exitCode}: ${output()}`);
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function userOf(stage: Stage): readonly string[] {
  return lastOf(stage, 'USER').words[0]!.split(':');
}
