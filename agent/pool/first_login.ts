// The first login to a database that no client has asked for: so that nobody is told that clients are served before there was a server.

import { AgentError } from '../base/errors.ts';
import { namedDatabases } from '../config/any_database.ts';
import type { Pool } from './pool.ts';
import { Probe } from './probe.ts';
import type { PoolRegistry } from './registry.ts';

/** Whoever asks how the pools are wants to know it now. */
export function lookForServers(registry: PoolRegistry): void {
  registry.tryAgain();
  tryFirst(registry);
}

/** Once for each writer, in the application's own name. A database whose password only clients can bring has to wait for one. */
export function tryFirst(registry: PoolRegistry): void {
  for (const { name, role, user } of namedDatabases(registry.settings)) {
    if (role !== 'writer' || user === '') continue;
    const pool = unlessRefused(() => registry.pool(name, user));
    const isUntried = pool?.welcome === undefined && pool?.failing === false && pool.connected === 0;
    const isAlone = pool?.logins === 0 && pool.waiting === 0 && pool.identity.isEnough;
    if (isUntried && isAlone && !pool.paused) pool.request(new Probe(pool));
  }
}

function unlessRefused(make: () => Pool): Pool | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof AgentError) return undefined;
    throw error;
  }
}
