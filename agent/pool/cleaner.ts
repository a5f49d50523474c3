// Has a server while it is made as new: ROLLBACK after a client that left, DISCARD ALL after a session.

import type { Server } from '../server/server.ts';
import { SilentTenant } from '../server/silent_tenant.ts';
import type { ServerError } from '../server/tenant.ts';
import type { Pool } from './pool.ts';

export class Cleaner extends SilentTenant {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    super();
    this.#pool = pool;
  }

  onReady(server: Server): void {
    if (server.isClean) this.#pool.onCleaned(server);
    else this.#pool.discard(server, 'it is still in a transaction after it was cleaned');
  }

  onInjectedError(server: Server, error: ServerError): void {
    server.retired ??= `cleaning it failed: ${error.message}`;
  }

  onServerClose(server: Server, reason: string): void {
    this.#pool.onLost(server, reason);
  }
}
