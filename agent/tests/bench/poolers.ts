// Starts the two that are compared, with the same settings: UNIX socket in, verify-full TLS out, transactions, 20 servers.

import { join } from 'node:path';
import manifest from '../../../package.json';
import { startAgent } from '../harness/agent.ts';
import type { CertificateAuthority } from '../harness/certificates.ts';
import { createNursery, makeDirectory, unprivilegedAccount } from '../harness/nursery.ts';
import {
  DEBIAN_PGBOUNCER,
  hasNewerPgbouncer,
  NEWER_PGBOUNCER,
  pgbouncerVersion,
  startPgbouncerProcess,
  writeForPgbouncer,
} from '../harness/pgbouncer.ts';
import type { Postgres } from '../harness/postgres.ts';
import type { PgbenchTarget } from './pgbench.ts';

export interface Pooler {
  readonly name: 'pgsidecar' | 'pgbouncer';
  readonly version: string;
  readonly pid: number;
  readonly target: PgbenchTarget;
  stop(): Promise<void>;
}

/** In what the workloads want the two otherwise. */
export interface Variant {
  readonly authType: 'scram-sha-256' | 'plain';
  /** What PgBouncer knows of the user. The agent has the password, and derives the verifier once. */
  readonly secret: 'password' | 'verifier';
}

export interface Backend {
  readonly postgres: Postgres;
  readonly authority: CertificateAuthority;
}

export const USER = 'bench';
export const DATABASE = 'bench';
export const POOL_SIZE = 20;
const CLIENTS_MAX = 1_000;

export async function startPgsidecar(
  { postgres, authority }: Backend,
  authType: Variant['authType'],
  { executable, poolSize = POOL_SIZE }: { readonly executable?: string; readonly poolSize?: number } = {},
): Promise<Pooler> {
  const agent = await startAgent({
    ...(executable !== undefined && { executable }),
    files: {
      'ca.crt': authority.certificate,
      'application.yml': [
        'production:',
        `  database_host: ${postgres.host}`,
        `  database_port: ${postgres.port}`,
        `  database_name: ${DATABASE}`,
        `  database_username: ${USER}`,
        `  database_password: ${postgres.passwordOf(USER)}`,
        '',
      ].join('\n'),
      'pgsidecar.yml': [
        'pool_mode: transaction',
        `default_pool_size: ${poolSize}`,
        `max_client_conn: ${CLIENTS_MAX}`,
        `auth_type: ${authType}`,
        'server_tls_ca_file: ca.crt',
        'log_connections: false',
        'log_disconnections: false',
        '',
      ].join('\n'),
    },
    args: ['--source', 'application.yml', '--environment', 'production'],
  });
  return {
    name: 'pgsidecar',
    version: manifest.version,
    pid: agent.pid,
    target: targetAt(agent.socketDir, 5432, postgres),
    stop: agent.stop,
  };
}

/** PgBouncer refuses to run as root, so its directory belongs to whom it runs as. */
export async function startPgbouncer(
  { postgres, authority }: Backend,
  { authType, secret }: Variant,
): Promise<Pooler> {
  const account = unprivilegedAccount();
  const nursery = createNursery('pgbouncer', account);
  const socketDir = makeDirectory(join(nursery.directory, 's'), account);
  const write = (name: string, text: string) => writeForPgbouncer(nursery, name, text);
  const known = secret === 'password' ? postgres.passwordOf(USER) : await verifierOf(postgres);
  const userlist = write('userlist.txt', `"${USER}" "${known}"\n`);
  const ini = write(
    'pgbouncer.ini',
    [
      '[databases]',
      `${DATABASE} = host=${postgres.host} port=${postgres.port} dbname=${DATABASE}`,
      '[pgbouncer]',
      `unix_socket_dir = ${socketDir}`,
      'listen_port = 6432',
      'pool_mode = transaction',
      `default_pool_size = ${POOL_SIZE}`,
      `max_client_conn = ${CLIENTS_MAX}`,
      `auth_type = ${authType}`,
      `auth_file = ${userlist}`,
      'server_tls_sslmode = verify-full',
      `server_tls_ca_file = ${write('ca.crt', authority.certificate)}`,
      'log_connections = 0',
      'log_disconnections = 0',
      '',
    ].join('\n'),
  );
  const program = pgbouncerProgram();
  const { child } = await startPgbouncerProcess(nursery, program, ini).catch(async (error: Error) => {
    await nursery.close();
    throw error;
  });
  return {
    name: 'pgbouncer',
    version: pgbouncerVersion(program),
    pid: child.pid,
    target: targetAt(socketDir, 6432, postgres),
    stop: nursery.close,
  };
}

/** As PostgreSQL stores it; with the password PgBouncer derives keys anew at every login. */
async function verifierOf(postgres: Postgres): Promise<string> {
  const [{ secret } = {}] = await postgres.sql(
    `SELECT rolpassword AS secret FROM pg_authid WHERE rolname = '${USER}'`,
  );
  return String(secret);
}

/** That of scripts/newer_pgbouncer, which knows prepared statements, where it was fetched; otherwise the installed one. */
export function pgbouncerProgram(): string {
  return hasNewerPgbouncer() ? NEWER_PGBOUNCER : DEBIAN_PGBOUNCER;
}

function targetAt(socketDir: string, port: number, postgres: Postgres): PgbenchTarget {
  return { host: socketDir, port, user: USER, password: postgres.passwordOf(USER), database: DATABASE };
}
