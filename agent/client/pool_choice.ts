// Which pool a client comes to: the one of its database and user, or one of its own where it replicates.

import type { FoundSecret } from '../pool/auth_queries.ts';
import type { Pool } from '../pool/pool.ts';
import type { ClientContext } from './context.ts';
import { checkAccess } from './limits.ts';
import { replicatedName, replicationOf } from './replication.ts';
import { askedParameters, type StartupMessage } from './startup.ts';

/**
 * The pool of somebody who has proved who he is. A client that replicates has one of its own, and what it asks for stands
 * in the startup packet of its server.
 *
 * @param found the user's secret, as auth_query gave it for this very login.
 * @throws AgentError database_unknown, database_refused, login_unusable
 */
export function poolFor(
  message: StartupMessage,
  { name, user, peer }: { readonly name: string; readonly user: string; readonly peer: string },
  { registry, settings }: Pick<ClientContext, 'registry' | 'settings'>,
  found: FoundSecret | undefined,
): Pool {
  const kind = replicationOf(message);
  const database = replicatedName(name, kind, settings);
  checkAccess(settings, database, user);
  if (kind === undefined) return registry.pool(database, user, found);
  const parameters = Object.fromEntries(askedParameters(message, settings, peer));
  return registry.dedicatedPool(database, user, { kind, parameters }, found);
}
