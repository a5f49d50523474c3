// Ranges of bytes that leave together: collected without a view of any of them, and put together once.

const EMPTY = new Uint8Array(0);
/** Shorter ranges are copied byte by byte: a view of one costs more than that, and makes the engine give its bytes a buffer object. */
const SHORT_BYTES = 128;

export class Pieces {
  count = 0;
  readonly #bytes: Uint8Array[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  /** The bytes from `from` up to `to` may not change before `take()`. */
  add(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const at = this.count++;
    this.#bytes[at] = bytes;
    this.#from[at] = from;
    this.#to[at] = to;
  }

  /** Adds what is in the other one, and empties that. */
  addAll(other: Pieces): void {
    for (let i = 0; i < other.count; i++) this.add(other.#bytes[i]!, other.#from[i]!, other.#to[i]!);
    other.#clear();
  }

  /** All of it in one array, which is one of those that were added when there is nothing else. */
  take(): Uint8Array {
    if (this.count === 0) return EMPTY;
    let length = 0;
    for (let i = 0; i < this.count; i++) length += this.#to[i]! - this.#from[i]!;
    const joined = (this.count === 1 ? this.#only(length) : undefined) ?? this.#join(length);
    this.#clear();
    return joined;
  }

  /** The only one, where it need not be copied. */
  #only(length: number): Uint8Array | undefined {
    const bytes = this.#bytes[0]!;
    if (length === bytes.length) return bytes;
    return length > SHORT_BYTES ? bytes.subarray(this.#from[0]!, this.#to[0]!) : undefined;
  }

  #join(length: number): Uint8Array {
    const joined = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      const from = this.#from[i]!;
      const to = this.#to[i]!;
      copy(this.#bytes[i]!, from, to, joined, at);
      at += to - from;
    }
    return joined;
  }

  #clear(): void {
    // What they hold may be megabytes.
    for (let i = 0; i < this.count; i++) this.#bytes[i] = EMPTY;
    this.count = 0;
  }
}

/** Copies the bytes from `from` up to `to` to where `at` is. */
export function copy(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
  if (to - from > SHORT_BYTES) {
    target.set(from === 0 && to === source.length ? source : source.subarray(from, to), at);
    return;
  }
  for (let i = from, k = at; i < to; i++, k++) target[k] = source[i]!;
}
