// Who may come to the console, the database `pgbouncer` that every listener has.

import { AgentError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Connection } from '../net/connection.ts';
import type { Clients } from './clients.ts';

/** Whom the system user of the agent itself is on the UNIX socket, without a password. */
export const CONSOLE_OWNER = 'pgbouncer';

/** What the console begins with: somebody who has proved who he is, and may come in. */
export interface ConsoleStart {
  readonly connection: Connection;
  readonly user: string;
  /** He has the agent's own system user: an admin, whatever admin_users says. */
  readonly isOwner: boolean;
  readonly pid: number;
  readonly key: Uint8Array;
  readonly applicationName: string;
}

export type ConsoleRole = 'admin' | 'stats';

/** Undefined for who is neither. */
export function consoleRole(settings: Settings, user: string, isOwner: boolean): ConsoleRole | undefined {
  if (isOwner || settings.admin_users.includes(user)) return 'admin';
  // As there: whoever need not prove anything may look.
  return settings.auth_type === 'any' || settings.stats_users.includes(user) ? 'stats' : undefined;
}

/**
 * Whoever cannot come in because max_client_conn is reached is told so by the console: it has places of its own.
 *
 * @throws AgentError console_not_allowed, console_full
 */
export function checkConsole(settings: Settings, clients: Clients, user: string, isOwner: boolean): void {
  if (consoleRole(settings, user, isOwner) === undefined)
    throw new AgentError('console_not_allowed', { user });
  const { max_console_connections: value } = settings;
  if (clients.consoles.size >= value) throw new AgentError('console_full', { value });
}
