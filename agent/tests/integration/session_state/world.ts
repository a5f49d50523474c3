// A PostgreSQL with two databases that are made alike: one is reached through the agent, the other directly.

import type { Agent } from '../../harness/agent.ts';
import { serve, USER } from '../../harness/application.ts';
import { createCertificateAuthority } from '../../harness/certificates.ts';
import { type Postgres, type PostgresOptions, startPostgres } from '../../harness/postgres.ts';
import type { Row } from './row.ts';
import type { Place } from './speaker.ts';

/** What clients do in one of them is not seen in the other: tables, keys of advisory locks, channels are a database's own. */
const OURS = 'shop';
const TWIN = 'twin';
/** A superuser, for the rows in which clients change who they are. */
const BOSS = 'boss';

/**
 * A library that is loaded, and the schema for temporary objects, stay with a server for ever, and show: as settings of the
 * library, as another text of an error. So every server has both from its beginning.
 */
const FIRST = 'DO $$ BEGIN END $$; CREATE TEMP TABLE first (); DROP TABLE first';

export interface World extends AsyncDisposable {
  readonly postgres: Postgres;
  /** How many locks each database has that outlive transactions. */
  advisoryLocks(): Promise<{ readonly ours: number; readonly twin: number }>;
  isGone(pid: number): Promise<boolean>;
  /** Both databases as they are at the beginning, and the places where a client finds them. */
  open(row: Row, isDirect: boolean): Promise<Stage>;
  stop(): Promise<void>;
}

export interface Stage extends AsyncDisposable {
  readonly ours: Place;
  readonly twin: Place;
}

export async function startWorld(version: PostgresOptions['version']): Promise<World> {
  const authority = createCertificateAuthority();
  const postgres = await startPostgres({
    ...(version !== undefined && { version }),
    tls: { server: authority.issueServer() },
    hba: [`local all ${USER} trust`, `local all ${BOSS} trust`],
    users: { [USER]: '', [BOSS]: 'SUPERUSER' },
    databases: { [OURS]: USER, [TWIN]: USER },
    // Statistics that one database has and the other has not would give other plans; so would the count of executions on a
    // server, which decides when a plan becomes generic.
    settings: { autovacuum: false, plan_cache_mode: 'force_generic_plan', max_connections: 50, jit: false },
  });
  await postgres.sql(`CREATE ROLE r1; CREATE ROLE r2; CREATE ROLE "R 3"; GRANT r1, r2, "R 3" TO ${USER}`);
  const socketPath = `${postgres.socketDir}/.s.PGSQL.${postgres.port}`;
  return {
    postgres,
    async advisoryLocks() {
      const [counts] = await postgres.sql<{ ours: number; twin: number }>(LOCKS);
      return counts!;
    },
    async isGone(pid) {
      return (await postgres.sql(`SELECT FROM pg_stat_activity WHERE pid = ${pid}`)).length === 0;
    },
    async open(row, isDirect) {
      for (const database of [OURS, TWIN]) await postgres.sql(setupText(row), database);
      const user = row.isSuperuser === true ? BOSS : USER;
      const twin: Place = { socketPath, user, database: TWIN, first: FIRST };
      if (isDirect) {
        return { ours: { ...twin, database: OURS }, twin, [Symbol.asyncDispose]: async () => {} };
      }
      const agent: Agent = await serve({
        ...{ postgres, authority, user },
        settings: {
          auth_type: 'trust',
          default_pool_size: row.servers,
          query_wait_timeout: '8s',
          log_level: 'info',
          databases: { [OURS]: { connect_query: FIRST } },
        },
      });
      return {
        ours: { socketPath: `${agent.socketDir}/.s.PGSQL.5432`, user, database: OURS },
        twin,
        [Symbol.asyncDispose]: () => agent.stop(),
      };
    },
    stop: () => postgres.stop(),
    [Symbol.asyncDispose]: () => postgres.stop(),
  };
}

const LOCKS = `SELECT count(*) FILTER (WHERE datname = '${OURS}')::int AS ours,
  count(*) FILTER (WHERE datname = '${TWIN}')::int AS twin
  FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database WHERE locktype = 'advisory'`;

function setupText(row: Row): string {
  const schemas = ['a', 'b', '"odd "" name"', '"B"', '"a, b"', 'public'];
  return [
    ...schemas.map((schema) => `DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`),
    ...schemas.map((schema) => `GRANT ALL ON SCHEMA ${schema} TO ${USER}, r1, r2, "R 3"`),
    ...schemas.map(
      (schema, i) =>
        `CREATE TABLE ${schema}.t AS SELECT id, 'row ' || id || ' of ${schema.replaceAll('"', '')}' AS word
         FROM generate_series(${i}, ${i + 3}) AS id; GRANT ALL ON ${schema}.t TO PUBLIC`,
    ),
    ...(row.setup ?? []),
  ].join(';\n');
}
