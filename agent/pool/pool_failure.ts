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
  'server_certificate_refused',
  'server_tls_refused',
];

export class PoolFailure {
  /** In a row. */
  count = 0;
  last: AgentError | undefined;
  /** The clock's milliseconds. */
  retryAt = 0;

  get isFinal(): boolean {
    return this.last !== undefined && FINAL.includes(this.last.code);
  }

  add(error: AgentError, now: number, retryMaxMs: number, random: number): void {
    this.count++;
    this.last = error;
    this.retryAt = now + backoffMs(this.count, retryMaxMs, random);
  }

  clear(): void {
    this.count = 0;
    this.last = undefined;
    this.retryAt = 0;
  }
}
