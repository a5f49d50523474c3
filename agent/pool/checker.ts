// Has a server that has rested for longer than server_check_delay while server_check_query asks whether it still answers.

import type { Timer } from '../base/clock.ts';
import type { Server } from '../server/server.ts';
import { SilentTenant } from '../server/silent_tenant.ts';
import type { ServerError } from '../server/tenant.ts';
import type { Pool } from './pool.ts';

export class Checker extends SilentTenant {
  readonly keepsServer = true;
  readonly #pool: Pool;
  #timer: Timer | undefined;
  #error: ServerError | undefined;

  constructor(pool: Pool) {
    super();
    this.#pool = pool;
  }

  begin(server: Server, sql: string): void {
    const { clock, settings } = this.#pool.context;
    this.#timer = clock.after(settings.server_check_timeout, () => {
      this.#pool.onCheckFailed(
        server,
        'it did not answer server_check_query within server_check_timeout',
        true,
      );
    });
    server.inject(sql);
  }

  onReady(server: Server): void {
    this.#timer?.clear();
    if (this.#error === undefined && server.isClean) return this.#pool.onChecked(server);
    const why = this.#error?.message ?? 'it leaves a transaction open';
    this.#pool.onCheckFailed(server, `server_check_query failed: ${why}`, false);
  }

  onInjectedError(_server: Server, error: ServerError): void {
    this.#error ??= error;
  }

  onServerClose(server: Server, reason: string): void {
    this.#timer?.clear();
    this.#pool.onLost(server, reason);
  }
}
