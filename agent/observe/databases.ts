// Databases and users as SHOW lists them: what the settings say of each, and what of it is in use.

import { CONSOLE_OWNER } from '../client/console_door.ts';
import type { ClientContext } from '../client/context.ts';
import { namedDatabases } from '../config/any_database.ts';
import type { DatabaseSettings, PoolMode } from '../config/settings.ts';
import { anyDatabases } from './snapshot.ts';

export interface DatabaseRow {
  readonly database: DatabaseSettings;
  /** Undefined where it is that of all. */
  readonly ownMode: PoolMode | undefined;
  readonly servers: number;
  readonly clients: number;
  readonly paused: boolean;
  readonly disabled: boolean;
}

export interface UserRow {
  readonly name: string;
  readonly poolSize: number | undefined;
  readonly reservePoolSize: number | undefined;
  readonly poolMode: PoolMode | undefined;
  readonly serversMax: number;
  readonly servers: number;
  readonly clientsMax: number;
  readonly clients: number;
}

/** Those that have a name, and those that `*` has been made into; `*` itself nobody can ask for. */
export function servedDatabases({ settings, registry }: ClientContext): readonly DatabaseSettings[] {
  return [...namedDatabases(settings), ...anyDatabases(registry)];
}

export function* readDatabases(context: ClientContext): Iterable<DatabaseRow> {
  const { settings, registry, clients } = context;
  const servers = new Map<string, number>();
  for (const pool of registry) add(servers, pool.database.name, pool.servers);
  for (const database of servedDatabases(context)) {
    const { name, poolMode } = database;
    yield {
      database,
      ownMode: poolMode === settings.pool_mode ? undefined : poolMode,
      servers: servers.get(name) ?? 0,
      clients: clients.byDatabase.of(name),
      paused: registry.holds.paused.has(name),
      disabled: registry.holds.disabled.has(name),
    };
  }
}

/** Those of the settings, then those that only the server knows (auth_query), and those of the console. */
export function* readUsers(context: ClientContext): Iterable<UserRow> {
  const { settings, registry, clients } = context;
  const servers = new Map<string, number>();
  for (const pool of registry) add(servers, pool.user, pool.servers);
  const consoles = new Map<string, number>();
  for (const { user } of clients.consoles) add(consoles, user, 1);
  const names = new Set([
    ...Object.keys(settings.users),
    CONSOLE_OWNER,
    ...servers.keys(),
    ...consoles.keys(),
  ]);
  for (const name of names) {
    const user = Object.hasOwn(settings.users, name) ? settings.users[name] : undefined;
    yield {
      name,
      poolSize: user?.poolSize,
      reservePoolSize: user?.reservePoolSize,
      poolMode: user?.poolMode,
      serversMax: user?.maxUserConnections ?? settings.max_user_connections,
      servers: servers.get(name) ?? 0,
      clientsMax: user?.maxUserClientConnections ?? settings.max_user_client_connections,
      clients: clients.byUser.of(name) + (consoles.get(name) ?? 0),
    };
  }
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
