// One query of the extended protocol with its parameters beside it, and the rows that answer it: nothing is ever pasted into SQL.

import { concat, cstring, message, text, utf8 } from './bytes.ts';
import { encodeParse, encodeSync } from './client_messages.ts';
import { ProtocolError } from './protocol_error.ts';
import * as type from './types.ts';

/**
 * Parse, Bind, Execute and Sync, all without a name. Parameters go as text, of the types that the server finds; the
 * results come as text. No more than `rowsMax` rows come; 0 is no limit.
 */
export function encodeExtendedQuery(sql: string, parameters: readonly string[], rowsMax: number): Uint8Array {
  const values = parameters.flatMap((each) => {
    const bytes = utf8(each);
    return [int32(bytes.length), bytes];
  });
  return concat([
    encodeParse('', concat([cstring(sql), int16(0)])),
    message(type.BIND, cstring(''), cstring(''), int16(0), int16(parameters.length), ...values, int16(0)),
    message(type.EXECUTE, cstring(''), int32(rowsMax)),
    encodeSync(),
  ]);
}

/** The columns of a DataRow's body in text format, undefined for NULL; throws ProtocolError when they are not all there. */
export function decodeDataRow(body: Uint8Array): readonly (string | undefined)[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const columns: (string | undefined)[] = [];
  try {
    let at = 2;
    for (let left = view.getUint16(0); left > 0; left--) {
      const length = view.getInt32(at);
      at += 4;
      if (length > body.length - at) throw new RangeError('a column ends behind its row');
      columns.push(length < 0 ? undefined : text(body.subarray(at, at + length)));
      if (length > 0) at += length;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ProtocolError('a row does not hold its columns');
  }
  return columns;
}

function int16(value: number): Uint8Array {
  return new Uint8Array([value >>> 8, value]);
}

function int32(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}
