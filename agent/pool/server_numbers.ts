// A number for each server connection, for whoever lists them: two hosts may give the same process id.

import type { Server } from '../server/server.ts';

export class ServerNumbers {
  readonly #numbers = new WeakMap<Server, number>();
  #last = 0;

  of(server: Server): number {
    const known = this.#numbers.get(server);
    if (known !== undefined) return known;
    this.#numbers.set(server, ++this.#last);
    return this.#last;
  }
}
