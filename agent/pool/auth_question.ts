// Has a server of an auth_query pool for one question: whose secret is it? Its parameters are the query's, never part of its text.

import type { Timer } from '../base/clock.ts';
import { AgentError } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import type { Server } from '../server/server.ts';
import type { Tenant } from '../server/tenant.ts';
import { BIND, EXECUTE, PARSE, SKIP, SYNC } from '../state/expected.ts';
import { decodeDataRow, encodeExtendedQuery } from '../wire/extended_query.ts';
import { readError } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { cancelWork } from './cancel_work.ts';
import type { Pool } from './pool.ts';
import type { Waiter } from './pool_figures.ts';

/** A second one is enough to know that there is more than one. */
const ROWS_MAX = 2;

export type AuthRow = readonly (string | undefined)[];

/** Waits like a client that logs in, and gives the server back clean. */
export class AuthQuestion implements Waiter, Tenant {
  list: List<Waiter> | undefined;
  previous: Waiter | undefined;
  next: Waiter | undefined;
  waitingSince = 0;
  readonly isLogin = true;
  readonly #pool: Pool;
  readonly #query: string;
  readonly #user: string;
  readonly #done: (rows: readonly AuthRow[]) => void;
  readonly #failed: (error: AgentError) => void;
  readonly #rows: AuthRow[] = [];
  #server: Server | undefined;
  #timer: Timer | undefined;
  #error: AgentError | undefined;

  private constructor(
    pool: Pool,
    query: string,
    user: string,
    done: (rows: readonly AuthRow[]) => void,
    failed: (error: AgentError) => void,
  ) {
    this.#pool = pool;
    this.#query = query;
    this.#user = user;
    this.#done = done;
    this.#failed = failed;
  }

  /** At most two rows. Rejects with AgentError: the pool's, the server's own words, or auth_query_timeout. */
  static ask(pool: Pool, query: string, user: string): Promise<readonly AuthRow[]> {
    return new Promise((resolve, reject) => {
      const question = new AuthQuestion(pool, query, user, resolve, reject);
      const { clock, settings } = pool.context;
      question.#timer = clock.after(settings.auth_query_timeout, () => question.#onLate());
      pool.request(question);
    });
  }

  onLease(server: Server): void {
    this.#server = server;
    server.tenant = this;
    for (const kind of [PARSE, BIND, EXECUTE, SYNC]) server.expected.push(kind, SKIP);
    server.write(encodeExtendedQuery(this.#query, [this.#user], ROWS_MAX));
  }

  onLeaseFailed(error: AgentError): void {
    this.#end(error);
  }

  onInjectedRow(server: Server, body: Uint8Array): void {
    try {
      if (this.#rows.length < ROWS_MAX) this.#rows.push(decodeDataRow(body));
    } catch (error) {
      server.fail((error as Error).message);
    }
  }

  /** Only what went wrong comes here, whole: the rest of the answer is kept back. */
  onReply(_server: Server, bytes: Uint8Array): void {
    if (bytes[0] !== type.ERROR_RESPONSE) return;
    const { message, sqlstate } = readError(bytes.subarray(5));
    this.#error = new AgentError('auth_query_refused', { message, sqlstate });
  }

  onReady(server: Server): void {
    this.#server = undefined;
    if (server.isClean) this.#pool.release(server);
    else this.#pool.discard(server, 'auth_query left a transaction open');
    this.#end(this.#error);
  }

  onParameter(): boolean {
    return false;
  }

  onInjectedError(): void {}

  onServerDrain(): void {}

  onServerClose(server: Server, reason: string): void {
    this.#pool.onLost(server, reason);
    this.#end(this.#error ?? new AgentError('server_lost', { reason }));
  }

  #onLate(): void {
    const seconds = this.#pool.context.settings.auth_query_timeout / 1000;
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) {
      this.#pool.leave(this);
    } else {
      // Otherwise it would go on at the server, where nobody counts it any more.
      cancelWork(this.#pool, server);
      this.#pool.discard(server, 'auth_query took longer than auth_query_timeout', true);
    }
    this.#end(new AgentError('auth_query_timeout', { seconds }));
  }

  #end(error: AgentError | undefined): void {
    this.#timer?.clear();
    if (error === undefined) this.#done(this.#rows);
    else this.#failed(error);
  }
}
