// Runs a database's connect_query on a connection that has just logged in, before the pool has it.

import { AgentError } from '../base/errors.ts';
import type { Server } from '../server/server.ts';
import { SilentTenant } from '../server/silent_tenant.ts';
import type { ServerError } from '../server/tenant.ts';

/** Rejects with AgentError connect_query_failed, server_closed or server_timeout, and the connection is closed then; `signal` gives up. */
export function runConnectQuery(server: Server, sql: string, signal: AbortSignal): Promise<void> {
  const resting = server.tenant;
  return new Promise((resolve, reject) => {
    const end = (): void => {
      server.tenant = resting;
      signal.removeEventListener('abort', giveUp);
    };
    const fail = (error: AgentError): void => {
      end();
      reject(error);
      server.connection.close();
    };
    const giveUp = (): void => fail(new AgentError('server_timeout', { what: 'connect_query' }));
    signal.addEventListener('abort', giveUp, { once: true });
    server.tenant = new Connecting(() => {
      end();
      resolve();
    }, fail);
    server.inject(sql);
  });
}

class Connecting extends SilentTenant {
  readonly keepsServer = true;
  readonly #done: () => void;
  readonly #failed: (error: AgentError) => void;
  #error: ServerError | undefined;

  constructor(done: () => void, failed: (error: AgentError) => void) {
    super();
    this.#done = done;
    this.#failed = failed;
  }

  onReady(server: Server): void {
    if (this.#error !== undefined) this.#fail(this.#error.message, this.#error.sqlstate);
    else if (!server.isClean) this.#fail('it leaves a transaction open', '25001');
    else this.#done();
  }

  onInjectedError(_server: Server, error: ServerError): void {
    this.#error ??= error;
  }

  onServerClose(_server: Server, reason: string): void {
    this.#failed(new AgentError('server_closed', { reason: `at the connect_query: ${reason}` }));
  }

  #fail(message: string, sqlstate: string): void {
    this.#failed(new AgentError('connect_query_failed', { message, sqlstate }));
  }
}
