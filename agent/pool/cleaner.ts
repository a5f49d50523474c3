// Has a server while it is made as new: ROLLBACK after a client that left, DISCARD ALL after a session.

import type { Server } from '../server/server.ts';
import type { ServerError, Tenant } from '../server/tenant.ts';
import type { Pool } from './pool.ts';

export class Cleaner implements Tenant {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  onReply(): void {}

  onReady(server: Server): void {
    if (server.isClean) this.#pool.onCleaned(server);
    else this.#pool.discard(server, 'it is still in a transaction after it was cleaned');
  }

  onParameter(): boolean {
    return false;
  }

  onInjectedError(server: Server, error: ServerError): void {
    server.retired ??= `cleaning it failed: ${error.message}`;
  }

  onServerDrain(): void {}

  onServerClose(server: Server, reason: string): void {
    this.#pool.onLost(server, reason);
  }
}
