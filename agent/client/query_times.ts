// When a client's query and transaction began: counted then, and their time when they end.

import type { PoolStatistics } from '../pool/statistics.ts';

/** Nothing is under way. */
export const NEVER = -1;

/** The part of a session that is kept here. By the clock. */
export interface Timed {
  readonly pool: { readonly statistics: PoolStatistics };
  queryStart: number;
  transactionStart: number;
}

/** The first message since all was answered. */
export function beginQuery(timed: Timed, now: number): void {
  const { statistics } = timed.pool;
  statistics.queries++;
  timed.queryStart = now;
  if (timed.transactionStart !== NEVER) return;
  statistics.transactions++;
  timed.transactionStart = now;
}

/** All is answered. @param isTransactionOver the server is in none. */
export function endQuery(timed: Timed, isTransactionOver: boolean, now: number): void {
  if (timed.queryStart === NEVER) return;
  const { statistics } = timed.pool;
  statistics.queryMs += now - timed.queryStart;
  timed.queryStart = NEVER;
  if (!isTransactionOver) return;
  statistics.transactionMs += now - timed.transactionStart;
  timed.transactionStart = NEVER;
}

/** It will not be answered by a server: it was cancelled while it waited for one. */
export function forgetQuery(timed: Timed): void {
  timed.queryStart = NEVER;
  timed.transactionStart = NEVER;
}
