// Texts that have left in a session what they do not say, by their fingerprints: from then on the server is asked behind each of them.

import { fingerprintOf } from './fingerprint.ts';
import { skipToFirstWord } from './glance.ts';
import { addToHash, HASH_START } from './words.ts';

/** More are not known at one time; the one that was learned first is forgotten. A fingerprint has some hundred bytes. */
const LESSONS_MAX = 1_000;
/** Behind so many transactions in a row in which nothing was left, a text was another's accomplice, or has been mended. */
const INNOCENT_MAX = 1_000;
/** For so long nobody is told of the same text again. */
const TOLD_MS = 3_600_000;
/** Of a text's beginning. */
const LETTERS_MAX = 48;

export interface Lesson {
  readonly fingerprint: string;
  /** Transactions in a row that had it, and left nothing. */
  innocent: number;
}

export class Lessons {
  /** Counted up when something is learned or forgotten: what was read before is to be read again. */
  edition = 0;
  readonly #byFingerprint = new Map<string, Lesson>();
  /** How their texts begin, so that other texts are not read for their fingerprints. */
  #beginnings = new Set<number>();
  readonly #toldAt = new Map<string, number>();

  get size(): number {
    return this.#byFingerprint.size;
  }

  /** @param now by the clock, in milliseconds. True: nobody was told of it within the last hour. */
  learn({ fingerprint, beginning }: Noted, now: number): boolean {
    this.#beginnings.add(beginning);
    this.edition++;
    if (!this.#byFingerprint.has(fingerprint)) {
      if (this.size >= LESSONS_MAX) dropFirst(this.#byFingerprint);
      this.#byFingerprint.set(fingerprint, { fingerprint, innocent: 0 });
    }
    const before = this.#toldAt.get(fingerprint);
    if (before !== undefined && now - before < TOLD_MS) return false;
    if (this.#toldAt.size >= LESSONS_MAX) dropFirst(this.#toldAt);
    this.#toldAt.set(fingerprint, now);
    return true;
  }

  find(bytes: Uint8Array, from: number, to: number): Lesson | undefined {
    if (!this.#beginnings.has(beginningOf(bytes, from, to))) return undefined;
    return this.#byFingerprint.get(fingerprintOf(bytes, from, to));
  }

  /** A transaction that had it has left something. */
  onGuilty(lesson: Lesson): void {
    lesson.innocent = 0;
  }

  /** A transaction that had it has left nothing. */
  onInnocent(lesson: Lesson): void {
    if (++lesson.innocent < INNOCENT_MAX || !this.#byFingerprint.delete(lesson.fingerprint)) return;
    this.edition++;
    if (this.size === 0) this.#beginnings = new Set();
  }
}

/** What is kept of a text. */
export interface Noted {
  readonly fingerprint: string;
  readonly beginning: number;
}

export function noted(bytes: Uint8Array, from: number, to: number): Noted {
  return { fingerprint: fingerprintOf(bytes, from, to), beginning: beginningOf(bytes, from, to) };
}

/** A hash of what comes before the first value; those of two texts differ, or they may be the same text. */
export function beginningOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = HASH_START;
  let count = 0;
  for (let at = skipToFirstWord(bytes, from, to); at < to && count < LETTERS_MAX; at++) {
    const byte = bytes[at]!;
    if (byte <= 0x20) continue;
    const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
    if (!isLetter && !PLAIN_SYMBOLS.has(byte)) break;
    hash = addToHash(hash, isLetter ? byte | 0x20 : byte);
    count++;
  }
  return hash;
}

/** No value and no comment begins with one of these. */
const PLAIN_SYMBOLS: ReadonlySet<number> = new Set(Buffer.from('_(),.*=<>:;'));

export function dropFirst<Key>(map: Map<Key, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
