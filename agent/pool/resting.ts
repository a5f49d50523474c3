// Has a server while it rests in the pool: nothing is due from it, and what it says by itself is its end.

import type { Server } from '../server/server.ts';
import type { Tenant } from '../server/tenant.ts';
import { aboutServer } from './open_server.ts';
import type { Pool } from './pool.ts';

export class Resting implements Tenant {
  readonly keepsServer = true;
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Notices and the like; there is nobody to tell, but for the reason of an end. */
  onReply(server: Server): void {
    if (server.lastFatal === undefined) return;
    const fields = {
      ...aboutServer(this.#pool, server),
      reason: server.lastFatal.message,
    };
    this.#pool.context.log.info(fields, 'the server ends a connection');
    // It is lent to nobody any more, although it has not closed yet.
    this.#pool.onEnding(server, server.lastFatal.message);
    server.connection.close();
  }

  onReady(): void {}

  onParameter(): boolean {
    return false;
  }

  onInjectedError(): void {}

  onServerDrain(): void {}

  onServerClose(server: Server, reason: string): void {
    this.#pool.onLost(server, reason);
  }
}

/** Has a server that is on its way out: nothing of it matters any more but that it counts until PostgreSQL has ended it. */
export class Leaving implements Tenant {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  onReply(): void {}

  onReady(): void {}

  onParameter(): boolean {
    return false;
  }

  onInjectedError(): void {}

  onServerDrain(): void {}

  onServerClose(server: Server): void {
    this.#pool.onLeft(server);
  }
}
