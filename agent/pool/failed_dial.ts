// What a login to the server that failed means to its pool: when the next may be tried, and who is told now.

import type { AgentError } from '../base/errors.ts';
import type { Pool } from './pool.ts';

export function onDialFailed(pool: Pool, error: AgentError): void {
  const { clock, settings, random, log } = pool.context;
  const { failure } = pool;
  failure.add(error, clock.now(), settings.server_login_retry, random());
  pool.statistics.serverLoginFailures++;
  const { count: failures } = failure;
  const [database, host] = [pool.database.name, failure.hosts.get(error)];
  log.warn({ database, user: pool.identity.user, host, failures, code: error.code }, error.message);
  // With servers of its own, clients wait for those.
  if (pool.connected > 0) return;
  // A server that is full lets in some of those that come at once: who they are shows when all have been answered.
  if (failure.isFull && pool.logins > 0) return;
  for (const waiter of pool.waiters)
    if (waiter.isLogin || failure.isFinal || failure.isFull) pool.refuse(waiter, error);
  // Whoever makes up names for `*` leaves nothing behind.
  const isMissing = pool.database.isAny === true && error.code === 'server_database_missing';
  if (isMissing && pool.clients === 0 && pool.waiting === 0 && pool.isGone) pool.context.forget(pool);
}
