// The three questions that a supervisor asks, answered from a Snapshot: has it come up, does it run, can it serve.

import type { Snapshot } from './snapshot.ts';

export interface Health {
  readonly ok: boolean;
  /** One sentence, also when all is well. */
  readonly reason: string;
}

export function startup(snapshot: Snapshot): Health {
  if (snapshot.state === 'starting') return { ok: false, reason: 'the agent is starting' };
  return { ok: true, reason: 'the agent has started' };
}

/** An agent that can answer runs. */
export function liveness(_snapshot: Snapshot): Health {
  return { ok: true, reason: 'the agent runs' };
}

/** Could a new client come in and get a server now, and is there no mistake of our own that happens again and again? */
export function readiness(snapshot: Snapshot): Health {
  if (snapshot.state !== 'running') return { ok: false, reason: `the agent is ${snapshot.state}` };
  const broken = snapshot.internalErrors.paths.find(({ repeats }) => repeats);
  if (broken !== undefined) {
    const reason = `an internal error happened ${broken.count} times at ${broken.path}, and again within a minute; see the log`;
    return { ok: false, reason };
  }
  const { connected, limit } = snapshot.clients;
  if (limit > 0 && connected >= limit)
    return { ok: false, reason: `all ${limit} client connections are taken (max_client_conn)` };
  for (const pool of snapshot.pools) {
    // Else one stranger could have everybody sent away.
    if (pool.incidental) continue;
    const { serversActive, serversIdle, serversTested, serversCleaning, serversBeingCanceled } = pool;
    const servers = serversActive + serversIdle + serversTested + serversCleaning + serversBeingCanceled;
    const isFirst = !pool.hadServer && pool.serversLogin + pool.clientsWaiting > 0;
    if (isFirst && servers === 0 && pool.lastError === undefined && !pool.paused && !pool.removed)
      return {
        ok: false,
        reason: `no server for database "${pool.database}" yet: the first login is under way`,
      };
    if (pool.lastError !== undefined && servers === 0 && !pool.removed) {
      return { ok: false, reason: `no server for database "${pool.database}": ${pool.lastError}` };
    }
  }
  return { ok: true, reason: 'clients are served' };
}
