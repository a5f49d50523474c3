// Stops what a server is doing for its client; until the request has ended the server is lent to nobody.

import { cancel } from '../server/cancel.ts';
import type { Server } from '../server/server.ts';
import type { Pool } from './pool.ts';

/** Each one is a connection to the server: those that are under way already do what more of them could. */
const CANCELS_MAX = 4;

/**
 * Resolves when no request is on its way to the server any more, within cancel_wait_timeout; undefined where none is.
 * Never rejects.
 */
export function cancelWork(pool: Pool, server: Server): Promise<void> | undefined {
  if (server.expected.isEmpty || server.cancels >= CANCELS_MAX) return server.cancelsOver;
  server.cancels++;
  const { clock, settings, tools, log } = pool.context;
  const late = new AbortController();
  const timer = clock.after(settings.cancel_wait_timeout, () => late.abort());
  const before = server.cancelsOver;
  const done = cancel(server, tools, late.signal).catch((error: Error) => {
    const fields = { server_pid: server.pid, reason: error.message };
    log.warn(fields, 'a cancel request did not reach the server');
  });
  // On a branch of its own: whatever goes wrong in the pool, the senders are let go.
  void done.then(() => {
    timer.clear();
    pool.onCancelDone(server);
    if (server.cancels === 0) server.cancelsOver = undefined;
  });
  server.cancelsOver = before === undefined ? done : done.then(() => before);
  return server.cancelsOver;
}
