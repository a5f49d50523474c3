// Stops what a server is doing for its client; until the request has ended the server is lent to nobody.

import { cancel } from '../server/cancel.ts';
import type { Server } from '../server/server.ts';
import type { Pool } from './pool.ts';

/** Each one is a connection to the server: those that are under way already do what more of them could. */
const CANCELS_MAX = 4;

export function cancelWork(pool: Pool, server: Server): void {
  if (server.expected.isEmpty || server.cancels >= CANCELS_MAX) return;
  server.cancels++;
  const { clock, settings, tools, log } = pool.context;
  const late = new AbortController();
  const timer = clock.after(settings.cancel_wait_timeout, () => late.abort());
  cancel(server, tools, late.signal)
    .catch((error: Error) => {
      const fields = { server_pid: server.pid, reason: error.message };
      log.warn(fields, 'a cancel request did not reach the server');
    })
    .finally(() => {
      timer.clear();
      pool.onCancelDone(server);
    });
}
