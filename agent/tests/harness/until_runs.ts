// Waits until PostgreSQL has begun with a query.

import type { Postgres } from './postgres.ts';

/** @param part words of it, with no quotes. */
export async function untilRuns({ sql }: Pick<Postgres, 'sql'>, part: string): Promise<void> {
  const question = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%${part}%'`;
  while ((await sql(question)).length === 0) await Bun.sleep(10);
}
