// What a client says in the extended protocol, read by who answers it himself.

import { endOfString, int32At, stringAt } from './bytes.ts';
import { ProtocolError } from './protocol_error.ts';
import type { Format } from './typed_rows.ts';

export interface ParseMessage {
  readonly name: string;
  readonly sql: string;
  /** OIDs that the client says its parameters have. */
  readonly types: readonly number[];
}

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  readonly parameters: number;
  /** Of the result's columns. */
  readonly formats: readonly Format[];
}

/** The statement or portal of Describe and Close. */
export interface TargetMessage {
  readonly kind: 'statement' | 'portal';
  readonly name: string;
}

export interface ExecuteMessage {
  readonly portal: string;
  /** 0: all rows. */
  readonly rowsMax: number;
}

/** The body of Query. @throws ProtocolError */
export function readQuery(body: Uint8Array): string {
  const { value, next } = stringAt(body, 0, body.length);
  if (next !== body.length) throw new ProtocolError('something stands behind the text of a query');
  return value;
}

/** @throws ProtocolError */
export function readParseBody(body: Uint8Array): ParseMessage {
  const name = stringAt(body, 0, body.length);
  const sql = stringAt(body, name.next, body.length);
  const reader = new Reader(body, sql.next);
  const types: number[] = [];
  for (let left = reader.int16(); left > 0; left--) types.push(reader.int32() >>> 0);
  reader.end();
  return { name: name.value, sql: sql.value, types };
}

/** The values of parameters are passed over. @throws ProtocolError */
export function readBindBody(body: Uint8Array): BindMessage {
  const portal = stringAt(body, 0, body.length);
  const statement = stringAt(body, portal.next, body.length);
  const reader = new Reader(body, statement.next);
  for (let left = reader.int16(); left > 0; left--) reader.int16();
  const parameters = reader.int16();
  for (let left = parameters; left > 0; left--) reader.skip(Math.max(reader.int32(), 0));
  const formats: Format[] = [];
  for (let left = reader.int16(); left > 0; left--) {
    const format = reader.int16();
    if (format !== 0 && format !== 1) throw new ProtocolError(`there is no format ${format}`);
    formats.push(format);
  }
  reader.end();
  return { portal: portal.value, statement: statement.value, parameters, formats };
}

/** @throws ProtocolError */
export function readTargetBody(body: Uint8Array): TargetMessage {
  const kind = body[0] === 0x53 ? 'statement' : body[0] === 0x50 ? 'portal' : undefined;
  if (kind === undefined) throw new ProtocolError('neither a statement nor a portal is meant');
  if (endOfString(body, 1, body.length) !== body.length - 1) throw new ProtocolError('a name has no end');
  return { kind, name: stringAt(body, 1, body.length).value };
}

/** @throws ProtocolError */
export function readExecuteBody(body: Uint8Array): ExecuteMessage {
  const portal = stringAt(body, 0, body.length);
  const reader = new Reader(body, portal.next);
  const rowsMax = Math.max(reader.int32(), 0);
  reader.end();
  return { portal: portal.value, rowsMax };
}

/** Goes through the numbers of a body. */
class Reader {
  readonly #body: Uint8Array;
  #at: number;

  constructor(body: Uint8Array, at: number) {
    this.#body = body;
    this.#at = at;
  }

  int16(): number {
    this.skip(2);
    return (this.#body[this.#at - 2]! << 8) | this.#body[this.#at - 1]!;
  }

  int32(): number {
    this.skip(4);
    return int32At(this.#body, this.#at - 4);
  }

  skip(bytes: number): void {
    this.#at += bytes;
    if (this.#at > this.#body.length) throw new ProtocolError('a message ends before what it announces');
  }

  end(): void {
    if (this.#at !== this.#body.length) throw new ProtocolError('a message goes on behind its end');
  }
}
