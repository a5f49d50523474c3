// Waits, for a client that has just logged in, until its pool knows what its server reports.

import type { AgentError } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import type { Connection } from '../net/connection.ts';
import type { Pool, Waiter } from '../pool/pool.ts';
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

  /** Calls one of the two, perhaps at once. A pool that cannot reach its server says so without waiting for it. */
  static of(
    pool: Pool,
    now: number,
    done: () => void,
    failed: (error: AgentError) => void,
    connection: Connection,
  ): void {
    const { failure, connected, welcome } = pool;
    if (failure.last !== undefined && connected === 0 && now < failure.retryAt) return failed(failure.last);
    if (welcome !== undefined) return done();
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
    this.#pool.release(server);
    this.#done();
  }

  onLeaseFailed(error: AgentError): void {
    this.#failed(error);
  }
}
