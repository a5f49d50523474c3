// What the clients of a pool do with the numbers of sequences: whether anybody asks for currval() or lastval(), and who keeps a server for that.

import type { Settings } from '../config/settings.ts';
import { type Advance, newAdvance } from '../query/advancing.ts';

/** Behind a text so often in a row: nobody is believed to ask, where nobody has asked for anything yet, or others wait. */
export const MISSES_MAX = 8;
/** The same where somebody asks, and nobody waits. */
const MISSES_OF_READERS_MAX = 64;
/** Nobody has ever asked, and so many texts were found to need nobody who keeps a server: of the others less is wanted. */
const TEXTS_OF_A_HABIT = 8;
const MISSES_OF_A_HABIT_MAX = 2;

/** A client that keeps its server for its sequences. */
export interface SequenceKeeper {
  /** Now and then: it may have no use for them any more. @param now by the clock. */
  look(now: number): void;
}

export class SequenceHabits {
  readonly keepers = new Set<SequenceKeeper>();
  /** Somebody has asked. */
  reads = false;
  /** All texts that do something else as well, or run what another text has prepared. */
  readonly others = newAdvance();
  #forgotten = 0;
  readonly #context: { readonly settings: Settings };

  constructor(context: { readonly settings: Settings }) {
    this.#context = context;
  }

  /** Whoever may ask keeps its server. */
  get isOn(): boolean {
    return this.#context.settings.pin_sequences === 'pin';
  }

  /** Nobody asks behind this text. */
  isForgotten({ misses }: Advance): boolean {
    return misses >= this.#missesMax || !this.isOn;
  }

  /** Nobody has asked behind it. @param weight how much that says. */
  onMissed(text: Advance, weight: number): void {
    const isNews = text.misses < MISSES_MAX && text.misses + weight >= MISSES_MAX;
    text.misses += weight;
    if (isNews) this.#forgotten++;
  }

  get #missesMax(): number {
    if (this.reads) return MISSES_OF_READERS_MAX;
    return this.#forgotten >= TEXTS_OF_A_HABIT ? MISSES_OF_A_HABIT_MAX : MISSES_MAX;
  }

  tick(now: number): void {
    for (const keeper of this.keepers) keeper.look(now);
  }
}
