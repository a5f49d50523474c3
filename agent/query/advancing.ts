// Texts that advance a sequence and do nothing else: how often nobody has asked for the number behind each of them.

import { ADVANCES, type Effects } from './effects.ts';
import { beginningOf, dropFirst } from './lessons.ts';

/** More are not told apart at one time; the one that was seen first is forgotten. */
const TEXTS_MAX = 1_000;

/** What is known of one text, whoever runs it. */
export interface Advance {
  /** How often in a row nobody has asked behind it. */
  misses: number;
  /** Somebody has asked behind it. */
  isAsked: boolean;
}

export function newAdvance(): Advance {
  return { misses: 0, isAsked: false };
}

export class AdvancingTexts {
  /** By the hash of what stands before the first value. */
  readonly #byBeginning = new Map<number, Effects>();

  /** As `ADVANCING`, and with what is known of the text. */
  of(bytes: Uint8Array, from: number, to: number): Effects {
    const beginning = beginningOf(bytes, from, to);
    const known = this.#byBeginning.get(beginning);
    if (known !== undefined) return known;
    if (this.#byBeginning.size >= TEXTS_MAX) dropFirst(this.#byBeginning);
    const effects: Effects = { bits: ADVANCES, statements: [], isSingle: false, advance: newAdvance() };
    this.#byBeginning.set(beginning, effects);
    return effects;
  }
}
