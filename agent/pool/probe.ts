// Asks a pool whose last login failed for a server, on behalf of nobody: so that the failure does not outlive its cause.

import type { List } from '../base/list.ts';
import type { Server } from '../server/server.ts';
import type { Pool } from './pool.ts';
import type { Waiter } from './pool_figures.ts';

/** Waits like a client that logs in: it leaves at once when the server cannot be reached, and gives back what it gets. */
export class Probe implements Waiter {
  list: List<Waiter> | undefined;
  previous: Waiter | undefined;
  next: Waiter | undefined;
  waitingSince = 0;
  readonly isLogin = true;
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  onLease(server: Server): void {
    this.#pool.giveBack(server);
  }

  onLeaseFailed(): void {}
}
