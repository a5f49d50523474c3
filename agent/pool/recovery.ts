// Has a server whose client left while it worked: what is under way ends or is cancelled, then the server is rolled back.

import type { Timer } from '../base/clock.ts';
import type { Server } from '../server/server.ts';
import { SilentTenant } from '../server/silent_tenant.ts';
import type { ServerError } from '../server/tenant.ts';
import { COPY_END, QUERY, SKIP, SYNC } from '../state/expected.ts';
import { encodeCopyFail, encodeQuery, encodeSync } from '../wire/client_messages.ts';
import * as type from '../wire/types.ts';
import { cancelWork } from './cancel_work.ts';
import { leftBehind } from './left_behind.ts';
import type { Pool } from './pool.ts';

/** Until cancel_wait_timeout. */
const CANCEL_AGAIN_MS = 1_000;
const GONE = 'the client left while the server worked for it';

export interface RecoveryPlan {
  /** Why the client left, for the log. */
  readonly reason: string;
  /** Nobody waits for the result: the query is cancelled. Otherwise it runs to its end, as PostgreSQL does after a goodbye. */
  readonly cancels: boolean;
  /** What makes the server as new when it is out of its transaction (server_reset_query of a session pool). */
  readonly resets: readonly string[];
}

export class Recovery extends SilentTenant {
  readonly #pool: Pool;
  readonly #plan: RecoveryPlan;
  #timer: Timer | undefined;
  #again: Timer | undefined;

  constructor(pool: Pool, plan: RecoveryPlan) {
    super();
    this.#pool = pool;
    this.#plan = plan;
  }

  begin(server: Server): void {
    const { context } = this.#pool;
    if (this.#plan.cancels && server.expected.owesClient && !server.expected.isCopyingIn) {
      this.#timer = context.clock.after(context.settings.cancel_wait_timeout, () =>
        this.#giveUp(server, 'it did not stop within cancel_wait_timeout'),
      );
      cancelWork(this.#pool, server);
      this.#cancelAgain(server);
    }
    const { expected } = server;
    if (expected.isCopyingIn) {
      expected.push(COPY_END);
      server.write(encodeCopyFail(GONE));
    }
    // A Sync alone would commit what the client never ended. After an error the server passes over the ROLLBACK, and
    // needs the Sync; otherwise the Sync changes nothing.
    expected.push(QUERY, SKIP);
    expected.push(SYNC, SKIP);
    server.unnamed = undefined;
    server.write(encodeQuery('ROLLBACK'));
    server.write(encodeSync());
  }

  override onReply(server: Server): void {
    // It would take our ROLLBACK for data.
    if (server.expected.isCopyingIn) this.#giveUp(server, 'it waits for the data of a COPY');
  }

  onReady(server: Server): void {
    this.#clearTimers();
    if (server.status !== type.IDLE) return this.#giveUp(server, 'it is still in a transaction');
    // Nobody asked what the client has left, and nobody else must inherit it.
    const { resets } = this.#plan;
    const left = leftBehind(server);
    this.#pool.clean(server, resets.length > 0 ? resets : left);
  }

  onInjectedError(server: Server, error: ServerError): void {
    server.retired ??= `cleaning it failed: ${error.message}`;
  }

  onServerClose(server: Server, reason: string): void {
    this.#clearTimers();
    this.#pool.onLost(server, reason);
  }

  /** PostgreSQL passes over a request that reaches it just before the query begins. */
  #cancelAgain(server: Server): void {
    this.#again = this.#pool.context.clock.after(CANCEL_AGAIN_MS, () => {
      if (server.cancels === 0) cancelWork(this.#pool, server);
      this.#cancelAgain(server);
    });
  }

  #clearTimers(): void {
    this.#timer?.clear();
    this.#again?.clear();
  }

  #giveUp(server: Server, why: string): void {
    this.#clearTimers();
    this.#pool.discard(server, `${GONE} (${this.#plan.reason}), and ${why}`, true);
  }
}
