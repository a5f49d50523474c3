// Ends logins that take too long: one timer for all of them, because a timer for each costs as much as half a login.

import type { Clock, Timer } from '../base/clock.ts';
import type { AgentError } from '../base/errors.ts';
import { type Linked, List } from '../base/list.ts';
import type { Connection } from '../net/connection.ts';

export interface Deadlined extends Linked<Deadlined> {
  /** By the clock. */
  readonly deadline: number;
  readonly connection: Connection;
  onDeadline(): void;
  /** The agent ends. */
  onShutdown(error: AgentError): void;
}

export class LoginDeadlines {
  readonly #clock: Clock;
  readonly #logins = new List<Deadlined>('logging in');
  #timer: Timer | undefined;
  #ringsAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Logins under way. */
  get size(): number {
    return this.#logins.length;
  }

  get logins(): Iterable<Deadlined> {
    return this.#logins;
  }

  get isArmed(): boolean {
    return this.#ringsAt !== Number.POSITIVE_INFINITY;
  }

  /** `remove()` it when it has ended. */
  add(login: Deadlined): void {
    this.#logins.append(login);
    if (login.deadline < this.#ringsAt) this.#ringAt(login.deadline);
  }

  /** The timer stays: there will be others. */
  remove(login: Deadlined): void {
    if (login.list === this.#logins) this.#logins.remove(login);
  }

  /** All of them are told. */
  shutDown(error: AgentError): void {
    for (const login of this.#logins) {
      this.remove(login);
      login.onShutdown(error);
    }
    this.#timer?.clear();
    this.#ringsAt = Number.POSITIVE_INFINITY;
  }

  #ringAt(time: number): void {
    this.#timer?.clear();
    this.#ringsAt = time;
    this.#timer = this.#clock.after(time - this.#clock.now(), () => this.#ring());
  }

  #ring(): void {
    const now = this.#clock.now();
    const late: Deadlined[] = [];
    let next = Number.POSITIVE_INFINITY;
    // A reload may have given later ones less time, so all are looked at.
    for (const login of this.#logins) {
      if (login.deadline <= now) late.push(login);
      else next = Math.min(next, login.deadline);
    }
    // First of all, so that whatever happens to one of them there is a next time for the others.
    this.#ringsAt = Number.POSITIVE_INFINITY;
    if (next !== Number.POSITIVE_INFINITY) this.#ringAt(next);
    const failures: unknown[] = [];
    for (const login of late) {
      this.remove(login);
      try {
        login.onDeadline();
      } catch (error) {
        failures.push(error);
      }
    }
    // One is enough to be heard of; the others are told all the same.
    if (failures.length > 0) throw failures[0];
  }
}
