// A booted Debian with the cookbook, its double and a PostgreSQL on it: what a node is to Chef.

import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { testNeeding } from '../../../agent/tests/harness/needs.ts';
import { recordOutput, recordSecret } from '../../../agent/tests/harness/record.ts';
import { whyNoPackages } from '../../../packaging/tests/build.ts';
import {
  type Debian,
  type Outcome,
  openDebian,
  type Release,
  whyNoDebian,
} from '../../../packaging/tests/debian.ts';

const CHEF = resolve(import.meta.dir, '..');
const ON_NODE = '/srv/chef';

export const testOnNode = testNeeding(whyNoDebian() ?? whyNoPackages());

export interface Converged extends Outcome {
  /** The resources that were updated, or would have been; and how many were looked at. */
  readonly updated: number;
  readonly seen: number;
}

export interface Node extends AsyncDisposable {
  readonly debian: Debian;
  /** @param attributes laid over the cookbooks' defaults. */
  converge(recipe: string, attributes: object, ...flags: string[]): Promise<Converged>;
  /** The same for a run that has to succeed. */
  mustConverge(recipe: string, attributes: object, ...flags: string[]): Promise<Converged>;
  /** A recipe of the test's own, in the test cookbook. */
  writeRecipe(name: string, text: string): void;
  /** What psql prints when `user` runs a query in the directory's socket. */
  query(user: string, role: string, password: string, database: string, sql: string): Promise<Outcome>;
  /** Everything that changes when a recipe does something: files and their rights, packages, users, units that run. */
  state(): Promise<string>;
}

export async function openNode(release: Release = 'bookworm'): Promise<Node> {
  const debian = await openDebian(release);
  for (const folder of ['pgsidecar', 'double']) {
    cpSync(join(CHEF, folder), join(debian.root, ON_NODE, folder), { recursive: true });
  }
  const converge = async (recipe: string, attributes: object, ...flags: string[]): Promise<Converged> => {
    // It may hold a password: root's alone.
    debian.write(`${ON_NODE}/node.json`, JSON.stringify(attributes), 0o600);
    const outcome = await debian.run([
      ...['ruby', '-w', `${ON_NODE}/double/converge`, '--attributes', `${ON_NODE}/node.json`],
      ...['--cookbook', `${ON_NODE}/pgsidecar`, '--cookbook', `${ON_NODE}/pgsidecar/test/cookbooks/test`],
      ...['--recipe', recipe, ...flags],
    ]);
    recordOutput('chef', outcome.stdout + outcome.stderr);
    const sum = /^(\d+)\/(\d+) resources (?:would have been )?updated$/m.exec(outcome.stdout);
    if (sum === null) throw new Error(`The run has no sum: ${outcome.stdout}${outcome.stderr}`);
    return { ...outcome, updated: Number(sum[1]), seen: Number(sum[2]) };
  };
  return {
    debian,
    converge,
    mustConverge: async (recipe, attributes, ...flags) => {
      const run = await converge(recipe, attributes, ...flags);
      if (run.code !== 0 || run.stderr !== '') throw new Error(`${recipe}: ${run.stdout}${run.stderr}`);
      return run;
    },
    writeRecipe: (name, text) =>
      debian.write(`${ON_NODE}/pgsidecar/test/cookbooks/test/recipes/${name}.rb`, text),
    query: (user, role, password, database, sql) =>
      debian.run([
        ...[
          'runuser',
          '-u',
          user,
          '--',
          'env',
          `PGPASSWORD=${password}`,
          'psql',
          '-XAtw',
          '-h',
          directoryOf(database),
        ],
        ...['-U', role, '-d', database, '-c', sql],
      ]),
    state: async () =>
      await debian.must(
        `find /etc /srv/idp /opt -printf '%p %m %u:%g\\n' 2>/dev/null | sort; find /etc /srv/idp /opt -type f 2>/dev/null | sort | xargs -r md5sum;
         getent passwd; getent group;
         dpkg-query -W -f '\${Package} \${Version} \${Status}\\n'; systemctl list-units --all --plain --no-legend 'pgsidecar*'`,
      ),
    [Symbol.asyncDispose]: () => debian.close(),
  };
}

function directoryOf(database: string): string {
  return database === 'reports' ? '/run/pgsidecar-reports' : '/run/pgsidecar';
}

/** A PostgreSQL on 127.0.0.1:5432 inside, with a role and a password for each database. */
export async function startPostgres(
  { must, write }: Debian,
  databases: Readonly<Record<string, { readonly role: string; readonly password: string }>>,
): Promise<void> {
  await must('pg_createcluster --start "$(ls /usr/lib/postgresql)" main >/dev/null');
  for (const [database, { role, password }] of Object.entries(databases)) {
    write(
      '/srv/roles.sql',
      `CREATE ROLE ${role} LOGIN PASSWORD '${password}';\nCREATE DATABASE ${database} OWNER ${role};\n`,
    );
    await must('runuser -u postgres -- psql -XqA -v ON_ERROR_STOP=1 -f /srv/roles.sql && rm /srv/roles.sql');
  }
}

export function makePassword(): string {
  const password = randomBytes(16).toString('hex');
  recordSecret(password);
  return password;
}
