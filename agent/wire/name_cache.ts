// Names of statements as strings: the same few come with every message, and to make a string of bytes costs more than to compare it.

import { nameAt } from './bytes.ts';

const SLOTS = 64;
const LENGTH_MAX = 63;

/** `nameAt()` with a memory of at most 64 short names: a name that is there already is given as the same string. */
export class NameCache {
  readonly #names: string[] = new Array(SLOTS).fill('');

  at(bytes: Uint8Array, from: number, to: number): string {
    const length = to - from;
    if (length === 0) return '';
    if (length > LENGTH_MAX) return nameAt(bytes, from, to);
    const slot = (bytes[to - 1]! * 5 + bytes[from]! + length) % SLOTS;
    const known = this.#names[slot]!;
    if (known.length === length && isAt(known, bytes, from)) return known;
    const name = nameAt(bytes, from, to);
    this.#names[slot] = name;
    return name;
  }
}

function isAt(name: string, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
