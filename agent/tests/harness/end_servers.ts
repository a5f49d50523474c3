// Ends the server connections of a role, as an operator does, and waits until the agent has noticed.

import type { Agent } from './agent.ts';
import type { Postgres } from './postgres.ts';

/** Otherwise a client could still be lent a server that is on its way out, and read why. */
export async function endServers(postgres: Postgres, agent: Agent, user: string): Promise<void> {
  const isLost = ({ msg }: { msg: string }) => msg === 'server connection lost';
  let from = agent.logLines().length;
  const ended = await postgres.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${user}'`,
  );
  for (const _ of ended) {
    await agent.waitForLog(isLost, from);
    from += agent.logLines().slice(from).findIndex(isLost) + 1;
  }
}
