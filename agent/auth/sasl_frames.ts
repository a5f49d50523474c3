// The bodies that PostgreSQL wraps around SASL (protocol chapter "Message Formats"): the offer, and the first answer.

import { type AuthError, malformed } from './auth_error.ts';

/** AuthenticationSASL's body after its code: each mechanism and a NUL, then one more NUL. */
export function encodeMechanisms(mechanisms: readonly string[]): Uint8Array {
  return Buffer.from(`${mechanisms.map((mechanism) => `${mechanism}\0`).join('')}\0`, 'latin1');
}

/** The mechanisms of an AuthenticationSASL body; undefined when it does not end as it should. */
export function parseMechanisms(body: Uint8Array): readonly string[] | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  if (!text.endsWith('\0\0')) return undefined;
  const mechanisms = text.slice(0, -2).split('\0');
  return mechanisms.includes('') ? undefined : mechanisms;
}

/** SASLInitialResponse's body: mechanism, NUL, Int32 length, data. */
export function encodeInitialResponse(mechanism: string, data: Uint8Array): Uint8Array {
  const body = Buffer.alloc(mechanism.length + 1 + 4 + data.length);
  body.write(mechanism, 'latin1');
  body.writeInt32BE(data.length, mechanism.length + 1);
  body.set(data, mechanism.length + 5);
  return body;
}

export interface InitialResponse {
  readonly mechanism: string;
  readonly data: Uint8Array;
}

/** The length is read as it stands and must fit exactly: nothing is added to it first, so nothing can overflow. */
export function parseInitialResponse(body: Uint8Array): InitialResponse | AuthError {
  const nameEnd = body.indexOf(0);
  if (nameEnd < 0) return malformed('SASL initial response has no mechanism');
  const rest = body.length - nameEnd - 1;
  if (rest < 4) return malformed('SASL initial response has no length');
  const view = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const length = view.readInt32BE(nameEnd + 1);
  // -1 means "no data yet". No driver does that with SCRAM, where the client always speaks first.
  if (length === -1) return malformed('SASL initial response has no data');
  if (length !== rest - 4) return malformed('SASL initial response has a wrong length');
  return { mechanism: view.toString('latin1', 0, nameEnd), data: body.subarray(nameEnd + 5) };
}
