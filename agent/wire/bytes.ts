// Writing and reading the protocol's integers and strings; everything else in this room is made of these.

import { ProtocolError } from './protocol_error.ts';

const encoder = new TextEncoder();
// A Buffer's own method, on any bytes: a view would cost more than the string.
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
};
// A byte order mark is a character like any other here: names that differ must not come out alike.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function int32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** A name to look up by, byte for byte: in the client's encoding two names may be no UTF-8, and still be two. */
export function nameAt(bytes: Uint8Array, from: number, to: number): string {
  return latin1Slice.call(bytes, from, to);
}

/** The index of the NUL that ends the string at `at`; -1 when there is none before `end`. */
export function endOfString(bytes: Uint8Array, at: number, end: number): number {
  // Names are short or empty: a loop is over before a call into the runtime would have begun.
  const near = at + 32 < end ? at + 32 : end;
  for (let i = at; i < near; i++) if (bytes[i] === 0) return i;
  if (near === end) return -1;
  const found = bytes.indexOf(0, near);
  return found >= 0 && found < end ? found : -1;
}

/** A string as the protocol writes it, UTF-8 and a NUL; throws ProtocolError when the NUL is missing. */
export function stringAt(bytes: Uint8Array, at: number, end: number): { value: string; next: number } {
  const nul = endOfString(bytes, at, end);
  if (nul < 0) throw new ProtocolError('a string has no end');
  return { value: decoder.decode(bytes.subarray(at, nul)), next: nul + 1 };
}

/** One message: type byte, length, then the parts one after the other. */
export function message(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 4;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(1 + length);
  bytes[0] = type;
  putInt32(bytes, 1, length);
  let at = 5;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** UTF-8 and the NUL behind it. A NUL inside the text would end it early, so it is refused. */
export function cstring(value: string): Uint8Array {
  if (value.includes('\0')) throw new ProtocolError('a string has a NUL in the middle');
  return encoder.encode(`${value}\0`);
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
