// What is, in one plain frozen value: read once from the rooms that count, then only this is read.

import type { InternalErrorPath } from '../base/internal_errors.ts';
import { printOrigin } from '../base/origin.ts';
import type { ClientContext } from '../client/context.ts';
import { ANY_DATABASE } from '../config/any_database.ts';
import type { DatabaseSettings } from '../config/settings.ts';
import type { Pool } from '../pool/pool.ts';
import type { PoolStatistics } from '../pool/statistics.ts';

export type AgentState = 'starting' | 'running' | 'paused' | 'suspended' | 'draining' | 'stopping';

export interface PoolSnapshot {
  readonly database: string;
  readonly user: string;
  readonly mode: string;
  /** Clients logged in to this pool; of those, with a server, and in the queue. */
  readonly clients: number;
  readonly clientsActive: number;
  readonly clientsWaiting: number;
  /** Clients that keep their servers between transactions; and each reason with the number of those that have it. */
  readonly clientsPinned: number;
  readonly pins: readonly { readonly pin: string; readonly clients: number }[];
  readonly serversActive: number;
  readonly serversIdle: number;
  /** Asked whether they still answer (server_check_query). */
  readonly serversTested: number;
  /** Being rolled back or reset. */
  readonly serversCleaning: number;
  /** Waiting until a cancel request has ended. */
  readonly serversBeingCanceled: number;
  readonly serversLogin: number;
  readonly poolSize: number;
  /** Milliseconds that the first in the queue has waited. */
  readonly maxWaitMs: number;
  readonly paused: boolean;
  /** The database was removed from the configuration; its clients are finishing. */
  readonly removed: boolean;
  /** There because a client asked for it, by a name that nobody listed or to replicate: readiness is not measured by it. */
  readonly incidental: boolean;
  /** Serves auth_query and no client. */
  readonly forAuthQuery: boolean;
  /** There was a server since it was made, or since the settings of its database changed. */
  readonly hadServer: boolean;
  /** Why the last server login failed; undefined since one succeeded. */
  readonly lastError: string | undefined;
  readonly statistics: PoolStatistics;
}

export interface DatabaseSnapshot {
  readonly name: string;
  readonly role: string;
  readonly host: string;
  readonly port: string;
  readonly dbname: string;
  readonly user: string;
  readonly sslmode: string;
  /** Its servers are not lent (PAUSE, KILL); new clients of it are refused (DISABLE). */
  readonly paused: boolean;
  readonly disabled: boolean;
  readonly origin: string;
}

export interface ReloadSnapshot {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly ok: boolean;
  /** Who asked: `SIGHUP`, `control socket`, `application.yml changed`. */
  readonly why: string;
  readonly changes: readonly string[];
  readonly problems: readonly string[];
}

export interface Snapshot {
  readonly version: string;
  readonly pid: number;
  readonly state: AgentState;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly uptimeMs: number;
  readonly listeners: readonly { readonly kind: 'unix' | 'tcp'; readonly address: string }[];
  readonly databases: readonly DatabaseSnapshot[];
  readonly pools: readonly PoolSnapshot[];
  readonly clients: { readonly connected: number; readonly loggingIn: number; readonly limit: number };
  readonly logins: { readonly succeeded: number; readonly failed: number };
  readonly statements: number;
  readonly memoryBytes: number;
  /** Mistakes of our own since the start, by the path of code that made them. */
  readonly internalErrors: { readonly total: number; readonly paths: readonly InternalErrorPath[] };
  /** Lines of the log that could not be written, and why some cannot at this moment. */
  readonly log: { readonly linesLost: number; readonly failure: string | undefined };
  readonly reloads: { readonly succeeded: number; readonly failed: number };
  readonly lastReload: ReloadSnapshot | undefined;
  /** Warnings about the settings in force. */
  readonly warnings: readonly string[];
  /** The pgsidecar.yml or pgbouncer.ini that was taken, absolute; null where there was none. */
  readonly config: string | null;
  /** Files that are watched. */
  readonly files: readonly string[];
}

/** The part of the snapshot that comes from the data plane. */
export function readPlane(context: ClientContext) {
  const now = context.clock.now();
  const { clients, settings, registry } = context;
  return {
    databases: [...Object.values(settings.databases), ...anyDatabases(context.registry)].map((database) => ({
      name: database.name,
      role: database.role,
      host: database.hosts.map((host) => host.host).join(','),
      port: database.hosts.map((host) => host.port).join(','),
      dbname: database.dbname || ANY_DATABASE,
      user: database.user || '*',
      sslmode: database.sslmode,
      paused: registry.holds.pauses(database.name),
      disabled: registry.holds.disabled.has(database.name),
      origin: printOrigin(database.origin),
    })),
    pools: [...registry].map((pool) => readPool(pool, now)),
    clients: { connected: clients.count, loggingIn: clients.logins, limit: settings.max_client_conn },
    logins: { succeeded: clients.loginSuccesses, failed: clients.loginFailures },
    statements: context.statements.size,
    internalErrors: { total: context.internalErrors.total, paths: context.internalErrors.paths },
  };
}

/** Those that `*` has been made into, each once. */
export function anyDatabases(registry: Iterable<Pool>): readonly DatabaseSettings[] {
  const made = new Map<string, DatabaseSettings>();
  for (const { database } of registry)
    if (database.isAny && !database.isForAuthQuery && database.listensIn === undefined)
      made.set(database.name, database);
  return [...made.values()];
}

function readPool(pool: Pool, now: number): PoolSnapshot {
  const first = pool.waiters.first;
  return {
    database: pool.database.name,
    user: pool.user,
    mode: pool.mode,
    clients: pool.clients,
    clientsActive: pool.activeServers.length,
    clientsWaiting: pool.waiting,
    clientsPinned: pool.pinned,
    pins: [...pool.pins].filter(([, clients]) => clients > 0).map(([pin, clients]) => ({ pin, clients })),
    serversActive: pool.activeServers.length,
    serversIdle: pool.idle,
    serversTested: pool.testing,
    serversCleaning: pool.cleaningServers.length,
    serversBeingCanceled: pool.cancelingServers.length,
    serversLogin: pool.logins,
    poolSize: pool.size,
    maxWaitMs: first === undefined ? 0 : now - first.waitingSince,
    paused: pool.paused,
    removed: pool.removed,
    incidental: pool.isIncidental,
    forAuthQuery: pool.database.isForAuthQuery === true,
    hadServer: pool.welcome !== undefined,
    lastError: pool.failure.last?.message,
    statistics: { ...pool.statistics },
  };
}
