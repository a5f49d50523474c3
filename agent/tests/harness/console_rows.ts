// Asks the agent's console, as its own user, and gives the rows.

import pg from 'pg';
import type { Agent } from './agent.ts';

export async function consoleRows(agent: Agent, words: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(agent.url('pgbouncer', '', 'pgbouncer'));
  await client.connect();
  try {
    return (await client.query(words)).rows;
  } finally {
    await client.end();
  }
}
