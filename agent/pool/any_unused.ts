// Pools of databases that `*` serves, from when nobody uses them: they are forgotten after a while (autodb_idle_timeout).

import type { Pool } from './pool.ts';

/** Whoever may log in may ask for any name, and each would be kept for an hour. */
export const ANY_UNUSED_MAX = 1000;

export class AnyUnused {
  /** By the pool's key: when it was first seen to be unused. The longest unused comes first. */
  readonly #since = new Map<string, number>();

  /** @param pool has neither clients nor servers. */
  isOver(key: string, { database, context }: Pool, now: number): boolean {
    if (database.isAny !== true) return false;
    const since = this.#since.get(key);
    if (since === undefined) this.#since.set(key, now);
    const after = context.settings.autodb_idle_timeout;
    return after > 0 && now - (since ?? now) >= after;
  }

  delete(key: string): void {
    this.#since.delete(key);
  }

  /** The keys of those that are too many. */
  surplus(): readonly string[] {
    const many = this.#since.size - ANY_UNUSED_MAX;
    return many > 0 ? [...this.#since.keys()].slice(0, many) : [];
  }
}
