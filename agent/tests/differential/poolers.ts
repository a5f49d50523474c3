// Starts PgBouncer and pgsidecar on the same ini and userlist, each in a directory of its own.

import { dirname, join } from 'node:path';
import { startAgent } from '../harness/agent.ts';
import { createNursery, makeDirectory, unprivilegedAccount } from '../harness/nursery.ts';
import {
  DEBIAN_PGBOUNCER,
  NEWER_PGBOUNCER,
  startPgbouncerProcess,
  writeForPgbouncer,
} from '../harness/pgbouncer.ts';
import { freePort } from '../harness/postgres.ts';
import { psql } from '../harness/psql.ts';
import { filesOf, iniOf, type Scene, type World } from './scene.ts';

export type PoolerName = 'pgbouncer 1.18' | 'pgbouncer 1.24' | 'pgsidecar';

export interface Pooler {
  readonly name: PoolerName;
  readonly socketPath: string;
  readonly port: number;
  logText(): string;
  /** Clients that wait for a server. */
  waiting(): Promise<number>;
  stop(): Promise<void>;
}

const PROGRAMS = { 'pgbouncer 1.18': DEBIAN_PGBOUNCER, 'pgbouncer 1.24': NEWER_PGBOUNCER } as const;

export async function startPooler(name: PoolerName, scene: Scene, world: World): Promise<Pooler> {
  const port = await freePort();
  const files = { ...filesOf(scene, world), 'pgbouncer.ini': iniOf(scene, world, { port }) };
  return name === 'pgsidecar' ? await startPgsidecar(files, port) : await startPgbouncer(name, files, port);
}

async function startPgbouncer(
  name: keyof typeof PROGRAMS,
  files: Readonly<Record<string, string>>,
  port: number,
): Promise<Pooler> {
  const account = unprivilegedAccount();
  const nursery = createNursery('differential', account);
  makeDirectory(join(nursery.directory, 's'), account, 0o755);
  try {
    for (const [path, text] of Object.entries(files)) writeForPgbouncer(nursery, path, text);
    const { logText } = await startPgbouncerProcess(nursery, PROGRAMS[name], 'pgbouncer.ini');
    const socketPath = join(nursery.directory, 's', `.s.PGSQL.${port}`);
    const password = /^"admin" "(.*)"$/m.exec(files['userlist.txt']!)![1]!;
    const waiting = () => waitingAt(dirname(socketPath), port, password);
    return { name, socketPath, port, logText, waiting, stop: nursery.close };
  } catch (error) {
    await nursery.close();
    throw error;
  }
}

async function startPgsidecar(files: Readonly<Record<string, string>>, port: number): Promise<Pooler> {
  const agent = await startAgent({
    files,
    args: ['--config', 'pgbouncer.ini'],
    // It changes when an answer comes, and not what it says.
    env: { PGSIDECAR_CLIENT_LOGIN_FAILURE_DELAY: '10ms' },
  });
  return {
    name: 'pgsidecar',
    socketPath: join(agent.socketDir, `.s.PGSQL.${port}`),
    port,
    logText: () =>
      agent
        .logLines()
        .map((line) => JSON.stringify(line))
        .join('\n'),
    async waiting() {
      const { pools } = (await agent.status()) as { pools: { clientsWaiting: number }[] };
      return pools.reduce((sum, each) => sum + each.clientsWaiting, 0);
    },
    stop: agent.stop,
  };
}

/** By PgBouncer's own console. */
async function waitingAt(host: string, port: number, password: string): Promise<number> {
  const operator = { host, port, user: 'admin', password, database: 'pgbouncer' };
  const { code, stdout, stderr } = await psql(operator, ['-P', 'tuples_only=off', '-c', 'SHOW POOLS']);
  if (code !== 0) throw new Error(stderr);
  const [header = '', ...rows] = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('|'));
  const column = header.indexOf('cl_waiting');
  return rows.reduce((sum, row) => sum + Number(row[column] ?? 0), 0);
}
