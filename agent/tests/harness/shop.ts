// What most files of tests begin with: a PostgreSQL with a role and its database, and clients who come to it through an agent.

import { afterAll } from 'bun:test';
import pg from 'pg';
import type { Agent } from './agent.ts';
import { DATABASE, USER } from './application.ts';
import { type CertificateAuthority, createCertificateAuthority } from './certificates.ts';
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts';

export interface Shop {
  /** Of the server's certificate, and of whatever else a test has issued. */
  readonly authority: CertificateAuthority;
  readonly postgres: Postgres;
  /** A client that is logged in, through the agent's socket; whoever called ends it. */
  connect(agent: Agent, user?: string): Promise<pg.Client>;
}

/**
 * Opens it for all tests of the file that calls this at its top; it is closed behind the last of them. The server shows a
 * certificate of the authority, and has the role `app`, with a password, and its database `shop`, unless `options` say otherwise.
 */
export async function openShop(options: PostgresOptions = {}): Promise<Shop> {
  const authority = createCertificateAuthority();
  const postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { [USER]: '' },
    databases: { [DATABASE]: USER },
    ...options,
  });
  afterAll(() => postgres.stop());
  return {
    authority,
    postgres,
    async connect(agent, user = USER) {
      const client = new pg.Client(agent.url(user, postgres.passwordOf(user), DATABASE));
      await client.connect();
      return client;
    },
  };
}
