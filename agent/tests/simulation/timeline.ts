// Simulated time: everything that will happen, in its order; the agent's clock is one view of it.

import type { Clock, Timer } from '../../base/clock.ts';

interface Happening {
  readonly at: number;
  readonly serial: number;
  run: (() => void) | undefined;
}

export class Timeline {
  now = 1_000;
  /** Timers of the agent's that have neither rung nor been cleared. */
  agentTimers = 0;
  /** What the agent sees of it. */
  readonly clock: Clock;
  #serial = 0;
  /** A binary heap, the next one first. */
  readonly #heap: Happening[] = [];

  constructor() {
    this.clock = {
      now: () => this.now,
      wall: () => 1_700_000_000_000 + this.now,
      after: (delayMs, ring) => this.#agentTimer(delayMs, ring),
    };
  }

  /** Happens once, `delayMs` from now. */
  after(delayMs: number, run: () => void): Timer {
    const happening: Happening = { at: this.now + Math.max(delayMs, 0), serial: this.#serial++, run };
    this.#push(happening);
    return {
      clear: () => {
        happening.run = undefined;
      },
    };
  }

  /** Lets the next thing happen; false when there is none up to `until`. */
  step(until = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) return false;
      this.#shift();
      const { run } = next;
      if (run === undefined) continue;
      next.run = undefined;
      this.now = next.at;
      run();
      return true;
    }
  }

  #agentTimer(delayMs: number, ring: () => void): Timer {
    this.agentTimers++;
    let isSet = true;
    const timer = this.after(delayMs, () => {
      isSet = false;
      this.agentTimers--;
      ring();
    });
    return {
      clear: () => {
        if (!isSet) return;
        isSet = false;
        this.agentTimers--;
        timer.clear();
      },
    };
  }

  #push(item: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (isBefore(heap[above]!, item)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = item;
  }

  #shift(): void {
    const heap = this.#heap;
    const item = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (isBefore(item, heap[below]!)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = item;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.serial < other.serial);
}
