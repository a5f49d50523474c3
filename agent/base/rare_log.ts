// Warns of what somebody else can make happen any number of times: once at the first time, then now and then how often.

import type { Clock } from './clock.ts';
import type { Log, LogFields } from './log.ts';

const EVERY_MS = 10_000;

export class RareLog {
  readonly #clock: Clock;
  readonly #log: Log;
  /** Sentence → how often since it was last said. */
  readonly #unsaid = new Map<string, number>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Says it, unless it was said within the last ten seconds; then how often it happened is said at the end of those.
   *
   * @param sentence one of a few: each is remembered while it goes on.
   */
  warn(fields: LogFields, sentence: string): void {
    const unsaid = this.#unsaid.get(sentence);
    if (unsaid !== undefined) {
      this.#unsaid.set(sentence, unsaid + 1);
      return;
    }
    this.#log.warn(fields, sentence);
    this.#pauseAfter(sentence);
  }

  #pauseAfter(sentence: string): void {
    this.#unsaid.set(sentence, 0);
    this.#clock.after(EVERY_MS, () => {
      const times = this.#unsaid.get(sentence) ?? 0;
      this.#unsaid.delete(sentence);
      if (times === 0) return;
      this.#log.warn({ times, seconds: EVERY_MS / 1000 }, sentence);
      this.#pauseAfter(sentence);
    });
  }
}
