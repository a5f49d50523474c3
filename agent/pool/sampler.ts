// Which leases of a pool's servers are looked at closely: many at first, then one of so many at no fixed distance; and all for a while after a finding.

/** So many follow one that has found something and does not know whose it was. */
const WATCHED = 100;

/**
 * The distance at first; it doubles up to what is asked for. An application shows most of what it does soon after its start,
 * and one that does little then is looked at as well.
 */
const FIRST_EVERY = 16;

export class Sampler {
  #every = 0;
  #now = 0;
  #left = Number.POSITIVE_INFINITY;
  #watched = 0;
  #seed = 1;

  /** Asked for each lease. @param every one of so many in the end; 0: none. */
  isNext(every: number): boolean {
    if (every !== this.#every) this.#begin(every);
    if (--this.#left > 0) return false;
    if (this.#watched > 0) {
      this.#watched--;
      this.#left = 1;
    } else this.#left = this.#draw();
    return true;
  }

  /** The next ones are all looked at. */
  watch(): void {
    if (this.#every === 0) return;
    this.#watched = WATCHED;
    this.#left = 1;
  }

  #begin(every: number): void {
    this.#every = every;
    this.#now = Math.min(every, FIRST_EVERY);
    this.#watched = 0;
    this.#left = every === 0 ? Number.POSITIVE_INFINITY : this.#draw();
  }

  /** From 1 to nearly twice as many: where clients take turns, a fixed distance would always meet the same. */
  #draw(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    const distance = 1 + ((this.#seed >>> 8) % (2 * this.#now - 1));
    this.#now = Math.min(this.#every, 2 * this.#now);
    return distance;
  }
}
