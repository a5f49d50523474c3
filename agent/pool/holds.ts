// What an operator holds back: everything or single databases, paused or disabled; and who waits until their servers are gone.

interface Wait {
  readonly isOver: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Holds {
  /** Every database is paused, whatever is said of a single one. */
  isPaused = false;
  readonly paused = new Set<string>();
  readonly disabled = new Set<string>();
  readonly #waits = new Set<Wait>();

  /** @param database undefined: is all of it paused? */
  pauses(database: string | undefined): boolean {
    return this.isPaused || (database !== undefined && this.paused.has(database));
  }

  /** Resolves when `isOver` says so: it is asked now, and at every `look()`. */
  wait(isOver: () => boolean): Promise<void> {
    if (isOver()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waits.add({ isOver, resolve, reject }));
  }

  /** A server has gone, or something is not held back any more. */
  look(): void {
    for (const wait of this.#waits) {
      if (!wait.isOver()) continue;
      this.#waits.delete(wait);
      wait.resolve();
    }
  }

  /** Nobody waits any longer: they are told why. */
  giveUp(error: Error): void {
    const waits = [...this.#waits];
    this.#waits.clear();
    for (const wait of waits) wait.reject(error);
  }
}
