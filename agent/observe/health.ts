// The three questions that a supervisor asks, answered from a Snapshot: has it come up, does it run, can it serve.

import type { PoolSnapshot, Snapshot } from './snapshot.ts';

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

/** Could a new client come in and get a server of some database now, and is there no mistake of our own that happens again and again? */
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
  return servers(snapshot.pools);
}

/**
 * One database that serves is enough: where one is away, or its role refused, taking the agent out of its load balancer
 * would take the others away too. Where nobody has asked for one yet, nothing is known of it.
 */
function servers(pools: readonly PoolSnapshot[]): Health {
  const serving = new Set<string>();
  const broken = new Map<string, string>();
  for (const pool of pools) {
    if (pool.removed) continue;
    const why = whyNoServer(pool);
    // Those that ask for users serve no client.
    if (why === undefined && pool.hadServer && !pool.forAuthQuery) serving.add(pool.database);
    // Else one stranger could have everybody sent away, by names that he makes up.
    else if (why !== undefined && !pool.incidental)
      broken.set(pool.database, broken.get(pool.database) ?? why);
  }
  const lacking = [...broken].filter(([database]) => !serving.has(database)).map(([, why]) => why);
  if (lacking.length === 0) return { ok: true, reason: 'clients are served' };
  return serving.size > 0
    ? { ok: true, reason: `clients are served; ${lacking.join('; ')}` }
    : { ok: false, reason: lacking.join('; ') };
}

function whyNoServer(pool: PoolSnapshot): string | undefined {
  const { serversActive, serversIdle, serversTested, serversCleaning, serversBeingCanceled } = pool;
  if (serversActive + serversIdle + serversTested + serversCleaning + serversBeingCanceled > 0)
    return undefined;
  if (pool.lastError !== undefined) return `no server for database "${pool.database}": ${pool.lastError}`;
  const isFirst = !pool.hadServer && pool.serversLogin + pool.clientsWaiting > 0;
  if (!isFirst || pool.paused) return undefined;
  return `no server for database "${pool.database}" yet: the first login is under way`;
}
