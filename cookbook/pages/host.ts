// A host as the guides take it to be: /srv/shop, /etc/pgsidecar, /run/pgsidecar, and a PostgreSQL at db.example, in namespaces of its own.

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pgsidecarProgram } from '../../agent/tests/harness/agent.ts';
import type { CertificateAuthority } from '../../agent/tests/harness/certificates.ts';
import { NAMESPACE_PATH, openNamespaces } from '../../agent/tests/harness/namespaces.ts';
import { missingPrograms } from '../../agent/tests/harness/needs.ts';
import { type Child, createNursery, type Nursery } from '../../agent/tests/harness/nursery.ts';
import type { Postgres } from '../../agent/tests/harness/postgres.ts';

export interface Host {
  /** A line of bash, in /srv/shop; throws with what it said when it fails. Gives its standard output, trimmed. */
  run(line: string, env?: Readonly<Record<string, string>>): Promise<string>;
  write(path: string, text: string, mode?: number): void;
  read(path: string): string;
  startAgent(env?: Readonly<Record<string, string>>, start?: Start): Promise<void>;
  /** Without a word, as the OOM killer does. */
  killAgent(): Promise<void>;
  close(): Promise<void>;
}

/** How it is started, where that is not how the guides do it. */
export interface Start {
  /** What it reads in place of /etc/pgsidecar/pgsidecar.yml. */
  readonly config: string;
  /** Where it is started, in place of /srv/shop. */
  readonly folder: string;
  /** In place of `run --config`, before the file. */
  readonly words?: string;
}

export function whyNoHost(): string | undefined {
  if (process.getuid?.() !== 0) return 'root is needed to have a /run and an /etc of its own';
  const tried = Bun.spawnSync(['unshare', '--mount', '--net', '--pid', '--fork', '/bin/true']);
  if (tried.exitCode !== 0) return `no namespaces here: ${tried.stderr.toString().trim()}`;
  return missingPrograms('psql', 'socat', 'nsenter', 'ip');
}

/** `postgres` shows a certificate for db.example. */
export async function openHost(postgres: Postgres, authority: CertificateAuthority): Promise<Host> {
  const nursery = createNursery('host');
  const { directory } = nursery;
  chmodSync(directory, 0o755);
  furnish(directory, authority);
  const pid = await enterNamespaces(nursery, directory);
  await bridge(nursery, pid, join(directory, 'server.sock'), postgres);
  return handleOf(nursery, ['nsenter', `--target=${pid}`, '--mount', '--net', '--pid']);
}

/** What is mounted at /srv, /run, /etc/pgsidecar and /usr/local/bin. */
function furnish(directory: string, authority: CertificateAuthority): void {
  for (const path of ['srv/shop', 'etc/pgsidecar', 'run/pgsidecar', 'bin']) {
    mkdirSync(join(directory, path), { recursive: true });
  }
  const words = pgsidecarProgram().map((word) => `'${word}'`);
  const programs = {
    pgsidecar: `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`,
    // The guides have root do what needs root, and so has this test.
    sudo: '#!/bin/sh\n[ "$1" != -E ] || shift\nexec "$@"\n',
  };
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(directory, 'bin', name), text, { mode: 0o755 });
  }
  writeFileSync(join(directory, 'etc/hosts'), '127.0.0.1 localhost db.example\n');
  writeFileSync(join(directory, 'etc/our-ca.crt'), authority.certificate);
}

/** bash writes its own number before it becomes the agent. */
const GUIDES: Start = { config: '/etc/pgsidecar/pgsidecar.yml', folder: '/srv/shop' };
const runAgent = ({ config, folder, words = 'run --config' }: Start): string =>
  `cd ${folder}; echo $$ >/run/agent.pid; exec pgsidecar ${words} ${config} >/run/agent.log 2>&1`;

function handleOf(nursery: Nursery, inside: readonly string[]): Host {
  const base = { PATH: NAMESPACE_PATH, HOME: '/srv/shop', LANG: 'C.UTF-8' };
  const map = (path: string) => path.replace(/^\/(srv|etc|run)\//, `${nursery.directory}/$1/`);
  let agent: Child | undefined;
  const host: Host = {
    async run(line, env = {}) {
      const child = Bun.spawn([...inside, 'bash', '-euo', 'pipefail', '-c', `cd /srv/shop; ${line}`], {
        env: { ...base, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      if ((await child.exited) !== 0)
        throw new Error(`It ended with ${child.exitCode}: ${line}\n${out}${err}`);
      return out.trim();
    },
    write(path, text, mode = 0o644) {
      mkdirSync(dirname(map(path)), { recursive: true });
      writeFileSync(map(path), text, { mode });
    },
    read: (path) => readFileSync(map(path), 'utf8'),
    async startAgent(env = {}, start = GUIDES) {
      agent = nursery.spawn([...inside, 'bash', '-c', runAgent(start)], {
        env: { ...base, ...env },
        output: 'pipe',
      });
      await host
        .run(`cd ${start.folder}; pgsidecar wait --config ${start.config} --timeout 20s`, env)
        .catch((error: Error) => {
          throw new Error(`${error.message}\n${host.read('/run/agent.log')}`);
        });
    },
    async killAgent() {
      await host.run('kill -KILL "$(cat /run/agent.pid)"');
      await agent?.exited;
    },
    close: () => nursery.close(),
  };
  return host;
}

/** Gives the process that holds the namespaces open. */
async function enterNamespaces(nursery: Nursery, directory: string): Promise<number> {
  const ready = join(directory, 'ready');
  const script = `
    set -eu
    ip link set lo up
    mount -t proc proc /proc
    mount --bind ${directory}/srv /srv
    mount --bind ${directory}/run /run
    mount --bind ${directory}/bin /usr/local/bin
    mkdir ${directory}/etc.work ${directory}/etc.root
    mount -t tmpfs tmpfs ${directory}/etc.work
    mkdir ${directory}/etc.work/upper ${directory}/etc.work/work
    mount -t overlay overlay -o lowerdir=/etc,upperdir=${directory}/etc.work/upper,workdir=${directory}/etc.work/work ${directory}/etc.root
    cp ${directory}/etc/hosts ${directory}/etc.root/hosts
    cp ${directory}/etc/our-ca.crt ${directory}/etc.root/ssl/certs/our-ca.crt
    mkdir -p ${directory}/etc.root/pgsidecar
    mount --rbind ${directory}/etc.root /etc
    mount --bind ${directory}/etc/pgsidecar /etc/pgsidecar
    touch ${ready}
    exec sleep infinity
  `;
  return await openNamespaces(nursery, script, ready);
}

/** The network in there has a loopback and nothing else: its port 5432 leads out by a UNIX socket to the test's PostgreSQL. */
async function bridge(nursery: Nursery, pid: number, socket: string, postgres: Postgres): Promise<void> {
  const out = ['socat', `UNIX-LISTEN:${socket},fork,backlog=128`, `TCP:127.0.0.1:${postgres.port}`];
  const inward = [
    'socat',
    'TCP-LISTEN:5432,bind=127.0.0.1,fork,reuseaddr,backlog=128',
    `UNIX-CONNECT:${socket}`,
  ];
  nursery.spawn(out, { env: { PATH: NAMESPACE_PATH }, output: 'pipe' });
  nursery.spawn(['nsenter', `--target=${pid}`, '--net', ...inward], {
    env: { PATH: NAMESPACE_PATH },
    output: 'pipe',
  });
  const tables = () => readFileSync(`/proc/${pid}/net/tcp`, 'utf8');
  while (!existsSync(socket) || !tables().includes(':1538 ')) await Bun.sleep(5);
}
