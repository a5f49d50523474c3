// What has to be looked at now and then in a pool: clients that waited too long, servers that rested or lived too long.

import { AgentError } from '../base/errors.ts';
import type { Pool } from './pool.ts';
import { tellAllPinned, whyWaiting } from './why_waiting.ts';

/** PgBouncer's words, which people have alerts on. */
export const LIFETIME_OVER = 'server lifetime over';

/** One tick, some times a second; the caller resumes the pool behind it. */
export function lookAfter(pool: Pool, now: number): void {
  tellAllPinned(pool, now);
  const timeoutMs = pool.terms.queryWaitTimeoutMs;
  for (let first = pool.waiters.first; first !== undefined && timeoutMs > 0; first = pool.waiters.first) {
    if (first.waitingSince + timeoutMs > now) break;
    pool.refuse(
      first,
      new AgentError('query_wait_timeout', { seconds: timeoutMs / 1000, state: whyWaiting(pool) }),
    );
  }
  pool.sequences.tick(now);
  const idleMs = pool.context.settings.server_idle_timeout;
  let spare = pool.connected - pool.minimum;
  for (const server of pool.idleServers) {
    // What it answered once says nothing of now; it counts where server_check_delay is 0.
    server.proven = false;
    if (server.expiresAt <= now) pool.discard(server, LIFETIME_OVER);
    else if (idleMs > 0 && spare > 0 && server.idleSince + idleMs <= now) {
      spare--;
      pool.discard(server, 'server idle timeout');
    }
  }
  trim(pool);
}

/** The size was lowered: what rests beyond it goes, the oldest first. What is in use goes when it comes back. */
export function trim(pool: Pool): void {
  let many = pool.servers - pool.sizeMax;
  pool.together(() => {
    for (const server of pool.idleServers) {
      if (many-- <= 0) return;
      pool.discard(server, 'the pool is larger than its size');
    }
  });
}
