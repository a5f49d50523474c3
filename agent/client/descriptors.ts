// How the file descriptors that the kernel grants are shared out, so that it never comes to EMFILE.

import type { Settings } from '../config/settings.ts';

/** Never given to a connection that lasts: for one that is only told no, files of a reload, the log. */
const LAST = 16;
/** For clients that are told in words that there is no room, and for cancel requests, which then matter most. */
const COURTESY = 16;
/** What the agent itself holds: listeners, control socket, watcher, event loop. */
const OWN = 24;

/**
 * The kernel gives the lowest free number, so the number of a descriptor that was just opened says how many there are.
 *
 * With none left accept() would fail, and what waits there would wake the event loop again and again for nothing.
 */
export interface DescriptorBounds {
  /** RLIMIT_NOFILE. */
  readonly limit: number;
  /** A client below this has room to log in. */
  readonly roomBelow: number;
  /** A client from here on is told no at once, before it has said anything. */
  readonly refuseFrom: number;
  /** A connection to a server below this may be used. */
  readonly dialBelow: number;
  /** What `max_client_conn` clients and all servers would take. */
  readonly wanted: number;
}

/** @param limit RLIMIT_NOFILE; infinite for who has no kernel. */
export function shareDescriptors(limit: number, settings: Settings): DescriptorBounds {
  const servers = serversMax(settings);
  const dialBelow = limit - LAST;
  const refuseFrom = dialBelow - Math.min(servers, Math.floor(dialBelow / 2));
  const roomBelow = Math.max(refuseFrom - COURTESY, 0);
  const wanted = OWN + settings.max_client_conn + COURTESY + servers + LAST;
  return { limit, roomBelow, refuseFrom, dialBelow, wanted };
}

/** Server connections that all pools together may come to. */
function serversMax({ databases, users }: Settings): number {
  let sum = 0;
  for (const database of Object.values(databases)) {
    const { name, forceUser, poolSize, reservePoolSize, maxDbConnections } = database;
    const may = Object.values(users).filter((user) => mayUse(user.databases, name));
    const sizes = may.map((user) => (user.poolSize ?? poolSize) + (user.reservePoolSize ?? reservePoolSize));
    // Users whom auth_query knows are not known here; where nobody else is, there is at least one.
    const one = poolSize + reservePoolSize;
    const all = forceUser || sizes.length === 0 ? one : sizes.reduce((some, size) => some + size);
    sum += maxDbConnections > 0 ? Math.min(all, maxDbConnections) : all;
  }
  return sum;
}

function mayUse(databases: readonly string[], name: string): boolean {
  return databases.includes('*') || databases.includes(name);
}
