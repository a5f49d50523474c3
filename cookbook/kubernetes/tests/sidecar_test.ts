// The sidecar's own pgsidecar.yml with a real agent: users of the pod's group, probes, and the kubelet's way to change a volume.

import { expect, test } from 'bun:test';
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Agent,
  type AgentOptions,
  runPgsidecar,
  startAgent,
} from '../../../agent/tests/harness/agent.ts';
import { missingPrograms, testNeeding } from '../../../agent/tests/harness/needs.ts';
import { createNursery, type Nursery } from '../../../agent/tests/harness/nursery.ts';
import { ask } from '../../../agent/tests/harness/psql.ts';
import { openShop } from '../../../agent/tests/harness/shop.ts';
import { onThisMachine } from './configurations.ts';
import { build, containersOf, FOLDER } from './manifests.ts';

const { authority, postgres } = await openShop({ users: { shop: '' }, databases: { shop: 'shop' } });
const BASE = join(FOLDER, 'sidecar/base/pgsidecar.yml');
const GROUP = 65_532;

/** What the base says, for this machine's PostgreSQL. */
function configuration(secrets: string, more = ''): string {
  const text = onThisMachine(BASE, {
    '/run/secrets/database': secrets,
    'db.example': `localhost\n    port: ${postgres.port}`,
  });
  return `${text}${more}client_login_failure_delay: 10ms\n`;
}

/** A volume as the kubelet lays it out: a directory with a time in its name, a link to it, a link to each file in that. */
class Volume {
  readonly path: string;
  #count = 0;

  constructor(path: string) {
    mkdirSync(path, { recursive: true });
    this.path = path;
  }

  /** All files change at once: the link is replaced by a rename, and the directory before it goes. */
  write(files: Readonly<Record<string, string>>): void {
    const before = `..2026_11_21_10_00_00.${this.#count}`;
    const fresh = `..2026_11_21_10_00_00.${++this.#count}`;
    mkdirSync(join(this.path, fresh));
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(this.path, fresh, name), text, { mode: 0o444 });
    symlinkSync(fresh, join(this.path, '..data_tmp'));
    renameSync(join(this.path, '..data_tmp'), join(this.path, '..data'));
    for (const name of this.#count === 1 ? Object.keys(files) : [])
      symlinkSync(`..data/${name}`, join(this.path, name));
    if (this.#count > 1) rmSync(join(this.path, before), { recursive: true });
  }
}

interface Pod {
  readonly agent: Agent;
  readonly config: Volume;
  readonly secret: Volume;
}

async function startPod(options: AgentOptions = {}): Promise<Pod> {
  const nursery = createNursery('pod');
  // Whom a volume is for is said by its own mode.
  chmodSync(nursery.directory, 0o755);
  const config = new Volume(join(nursery.directory, 'config'));
  const secret = new Volume(join(nursery.directory, 'secret'));
  secret.write({ password: postgres.passwordOf('shop'), 'ca.crt': authority.certificate });
  config.write({ 'pgsidecar.yml': configuration(secret.path) });
  const agent = await startAgent({ ...options, args: ['--config', join(config.path, 'pgsidecar.yml')] });
  async function stop(): Promise<void> {
    await agent.stop();
    await nursery.close();
  }
  return { agent: { ...agent, stop, [Symbol.asyncDispose]: stop }, config, secret };
}

test('every pgsidecar.yml of the sidecar passes check', async () => {
  for (const folder of ['base', 'overlays/development', 'overlays/production']) {
    const text = onThisMachine(join(FOLDER, 'sidecar', folder, 'pgsidecar.yml'), {
      '/run/secrets/database': 'database',
    });
    const files = {
      'pgsidecar.yml': text,
      'database/ca.crt': authority.certificate,
      'database/password': postgres.passwordOf('shop'),
    };
    const { code, stdout, stderr } = await runPgsidecar(['check'], { files });
    expect({ folder, code, stderr }).toEqual({ folder, code: 0, stderr: '' });
    expect(stdout).toEndWith('ok: 0 errors, 0 warnings\n');
  }
});

test('a ConfigMap that the kubelet swaps is applied whole, without a restart; a broken one changes nothing', async () => {
  const { agent, config, secret } = await startPod();
  await using _ = agent;
  const login = { host: agent.socketDir, password: postgres.passwordOf('shop'), user: 'shop' };
  expect(await ask(login, 'SELECT current_user')).toBe('shop');
  const poolSize = async () => {
    const { pools } = (await agent.status()) as { pools: { size: number }[] };
    return JSON.stringify(pools);
  };
  const before = await poolSize();
  config.write({
    'pgsidecar.yml': configuration(secret.path).replace('default_pool_size: 5', 'default_pool_size: 7'),
  });
  await agent.waitForLog((line) => JSON.stringify(line).includes('default_pool_size: 5 → 7'));
  expect(await poolSize()).not.toBe(before);

  const from = agent.logLines().length;
  config.write({
    'pgsidecar.yml': configuration(secret.path).replace('default_pool_size: 5', 'default_pool_size: many'),
  });
  const refused = await agent.waitForLog((line) => line.msg.includes('refused'), from);
  expect(JSON.stringify(refused)).toContain('default_pool_size');
  expect(await ask(login, 'SELECT 1')).toBe('1');
}, 30_000);

test('a Secret that the kubelet swaps rotates the password under a client that stays', async () => {
  const { agent, secret } = await startPod();
  await using _ = agent;
  const old = postgres.passwordOf('shop');
  const fresh = crypto.randomUUID();
  expect(await ask({ host: agent.socketDir, password: old, user: 'shop' }, 'SELECT 1')).toBe('1');
  await postgres.sql(`ALTER ROLE shop PASSWORD '${fresh}'`);
  secret.write({ password: fresh, 'ca.crt': authority.certificate });
  await agent.waitForLog((line) => JSON.stringify(line).includes('password changed'));
  expect(await ask({ host: agent.socketDir, password: fresh, user: 'shop' }, 'SELECT 1')).toBe('1');
  await expect(ask({ host: agent.socketDir, password: old, user: 'shop' }, 'SELECT 1')).rejects.toThrow(
    'password authentication failed',
  );
  await postgres.sql(`ALTER ROLE shop PASSWORD '${old}'`);
}, 30_000);

test('each probe of the sidecar passes against an agent that serves', async () => {
  const { agent } = await startPod();
  await using _ = agent;
  const deployment = build(join(FOLDER, 'sidecar/base')).find(({ kind }) => kind === 'Deployment');
  const sidecar = containersOf(deployment).find(({ name }) => name === 'pgsidecar');
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    const [program, ...words] = sidecar[probe].exec.command as string[];
    expect(program).toBe('/usr/bin/pgsidecar');
    const { code, stderr } = await agent.command(...words);
    expect({ probe, code, stderr }).toEqual({ probe, code: 0, stderr: '' });
  }
});

const missing =
  process.getuid?.() === 0
    ? missingPrograms('psql', 'setpriv', 'unshare')
    : 'root is needed to be several users';
testNeeding(missing)(
  'fsGroup is enough: whoever is in it comes in at the socket, and nobody else reaches it',
  async () => {
    await using nursery = disposable(createNursery('volume'));
    const volume = nursery.directory;
    // As the kubelet makes an emptyDir for a pod with an fsGroup.
    chownSync(volume, 0, GROUP);
    chmodSync(volume, 0o2777);
    const account = { uid: GROUP, gid: GROUP };
    const { agent } = await startPod({ account, env: { PGSIDECAR_UNIX_SOCKET_DIR: volume } });
    await using _ = agent;
    expect(await comeAs(volume, `--groups=${GROUP}`)).toBe('shop');
    expect(await comeAs(volume, '--clear-groups')).toContain('Permission denied');
    // With the right to write there the application would do both.
    const take = ['mv', join(volume, '.s.PGSQL.5432'), join(volume, 'gone')];
    const make = ['mkdir', join(volume, 'pgsidecar.control.new')];
    for (const command of [take, make]) {
      expect(await as(`--groups=${GROUP}`, [...READ_ONLY, volume], command)).toContain(
        'Read-only file system',
      );
    }
    expect(await comeAs(volume, `--groups=${GROUP}`, [...READ_ONLY, volume])).toBe('shop');
  },
);

test('the application mounts the socket read-only, and the control socket not at all', () => {
  for (const folder of ['base', 'overlays/development', 'overlays/production']) {
    const deployment = build(join(FOLDER, 'sidecar', folder)).find(({ kind }) => kind === 'Deployment');
    const [sidecar, ...others] = ['pgsidecar', 'shop'].map((wanted) =>
      containersOf(deployment).find(({ name }) => name === wanted),
    );
    const { value } = sidecar.env.find(({ name }: { name: string }) => name === 'PGSIDECAR_CONTROL_SOCKET');
    const mounts = sidecar.volumeMounts as { name: string; mountPath: string }[];
    const control = mounts.find(({ mountPath }) => value.startsWith(`${mountPath}/`));
    expect(control?.name).toBe('control');
    for (const { volumeMounts } of others) {
      expect(volumeMounts).toEqual([{ name: 'socket', mountPath: '/run/pgsidecar', readOnly: true }]);
    }
  }
});

function disposable(nursery: Nursery): Nursery & AsyncDisposable {
  return { ...nursery, [Symbol.asyncDispose]: () => nursery.close() };
}

/** Words before a command, and behind them the directory that it sees as the kubelet mounts a volume with `readOnly`. */
const READ_ONLY = [
  ...['unshare', '--mount', 'sh', '-c'],
  'directory=$1; shift; mount --bind "$directory" "$directory" && mount -o remount,ro,bind "$directory" && exec "$@"',
  'sh',
];

/** The user of the application's container: what psql says. */
async function comeAs(host: string, groups: string, around: readonly string[] = []): Promise<string> {
  return await as(groups, around, ['psql', '-h', host, '-X', '-A', '-t', '-c', 'SELECT current_user']);
}

/** Its standard output, or what it complains of. */
async function as(groups: string, around: readonly string[], command: readonly string[]): Promise<string> {
  const login = { PGUSER: 'shop', PGPASSWORD: postgres.passwordOf('shop'), PGDATABASE: 'shop' };
  const who = ['setpriv', '--reuid=1000', '--regid=1000', groups, '--bounding-set=-all', '--inh-caps=-all'];
  const child = Bun.spawn([...around, ...who, ...command], {
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...login },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return (await child.exited) === 0 ? out.trim() : err.trim();
}
