// An instance as an operator has it: PostgreSQL with TLS, an application with its own user and its own application.yml, and the package.

import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createCertificateAuthority } from '../../agent/tests/harness/certificates.ts';
import type { Debian } from './debian.ts';

export interface Idp {
  readonly password: string;
  /** What the application would do: SQL through the socket, as its own user. Gives the rows, unaligned. */
  psql(sql: string, secret?: string): Promise<string>;
  /** The same with more of psql's words: `-f FILE`, `-c SQL`. */
  psqlWith(secret: string, words: readonly string[]): Promise<string>;
}

/** Before the package: the database and the application. */
export async function installIdp(debian: Debian): Promise<Idp> {
  const authority = createCertificateAuthority();
  const password = crypto.randomUUID();
  const server = authority.issueServer();
  debian.write('/etc/ssl/certs/idp-ca.crt', authority.certificate);
  const version = (await debian.must('ls /usr/lib/postgresql')).trim();
  const cluster = `/etc/postgresql/${version}/main`;
  await debian.must(`pg_createcluster ${version} main`);
  debian.write(`${cluster}/server.crt`, server.certificate);
  debian.write(`${cluster}/server.key`, server.key, 0o600);
  await debian.must(`chown postgres: ${cluster}/server.*`);
  debian.write(
    `${cluster}/conf.d/tls.conf`,
    `ssl_cert_file = '${cluster}/server.crt'\nssl_key_file = '${cluster}/server.key'\n`,
  );
  await debian.must(`systemctl start postgresql@${version}-main.service`);
  await debian.must([
    ...['runuser', '-u', 'postgres', '--', 'psql', '-q', '-v', 'ON_ERROR_STOP=1'],
    ...['-c', `CREATE ROLE idp_app LOGIN PASSWORD '${password}'`, '-c', 'CREATE DATABASE idp OWNER idp_app'],
  ]);
  // Debian 13 makes homes for their owner alone.
  await debian.must('useradd --system --create-home --home-dir /srv/idp idp && chmod 750 /srv/idp');
  debian.write(
    '/srv/idp/config/application.yml',
    [
      'production:',
      '  database_host: localhost',
      '  database_name: idp',
      '  database_username: idp_app',
      `  database_password: ${password}`,
      '  database_sslmode: verify-full',
      '',
    ].join('\n'),
    0o640,
  );
  await debian.must('chown root:idp /srv/idp/config/application.yml');
  const psqlWith: Idp['psqlWith'] = (secret, words) =>
    debian.must([
      ...['runuser', '-u', 'idp', '--', 'env', `PGPASSWORD=${secret}`, 'psql', '-XAtq'],
      ...['-v', 'ON_ERROR_STOP=1', '-h', '/run/pgsidecar', '-U', 'idp_app', '-d', 'idp'],
      ...words,
    ]);
  return { password, psql: (sql, secret = password) => psqlWith(secret, ['-c', sql]), psqlWith };
}

/** What docs/start.md tells an operator to do after the package is there. */
export async function configureIdp(debian: Debian, settings = ''): Promise<void> {
  debian.write(
    '/etc/pgsidecar/pgsidecar.yml',
    `sources: [/srv/idp/config/application.yml]\nenvironment: production\nserver_tls_ca_file: /etc/ssl/certs/idp-ca.crt\n${settings}`,
    0o640,
  );
  debian.write('/etc/systemd/system/pgsidecar.service.d/idp.conf', '[Service]\nSupplementaryGroups=idp\n');
  await debian.must(
    'chown root:pgsidecar-config /etc/pgsidecar/pgsidecar.yml && usermod -aG pgsidecar idp && systemctl daemon-reload',
  );
}

/** Copies a package into it; gives its path there. */
export function put(debian: Debian, path: string): string {
  const inside = `/srv/${basename(path)}`;
  copyFileSync(path, join(debian.root, inside));
  return inside;
}
