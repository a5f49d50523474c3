// Who is connected: for limits, for cancel requests, and for SHOW.

import { timingSafeEqual } from 'node:crypto';
import type { AgentError } from '../base/errors.ts';
import type { Connection } from '../net/connection.ts';
import { Counter } from '../pool/limits.ts';
import type { ConsoleRole } from './console_door.ts';
import type { Session } from './session.ts';

/** A client of the console: it has a place here, and neither a pool nor a server. */
export interface ConsoleSeat {
  readonly connection: Connection;
  readonly user: string;
  readonly pid: number;
  readonly key: Uint8Array;
  /** Milliseconds since 1970; so is the next. */
  readonly connectedAt: number;
  readonly requestedAt: number;
  readonly applicationName: string;
  /** By the settings that are in force now: a reload may take rights away. */
  readonly role: ConsoleRole | undefined;
  /** Something that it asked for is under way. */
  readonly isBusy: boolean;
  readonly statementCount: number;
  /** What it waits for is given up. Resolves when that is over, where it takes time. */
  cancel(): Promise<void> | undefined;
  /** Connections that brought cancel requests for it, and wait until they are over. */
  cancelSenders: number;
  /** It is told, and closed. */
  fail(error: AgentError): void;
}

export class Clients {
  readonly #byPid = new Map<number, Session>();
  /** Clients of the console: no limit on clients counts them, so that they come in when nobody else does. */
  readonly consoles = new Set<ConsoleSeat>();
  /** What consoles were asked since the start. */
  consoleQueries = 0;
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
      if (pid !== 0 && !this.#byPid.has(pid) && !this.#hasConsole(pid)) return pid;
    }
  }

  add(session: Session): void {
    this.#byPid.set(session.pid, session);
    this.byDatabase.add(session.pool.database.name, 1);
    this.byUser.add(session.user, 1);
    session.pool.clients++;
  }

  remove(session: Session): void {
    if (this.#byPid.get(session.pid) !== session) return;
    this.#byPid.delete(session.pid);
    this.byDatabase.add(session.pool.database.name, -1);
    this.byUser.add(session.user, -1);
    session.pool.clients--;
  }

  find(pid: number): Session | undefined {
    return this.#byPid.get(pid);
  }

  /** Whom a cancel request means; undefined when the key is not its key. */
  findForCancel(pid: number, key: Uint8Array): Session | ConsoleSeat | undefined {
    const found = this.#byPid.get(pid) ?? [...this.consoles].find((seat) => seat.pid === pid);
    if (found === undefined || found.key.length !== key.length) return undefined;
    return timingSafeEqual(found.key, key) ? found : undefined;
  }

  #hasConsole(pid: number): boolean {
    for (const seat of this.consoles) if (seat.pid === pid) return true;
    return false;
  }
}
