// What compose.yaml describes, without an engine: its services, as it says them, on the root of this Debian with a network of its own.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { pgsidecarProgram } from '../../../agent/tests/harness/agent.ts';
import { NAMESPACE_PATH, openNamespaces } from '../../../agent/tests/harness/namespaces.ts';
import { missingPrograms } from '../../../agent/tests/harness/needs.ts';
import { type Child, createNursery, type Nursery } from '../../../agent/tests/harness/nursery.ts';
import { recordSecret } from '../../../agent/tests/harness/record.ts';

export const FOLDER = resolve(import.meta.dir, '..');
const REPOSITORY = resolve(FOLDER, '../..');

export interface Service {
  readonly build?: string | { readonly context: string; readonly dockerfile: string };
  readonly image?: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

export const compose = parse(readFileSync(join(FOLDER, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;

/** Each service that runs here gets an address of the loopback, and its name. */
const ADDRESSES: Readonly<Record<string, string>> = {
  etcd: '127.0.0.2',
  postgres1: '127.0.0.3',
  postgres2: '127.0.0.4',
  writer: '127.0.0.5',
};

export interface Cluster {
  /** Starts what the service says, as its user; what it prints goes to /tmp/SERVICE.log. */
  start(service: string): Child;
  /** A line of sh as a user, with the environment of a service; its exit code and all that it said. */
  run(
    line: string,
    service?: string,
    user?: string,
  ): Promise<{ readonly code: number; readonly text: string }>;
  log(service: string): Promise<string>;
  close(): Promise<void>;
}

export function whyNoCluster(): string | undefined {
  if (process.getuid?.() !== 0) return 'root is needed for a root and a network of its own';
  if (!existsSync('/usr/lib/postgresql/15/bin/postgres'))
    return 'PostgreSQL 15 is not installed: scripts/setup --debian';
  return missingPrograms(
    'patroni',
    'etcd',
    'haproxy',
    'openssl',
    'unshare',
    'nsenter',
    'setpriv',
    'ip',
    'psql',
  );
}

export async function openCluster(): Promise<Cluster> {
  const nursery = createNursery('cluster');
  const pid = await enter(nursery);
  const inside = ['nsenter', `--target=${pid}`, '--mount', '--net', '--pid', '--root', '--wd'];
  const environmentOf = (name?: string) => ({
    PATH: NAMESPACE_PATH,
    HOME: '/tmp',
    LANG: 'C.UTF-8',
    ...(name && compose.services[name]?.environment),
  });
  const as = (user: string) => {
    const groups = user === 'postgres' ? '--groups=65532' : '--clear-groups';
    return ['setpriv', `--reuid=${user}`, `--regid=${user}`, groups];
  };
  async function run(line: string, name?: string, user = 'postgres') {
    const child = Bun.spawn([...inside, ...as(user), 'sh', '-c', `exec 2>&1; ${line}`], {
      env: environmentOf(name),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const text = await child.stdout.text();
    return { code: await child.exited, text: text.trim() };
  }
  return {
    start(name) {
      const { user, command = [] } = compose.services[name]!;
      const words = name === 'pgsidecar' ? [...pgsidecarProgram(), 'run'] : command;
      const log = ['sh', '-c', `exec "$@" >/tmp/${name}.log 2>&1`, 'sh'];
      return nursery.spawn([...inside, ...as(user ?? '65532'), ...log, ...words], {
        env: environmentOf(name),
        output: 'pipe',
      });
    },
    run,
    async log(name): Promise<string> {
      return (await run(`cat /tmp/${name}.log`)).text;
    },
    close: () => nursery.close(),
  };
}

/** Gives the process that holds the namespaces, and the root in them, open. */
async function enter(nursery: Nursery): Promise<number> {
  const { directory } = nursery;
  const [work, ready] = [join(directory, 'work'), join(directory, 'ready')];
  for (const path of [work, join(directory, 'secrets')]) mkdirSync(path);
  for (const name of Object.keys(compose.secrets)) {
    const secret = crypto.randomUUID();
    recordSecret(secret);
    writeFileSync(join(directory, 'secrets', name), secret, { mode: 0o444 });
  }
  const hosts = Object.entries(ADDRESSES).map(([name, address]) => `${address} ${name}`);
  writeFileSync(join(directory, 'hosts'), `127.0.0.1 localhost\n${hosts.join('\n')}\n`);
  const script = layOut(directory, work, ready);
  const pid = await openNamespaces(nursery, script, ready);
  // Only behind its chroot are the namespaces as a service finds them.
  while (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'perl') await Bun.sleep(5);
  return pid;
}

/** A root over this machine's, with the files and folders of all services; then PID 1. */
function layOut(directory: string, work: string, ready: string): string {
  const root = `${work}/root`;
  return `
    set -eu
    ip link set lo up
    mount -t tmpfs -o mode=755,size=2g tmpfs ${work}
    mkdir ${work}/upper ${work}/work ${root}
    mount -t overlay overlay -o lowerdir=/,upperdir=${work}/upper,workdir=${work}/work ${root}
    mount -t proc proc ${root}/proc
    mount --rbind /dev ${root}/dev
    mount -t tmpfs -o mode=1777 tmpfs ${root}/tmp
    mkdir -p ${root}${REPOSITORY}
    mount --rbind ${REPOSITORY} ${root}${REPOSITORY}
    install -m 0755 ${FOLDER}/cluster/make_certificates ${FOLDER}/cluster/start_patroni ${FOLDER}/cluster/create_shop ${FOLDER}/cluster/ask ${root}/usr/local/bin/
    cp ${directory}/hosts ${root}/etc/hosts
    mkdir -p ${root}/run/secrets ${root}/etc/pgsidecar ${root}/run/pgsidecar
    cp ${directory}/secrets/* ${root}/run/secrets/
    install -d -o postgres -g postgres ${root}/certificates ${root}/var/lib/postgresql
    install -d -o 65532 -g 65532 ${root}/run/pgsidecar
    ${mountedFiles()
      .map(([from, to]) => `cp ${from} ${root}${to}`)
      .join('\n    ')}
    touch ${ready}
    # PID 1 has to bury what is orphaned, as an engine's would: Patroni waits for the end of its postmaster.
    exec chroot ${root} perl -e '$SIG{CHLD} = "IGNORE"; sleep'
  `;
}

/** Files of this folder, and where the services that run here have them. */
function mountedFiles(): readonly (readonly [string, string])[] {
  const here = ['postgres1', 'writer', 'pgsidecar'].flatMap((name) => compose.services[name]?.volumes ?? []);
  return here
    .map((volume) => volume.split(':'))
    .filter(([from = '']) => from.startsWith('./'))
    .map(([from, to]) => [join(FOLDER, from!), to!] as const);
}
