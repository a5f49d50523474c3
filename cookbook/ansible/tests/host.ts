// A booted Debian that Ansible converges: the collection, the package, an application and its PostgreSQL are in it.

import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage, whyNoPackages } from '../../../packaging/tests/build.ts';
import { type Debian, openDebian, type Release, whyNoDebian } from '../../../packaging/tests/debian.ts';
import { SOURCE } from './collection.ts';

const COLLECTIONS = '/srv/collections';
export const SCENARIO = `${COLLECTIONS}/ansible_collections/pgsidecar/pgsidecar/roles/pgsidecar/molecule/default`;
const ENV = [
  `ANSIBLE_COLLECTIONS_PATH=${COLLECTIONS}`,
  ...['ANSIBLE_NOCOLOR=1', 'ANSIBLE_LOCALHOST_WARNING=false', 'ANSIBLE_PIPELINING=1'],
  // The role gathers the few facts that it needs.
  'ANSIBLE_GATHERING=explicit',
];

/** What the package of a new host is called. */
export const VERSION = '0.0.1';

export interface Host extends AsyncDisposable {
  readonly debian: Debian;
  /** Of the application's role at its PostgreSQL; in the application's file. */
  readonly password: string;
  /** Where the package is, inside. */
  readonly packageFile: string;
  /** Runs a playbook, the role's scenario by default with the package from its file. */
  converge(variables?: Readonly<Record<string, unknown>>, ...flags: string[]): Promise<Play>;
  play(playbook: string, variables: Readonly<Record<string, unknown>>, ...flags: string[]): Promise<Play>;
  /** What the application's user gets for a query through the socket. */
  query(sql: string, socket?: string): Promise<string>;
  mainPid(unit?: string): Promise<string>;
}

export interface Play {
  readonly exitCode: number;
  readonly output: string;
  /** From the recap. */
  readonly changed: number;
  readonly failed: number;
}

/** Why there can be none here; undefined when there can. */
export function whyNoHost(): string | undefined {
  return whyNoDebian() ?? whyNoPackages();
}

export function secret(): string {
  return randomBytes(12).toString('hex');
}

export async function openHost(release: Release = 'bookworm'): Promise<Host> {
  const packageFile = buildPackage('deb', VERSION);
  const debian = await openDebian(release);
  const password = secret();
  const inside = '/srv/packages/pgsidecar.deb';
  const play: Host['play'] = async (playbook, variables, ...flags) => {
    debian.write('/srv/variables.json', JSON.stringify(variables), 0o600);
    const words = ['-i', 'localhost,', '-c', 'local', '-e', '@/srv/variables.json', ...flags, playbook];
    const { code, stdout, stderr } = await debian.run([
      'env',
      ...ENV,
      `IDP_PASSWORD=${password}`,
      'ansible-playbook',
      ...words,
    ]);
    const count = (what: string) => Number(new RegExp(` ${what}=(\\d+)`).exec(stdout)?.[1] ?? Number.NaN);
    return { exitCode: code, output: stdout + stderr, changed: count('changed'), failed: count('failed') };
  };
  const host: Host = {
    debian,
    password,
    packageFile: inside,
    play,
    converge: (variables = {}, ...flags) =>
      play(
        `${SCENARIO}/converge.yml`,
        { pgsidecar_install_from: 'file', pgsidecar_package_file: inside, ...variables },
        ...flags,
      ),
    async query(sql, socket = '/run/pgsidecar') {
      const words = ['-h', socket, '-U', 'idp_app', '-d', 'idp', '-AtXc', sql];
      const asUser = ['runuser', '-u', 'idp', '--', 'env', `PGPASSWORD=${password}`, 'psql', ...words];
      return (await debian.must(asUser)).trim();
    },
    async mainPid(unit = 'pgsidecar.service') {
      const pid = await debian.property('MainPID', unit);
      if (pid === '0') throw new Error(`${unit} does not run`);
      return pid;
    },
    [Symbol.asyncDispose]: () => debian.close(),
  };
  try {
    cpSync(SOURCE, join(debian.root, COLLECTIONS, 'ansible_collections/pgsidecar/pgsidecar'), {
      recursive: true,
    });
    await debian.must(['mkdir', '/srv/packages']);
    cpSync(packageFile, join(debian.root, inside));
    await startPostgres(debian, password);
    const prepared = await play(`${SCENARIO}/prepare.yml`, {});
    if (prepared.exitCode !== 0) throw new Error(`prepare.yml failed: ${prepared.output}`);
    return host;
  } catch (error) {
    await debian.close();
    throw error;
  }
}

async function startPostgres(debian: Debian, password: string): Promise<void> {
  await debian.must('pg_createcluster --start "$(ls /usr/lib/postgresql)" idp -p 5432 -- --no-sync');
  debian.write(
    '/srv/role.sql',
    `CREATE ROLE idp_app LOGIN PASSWORD '${password}'; CREATE DATABASE idp OWNER idp_app;`,
  );
  await debian.must(
    'runuser -u postgres -- psql -XqAt -v ON_ERROR_STOP=1 -f /srv/role.sql && rm /srv/role.sql',
  );
}
