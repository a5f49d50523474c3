// The grammar of SCRAM's four messages (RFC 5802 chapter 7): bytes to fields and back, each field with its limit.
//
// Texts here are Latin-1 views of the bytes, so that what is signed is exactly what was sent, whatever it was.

import { type AuthError, malformed } from './auth_error.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

export const SCRAM_SHA_256 = 'SCRAM-SHA-256';
export const SCRAM_SHA_256_PLUS = 'SCRAM-SHA-256-PLUS';

/** SHA-256's length: keys, signatures and proofs are all that long. */
export const KEY_BYTES = 32;

/** Nothing honest comes near these; without them a hostile peer chooses how much memory and time it costs us. */
export const SCRAM_LIMITS = Object.freeze({
  messageBytesMax: 4096,
  nonceBytesMax: 512,
  saltBytesMax: 256,
  /** What we compute for a server that asks: about 0.1 s at this count, on a thread of the pool. */
  iterationsMax: 1_000_000,
});

/** `none`: the client cannot bind. `supported`: it can, and believes that the server cannot. */
export type BindingFlag = 'none' | 'supported' | 'tls-server-end-point';

export interface ClientFirst {
  readonly binding: BindingFlag;
  /** `n,,`, `y,,` or `p=tls-server-end-point,,`: comes back, encoded, in the client's final message. */
  readonly gs2Header: string;
  readonly bare: string;
  readonly nonce: string;
}

export interface ServerFirst {
  readonly text: string;
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export interface ClientFinal {
  /** The decoded `c=`: the gs2 header, then the binding data. */
  readonly channelBinding: Uint8Array;
  readonly nonce: string;
  readonly withoutProof: string;
  readonly proof: Uint8Array;
}

const GS2_HEADERS: Readonly<Record<BindingFlag, string>> = {
  none: 'n,,',
  supported: 'y,,',
  'tls-server-end-point': 'p=tls-server-end-point,,',
};

const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/;
const POSITIVE_NUMBER = /^[1-9][0-9]{0,9}$/;

export function gs2HeaderOf(binding: BindingFlag): string {
  return GS2_HEADERS[binding];
}

export function parseClientFirst(message: Uint8Array): ClientFirst | AuthError {
  const text = readText(message);
  if (typeof text !== 'string') return text;
  const flagEnd = text.indexOf(',');
  const headerEnd = text.indexOf(',', flagEnd + 1);
  if (flagEnd < 0 || headerEnd < 0) return malformed('SCRAM client-first has no gs2 header');
  if (headerEnd !== flagEnd + 1) return malformed('SCRAM client-first asks for an authorization identity');
  const gs2Header = text.slice(0, headerEnd + 1);
  const binding = bindingOf(gs2Header);
  if (binding === undefined) return malformed('SCRAM client-first has an unknown channel binding');
  const bare = text.slice(headerEnd + 1);
  const fields = readFields(bare, ['n', 'r']);
  if (!Array.isArray(fields)) return fields;
  const nonce = readNonce(fields[1]!);
  // The user name stands in the startup packet; PostgreSQL too ignores this one.
  return typeof nonce === 'string' ? { binding, gs2Header, bare, nonce } : nonce;
}

export function parseServerFirst(
  message: Uint8Array,
  iterationsMax: number = SCRAM_LIMITS.iterationsMax,
): ServerFirst | AuthError {
  const text = readText(message);
  if (typeof text !== 'string') return text;
  const fields = readFields(text, ['r', 's', 'i']);
  if (!Array.isArray(fields)) return fields;
  const nonce = readNonce(fields[0]!);
  if (typeof nonce !== 'string') return nonce;
  const salt = decodeBase64(fields[1]!);
  if (salt === undefined || salt.length === 0) return malformed('SCRAM salt is not base64');
  if (salt.length > SCRAM_LIMITS.saltBytesMax) {
    return malformed(`SCRAM salt of ${salt.length} bytes is over the limit of ${SCRAM_LIMITS.saltBytesMax}`);
  }
  if (!POSITIVE_NUMBER.test(fields[2]!)) return malformed('SCRAM iteration count is not a number');
  const iterations = Number(fields[2]);
  if (iterations > iterationsMax) {
    return malformed(`SCRAM iteration count ${iterations} is over the limit of ${iterationsMax}`);
  }
  return { text, nonce, salt, iterations };
}

export function parseClientFinal(message: Uint8Array): ClientFinal | AuthError {
  const text = readText(message);
  if (typeof text !== 'string') return text;
  const proofAt = text.lastIndexOf(',p=');
  if (proofAt < 0) return malformed('SCRAM client-final has no proof at its end');
  const withoutProof = text.slice(0, proofAt);
  const fields = readFields(withoutProof, ['c', 'r']);
  if (!Array.isArray(fields)) return fields;
  const channelBinding = decodeBase64(fields[0]!);
  if (channelBinding === undefined) return malformed('SCRAM channel binding is not base64');
  const nonce = readNonce(fields[1]!);
  if (typeof nonce !== 'string') return nonce;
  const proof = decodeBase64(text.slice(proofAt + 3));
  if (proof === undefined || proof.length !== KEY_BYTES) return malformed('SCRAM proof is not 32 bytes');
  return { channelBinding, nonce, withoutProof, proof };
}

/** The server's signature; `e=…` is the server's own refusal. */
export function parseServerFinal(message: Uint8Array): Uint8Array | AuthError {
  const text = readText(message);
  if (typeof text !== 'string') return text;
  if (text.startsWith('e=')) return malformed('the server ended SCRAM with an error');
  const fields = readFields(text, ['v']);
  if (!Array.isArray(fields)) return fields;
  const signature = decodeBase64(fields[0]!);
  if (signature === undefined || signature.length !== KEY_BYTES) {
    return malformed('SCRAM server signature is not 32 bytes');
  }
  return signature;
}

/** PostgreSQL takes the user from the startup packet, so `n=` stays empty, as libpq leaves it. */
export function printClientFirstBare(nonce: string): string {
  return `n=,r=${nonce}`;
}

export function printServerFirst(nonce: string, salt: Uint8Array, iterations: number): string {
  return `r=${nonce},s=${encodeBase64(salt)},i=${iterations}`;
}

export function printClientFinalWithoutProof(binding: BindingFlag, data: Uint8Array, nonce: string): string {
  const channelBinding = Buffer.concat([Buffer.from(gs2HeaderOf(binding), 'latin1'), data]);
  return `c=${encodeBase64(channelBinding)},r=${nonce}`;
}

export function toBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function bindingOf(gs2Header: string): BindingFlag | undefined {
  for (const binding of Object.keys(GS2_HEADERS) as BindingFlag[]) {
    if (GS2_HEADERS[binding] === gs2Header) return binding;
  }
  return undefined;
}

function readText(message: Uint8Array): string | AuthError {
  if (message.length > SCRAM_LIMITS.messageBytesMax) {
    return malformed(
      `SCRAM message of ${message.length} bytes is over the limit of ${SCRAM_LIMITS.messageBytesMax}`,
    );
  }
  if (message.includes(0)) return malformed('SCRAM message has a NUL byte');
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('latin1');
}

/** The values of `names`, which must come first and in this order; extensions after them are well-formed and ignored. */
function readFields(text: string, names: readonly string[]): string[] | AuthError {
  const parts = text.split(',');
  for (const [index, part] of parts.entries()) {
    if (!/^[A-Za-z]=/.test(part)) return malformed('SCRAM message has a part that is no attribute');
    const expected = names[index];
    // `m=` is the reserved "mandatory extension": whoever does not know it must say no.
    if (part[0] === 'm') return malformed('SCRAM message has a mandatory extension');
    if (expected !== undefined && part[0] !== expected) {
      return malformed(`SCRAM message has attribute "${part[0]}" where "${expected}" belongs`);
    }
  }
  if (parts.length < names.length) return malformed(`SCRAM message lacks attribute "${names[parts.length]}"`);
  return parts.slice(0, names.length).map((part) => part.slice(2));
}

function readNonce(nonce: string): string | AuthError {
  if (nonce.length > SCRAM_LIMITS.nonceBytesMax) {
    return malformed(
      `SCRAM nonce of ${nonce.length} bytes is over the limit of ${SCRAM_LIMITS.nonceBytesMax}`,
    );
  }
  return NONCE.test(nonce) ? nonce : malformed('SCRAM nonce is empty or not printable');
}
