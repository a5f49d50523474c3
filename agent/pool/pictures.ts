// What the registry makes of a database of the settings: for auth_query, for one client that replicates, for a pool that is there.

import { databaseNamed } from '../config/any_database.ts';
import type { DatabaseSettings, ReplicationSettings, Settings } from '../config/settings.ts';
import type { Pool } from './pool.ts';
import { identityOf, type PoolIdentity } from './pool_identity.ts';

/** A user that a reload took away keeps its pool, for the clients that are there, with what it had. */
export function usableIdentity(database: DatabaseSettings, pool: Pool, settings: Settings): PoolIdentity {
  try {
    return identityOf(database, pool.user, settings, pool.identity.found);
  } catch {
    return pool.identity;
  }
}

/** Undefined when the settings do not name it any more. */
export function databaseFor(pool: Pool, settings: Settings): DatabaseSettings | undefined {
  const { name } = pool.database;
  const database = databaseNamed(settings, name);
  const { isForAuthQuery, listensIn, replication } = pool.database;
  if (listensIn !== undefined && database !== undefined) return listeningDatabase(database, listensIn);
  if (replication !== undefined && database !== undefined) return replicatedDatabase(database, replication);
  if (isForAuthQuery !== true || database === undefined) return database;
  const isAsked = Object.values(settings.databases).some(
    ({ auth }) => (auth?.database || name) === name && auth?.user === pool.user,
  );
  return isAsked ? authDatabase(database, settings) : undefined;
}

/** As its server is asked for it: with the client's own parameters, since a WAL sender may know no SET. */
export function replicatedDatabase(
  database: DatabaseSettings,
  replication: ReplicationSettings,
): DatabaseSettings {
  const parameters = { ...database.parameters, ...replication.parameters };
  // A WAL sender knows no SQL that could be run first, nor does it need what is for the application's queries.
  return { ...database, replication, parameters, connectQuery: '', minPoolSize: 0, reservePoolSize: 0 };
}

/** As the connection that listens for all clients sees it: one server, which reads and writes as these clients do. */
export function listeningDatabase(database: DatabaseSettings, encoding: string): DatabaseSettings {
  const parameters = { ...database.parameters, client_encoding: encoding };
  return { ...database, listensIn: encoding, parameters, minPoolSize: 0, reservePoolSize: 0 };
}

/** It is not kept when nobody uses it: who was found by auth_query may be anybody of the server's. */
export function isPassing({ database, identity }: Pool): boolean {
  return identity.found !== undefined || database.listensIn !== undefined;
}

/** As auth_query sees it: without the parameters that the application's configuration sets, `search_path` among them. */
export function authDatabase(database: DatabaseSettings, settings: Settings): DatabaseSettings {
  return {
    ...database,
    forceUser: false,
    isForAuthQuery: true,
    parameters: {},
    connectQuery: '',
    reservePoolSize: 0,
    poolSize: settings.auth_query_pool_size,
    minPoolSize: 0,
    queryWaitTimeoutMs: settings.auth_query_timeout,
  };
}

/** Who everybody is at the server; undefined where each is himself. */
export function forcedUserOf({ forceUser, user }: DatabaseSettings): string | undefined {
  return forceUser ? user : undefined;
}
