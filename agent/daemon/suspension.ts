// SUSPEND: nothing is read from anybody any more, and what was written leaves.

import type { ClientContext } from '../client/context.ts';
import type { Connection } from '../net/connection.ts';

export class Suspension {
  readonly #context: ClientContext;
  #isOn = false;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Gives the connections that may have something to send still. */
  begin(): readonly Connection[] {
    this.#isOn = true;
    // A server that logs in meanwhile is lent when it is over.
    for (const pool of this.#context.registry) pool.paused = true;
    const connections = this.#connections();
    for (const each of connections) each.suspend();
    return connections;
  }

  /** One that comes while it lasts is accepted, and listened to when it is over. */
  onConnection(connection: Connection): void {
    if (this.#isOn) connection.suspend();
  }

  end(): void {
    this.#isOn = false;
    const { registry } = this.#context;
    for (const pool of registry) pool.paused = registry.holds.pauses(pool.database.name);
    for (const each of this.#connections()) each.unsuspend();
    for (const pool of registry) pool.resume();
  }

  #connections(): readonly Connection[] {
    const { clients, loginDeadlines, registry } = this.#context;
    const servers = [...registry].flatMap(({ allServers }) => allServers);
    return [...clients, ...loginDeadlines.logins, ...servers].map(({ connection }) => connection);
  }
}
