// What the clients of a pool do with the numbers of sequences: whether anybody asks for currval() or lastval(), and who keeps a server for that.

import type { Settings } from '../config/settings.ts';

/** So many statements have advanced a sequence, and nobody has asked behind them: nobody is believed to ask. */
const MISSES_MAX = 32;

/** A client that keeps its server for its sequences. */
export interface SequenceKeeper {
  /** Now and then: it may have no use for them any more. @param now by the clock. */
  look(now: number): void;
}

export class SequenceHabits {
  readonly keepers = new Set<SequenceKeeper>();
  /** Somebody has asked. */
  reads = false;
  #misses = 0;
  readonly #context: { readonly settings: Settings };

  constructor(context: { readonly settings: Settings }) {
    this.#context = context;
  }

  /** Does it matter who advances a sequence? It does until it is known that nobody asks, and from the first question on. */
  get counts(): boolean {
    return (this.reads || this.#misses < MISSES_MAX) && this.#context.settings.pin_sequences === 'pin';
  }

  /** Somebody asks. */
  onRead(): void {
    this.reads = true;
  }

  /** Somebody has advanced one and did not ask. @param weight how much that says. */
  onMissed(weight: number): void {
    this.#misses += weight;
  }

  tick(now: number): void {
    for (const keeper of this.keepers) keeper.look(now);
  }
}
