// PostgreSQL's stored form of a SCRAM secret, and the stand-in for users that do not exist.

import { decodeBase64, encodeBase64 } from './base64.ts';
import { KEY_BYTES, SCRAM_LIMITS } from './scram.ts';
import { deriveKeys, hmac } from './scram_keys.ts';

/** Enough to check a proof and to prove oneself as a server; not enough to log in. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** PostgreSQL's scram_iterations, and RFC 7677's least. */
export const SCRAM_ITERATIONS_DEFAULT = 4096;
export const SCRAM_SALT_BYTES = 16;

const VERIFIER = /^SCRAM-SHA-256\$([1-9][0-9]{0,9}):([^$:]+)\$([^$:]+):([^$:]+)$/;
const ITERATIONS_MAX = 2 ** 31 - 1;

/** Undefined for anything but `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`. */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const match = VERIFIER.exec(text);
  if (match === null) return undefined;
  const iterations = Number(match[1]);
  const salt = decodeBase64(match[2]!);
  const storedKey = decodeBase64(match[3]!);
  const serverKey = decodeBase64(match[4]!);
  if (iterations > ITERATIONS_MAX || salt === undefined || salt.length > SCRAM_LIMITS.saltBytesMax)
    return undefined;
  if (storedKey?.length !== KEY_BYTES || serverKey?.length !== KEY_BYTES) return undefined;
  return { iterations, salt, storedKey, serverKey };
}

/** A client that is told the salt and the count cannot tell which of the two it is asked for. */
export function sameChallenge(one: ScramVerifier, other: ScramVerifier): boolean {
  return one.iterations === other.iterations && Buffer.compare(one.salt, other.salt) === 0;
}

export function printVerifier(verifier: ScramVerifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  return `SCRAM-SHA-256$${iterations}:${encodeBase64(salt)}$${encodeBase64(storedKey)}:${encodeBase64(serverKey)}`;
}

export async function makeVerifier(
  password: string | Uint8Array,
  salt: Uint8Array,
  iterations: number = SCRAM_ITERATIONS_DEFAULT,
): Promise<ScramVerifier> {
  const { storedKey, serverKey } = await deriveKeys(password, salt, iterations);
  return { iterations, salt, storedKey, serverKey };
}

/** The salt of a user whose secret has none of its own: the same for the same name as long as `mockKey` lives. */
export function saltFor(mockKey: Uint8Array, user: string): Uint8Array {
  return hmac(mockKey, `salt ${latin1Of(user)}`).subarray(0, SCRAM_SALT_BYTES);
}

/**
 * For a user that does not exist: a challenge like any other. Only its salt is ever seen. Its keys are the mock key
 * itself, so nobody knows a password that fits, and making one costs no more than the salt; ScramServer is told to
 * refuse besides.
 */
export function mockVerifier(mockKey: Uint8Array, user: string, iterations: number): ScramVerifier {
  return { iterations, salt: saltFor(mockKey, user), storedKey: mockKey, serverKey: mockKey };
}

function latin1Of(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
