// What somebody who has proved who he is may have: this database, and room under the limits on clients.

import { AgentError } from '../base/errors.ts';
import { databaseNamed } from '../config/any_database.ts';
import type { Settings } from '../config/settings.ts';
import type { Clients } from './clients.ts';

/**
 * Who has proved himself is told in plain words what he may not have; nobody else learns which databases there are.
 *
 * @throws AgentError database_refused
 */
export function checkAccess(settings: Settings, database: string, user: string): void {
  const { users } = settings;
  const known = Object.hasOwn(users, user) ? users[user] : undefined;
  // One that is not served is refused by the registry, to everybody.
  if (known === undefined || databaseNamed(settings, database) === undefined) return;
  if (known.databases.includes('*') || known.databases.includes(database)) return;
  const allowed = known.databases.join(', ') || 'none';
  throw new AgentError('database_refused', { database, user, allowed });
}

/**
 * Clients that have not proved who they are, this one among them. One source has to leave room for the others.
 *
 * @throws AgentError client_limit
 */
export function checkLogins(settings: Settings, clients: Clients, source: string): void {
  const { client_login_concurrency: all, client_login_concurrency_per_source: each } = settings;
  // One more than the others, since this one is counted.
  checkLimit('client_login_concurrency_per_source', each, clients.loginsBySource.of(source) - 1);
  checkLimit('client_login_concurrency', all, clients.logins - 1);
}

/** @throws AgentError client_limit */
export function checkLimits(settings: Settings, clients: Clients, database: string, user: string): void {
  checkLimit('max_client_conn', settings.max_client_conn, clients.count + clients.arriving);
  checkLimit(
    'max_db_client_connections',
    databaseNamed(settings, database)?.maxDbClientConnections ?? settings.max_db_client_connections,
    clients.byDatabase.of(database),
  );
  const ofUser = settings.users[user]?.maxUserClientConnections ?? settings.max_user_client_connections;
  checkLimit('max_user_client_connections', ofUser, clients.byUser.of(user));
}

/** @throws AgentError client_limit */
function checkLimit(limit: string, value: number, count: number): void {
  if (value === 0 || count < value) return;
  // PgBouncer's words, which scripts look for.
  const what = limit.endsWith('_client_connections')
    ? 'client connections exceeded'
    : 'no more connections allowed';
  throw new AgentError('client_limit', { what, limit, value });
}
