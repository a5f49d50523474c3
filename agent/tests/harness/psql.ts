// Runs psql, or any program that reads libpq's environment, as somebody at a shell would.

import pg from 'pg';
import type { Agent, Finished } from './agent.ts';
import { DATABASE, USER } from './application.ts';

/** Who goes where; `host` is a socket directory or an address. */
export interface Login {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly password: string;
  readonly database?: string;
  /** More of libpq's environment: PGSSLMODE, PGOPTIONS, PGCLIENTENCODING… */
  readonly env?: Readonly<Record<string, string>>;
}

export interface PsqlOptions {
  readonly stdin?: string;
  readonly cwd?: string;
}

/** Through the agent's socket. */
export function through(agent: Agent, password: string, more: Partial<Login> = {}): Login {
  return { host: agent.socketDir, password, ...more };
}

export function libpqEnvironment(login: Login): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    PGHOST: login.host,
    PGPORT: String(login.port ?? 5432),
    PGUSER: login.user ?? USER,
    PGPASSWORD: login.password,
    PGDATABASE: login.database ?? DATABASE,
    // Nothing here may depend on who runs the tests.
    PGPASSFILE: '/nonexistent/pgpass',
    PGSERVICEFILE: '/nonexistent/pg_service.conf',
    ...login.env,
  };
}

/** `psql -X -A -t -q` and what is said besides; `VERBOSITY=verbose`, so that errors show their SQLSTATE. */
export function psql(login: Login, args: readonly string[], options: PsqlOptions = {}): Promise<Finished> {
  return runProgram(login, ['psql', '-X', '-A', '-t', '-q', '-v', 'VERBOSITY=verbose', ...args], options);
}

/** One statement, its rows as psql prints them; throws when psql says anything on standard error. */
export async function ask(login: Login, sql: string): Promise<string> {
  const { code, stdout, stderr } = await psql(login, ['-c', sql]);
  if (code !== 0 || stderr !== '') throw new Error(`psql ended with ${code}: ${stderr}`);
  return stdout.trimEnd();
}

export interface Refusal {
  /** What a program sees of it. */
  readonly sqlstate: string | undefined;
  /** What a person sees of it. */
  readonly text: string;
}

/** Tries to log in with psql, for the words, and with node-postgres, for the SQLSTATE that psql keeps to itself. */
export async function refused(login: Login): Promise<Refusal> {
  const text = await refusalOf(login);
  const { host, port = 5432, user = USER, password, database = DATABASE } = login;
  const client = new pg.Client({ host, port, user, password, database });
  const sqlstate = await client.connect().then(
    () => 'it was let in',
    (error: { code?: string }) => error.code,
  );
  await client.end().catch(() => {}); // it never connected
  return { sqlstate, text };
}

/** How psql says that it could not connect: everything after the address. */
export async function refusalOf(login: Login): Promise<string> {
  const { code, stderr } = await psql(login, ['-c', 'SELECT 1']);
  if (code !== 2) throw new Error(`expected psql to end with 2, but it was ${code}: ${stderr}`);
  return stderr
    .trimEnd()
    .replace(/^psql: error: connection to server (?:on socket "[^"]*"|at .*?, port \d+) failed: /, '');
}

export async function runProgram(
  login: Login,
  command: readonly string[],
  options: PsqlOptions = {},
): Promise<Finished> {
  const child = Bun.spawn([...command], {
    env: libpqEnvironment(login),
    cwd: options.cwd ?? '/',
    stdin: options.stdin === undefined ? 'ignore' : Buffer.from(options.stdin),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}
