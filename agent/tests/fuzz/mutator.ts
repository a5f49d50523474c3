// Makes new inputs of old ones: bits, bytes, lengths, cuts, copies, words and pieces of others, by a seeded generator.

import { concat } from '../../wire/bytes.ts';
import type { Random } from '../simulation/random.ts';
import { bytesOf } from './target.ts';

const BYTES = [0, 1, 4, 5, 8, 0x0a, 0x0d, 0x20, 0x22, 0x24, 0x27, 0x2c, 0x3d, 0x5c, 0x7f, 0x80, 0xc3, 0xff];
const INTEGERS = [0, 1, 3, 4, 5, 8, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, -1, -2, -0x80000000];
/** One input in so many becomes a long one. */
const LONG_ONE_IN = 1_024;

type Mutation = (input: Uint8Array, mutator: Mutator) => Uint8Array;

export class Mutator {
  readonly random: Random;
  readonly words: readonly Uint8Array[];
  readonly others: readonly Uint8Array[];
  readonly #bytesMax: number;

  /** @param others may grow while it is used: pieces are taken from all that are there. */
  constructor(
    random: Random,
    words: readonly (string | Uint8Array)[],
    others: readonly Uint8Array[],
    bytesMax: number,
  ) {
    this.random = random;
    this.words = words.map(bytesOf);
    this.others = others;
    this.#bytesMax = bytesMax;
  }

  /** A new input; `input` is left as it is. */
  mutate(input: Uint8Array): Uint8Array {
    const { random } = this;
    if (random.below(LONG_ONE_IN) === 0) return this.#long(input);
    let made = input;
    // Most of the time one thing or two: what is changed everywhere is refused at its first byte.
    for (let left = 1 + random.below(1 + random.below(6)); left > 0; left--) {
      made = MUTATIONS[random.below(MUTATIONS.length)]!(made, this);
    }
    return made.length > this.#bytesMax ? made.slice(0, this.#bytesMax) : made;
  }

  /** A place in it, the end among them. */
  place(input: Uint8Array): number {
    return this.random.below(input.length + 1);
  }

  /** A stretch of it: mostly short. */
  stretch(input: Uint8Array): readonly [number, number] {
    const from = this.place(input);
    const most = this.random.chance(0.75) ? 8 : input.length;
    return [from, Math.min(input.length, from + 1 + this.random.below(Math.max(1, most)))];
  }

  word(): Uint8Array {
    return this.words.length === 0 ? this.random.bytes(2) : this.random.pick(this.words);
  }

  /** One stretch again and again, up to the limit: what is quadratic shows. */
  #long(input: Uint8Array): Uint8Array {
    const { random } = this;
    const [from, to] = this.stretch(input);
    const stretch = random.chance(0.3) || from === to ? this.word() : input.slice(from, to);
    const room = Math.max(0, this.#bytesMax - input.length);
    const times = Math.floor(room / Math.max(1, stretch.length));
    const at = this.place(input);
    const middle = Buffer.alloc(times * stretch.length, stretch);
    return joined(input.subarray(0, at), middle, input.subarray(at));
  }
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  setByte,
  addToByte,
  setInteger,
  fixLength,
  cutOff,
  remove,
  remove,
  duplicate,
  swap,
  insertWord,
  insertWord,
  insertWord,
  overwriteWithWord,
  insertBytes,
  splice,
  splice,
  insertPieceOfOther,
  removeLine,
];

function flipBit(input: Uint8Array, { random }: Mutator): Uint8Array {
  if (input.length === 0) return random.bytes(1);
  const made = input.slice();
  made[random.below(made.length)]! ^= 1 << random.below(8);
  return made;
}

function setByte(input: Uint8Array, { random }: Mutator): Uint8Array {
  if (input.length === 0) return random.bytes(1);
  const made = input.slice();
  made[random.below(made.length)] = random.chance(0.5) ? random.pick(BYTES) : random.below(256);
  return made;
}

function addToByte(input: Uint8Array, { random }: Mutator): Uint8Array {
  if (input.length === 0) return input;
  const made = input.slice();
  made[random.below(made.length)]! += random.between(-8, 8);
  return made;
}

/** Two or four bytes that mean something where a length or a count stands. */
function setInteger(input: Uint8Array, mutator: Mutator): Uint8Array {
  const { random } = mutator;
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(random.pick(INTEGERS) | 0);
  return overwrite(input, mutator.place(input), random.chance(0.5) ? bytes : bytes.subarray(2));
}

/** Four bytes that say how much follows them, or nearly so: what is changed inside is reached again. */
function fixLength(input: Uint8Array, mutator: Mutator): Uint8Array {
  const { random } = mutator;
  const at = random.chance(0.5) ? random.below(2) : mutator.place(input);
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Math.max(0, input.length - at) + (random.chance(0.7) ? 0 : random.between(-5, 5)));
  return overwrite(input, at, bytes);
}

function cutOff(input: Uint8Array, mutator: Mutator): Uint8Array {
  return input.slice(0, mutator.place(input));
}

function remove(input: Uint8Array, mutator: Mutator): Uint8Array {
  const [from, to] = mutator.stretch(input);
  return joined(input.subarray(0, from), input.subarray(to));
}

function duplicate(input: Uint8Array, mutator: Mutator): Uint8Array {
  const [from, to] = mutator.stretch(input);
  const at = mutator.place(input);
  const piece = input.subarray(from, to);
  const times = mutator.random.chance(0.8) ? 1 : mutator.random.between(2, 40);
  const pieces = Array.from({ length: times }, () => piece);
  return joined(input.subarray(0, at), ...pieces, input.subarray(at));
}

function swap(input: Uint8Array, mutator: Mutator): Uint8Array {
  const [a, b, c] = [mutator.place(input), mutator.place(input), mutator.place(input)].sort((x, y) => x - y);
  return joined(input.subarray(0, a), input.subarray(b, c), input.subarray(a, b), input.subarray(c));
}

function insertWord(input: Uint8Array, mutator: Mutator): Uint8Array {
  const at = mutator.place(input);
  return joined(input.subarray(0, at), mutator.word(), input.subarray(at));
}

function overwriteWithWord(input: Uint8Array, mutator: Mutator): Uint8Array {
  const [from, to] = mutator.stretch(input);
  return joined(input.subarray(0, from), mutator.word(), input.subarray(to));
}

function insertBytes(input: Uint8Array, mutator: Mutator): Uint8Array {
  const at = mutator.place(input);
  const bytes = mutator.random.bytes(1 + mutator.random.below(6));
  return joined(input.subarray(0, at), bytes, input.subarray(at));
}

/** The beginning of this one and the end of another. */
function splice(input: Uint8Array, mutator: Mutator): Uint8Array {
  const other = mutator.random.pick(mutator.others);
  return joined(input.subarray(0, mutator.place(input)), other.subarray(mutator.place(other)));
}

function insertPieceOfOther(input: Uint8Array, mutator: Mutator): Uint8Array {
  const other = mutator.random.pick(mutator.others);
  const [from, to] = mutator.stretch(other);
  const at = mutator.place(input);
  return joined(input.subarray(0, at), other.subarray(from, to), input.subarray(at));
}

function removeLine(input: Uint8Array, mutator: Mutator): Uint8Array {
  const at = input.indexOf(0x0a, mutator.place(input));
  if (at < 0) return remove(input, mutator);
  const end = input.indexOf(0x0a, at + 1);
  return joined(input.subarray(0, at), end < 0 ? new Uint8Array() : input.subarray(end));
}

function overwrite(input: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const made = new Uint8Array(Math.max(input.length, at + bytes.length));
  made.set(input);
  made.set(bytes, at);
  return made;
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  // A copy, also of a single piece: the mutator writes into what it gets.
  return new Uint8Array(concat(pieces));
}
