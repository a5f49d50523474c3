// SASLprep (RFC 4013) the way PostgreSQL does it, so that both sides hash the same bytes for the same password.

import {
  LEFT_TO_RIGHT,
  MAPPED_TO_NOTHING,
  NON_ASCII_SPACE,
  PROHIBITED_OR_UNASSIGNED,
  RIGHT_TO_LEFT,
} from './stringprep_tables.ts';

/** The prepared text, or undefined where SASLprep says no (then PostgreSQL, and we, use the password as it stands). */
export function saslprep(text: string): string | undefined {
  // PostgreSQL passes pure ASCII through unread, control characters included.
  if (isAscii(text)) return text;
  const mapped: number[] = [];
  for (const character of text) {
    const codePoint = character.codePointAt(0)!;
    if (isIn(NON_ASCII_SPACE, codePoint)) mapped.push(0x20);
    else if (!isIn(MAPPED_TO_NOTHING, codePoint)) mapped.push(codePoint);
  }
  // The checks are on the text before normalization: RFC 3454 has them after it, PostgreSQL does not, and the stored
  // verifiers were made by PostgreSQL.
  if (mapped.length === 0) return undefined;
  if (mapped.some((codePoint) => isIn(PROHIBITED_OR_UNASSIGNED, codePoint))) return undefined;
  if (!mayStandTogether(mapped)) return undefined;
  return mapped
    .map((codePoint) => String.fromCodePoint(codePoint))
    .join('')
    .normalize('NFKC');
}

/** The bytes that go into PBKDF2 for a password, given as text or as the bytes that a client sent. */
export function passwordBytes(password: string | Uint8Array): Uint8Array {
  if (typeof password === 'string') return Buffer.from(saslprep(password) ?? password, 'utf8');
  const text = decodeUtf8(password);
  const prepared = text === undefined ? undefined : saslprep(text);
  return prepared === undefined ? password : Buffer.from(prepared, 'utf8');
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** RFC 3454 chapter 6: with right-to-left text there is no left-to-right text, and it stands at both ends. */
function mayStandTogether(codePoints: readonly number[]): boolean {
  if (!codePoints.some((codePoint) => isIn(RIGHT_TO_LEFT, codePoint))) return true;
  if (codePoints.some((codePoint) => isIn(LEFT_TO_RIGHT, codePoint))) return false;
  return isIn(RIGHT_TO_LEFT, codePoints[0]!) && isIn(RIGHT_TO_LEFT, codePoints[codePoints.length - 1]!);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** `ranges` is flat: first, last, first, last, … in ascending order. */
function isIn(ranges: readonly number[], codePoint: number): boolean {
  let low = 0;
  let high = ranges.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (codePoint < ranges[middle * 2]!) high = middle - 1;
    else if (codePoint > ranges[middle * 2 + 1]!) low = middle + 1;
    else return true;
  }
  return false;
}
