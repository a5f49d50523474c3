// What a pool remembers of logins that failed: why, how often in a row, and when the next may be tried.

import type { AgentError, ErrorCode } from '../base/errors.ts';
import { backoffMs } from './backoff.ts';

/** Waiting does not mend these: somebody has to change a setting. */
const FINAL: readonly ErrorCode[] = [
  'server_password_wrong',
  'server_auth_rejected',
  'server_auth_refused',
  'server_database_missing',
  'server_password_missing',
  'server_password_is_verifier',
  'server_password_is_md5',
  'server_certificate_refused',
  'server_tls_refused',
];

/** PostgreSQL starts, stops or recovers: that is over soon, and nobody should wait for long after it. */
const STARTING_MAX_MS = 500;

export class PoolFailure {
  /** In a row. */
  count = 0;
  last: AgentError | undefined;
  /** `10.0.0.1:5432`: where openServer() met each error that it rejects with. */
  readonly hosts = new WeakMap<AgentError, string>();
  /** The clock's milliseconds. */
  retryAt = 0;

  get isFinal(): boolean {
    return this.last !== undefined && FINAL.includes(this.last.code);
  }

  /** The server has no connection to give (53300): who waited would wait for what others hold. */
  get isFull(): boolean {
    return this.last?.code === 'server_full';
  }

  add(error: AgentError, now: number, retryMaxMs: number, random: number): void {
    this.count++;
    this.last = error;
    const maxMs = error.code === 'server_starting' ? Math.min(retryMaxMs, STARTING_MAX_MS) : retryMaxMs;
    this.retryAt = now + backoffMs(this.count, maxMs, random);
  }

  clear(): void {
    this.count = 0;
    this.last = undefined;
    this.retryAt = 0;
  }
}
