// Who has notified, in the words of clients: a notification says the process id of a server, and clients know that of their own.

import type { Pool } from './pool.ts';

/** The process id that the client knows as its own that notifies on this server and listens itself; undefined: it may be anybody's. */
export function notifierOf(pools: Iterable<Pool>, serverPid: number): number | undefined {
  for (const pool of pools)
    for (const server of pool.allServers) if (server.pid === serverPid) return server.notifier;
  return undefined;
}
