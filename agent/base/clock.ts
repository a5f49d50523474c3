// What a room may know of time: a Clock that it was handed, never the machine's own.

/** A timer that was set; clearing it twice, or after it rang, does nothing. */
export interface Timer {
  clear(): void;
}

/** The real one is daemon/system_clock.ts; the simulation has its own. */
export interface Clock {
  /** Milliseconds that only ever go forward, from an unnamed start. */
  now(): number;
  /** Milliseconds since 1970, for timestamps that people read. */
  wall(): number;
  /** Calls `ring` once, `delayMs` milliseconds from now. */
  after(delayMs: number, ring: () => void): Timer;
}
