// What becomes of a server whose client goes: it rests, it is made as new, what is under way ends first, or it goes too.

import type { PoolMode } from '../config/settings.ts';
import { cancelWork } from '../pool/cancel_work.ts';
import type { Pool } from '../pool/pool.ts';
import type { Server } from '../server/server.ts';
import * as type from '../wire/types.ts';

/** The client that goes. */
export interface Leaver {
  readonly pool: Pool;
  readonly mode: PoolMode;
  /** Its server goes with it. */
  readonly isKilled: boolean;
  /** Its messages broke off, and what is sent now would be read as their rest, or wait for answers to what never left. */
  readonly isCutOff: boolean;
  /** Why, for the log. */
  readonly reason: string;
  /** What is under way is stopped: nobody waits for it. */
  readonly cancels: boolean;
}

export function letGo(server: Server, leaver: Leaver): void {
  const { pool, mode, isKilled, isCutOff, reason, cancels } = leaver;
  // Nobody has looked at what this client said last.
  server.isLookedThrough = false;
  // Whatever it is at ends with its connection, and nobody else could use it.
  if (pool.database.replication !== undefined) return pool.discard(server, reason, true);
  const isSession = mode === 'session';
  const resets = isSession ? pool.terms.sessionResets : pool.terms.resets;
  if (resets.length > 0 || isSession) server.parameters = server.parameters.withUncertain();
  if (isKilled || isCutOff) {
    cancelWork(pool, server);
    pool.discard(server, isKilled ? reason : `the client's messages broke off: ${reason}`, true);
  } else if (!server.expected.isSettled || (server.touched !== 0 && !isSession)) {
    pool.recover(server, { reason, cancels, resets });
  } else if (isSession || server.status !== type.IDLE) {
    pool.clean(server, [...(server.status === type.IDLE ? [] : ['ROLLBACK']), ...resets]);
  } else {
    pool.release(server);
  }
}
