// Where the log's lines go: written at once, never waited for; what is not taken is kept for a while, then lost, and counted.

import type { Clock, Timer } from '../base/clock.ts';

/** What is kept, and written later, while nothing is taken; lines that come after that are lost. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** How soon it is tried again: where nothing was taken, and where something was, and more may be at once. */
const RETRY_MS = 200;
const CATCH_UP_MS = 10;

/** A pipe that nobody empties has no error: it takes nothing. */
const NOBODY_READS = 'nobody reads standard error';
/** One line is more than the place takes at once: it will never be taken, and nothing is to wait behind it. */
const TOO_LONG = 'EMSGSIZE';

export interface LogOutputStatus {
  /** Lines since the start that could not be written. */
  readonly linesLost: number;
  /** Why lines wait at this moment; undefined while all is well. */
  readonly failure: string | undefined;
}

export class LogOutput {
  readonly #take: (bytes: Uint8Array) => number;
  readonly #clock: Clock;
  readonly #onBack: (lines: number, reason: string) => void;
  readonly #encoder = new TextEncoder();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #linesLost = 0;
  #lostNow = 0;
  #failure: string | undefined;
  #retry: Timer | undefined;

  /**
   * @param take writes what it can without waiting, and gives how many bytes that were; throws where that fails.
   * @param onBack all that was kept has been written, and these many lines in between are lost.
   */
  constructor(
    take: (bytes: Uint8Array) => number,
    clock: Clock,
    onBack: (lines: number, reason: string) => void,
  ) {
    this.#take = take;
    this.#clock = clock;
    this.#onBack = onBack;
  }

  get status(): LogOutputStatus {
    return { linesLost: this.#linesLost, failure: this.#failure };
  }

  /** Never throws: a log that cannot be written is no reason to turn a client away. */
  write(line: string): void {
    const bytes = this.#encoder.encode(line);
    const isFirst = this.#waiting.length === 0;
    if (!isFirst && this.#waitingBytes + bytes.length > WAITING_BYTES_MAX) {
      this.#linesLost++;
      this.#lostNow++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!isFirst) return;
    this.#flush();
    const isToldLater = this.#lostNow > 0 && this.#retry === undefined;
    if (this.#waiting.length > 0 || isToldLater) this.#tryIn(RETRY_MS);
  }

  /** Tries once more to write what waits; from then on there is no place to write to. */
  stop(): void {
    this.#retry?.clear();
    this.#flush();
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #tryIn(delayMs: number): void {
    this.#retry?.clear();
    this.#retry = this.#clock.after(delayMs, () => {
      this.#retry = undefined;
      const before = this.#waitingBytes;
      this.#flush();
      if (this.#waiting.length > 0) return this.#tryIn(this.#waitingBytes < before ? CATCH_UP_MS : RETRY_MS);
      const [lines, reason] = [this.#lostNow, this.#failure ?? NOBODY_READS];
      this.#lostNow = 0;
      this.#failure = undefined;
      if (lines > 0) this.#onBack(lines, reason);
    });
  }

  #flush(): void {
    let done = 0;
    for (; done < this.#waiting.length; done++) {
      const bytes = this.#waiting[done]!;
      const taken = this.#taken(bytes);
      if (taken === undefined) break;
      this.#waitingBytes -= taken;
      if (taken < bytes.length) {
        this.#waiting[done] = bytes.subarray(taken);
        // The disk may have had room for a part: then the next attempt says what is wrong.
        this.#failure ??= NOBODY_READS;
        break;
      }
    }
    this.#waiting.splice(0, done);
  }

  /** Undefined where it failed, and may be taken later. */
  #taken(bytes: Uint8Array): number | undefined {
    try {
      return this.#take(bytes);
    } catch (error) {
      this.#failure = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      if (this.#failure !== TOO_LONG) return undefined;
      this.#linesLost++;
      this.#lostNow++;
      return bytes.length;
    }
  }
}
