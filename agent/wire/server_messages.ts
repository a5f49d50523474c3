// Messages that a server sends: written for clients, read from PostgreSQL.

import { concat, cstring, endOfString, int32At, message, putInt32, stringAt, text, utf8 } from './bytes.ts';
import * as type from './types.ts';

export interface ErrorFields {
  readonly severity: 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE';
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

export function encodeError(fields: ErrorFields): Uint8Array {
  return encodeReport(type.ERROR_RESPONSE, fields);
}

export function encodeNotice(fields: ErrorFields): Uint8Array {
  return encodeReport(type.NOTICE_RESPONSE, fields);
}

function encodeReport(kind: number, fields: ErrorFields): Uint8Array {
  const clean = (value: string): string => value.replaceAll('\0', '\\0');
  const parts = [
    cstring(`S${fields.severity}`),
    cstring(`V${fields.severity}`),
    cstring(`C${fields.sqlstate}`),
    cstring(`M${clean(fields.message)}`),
  ];
  if (fields.detail !== undefined) parts.push(cstring(`D${clean(fields.detail)}`));
  if (fields.hint !== undefined) parts.push(cstring(`H${clean(fields.hint)}`));
  parts.push(new Uint8Array(1));
  return message(kind, ...parts);
}

/** ErrorResponse or NoticeResponse → its fields by their letters; a field that does not end is left out. */
export function decodeReport(body: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>();
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const letter = String.fromCharCode(body[at]!);
    const nul = endOfString(body, at + 1, body.length);
    if (nul < 0) break;
    fields.set(letter, text(body.subarray(at + 1, nul)));
    at = nul + 1;
  }
  return fields;
}

/** What a server's ErrorResponse says, as one would print it; every field may be missing in a hostile one. */
export function readError(body: Uint8Array): {
  severity: string;
  sqlstate: string;
  message: string;
  /** PostgreSQL's own function that says it: the same in every language. */
  routine?: string | undefined;
} {
  const fields = decodeReport(body);
  return {
    severity: fields.get('V') ?? fields.get('S') ?? 'ERROR',
    sqlstate: fields.get('C') ?? 'XX000',
    message: fields.get('M') ?? 'an error without a message',
    routine: fields.get('R'),
  };
}

/** AuthenticationXXX: `request` is the int32 behind the length, `payload` what follows it. */
export function encodeAuthentication(request: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length);
  bytes[0] = type.AUTHENTICATION;
  putInt32(bytes, 1, 8 + payload.length);
  putInt32(bytes, 5, request);
  bytes.set(payload, 9);
  return bytes;
}

export function encodeParameterStatus(name: string, value: string): Uint8Array {
  return message(type.PARAMETER_STATUS, cstring(name), cstring(value));
}

/** ParameterStatus's body → its name and value. */
export function decodeParameterStatus(body: Uint8Array): { name: string; value: string } {
  const name = stringAt(body, 0, body.length);
  const value = stringAt(body, name.next, body.length);
  return { name: name.value, value: value.value };
}

export function encodeBackendKeyData(pid: number, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + key.length);
  bytes[0] = type.BACKEND_KEY_DATA;
  putInt32(bytes, 1, 8 + key.length);
  putInt32(bytes, 5, pid);
  bytes.set(key, 9);
  return bytes;
}

export function encodeReadyForQuery(status: number): Uint8Array {
  return new Uint8Array([type.READY_FOR_QUERY, 0, 0, 0, 5, status]);
}

/** Says what is spoken here, major and minor version together: libpq 18 ends a connection that is offered a bare minor one. */
export function encodeNegotiateProtocolVersion(version: number, options: readonly string[]): Uint8Array {
  const head = new Uint8Array(8);
  putInt32(head, 0, version);
  putInt32(head, 4, options.length);
  return message(type.NEGOTIATE_PROTOCOL_VERSION, head, ...options.map(cstring));
}

/** ParseComplete, BindComplete, CloseComplete: messages that are nothing but their type. */
export function encodeBare(kind: number): Uint8Array {
  return new Uint8Array([kind, 0, 0, 0, 4]);
}

export function encodeCommandComplete(tag: string): Uint8Array {
  return message(type.COMMAND_COMPLETE, cstring(tag));
}

/** One text column a name, as SHOW prints. */
export function encodeRowDescription(names: readonly string[]): Uint8Array {
  const count = new Uint8Array([names.length >> 8, names.length & 255]);
  const parts: Uint8Array[] = [count];
  for (const name of names) {
    // table 0, column 0, type text (25), size -1, modifier -1, format text
    parts.push(
      cstring(name),
      new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]),
    );
  }
  return message(type.ROW_DESCRIPTION, ...parts);
}

/** The columns of a DataRow in text format; NULL is undefined, and so is the one that does not fit, which is the last. */
export function decodeTexts(body: Uint8Array): (string | undefined)[] {
  const values: (string | undefined)[] = [];
  for (let at = 2; at + 4 <= body.length; ) {
    const length = int32At(body, at);
    at += 4;
    const fits = length <= body.length - at;
    values.push(length < 0 || !fits ? undefined : text(body.subarray(at, at + length)));
    if (!fits) break;
    if (length > 0) at += length;
  }
  return values;
}

export function encodeDataRow(values: readonly (string | null)[]): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array([values.length >> 8, values.length & 255])];
  for (const value of values) {
    const bytes = value === null ? undefined : utf8(value);
    const length = new Uint8Array(4);
    putInt32(length, 0, bytes === undefined ? -1 : bytes.length);
    parts.push(length);
    if (bytes !== undefined) parts.push(bytes);
  }
  return concat([message(type.DATA_ROW, ...parts)]);
}
