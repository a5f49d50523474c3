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

/** Of all places: admins find one when everybody's dashboards have come. */
const STATS_SHARE = 3 / 4;

/**
 * Whoever cannot come in because max_client_conn is reached is told so by the console: it has places of its own. Where
 * all are taken, the one who has looked for longest without a question gives his to an admin.
 *
 * @throws AgentError console_not_allowed, console_full, console_full_of_stats
 */
export function takePlace(settings: Settings, { consoles }: Clients, user: string, isOwner: boolean): void {
  const role = consoleRole(settings, user, isOwner);
  if (role === undefined) throw new AgentError('console_not_allowed', { user });
  const { max_console_connections: value } = settings;
  const lookers = [...consoles].filter((seat) => seat.role !== 'admin');
  const places = Math.max(1, Math.floor(value * STATS_SHARE));
  if (role === 'stats' && lookers.length >= places)
    throw new AgentError('console_full_of_stats', { value, places });
  if (consoles.size < value) return;
  const [first, ...others] = role === 'admin' ? lookers : [];
  if (first === undefined) throw new AgentError('console_full', { value });
  const oldest = others.reduce((one, other) => (other.requestedAt < one.requestedAt ? other : one), first);
  oldest.fail(new AgentError('console_gives_way', { value }));
}
