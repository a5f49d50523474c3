// Messages that a client sends: read from applications, written for PostgreSQL. Names inside can be replaced.

import { cstring, endOfString, message, nameAt, putInt32 } from './bytes.ts';
import { copy } from './pieces.ts';
import { ProtocolError } from './protocol_error.ts';
import * as type from './types.ts';

const HEADER_BYTES = 5;
const INT32_MAX = 0x7fffffff;

export function encodeQuery(sql: string): Uint8Array {
  return message(type.QUERY, cstring(sql));
}

/** @param sql in the client's encoding, without its NUL. */
export function encodeQueryBytes(sql: Uint8Array): Uint8Array {
  return message(type.QUERY, sql, new Uint8Array(1));
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
/** Without parameters, results as text. */
export function encodeBareBind(portal: string, statement: string): Uint8Array {
  return message(type.BIND, cstring(portal), cstring(statement), new Uint8Array(6));
}

/** To the end of its rows. */
export function encodeExecute(portal: string): Uint8Array {
  return message(type.EXECUTE, cstring(portal), new Uint8Array(4));
}

export function encodeClosePortal(name: string): Uint8Array {
  return message(type.CLOSE, new Uint8Array([0x50]), cstring(name));
}

export function encodeParse(name: string, tail: Uint8Array): Uint8Array {
  return message(type.PARSE, cstring(name), tail);
}

/**
 * The name in a whole Parse message, as `nameAt()` has it, and where what follows it begins (absolute in `chunk`).
 * Undefined when a string has no end: the server will say what it thinks of it.
 */
export function readParse(
  chunk: Uint8Array,
  start: number,
  end: number,
): { name: string; tail: number; textEnd: number } | undefined {
  const nul = endOfString(chunk, start + HEADER_BYTES, end);
  const textEnd = nul < 0 ? -1 : endOfString(chunk, nul + 1, end);
  if (textEnd < 0) return undefined;
  return { name: nameAt(chunk, start + HEADER_BYTES, nul), tail: nul + 1, textEnd };
}

/** Where the two names of a Bind message stand; undefined when what is there of it does not have them to their end. */
export function readBind(
  chunk: Uint8Array,
  start: number,
  end: number,
): { statementAt: number; statementEnd: number } | undefined {
  const available = end < chunk.length ? end : chunk.length;
  const portalEnd = endOfString(chunk, start + HEADER_BYTES, available);
  const statementEnd = portalEnd < 0 ? -1 : endOfString(chunk, portalEnd + 1, available);
  return statementEnd < 0 ? undefined : { statementAt: portalEnd + 1, statementEnd };
}

/**
 * The bytes of a Bind message up to and with its statement's name, which is `name` now (ASCII); the rest can follow as it is.
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
  const before = at.statementAt - start;
  const length = end - start - 1 + name.length - (at.statementEnd - at.statementAt);
  if (length > INT32_MAX) throw new ProtocolError(`a Bind message of ${end - start - 1} bytes is too long`);
  const head = new Uint8Array(before + name.length + 1);
  copy(chunk, start, at.statementAt, head, 0);
  putInt32(head, 1, length);
  for (let i = 0; i < name.length; i++) head[before + i] = name.charCodeAt(i);
  return head;
}

/** The name in a Describe or Close message; undefined when it has no end, or something stands behind it. */
export function readTarget(chunk: Uint8Array, start: number, end: number): string | undefined {
  const nul = endOfString(chunk, start + HEADER_BYTES + 1, end);
  return nul === end - 1 ? nameAt(chunk, start + HEADER_BYTES + 1, nul) : undefined;
}

/** Describe or Close (`kind` is its type) of a statement under another name. */
export function encodeStatementTarget(kind: number, name: string): Uint8Array {
  return message(kind, new Uint8Array([0x53]), cstring(name));
}
