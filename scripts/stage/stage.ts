// What demo and dev play on: a throwaway PostgreSQL 18 with a certificate of its own, and an application's file that names it.

import { randomUUID } from 'node:crypto';
import { createCertificateAuthority } from '../../agent/tests/harness/certificates.ts';
import { type Postgres, startPostgres } from '../../agent/tests/harness/postgres.ts';

export const APPLICATION_USER = 'idp_app';
export const WORKER_USER = 'idp_worker';
export const APPLICATION_DATABASE = 'idp';
export const WORKER_DATABASE = 'idp_jobs';

export interface Stage {
  readonly postgres: Postgres;
  /** application.yml and the CA's certificate, for the agent's folder. */
  readonly files: Readonly<Record<string, string>>;
  /** application.yml with the application's password replaced, as after a rotation. */
  applicationYml(applicationPassword?: string): string;
}

/** What the agent is told besides the application's file. */
export const AGENT_ARGS: readonly string[] = [
  ...['--source', 'application.yml', '--environment', 'production'],
  ...['--server-tls-ca-file', 'ca.crt', '--default-pool-size', '3'],
];

export async function setStage(): Promise<Stage> {
  const authority = createCertificateAuthority({ commonName: 'Demo CA' });
  const postgres = await startPostgres({
    tls: { server: authority.issueServer({ hosts: ['localhost'] }) },
    users: { [APPLICATION_USER]: '', [WORKER_USER]: '' },
    databases: { [APPLICATION_DATABASE]: APPLICATION_USER, [WORKER_DATABASE]: WORKER_USER },
  });
  const applicationYml = (password = postgres.passwordOf(APPLICATION_USER)) =>
    [
      '# login.gov’s dialect: what the application reads, and nothing else.',
      'production:',
      '  database_host: localhost',
      `  database_port: ${postgres.port}`,
      `  database_name: ${APPLICATION_DATABASE}`,
      `  database_username: ${APPLICATION_USER}`,
      `  database_password: ${password}`,
      '  database_sslmode: verify-full',
      '  database_worker_jobs_host: localhost',
      `  database_worker_jobs_name: ${WORKER_DATABASE}`,
      `  database_worker_jobs_username: ${WORKER_USER}`,
      `  database_worker_jobs_password: ${postgres.passwordOf(WORKER_USER)}`,
      '  database_statement_timeout: 2_500',
      '',
    ].join('\n');
  return {
    postgres,
    files: { 'application.yml': applicationYml(), 'ca.crt': authority.certificate },
    applicationYml,
  };
}

/** Gives the application's role another password, as a rotation does; returns it. */
export async function rotatePassword(postgres: Postgres): Promise<string> {
  const password = randomUUID();
  await postgres.sql(`ALTER ROLE ${APPLICATION_USER} PASSWORD '${password}'`);
  return password;
}
