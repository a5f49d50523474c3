// What the settings say of one pool: what is said of its user wins over its database, and that over the general settings.

import type { DatabaseSettings, PoolMode, Settings, UserSettings } from '../config/settings.ts';

export interface PoolTerms {
  readonly mode: PoolMode;
  /** Servers. */
  readonly size: number;
  /** Servers beyond the size; 0 when reserve_pool_timeout is, as PgBouncer has it. */
  readonly reserve: number;
  readonly reserveTimeoutMs: number;
  /** 0: clients wait for ever. */
  readonly queryWaitTimeoutMs: number;
  /** Servers of the user over all databases; 0 is no limit. */
  readonly userConnectionsMax: number;
  /** What makes a server as new behind a client of session mode: server_reset_query. */
  readonly sessionResets: readonly string[];
  /** The same behind any other client: nothing, unless server_reset_query_always says so. */
  readonly resets: readonly string[];
}

export function termsOf(database: DatabaseSettings, user: string, settings: Settings): PoolTerms {
  // What is said of auth_user is said of his own sessions.
  const isOwn = database.isForAuthQuery !== true && Object.hasOwn(settings.users, user);
  const own = isOwn ? settings.users[user] : undefined;
  const reserveTimeoutMs = settings.reserve_pool_timeout;
  const mode = own?.poolMode ?? database.poolMode;
  const isDedicated = database.replication !== undefined || database.listensIn !== undefined;
  if (isDedicated) return dedicatedTerms(database, own, settings);
  const sessionResets = settings.server_reset_query === '' ? [] : [settings.server_reset_query];
  return {
    mode,
    sessionResets,
    resets: settings.server_reset_query_always ? sessionResets : [],
    size: own?.poolSize ?? database.poolSize,
    reserve: reserveTimeoutMs === 0 ? 0 : (own?.reservePoolSize ?? database.reservePoolSize),
    reserveTimeoutMs,
    queryWaitTimeoutMs: own?.queryWaitTimeoutMs ?? database.queryWaitTimeoutMs,
    userConnectionsMax: own?.maxUserConnections ?? settings.max_user_connections,
  };
}

/** One server for one client that replicates, or that listens for all: nothing is made as new, because nobody else gets it. */
function dedicatedTerms(
  database: DatabaseSettings,
  own: UserSettings | undefined,
  settings: Settings,
): PoolTerms {
  return {
    mode: 'session',
    sessionResets: [],
    resets: [],
    size: 1,
    reserve: 0,
    reserveTimeoutMs: 0,
    queryWaitTimeoutMs: own?.queryWaitTimeoutMs ?? database.queryWaitTimeoutMs,
    userConnectionsMax: own?.maxUserConnections ?? settings.max_user_connections,
  };
}
