// The machine's clock and timers, handed to every room that has to know the time.

import type { Clock } from '../base/clock.ts';

export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delayMs: number, ring: () => void) {
    const timer = setTimeout(ring, delayMs);
    return { clear: () => clearTimeout(timer) };
  },
});
