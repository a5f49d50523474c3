// Finds where each message of a chunk begins and ends, by its header alone; bodies are not looked at and not copied.

import { ProtocolError } from './protocol_error.ts';

const EMPTY = new Uint8Array(0);
/** A type byte and four bytes of length. */
const HEADER_BYTES = 5;
/** What is held in pieces shorter than this is put together now and then: each one costs some 450 bytes beside its own. */
const SHORT_BYTES = 1024;
const SHORT_ONES = 256;

/**
 * Walks the messages of a stream, chunk by chunk (PostgreSQL protocol, chapter 55.7).
 *
 * `feed()` a chunk, then call `next()` until it says false. After each `next()` the fields describe one message in
 * `chunk`: it begins at `start` and would end at `end`, which lies behind the chunk when `whole` is false. The rest of
 * such a message comes first in the next chunk, up to `passed`; unless the caller said `hold()`: then nothing of the
 * message counts as seen, and it is offered again, whole, when it has arrived.
 */
export class Framer {
  chunk: Uint8Array = EMPTY;
  type = 0;
  start = 0;
  end = 0;
  whole = true;
  /** Bytes at the beginning of `chunk` that belong to a message announced in an earlier chunk. */
  passed = 0;
  /** Where what is kept back for later begins; `chunk.length` when nothing is. */
  limit = 0;

  readonly #lengthMax: number;
  #at = 0;
  #pass = 0;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #heldNeed = 0;
  /** How many of the last ones held are short. */
  #shortOnes = 0;

  /** @param lengthMax the longest message that is let through, in bytes, as its length field counts (max_packet_size). */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /** True in the middle of a message: the stream must not be handed to somebody else now. */
  get inMessage(): boolean {
    return this.#pass > 0 || this.#heldBytes > 0;
  }

  /** Where the next message begins: behind the one at hand, when that is whole. */
  get position(): number {
    return this.#at;
  }

  /** Bytes that are kept here until more arrives. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes the next chunk of the stream. False when there is nothing to look at yet. */
  feed(chunk: Uint8Array): boolean {
    let joined = chunk;
    if (this.#heldBytes > 0) {
      if (chunk.length > 0) this.keep(chunk);
      if (this.#heldBytes < this.#heldNeed) {
        this.chunk = EMPTY;
        this.#at = 0;
        this.passed = 0;
        this.limit = 0;
        return false;
      }
      joined = join(this.#held, this.#heldBytes);
      this.#held = [];
      this.#heldBytes = 0;
    }
    this.chunk = joined;
    this.limit = joined.length;
    this.passed = this.#pass < joined.length ? this.#pass : joined.length;
    this.#pass -= this.passed;
    this.#at = this.passed;
    return true;
  }

  /** Goes behind these whole messages, if they are the next ones. */
  skip(messages: Uint8Array): boolean {
    const { chunk } = this;
    const at = this.#at;
    const { length } = messages;
    if (chunk.length - at < length) return false;
    for (let i = 0; i < length; i++) if (chunk[at + i] !== messages[i]) return false;
    this.#at = at + length;
    return true;
  }

  /** Goes to the next message; false when the rest of the chunk is no message's beginning, or only part of a header. */
  next(): boolean {
    const chunk = this.chunk;
    const at = this.#at;
    const left = chunk.length - at;
    if (left < HEADER_BYTES) {
      if (left > 0) this.#keep(at, HEADER_BYTES);
      return false;
    }
    const length = (chunk[at + 1]! << 24) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 8) | chunk[at + 4]!;
    if (length < 4 || length > this.#lengthMax) {
      throw new ProtocolError(
        `a message of type ${printType(chunk[at]!)} says that it is ${length} bytes long`,
      );
    }
    this.type = chunk[at]!;
    this.start = at;
    this.end = at + 1 + length;
    this.whole = this.end <= chunk.length;
    this.#at = this.whole ? this.end : chunk.length;
    this.#pass = this.end - this.#at;
    return true;
  }

  /** Keeps the message at hand back until `bytes` of it are there (all of it, unless told): for messages that must be read. */
  hold(bytes: number = this.end - this.start): void {
    this.#pass = 0;
    this.#keep(this.start, bytes);
  }

  /** Stops looking: what follows the message at hand is kept and offered again after `feed()` or `again()`. */
  stopBefore(): void {
    this.#pass = 0;
    this.#keep(this.start, 1);
  }

  /** Adds a chunk behind what is held, without looking at it. */
  keep(chunk: Uint8Array): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    this.#shortOnes = chunk.length < SHORT_BYTES ? this.#shortOnes + 1 : 0;
    if (this.#shortOnes < SHORT_ONES) return;
    const pieces = this.#held.splice(-SHORT_ONES);
    const bytes = pieces.reduce((sum, each) => sum + each.length, 0);
    this.#held.push(join(pieces, bytes));
    this.#shortOnes = 0;
  }

  /** Offers again what `stopBefore()` kept. */
  again(): boolean {
    return this.#heldBytes > 0 && this.#heldBytes >= this.#heldNeed ? this.feed(EMPTY) : false;
  }

  #keep(from: number, need: number): void {
    // A view of a part costs more than the message itself: it makes the engine give the chunk a buffer object.
    const tail = from === 0 ? this.chunk : this.chunk.subarray(from);
    this.#held = [tail];
    this.#shortOnes = 0;
    this.#heldBytes = tail.length;
    this.#heldNeed = need;
    this.limit = from;
    this.#at = this.chunk.length;
  }
}

function join(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** `'Q'`, or `0x16` for what is no letter. */
export function printType(type: number): string {
  const letter = (type >= 65 && type <= 90) || (type >= 97 && type <= 122) || (type >= 48 && type <= 57);
  return letter ? `'${String.fromCharCode(type)}'` : `0x${type.toString(16).padStart(2, '0')}`;
}
