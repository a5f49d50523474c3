// A client's text with other words in some places of it, and what that does to the places that the server speaks of.

import type { Shift } from '../state/client_statements.ts';
import { charactersIn } from '../wire/characters.ts';

export interface Edit {
  readonly from: number;
  readonly to: number;
  /** Plain ASCII. */
  readonly put: string;
}

/** @param edits in their order. */
export function edited(text: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { from, to, put } of edits) {
    pieces.push(text.subarray(at, from), Buffer.from(put, 'latin1'));
    at = to;
  }
  pieces.push(text.subarray(at));
  return new Uint8Array(Buffer.concat(pieces));
}

/** @param encoding the client's. */
export function shiftsOf(text: Uint8Array, edits: readonly Edit[], encoding: string): Shift[] {
  let [at, seen] = [0, 0];
  return edits.map(({ from, to, put }) => {
    at += charactersIn(text, seen, from, encoding);
    const by = put.length - charactersIn(text, from, to, encoding);
    const shift = { at, by };
    at += put.length;
    seen = to;
    return shift;
  });
}

/** Of a text that was changed twice: each place as it is in the end. */
export function combined(first: readonly Shift[], second: readonly Shift[]): Shift[] {
  const moved = first.map(({ at, by }) => {
    let place = at;
    for (const shift of second) if (shift.at < place) place += shift.by;
    return { at: place, by };
  });
  return [...moved, ...second].sort((a, b) => a.at - b.at);
}
