// Waits, for a client that has just logged in, until its pool knows what its server reports.

import type { Clock } from '../base/clock.ts';
import type { AgentError } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import type { Connection } from '../net/connection.ts';
import type { Pool } from '../pool/pool.ts';
import type { Waiter } from '../pool/pool_figures.ts';
import type { Server } from '../server/server.ts';

export class Welcome implements Waiter {
  list: List<Waiter> | undefined;
  previous: Waiter | undefined;
  next: Waiter | undefined;
  waitingSince = 0;
  readonly isLogin = true;
  readonly #pool: Pool;
  readonly #done: () => void;
  readonly #failed: (error: AgentError) => void;

  private constructor(pool: Pool, done: () => void, failed: (error: AgentError) => void) {
    this.#pool = pool;
    this.#done = done;
    this.#failed = failed;
  }

  /** Why nobody waits for a pool that cannot reach its server. */
  static failureOf({ failure, connected }: Pool, clock: Clock): AgentError | undefined {
    if (failure.last === undefined || connected > 0) return undefined;
    return clock.now() < failure.retryAt ? failure.last : undefined;
  }

  /** Calls one of the two, perhaps at once. */
  static wait(
    pool: Pool,
    connection: Connection,
    done: () => void,
    failed: (error: AgentError) => void,
  ): void {
    const waiter = new Welcome(pool, done, failed);
    // A client that goes away meanwhile leaves the queue.
    const before = connection.handler;
    connection.handler = {
      onData: (chunk) => before.onData(chunk),
      onDrain: () => before.onDrain(),
      onClose: (reason) => {
        pool.leave(waiter);
        before.onClose(reason);
      },
    };
    pool.request(waiter);
  }

  onLease(server: Server): void {
    this.#pool.giveBack(server);
    this.#done();
  }

  onLeaseFailed(error: AgentError): void {
    this.#failed(error);
  }
}
