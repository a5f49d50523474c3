// What a client's portals, and the statements that only the server knows, will leave in its session: few of them leave anything.

import { type Effects, UNREAD } from '../query/effects.ts';

/** Names that are remembered; whoever has more of them is asked about in the end. */
const NAMES_MAX = 1_000;

export class EffectsBook {
  readonly #byName = new Map<string, Effects>();
  /** There was no room for one, and nobody knows for which. */
  #isFull = false;

  get isEmpty(): boolean {
    return this.#byName.size === 0 && !this.#isFull;
  }

  set(name: string, effects: Effects | undefined): void {
    if (effects === undefined) this.#byName.delete(name);
    else if (this.#byName.size < NAMES_MAX || this.#byName.has(name)) this.#byName.set(name, effects);
    else this.#isFull = true;
  }

  get(name: string): Effects | undefined {
    return this.#byName.get(name) ?? (this.#isFull ? UNREAD : undefined);
  }

  clear(): void {
    if (this.isEmpty) return;
    this.#byName.clear();
    this.#isFull = false;
  }
}
