// Messages that a client sends: read from applications, written for PostgreSQL. Names inside can be replaced.

import { concat, cstring, endOfString, message, nameAt, putInt32 } from './bytes.ts';
import { ProtocolError } from './protocol_error.ts';
import * as type from './types.ts';

const HEADER_BYTES = 5;
const INT32_MAX = 0x7fffffff;

export function encodeQuery(sql: string): Uint8Array {
  return message(type.QUERY, cstring(sql));
}

export function encodeSync(): Uint8Array {
  return new Uint8Array([type.SYNC, 0, 0, 0, 4]);
}

export function encodeTerminate(): Uint8Array {
  return new Uint8Array([type.TERMINATE, 0, 0, 0, 4]);
}

export function encodeCopyFail(reason: string): Uint8Array {
  return message(type.COPY_FAIL, cstring(reason));
}

/** PasswordMessage, SASLInitialResponse and SASLResponse share the letter; the body is the caller's. */
export function encodePassword(body: Uint8Array): Uint8Array {
  return message(type.PASSWORD, body);
}

/** Close of a prepared statement. */
export function encodeCloseStatement(name: string): Uint8Array {
  return message(type.CLOSE, new Uint8Array([0x53]), cstring(name));
}

/** A Parse message whose statement has another name; `tail` is what follows the name: text, NUL, parameter types. */
export function encodeParse(name: string, tail: Uint8Array): Uint8Array {
  return message(type.PARSE, cstring(name), tail);
}

/** The name in a whole Parse message, as `nameAt()` has it, and where what follows it begins (absolute in `chunk`). */
export function readParse(chunk: Uint8Array, start: number, end: number): { name: string; tail: number } {
  const nul = endOfString(chunk, start + HEADER_BYTES, end);
  if (nul < 0 || endOfString(chunk, nul + 1, end) < 0)
    throw new ProtocolError('a Parse message has a string without an end');
  return { name: nameAt(chunk, start + HEADER_BYTES, nul), tail: nul + 1 };
}

/** Where the two names of a Bind message stand; undefined when the chunk does not have them to their end yet. */
export function readBind(
  chunk: Uint8Array,
  start: number,
  end: number,
): { statementAt: number; statementEnd: number } | undefined {
  const available = end < chunk.length ? end : chunk.length;
  const portalEnd = endOfString(chunk, start + HEADER_BYTES, available);
  const statementEnd = portalEnd < 0 ? -1 : endOfString(chunk, portalEnd + 1, available);
  if (statementEnd < 0) {
    if (available === end) throw new ProtocolError('a Bind message has a name without an end');
    return undefined;
  }
  return { statementAt: portalEnd + 1, statementEnd };
}

/**
 * The bytes of a Bind message up to and with its statement's name, which is `name` now; the rest can follow as it is.
 *
 * @throws ProtocolError when it was so long that its new length does not fit into its four bytes.
 */
export function renameBind(
  chunk: Uint8Array,
  start: number,
  end: number,
  at: { statementAt: number; statementEnd: number },
  name: string,
): Uint8Array {
  const newName = cstring(name);
  const head = concat([chunk.subarray(start, at.statementAt), newName]);
  const grown = newName.length - (at.statementEnd + 1 - at.statementAt);
  const length = end - start - 1 + grown;
  if (length > INT32_MAX) throw new ProtocolError(`a Bind message of ${end - start - 1} bytes is too long`);
  putInt32(head, 1, length);
  return head;
}

/** Describe and Close: 'S' or 'P', and a name. */
export function readTarget(chunk: Uint8Array, start: number, end: number): { kind: number; name: string } {
  const nul = endOfString(chunk, start + HEADER_BYTES + 1, end);
  if (nul < 0) throw new ProtocolError('a Describe or Close message has a name without an end');
  return { kind: chunk[start + HEADER_BYTES]!, name: nameAt(chunk, start + HEADER_BYTES + 1, nul) };
}

/** Describe or Close (`kind` is its type) of a statement under another name. */
export function encodeStatementTarget(kind: number, name: string): Uint8Array {
  return message(kind, new Uint8Array([0x53]), cstring(name));
}
