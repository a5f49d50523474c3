// A PostgreSQL and agents whose operator pauses, kills and suspends them: what the tests of those verbs begin with.

import { afterEach } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { openShop } from '../harness/shop.ts';
import { type Disposables, endAll } from './clients_in_states.ts';

/** What `status` says, as far as these tests look. */
export interface Statuses {
  readonly state: string;
  readonly databases: readonly { name: string; paused: boolean; disabled: boolean }[];
  readonly pools: readonly { database: string; clients: number; clientsWaiting: number }[];
}

export interface OperatedShop {
  /** An agent that trusts everybody, whose operator is `app`; its database `desk` has pool_mode session. */
  start(more?: Readonly<Record<string, unknown>>): Promise<Agent>;
  /** Ended behind each test. */
  readonly disposables: Disposables;
  status(agent: Agent): Promise<Statuses>;
  /** Connections of the agent that PostgreSQL has. */
  backends(where?: string): Promise<number>;
  untilBackends(count: number, where?: string): Promise<void>;
  /** Holds the lock 1 until the function that it gives is called. */
  holdLock(): Promise<() => Promise<void>>;
  /** Until the query of somebody waits for that lock. */
  untilLocked(): Promise<void>;
  untilWaiting(agent: Agent, clients: number): Promise<void>;
}

export async function openOperatedShop(): Promise<OperatedShop> {
  const { authority, postgres } = await openShop();
  await postgres.sql('CREATE TABLE goods (name text)', 'shop');
  await postgres.sql('GRANT ALL ON goods TO app', 'shop');
  const disposables: Disposables = [];
  afterEach(() => endAll(disposables));
  const status = async (agent: Agent): Promise<Statuses> => (await agent.status()) as unknown as Statuses;
  async function backends(where = 'true'): Promise<number> {
    const sql = `SELECT count(*)::int FROM pg_stat_activity WHERE usename = 'app' AND ${where}`;
    return (await postgres.sql<{ count: number }>(sql))[0]!.count;
  }
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await Bun.sleep(5);
  }
  const desk = { host: 'localhost', port: postgres.port, dbname: 'shop', user: 'app' };
  const databases = { desk: { ...desk, password: postgres.passwordOf('app'), pool_mode: 'session' } };
  return {
    start: (more = {}) =>
      serve({
        postgres,
        authority,
        settings: { auth_type: 'trust', admin_users: ['app'], databases, ...more },
      }),
    disposables,
    status,
    backends,
    untilBackends: (count, where) => until(async () => (await backends(where)) === count),
    async holdLock() {
      // Such locks are of one database.
      const holder = new pg.Client(postgres.superuserUrl.replace('/postgres?', '/shop?'));
      await holder.connect();
      await holder.query('SELECT pg_advisory_lock(1)');
      let isHeld = true;
      const letGo = async (): Promise<void> => {
        if (isHeld) await holder.end();
        isHeld = false;
      };
      disposables.push(letGo);
      return letGo;
    },
    untilLocked: () =>
      until(async () => {
        const sql = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        return (await postgres.sql(sql)).length > 0;
      }),
    untilWaiting: (agent, clients) =>
      until(async () => {
        const { pools } = await status(agent);
        return pools.reduce((sum, { clientsWaiting }) => sum + clientsWaiting, 0) === clients;
      }),
  };
}
