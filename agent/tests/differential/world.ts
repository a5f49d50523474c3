// Makes the PostgreSQL, the roles and the certificates that all scenes share.

import { randomUUID } from 'node:crypto';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { freePort, startPostgres } from '../harness/postgres.ts';
import { recordSecret } from '../harness/record.ts';
import { DATABASES, OPERATORS, ROLES, type World } from './scene.ts';

export async function openWorld(): Promise<World> {
  const authority = createCertificateAuthority();
  const postgres = await startPostgres({
    users: ROLES,
    databases: DATABASES,
    hba: ['host all hashed all md5'],
  });
  const password = postgres.passwordOf('hashed');
  await postgres.sql(`SET password_encryption = 'md5'; ALTER ROLE hashed PASSWORD '${password}'`);
  const rows = await postgres.sql<{ name: string; secret: string }>(
    'SELECT rolname AS name, rolpassword AS secret FROM pg_authid WHERE rolpassword IS NOT NULL',
  );
  const stored = new Map(rows.map(({ name, secret }) => [name, secret]));
  for (const name of OPERATORS) {
    const secret = randomUUID();
    recordSecret(secret);
    stored.set(name, secret);
  }
  const certificate = authority.issueServer();
  return { postgres, authority, certificate, stored, deadPort: await freePort() };
}
