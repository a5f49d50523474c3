// Who is connected: for limits, for cancel requests, and for SHOW.

import { timingSafeEqual } from 'node:crypto';
import { Counter } from '../pool/limits.ts';
import type { Session } from './session.ts';

export class Clients {
  readonly #byPid = new Map<number, Session>();
  readonly byDatabase = new Counter();
  readonly byUser = new Counter();
  /** Connections that are logging in; and by where they come from. */
  logins = 0;
  readonly loginsBySource = new Counter();
  /** Clients that have proved who they are, and wait for the first server of their pool. */
  arriving = 0;
  /** Logins that were refused since the start. */
  loginFailures = 0;
  /** Logins that succeeded since the start. */
  loginSuccesses = 0;

  get count(): number {
    return this.#byPid.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#byPid.values();
  }

  /** A process id that no other client has. @param random four random bytes. */
  newPid(random: (bytes: number) => Uint8Array): number {
    for (;;) {
      const bytes = random(4);
      // Positive, because psql and others print it as a signed number.
      const pid = ((bytes[0]! & 0x7f) << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
      if (pid !== 0 && !this.#byPid.has(pid)) return pid;
    }
  }

  add(session: Session): void {
    this.#byPid.set(session.pid, session);
    this.byDatabase.add(session.pool.database.name, 1);
    this.byUser.add(session.pool.user, 1);
    session.pool.clients++;
  }

  remove(session: Session): void {
    if (this.#byPid.get(session.pid) !== session) return;
    this.#byPid.delete(session.pid);
    this.byDatabase.add(session.pool.database.name, -1);
    this.byUser.add(session.pool.user, -1);
    session.pool.clients--;
  }

  /** The session that a cancel request means; undefined when the key is not its key. */
  findForCancel(pid: number, key: Uint8Array): Session | undefined {
    const session = this.#byPid.get(pid);
    if (session === undefined || session.key.length !== key.length) return undefined;
    return timingSafeEqual(session.key, key) ? session : undefined;
  }
}
