// The widest and the narrowest that a world's limits have been: what was allowed once may still be there.

import type { Settings } from '../../config/settings.ts';

const TIMEOUTS = [
  ...['query_timeout', 'transaction_timeout', 'idle_transaction_timeout', 'client_idle_timeout'],
  'query_wait_notify',
] as const;
type Timeout =
  | 'query_timeout'
  | 'transaction_timeout'
  | 'idle_transaction_timeout'
  | 'client_idle_timeout'
  | 'query_wait_notify';

export class Bounds {
  statementsMax = 0;
  clientBufferMax = 0;
  serverBufferMax = 0;
  queryWaitMsMin = Number.POSITIVE_INFINITY;
  /** server_fast_close has been on. */
  closesFast = false;
  /** Somebody was killed, and it may have been in the middle of a row. */
  kills = false;
  readonly memories = new Set<number>();
  readonly #timeoutsMs = new Map<string, number>();

  add(settings: Settings): void {
    this.statementsMax = Math.max(this.statementsMax, settings.max_prepared_statements);
    this.clientBufferMax = Math.max(this.clientBufferMax, settings.client_write_buffer);
    this.serverBufferMax = Math.max(this.serverBufferMax, settings.server_write_buffer);
    for (const { queryWaitTimeoutMs } of Object.values(settings.databases))
      this.queryWaitMsMin = Math.min(this.queryWaitMsMin, queryWaitTimeoutMs);
    this.closesFast ||= settings.server_fast_close;
    this.memories.add(settings.prepared_statements_memory);
    for (const name of TIMEOUTS) this.#addTimeout(name, settings[name]);
    this.#addTimeout('query_timeout', settings.users.app?.queryTimeoutMs ?? 0);
  }

  /** A query or a transaction may be ended in the middle of a row, where nothing can be said. */
  get endsLate(): boolean {
    const isHurried =
      Math.min(this.msOf('query_timeout'), this.msOf('transaction_timeout')) < Number.POSITIVE_INFINITY;
    return isHurried || this.kills;
  }

  /** The shortest that it was; infinite when it never was set. */
  msOf(name: Timeout): number {
    return this.#timeoutsMs.get(name) ?? Number.POSITIVE_INFINITY;
  }

  #addTimeout(name: Timeout, ms: number): void {
    if (ms > 0) this.#timeoutsMs.set(name, Math.min(ms, this.msOf(name)));
  }
}
