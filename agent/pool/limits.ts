// The limits that stand above single pools: connections per database and per user, counted in one place.

/** Counts by key; what is at zero is forgotten. */
export class Counter {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string, change: 1 | -1): void {
    const count = this.of(key) + change;
    if (count < 0) throw new Error(`the count of ${key} fell below zero`);
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }

  entries(): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }
}

/** How many more are allowed; `max` 0 is no limit. */
export function roomUnder(max: number, count: number): number {
  return max === 0 ? Number.POSITIVE_INFINITY : max - count;
}
