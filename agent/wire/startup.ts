// The packets that come before there are messages: startup, SSLRequest, GSSENCRequest, CancelRequest.

import { concat, cstring, int32At, putInt32, text } from './bytes.ts';
import { ProtocolError } from './protocol_error.ts';
import { CANCEL_KEY_BYTES_MAX, CANCEL_REQUEST, GSSENC_REQUEST, PROTOCOL_3_0, SSL_REQUEST } from './types.ts';

/** As PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
export const STARTUP_BYTES_MAX = 10_000;

export type StartupPacket =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gssenc' }
  | { readonly kind: 'cancel'; readonly pid: number; readonly key: Uint8Array }
  | { readonly kind: 'unsupported'; readonly major: number; readonly minor: number }
  | {
      readonly kind: 'startup';
      readonly major: number;
      /** As it was asked for, which may be beyond what anybody knows. */
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
      /** Names of `_pq_.` protocol options, which NegotiateProtocolVersion has to name. */
      readonly protocolOptions: readonly string[];
    };

/** How many bytes the packet at the beginning of `bytes` has; 0 when that is not known yet. */
export function startupLength(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0;
  const length = int32At(bytes, 0);
  if (length < 8 || length > STARTUP_BYTES_MAX) {
    throw new ProtocolError(`a startup packet says that it is ${length} bytes long`);
  }
  return length;
}

/** Decodes one whole startup packet. */
export function decodeStartup(bytes: Uint8Array): StartupPacket {
  const code = int32At(bytes, 4);
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
    if (bytes.length !== 8) throw new ProtocolError('an encryption request has a body');
    return { kind: code === SSL_REQUEST ? 'ssl' : 'gssenc' };
  }
  if (code === CANCEL_REQUEST) {
    if (bytes.length <= 12 || bytes.length > 12 + CANCEL_KEY_BYTES_MAX)
      throw new ProtocolError('a cancel request has a bad length');
    return { kind: 'cancel', pid: int32At(bytes, 8), key: bytes.slice(12) };
  }
  const major = code >>> 16;
  const minor = code & 0xffff;
  if (major !== 3) return { kind: 'unsupported', major, minor };
  return { kind: 'startup', major, minor, ...decodeParameters(bytes) };
}

/** Pairs of strings, then one more NUL. */
function decodeParameters(bytes: Uint8Array) {
  const parameters = new Map<string, string>();
  const protocolOptions: string[] = [];
  // All of it at once: no character of UTF-8 has a NUL inside.
  const words = text(bytes.subarray(8)).split('\0');
  let at = 0;
  for (; words[at] !== ''; at += 2) {
    // Behind the last NUL there is one more piece, which is no string.
    if (at >= words.length - 1) throw new ProtocolError('a startup packet has no terminator');
    if (at + 1 >= words.length - 1) throw new ProtocolError('a startup packet has a name without a value');
    const name = words[at]!;
    const value = words[at + 1]!;
    if (name.startsWith('_pq_.')) protocolOptions.push(name);
    else parameters.set(name, value);
  }
  if (at === words.length - 1) throw new ProtocolError('a startup packet has no terminator');
  if (at !== words.length - 2 || words[at + 1] !== '')
    throw new ProtocolError('a startup packet goes on after its terminator');
  return { parameters, protocolOptions };
}

/** A StartupMessage of protocol 3.0. */
export function encodeStartup(parameters: Readonly<Record<string, string>>): Uint8Array {
  const pieces: Uint8Array[] = [new Uint8Array(8)];
  for (const [name, value] of Object.entries(parameters)) pieces.push(cstring(name), cstring(value));
  pieces.push(new Uint8Array(1));
  const bytes = concat(pieces);
  putInt32(bytes, 0, bytes.length);
  putInt32(bytes, 4, PROTOCOL_3_0);
  return bytes;
}

export function encodeSslRequest(): Uint8Array {
  const bytes = new Uint8Array(8);
  putInt32(bytes, 0, 8);
  putInt32(bytes, 4, SSL_REQUEST);
  return bytes;
}

export function encodeCancelRequest(pid: number, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + key.length);
  putInt32(bytes, 0, bytes.length);
  putInt32(bytes, 4, CANCEL_REQUEST);
  putInt32(bytes, 8, pid);
  bytes.set(key, 12);
  return bytes;
}
