// Pools with scripted servers, and clients that wait: who got what, and when.

import type { AgentError } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import type { Server } from '../server/server.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { Pool } from './pool.ts';
import type { Waiter } from './pool_figures.ts';

/** A client that does nothing but wait, and keep the server that it gets. */
export class Waiting implements Waiter {
  list: List<Waiter> | undefined;
  previous: Waiter | undefined;
  next: Waiter | undefined;
  waitingSince = 0;
  readonly isLogin: boolean;
  server: Server | undefined;
  error: AgentError | undefined;
  onServer: (server: Server) => void = () => {};

  constructor(isLogin = false) {
    this.isLogin = isLogin;
  }

  onLease(server: Server): void {
    this.server = server;
    this.onServer(server);
  }

  onLeaseFailed(error: AgentError): void {
    this.error = error;
  }

  /** `waiting`, `leased`, or the code of its error. */
  get fate(): string {
    return this.error?.code ?? (this.server === undefined ? 'waiting' : 'leased');
  }
}

export interface PoolFixture {
  readonly plane: DataPlane;
  readonly pool: Pool;
  /** So many clients ask, one after the other; promises are settled. */
  ask(count: number, isLogin?: boolean): Promise<Waiting[]>;
}

export async function poolFixture(
  database: Partial<DatabaseSettings> = {},
  { users = { idp_app: userOf() }, ...more }: Partial<Settings> = {},
): Promise<PoolFixture> {
  const plane = await dataPlane(settingsOf([databaseOf(database)], Object.values(users), more));
  const pool = plane.pool();
  return {
    plane,
    pool,
    async ask(count, isLogin = false) {
      const all = Array.from({ length: count }, () => new Waiting(isLogin));
      for (const each of all) pool.request(each);
      await settle();
      return all;
    },
  };
}

/** idle, active, cleaning, being_canceled and logging in, of a pool. */
export function shape(pool: Pool): number[] {
  const { idleServers, activeServers, cleaningServers, cancelingServers, logins } = pool;
  return [
    ...[idleServers, activeServers, cleaningServers, cancelingServers].map(({ length }) => length),
    logins,
  ];
}
