// Reads the effects of texts, and remembers those that took a closer look: applications send the same texts again and again.

import { AdvancingTexts } from './advancing.ts';
import { hasHighByte, readClosely } from './classify.ts';
import { ADVANCING, type Effects, NOTHING, UNREAD } from './effects.ts';
import { glance, LOOK_CLOSER, SEES_NOTHING } from './glance.ts';
import { Lessons } from './lessons.ts';
import { readTaught } from './taught.ts';

/** Longer texts are read anew each time: they are rare, and seldom the same. */
const TEXT_BYTES_MAX = 16_384;
/** What a statement or an action takes to remember, whatever its text: about. */
const ITEM_BYTES = 200;

export class EffectsReader {
  /** Texts that were found to leave what they do not say. */
  readonly lessons = new Lessons();
  /** Texts as latin-1. When the younger half is full the elder is forgotten, so that what is used stays. */
  #young = new Map<string, Effects>();
  #elder = new Map<string, Effects>();
  #youngBytes = 0;
  readonly #advancing = new AdvancingTexts();
  readonly #entriesMax: number;
  readonly #bytesMax: number;

  /** Limits of what is remembered, in texts and in bytes: theirs, and about what their effects take. */
  constructor(entriesMax = 4_096, bytesMax = 4_194_304) {
    this.#entriesMax = entriesMax / 2;
    this.#bytesMax = bytesMax / 2;
  }

  /** What is remembered now. */
  get size(): number {
    return this.#young.size + this.#elder.size;
  }

  /** As `readEffects()`: the same answer for the same text, sooner. */
  read(bytes: Uint8Array, from: number, to: number, isConforming: boolean, isAsciiSafe: boolean): Effects {
    if (this.lessons.size !== 0) {
      const lesson = this.lessons.find(bytes, from, to);
      if (lesson !== undefined)
        return !isAsciiSafe && hasHighByte(bytes, from, to)
          ? UNREAD
          : readTaught(bytes, from, to, isConforming, lesson);
    }
    const seen = glance(bytes, from, to);
    if (seen !== LOOK_CLOSER) return seen === SEES_NOTHING ? NOTHING : this.#advancing.of(bytes, from, to);
    if (!isAsciiSafe && hasHighByte(bytes, from, to)) return UNREAD;
    if (to - from > TEXT_BYTES_MAX) return this.#readClosely(bytes, from, to, isConforming);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
    // No text begins with a NUL.
    const key = isConforming ? text : `\0${text}`;
    const known = this.#young.get(key);
    if (known !== undefined) return known;
    const effects = this.#elder.get(key) ?? this.#readClosely(bytes, from, to, isConforming);
    this.#remember(key, effects);
    return effects;
  }

  #readClosely(bytes: Uint8Array, from: number, to: number, isConforming: boolean): Effects {
    const effects = readClosely(bytes, from, to, isConforming);
    return effects === ADVANCING ? this.#advancing.of(bytes, from, to) : effects;
  }

  #remember(key: string, effects: Effects): void {
    const bytes = bytesOf(key, effects);
    if (bytes > this.#bytesMax) return;
    if (this.#young.size >= this.#entriesMax || this.#youngBytes + bytes > this.#bytesMax) {
      this.#elder = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, effects);
    this.#youngBytes += bytes;
  }
}

function bytesOf(key: string, { statements }: Effects): number {
  let items = 1;
  for (const { actions } of statements) items += 1 + actions.length;
  return key.length + items * ITEM_BYTES;
}
