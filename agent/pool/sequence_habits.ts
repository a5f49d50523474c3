// What the clients of a pool do with the numbers of sequences: whether anybody asks for currval() or lastval(), and who keeps a server for that.

import type { Settings } from '../config/settings.ts';
import type { Advance } from '../query/advancing.ts';

/** Behind a text so often in a row: nobody is believed to ask, where nobody has asked for anything yet, or others wait. */
export const MISSES_MAX = 8;
/** The same where somebody asks, and nobody waits. */
const MISSES_OF_READERS_MAX = 64;

/** A client that keeps its server for its sequences. */
export interface SequenceKeeper {
  /** Now and then: it may have no use for them any more. @param now by the clock. */
  look(now: number): void;
}

export class SequenceHabits {
  readonly keepers = new Set<SequenceKeeper>();
  /** Somebody has asked. */
  reads = false;
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
    return misses >= (this.reads ? MISSES_OF_READERS_MAX : MISSES_MAX) || !this.isOn;
  }

  tick(now: number): void {
    for (const keeper of this.keepers) keeper.look(now);
  }
}
