// Counts the connections of an application's role, as PostgreSQL sees them, all the while.

import pg from 'pg';
import { USER } from '../../../agent/tests/harness/application.ts';
import type { Postgres } from '../../../agent/tests/harness/postgres.ts';

export interface Backends {
  /** How many there are now. */
  count(): Promise<number>;
  /** The most that were seen at one time; ends the counting. */
  end(): Promise<number>;
}

const SQL = `SELECT pid FROM pg_stat_activity WHERE usename = '${USER}' AND backend_type = 'client backend'`;
const PAUSE_MS = 25;

export async function countBackends(postgres: Postgres): Promise<Backends> {
  const client = new pg.Client(postgres.superuserUrl);
  await client.connect();
  let isOver = false;
  let peak = 0;
  let before: ReadonlySet<number> = new Set();
  async function look(): Promise<number> {
    const { rows } = await client.query<{ pid: number }>(SQL);
    const now = new Set(rows.map(({ pid }) => pid));
    // One that is listed while it ends, after its successor has begun, is not one more.
    const lasting = [...now].filter((pid) => before.has(pid)).length;
    before = now;
    peak = Math.max(peak, lasting);
    return now.size;
  }
  async function watch(): Promise<void> {
    while (!isOver) {
      await look();
      await Bun.sleep(PAUSE_MS);
    }
  }
  const watching = watch();
  return {
    count: look,
    async end() {
      if (isOver) return peak;
      isOver = true;
      await watching;
      await client.end();
      return peak;
    },
  };
}
