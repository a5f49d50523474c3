// A clock that stands still until a test moves it, and then rings every timer in its order.

import type { Clock, Timer } from '../../base/clock.ts';

interface Alarm {
  readonly at: number;
  readonly serial: number;
  readonly ring: () => void;
}

export class FakeClock implements Clock {
  #now = 1_000;
  #serial = 0;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#now;
  }

  wall(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(delayMs: number, ring: () => void): Timer {
    const alarm = { at: this.#now + delayMs, serial: this.#serial++, ring };
    this.#alarms.add(alarm);
    return { clear: () => void this.#alarms.delete(alarm) };
  }

  /** Timers that were set, and have neither rung nor been cleared. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** When the next timer rings, in milliseconds from now; Infinity when there is none. */
  get nextInMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const alarm of this.#alarms) next = Math.min(next, alarm.at - this.#now);
    return next;
  }

  /** Lets time pass; a timer that a ringing one sets rings too, when its time comes within `ms`. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#first(); next !== undefined && next.at <= end; next = this.#first()) {
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.ring();
    }
    this.#now = end;
  }

  #first(): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (
        first === undefined ||
        alarm.at < first.at ||
        (alarm.at === first.at && alarm.serial < first.serial)
      )
        first = alarm;
    }
    return first;
  }
}

/** Lets every promise that can go on do so: dialing is the one thing in the data plane that awaits. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 64; i++) await undefined;
}

/** For what waits for a thread (PBKDF2): turns of the event loop until `isSo`. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000_000; turn++) {
    if (isSo()) return;
    await new Promise((go) => setImmediate(go));
  }
  throw new Error('what the test waits for did not happen');
}
