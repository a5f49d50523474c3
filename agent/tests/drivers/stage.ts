// The stage on which each driver plays: PostgreSQL 15 and 18, each behind an agent with few servers in transaction mode.

import { afterAll, beforeAll } from 'bun:test';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { describeNeeding, missingPrograms } from '../harness/needs.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { isPostgresInstalled, type PostgresVersion } from '../harness/postgres_programs.ts';
import { type Login, through } from '../harness/psql.ts';

/** Fewer than any test here has clients, so that clients change servers all the time. */
export const POOL_SIZE = 3;

/** Its parts are there once the tests run, and not before. */
export interface Stage {
  readonly postgres: Postgres;
  readonly agent: Agent;
  /** The application's own user and database, through the agent. */
  readonly login: Login;
  /** A URL through the agent. */
  readonly url: string;
}

export interface StageOptions {
  readonly needs?: readonly string[];
  /** Why it cannot be done here, beyond programs that are not installed. */
  readonly missing?: string | undefined;
  readonly settings?: Application['settings'];
  /** Run as superuser in the database before the first test. */
  readonly schema?: string;
}

const VERSIONS: readonly PostgresVersion[] = [15, 'embedded'];

/** `body` declares the tests, once for each PostgreSQL. */
export function onEachPostgres(title: string, options: StageOptions, body: (stage: Stage) => void): void {
  for (const version of VERSIONS) {
    const name = version === 'embedded' ? 'PostgreSQL 18' : `PostgreSQL ${version}`;
    const missing = options.missing ?? missingPrograms(...(options.needs ?? [])) ?? missingServer(version);
    describeNeeding(missing)(`${title}, ${name}`, () => {
      const stage = {} as { -readonly [Key in keyof Stage]: Stage[Key] };
      beforeAll(async () => {
        const authority = createCertificateAuthority();
        const postgres = await startPostgres({
          version,
          tls: { server: authority.issueServer() },
          users: { app: '' },
          databases: { shop: 'app' },
        });
        stage.postgres = postgres;
        if (options.schema !== undefined) await postgres.sql(options.schema, 'shop');
        const settings = { default_pool_size: POOL_SIZE, ...options.settings };
        stage.agent = await serve({ postgres, authority, settings });
        const password = postgres.passwordOf('app');
        stage.login = through(stage.agent, password);
        stage.url = stage.agent.url('app', password, 'shop');
      }, 60_000);
      // Before the end is declared, because what is declared first ends first: drivers say goodbye to a living agent.
      body(stage);
      afterAll(async () => {
        // The agent may never have come up: then it is that which is told, not its absence.
        await stage.agent?.stop();
        await stage.postgres?.stop();
      });
    });
  }
}

function missingServer(version: PostgresVersion): string | undefined {
  if (version === 'embedded' || isPostgresInstalled(version)) return undefined;
  return `PostgreSQL ${version} is not installed (scripts/setup --debian)`;
}
