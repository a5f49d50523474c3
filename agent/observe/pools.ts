// Pools as SHOW POOLS counts them: what of ours is called how by PgBouncer is decided here.

import type { ClientContext } from '../client/context.ts';
import type { DatabaseSettings, LoadBalance } from '../config/settings.ts';
import type { Pool } from '../pool/pool.ts';
import type { Server } from '../server/server.ts';

export interface PoolRow {
  readonly database: string;
  readonly user: string;
  readonly clientsActive: number;
  readonly clientsWaiting: number;
  /** Cancel requests that are on their way to a server of the pool. */
  readonly cancelsActive: number;
  readonly serversActive: number;
  readonly serversBeingCanceled: number;
  readonly serversIdle: number;
  /** Of those that rest, the ones that are asked whether they still answer before they are lent. */
  readonly serversUsed: number;
  /** Being asked that, or being reset. */
  readonly serversTested: number;
  readonly serversLogin: number;
  readonly maxWaitMs: number;
  readonly mode: string;
  /** Undefined where there is one host. */
  readonly loadBalanceHosts: LoadBalance | undefined;
  /** Clients that keep their servers between transactions; and each reason with the number of those. */
  readonly clientsPinned: number;
  readonly pins: readonly (readonly [pin: string, count: number])[];
  /** Times a server had what no text had announced. */
  readonly leaks: number;
}

/**
 * One for each (database, user), as there: what auth_query has of the same name counts in with it, and so do the clients
 * that replicate, each of which has a pool of its own, and the connection that listens for all. Two rows of the same name would be an error to Prometheus. Each is
 * read when its turn comes.
 */
export function* readPools(context: ClientContext): Iterable<PoolRow> {
  const besides = new Map<string, Pool[]>();
  for (const pool of context.registry) {
    if (isOrdinary(pool)) continue;
    const others = besides.get(keyOf(pool));
    if (others === undefined) besides.set(keyOf(pool), [pool]);
    else others.push(pool);
  }
  for (const pool of context.registry) {
    if (!isOrdinary(pool)) continue;
    const others = besides.get(keyOf(pool)) ?? [];
    besides.delete(keyOf(pool));
    yield others.map(poolRow).reduce(sum, poolRow(pool));
  }
  for (const pools of besides.values()) yield pools.map(poolRow).reduce(sum);
}

function isOrdinary({ database }: Pool): boolean {
  const { isForAuthQuery, listensIn, replication } = database;
  return isForAuthQuery !== true && listensIn === undefined && replication === undefined;
}

function keyOf({ database, user }: Pool): string {
  return `${database.name}\0${user}`;
}

/** Nothing is balanced over one. */
export function loadBalanceOf({ hosts, loadBalanceHosts }: DatabaseSettings): LoadBalance | undefined {
  return hosts.length > 1 ? loadBalanceHosts : undefined;
}

export function isStale(server: Server, pool: Pool, now: number): boolean {
  const { server_check_query, server_check_delay } = pool.context.settings;
  return server_check_query !== '' && now - server.idleSince > server_check_delay;
}

function poolRow(pool: Pool): PoolRow {
  const { clock } = pool.context;
  const now = clock.now();
  let logins = 0;
  for (let each = pool.waiters.first; each !== undefined; each = each.next) if (each.isLogin) logins++;
  let stale = 0;
  for (const server of pool.idleServers) if (isStale(server, pool, now)) stale++;
  let cancels = 0;
  for (const list of [pool.activeServers, pool.cleaningServers, pool.cancelingServers])
    for (const server of list) cancels += server.cancels;
  const { first } = pool.waiters;
  return {
    database: pool.database.name,
    user: pool.user,
    // Whoever logs in waits without being counted among those that are in.
    clientsActive: pool.clients - (pool.waiting - logins),
    clientsWaiting: pool.waiting,
    cancelsActive: cancels,
    serversActive: pool.activeServers.length,
    serversBeingCanceled: pool.cancelingServers.length,
    serversIdle: pool.idle - stale,
    serversUsed: stale,
    serversTested: pool.testing + pool.cleaningServers.length,
    serversLogin: pool.logins,
    maxWaitMs: first === undefined ? 0 : now - first.waitingSince,
    mode: pool.mode,
    loadBalanceHosts: loadBalanceOf(pool.database),
    clientsPinned: pool.pinned,
    pins: [...pool.pins].filter(([, count]) => count > 0),
    leaks: pool.statistics.leaks,
  };
}

function sum(one: PoolRow, other: PoolRow): PoolRow {
  return {
    ...one,
    clientsActive: one.clientsActive + other.clientsActive,
    clientsWaiting: one.clientsWaiting + other.clientsWaiting,
    cancelsActive: one.cancelsActive + other.cancelsActive,
    serversActive: one.serversActive + other.serversActive,
    serversBeingCanceled: one.serversBeingCanceled + other.serversBeingCanceled,
    serversIdle: one.serversIdle + other.serversIdle,
    serversUsed: one.serversUsed + other.serversUsed,
    serversTested: one.serversTested + other.serversTested,
    serversLogin: one.serversLogin + other.serversLogin,
    leaks: one.leaks + other.leaks,
    maxWaitMs: Math.max(one.maxWaitMs, other.maxWaitMs),
  };
}
