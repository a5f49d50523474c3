// Rows as a server sends them, column by column of its type, in text or binary: for who answers queries himself.

import { concat, cstring, message, putInt32 } from './bytes.ts';
import * as type from './types.ts';

export type ColumnType = 'text' | 'int4' | 'int8' | 'numeric' | 'bytea';

export interface ColumnShape {
  readonly name: string;
  readonly type: ColumnType;
}

/** Numbers are whole; a text column may be given one too. Bytes are for bytea. */
export type Cell = string | number | bigint | null;

/** PostgreSQL's OIDs and sizes (pg_type.dat). */
const TYPES: Readonly<Record<ColumnType, { readonly oid: number; readonly size: number }>> = {
  text: { oid: 25, size: -1 },
  int4: { oid: 23, size: 4 },
  int8: { oid: 20, size: 8 },
  numeric: { oid: 1700, size: -1 },
  bytea: { oid: 17, size: -1 },
};

const INT4_MAX = 0x7fffffff;
const INT4_MIN = -0x80000000;
/** A block of rows is written into this many bytes to begin with. */
const BLOCK_BYTES = 16 * 1024;
/** Of a numeric: each of its digits is one of ten thousand. */
const NUMERIC_BASE = 10_000n;
const NUMERIC_NEGATIVE = 0x4000;

/** 0 is text, 1 is binary. */
export type Format = 0 | 1;

/** As Bind has them: none is text for all, one is for all, else one for each. Undefined where the number fits none of these. */
export function spreadFormats(formats: readonly Format[], columns: number): readonly Format[] | undefined {
  if (formats.length === columns) return formats;
  if (formats.length > 1) return undefined;
  return new Array<Format>(columns).fill(formats[0] ?? 0);
}

/** @param formats one for each column. */
export function encodeRowShape(columns: readonly ColumnShape[], formats: readonly Format[]): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array([columns.length >> 8, columns.length])];
  for (const [index, column] of columns.entries()) {
    const { oid, size } = TYPES[column.type];
    // No table and no column of one; no type modifier.
    const fixed = new Uint8Array(18);
    const view = new DataView(fixed.buffer);
    view.setInt32(6, oid);
    view.setInt16(10, size);
    view.setInt32(12, -1);
    view.setInt16(16, formats[index] ?? 0);
    parts.push(cstring(column.name), fixed);
  }
  return message(type.ROW_DESCRIPTION, ...parts);
}

/** Collects DataRow messages in one block of bytes that grows. */
export class RowWriter {
  readonly #columns: readonly ColumnShape[];
  readonly #formats: readonly Format[];
  #block: Buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  #at = 0;

  constructor(columns: readonly ColumnShape[], formats: readonly Format[]) {
    this.#columns = columns;
    this.#formats = formats;
  }

  /** What was added since the last `take()`. */
  get bytes(): number {
    return this.#at;
  }

  /** @param cells one for each column. */
  add(cells: readonly Cell[]): void {
    const start = this.#at;
    this.#room(7);
    this.#block[start] = type.DATA_ROW;
    this.#block.writeInt16BE(this.#columns.length, start + 5);
    this.#at = start + 7;
    for (let i = 0; i < this.#columns.length; i++) this.#cell(cells[i] ?? null, i);
    this.#block.writeInt32BE(this.#at - start - 1, start + 1);
  }

  take(): Uint8Array {
    const taken = this.#block.subarray(0, this.#at);
    this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
    this.#at = 0;
    return taken;
  }

  #cell(cell: Cell, index: number): void {
    const at = this.#at;
    if (cell === null) {
      this.#room(4);
      this.#block.writeInt32BE(-1, at);
      this.#at = at + 4;
      return;
    }
    const column = this.#columns[index]!.type;
    if (this.#formats[index] === 1 && column !== 'text') return this.#binary(column, cell);
    const text = typeof cell === 'string' ? cell : printNumber(column, cell);
    // Three bytes of UTF-8 for each of UTF-16 at the most.
    this.#room(4 + text.length * 3);
    const length = this.#block.write(text, at + 4);
    this.#block.writeInt32BE(length, at);
    this.#at = at + 4 + length;
  }

  #binary(column: ColumnType, cell: string | number | bigint): void {
    const bytes = binaryOf(column, cell);
    this.#room(4 + bytes.length);
    this.#block.writeInt32BE(bytes.length, this.#at);
    this.#block.set(bytes, this.#at + 4);
    this.#at += 4 + bytes.length;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#block.length * 2, this.#at + bytes));
    this.#block.copy(larger, 0, 0, this.#at);
    this.#block = larger;
  }
}

function printNumber(column: ColumnType, value: number | bigint): string {
  return String(column === 'int4' ? intoInt4(value) : value);
}

/** What does not fit is shown as the largest that does: a reader would take an overflow for a negative number. */
function intoInt4(value: number | bigint): number {
  const number = Number(value);
  return number > INT4_MAX ? INT4_MAX : number < INT4_MIN ? INT4_MIN : Math.trunc(number);
}

function binaryOf(column: ColumnType, cell: string | number | bigint): Uint8Array {
  if (column === 'bytea') return Buffer.from(String(cell));
  if (column === 'numeric') return numeric(BigInt(cell));
  const bytes = new Uint8Array(column === 'int4' ? 4 : 8);
  if (column === 'int4') putInt32(bytes, 0, intoInt4(Number(cell)));
  else new DataView(bytes.buffer).setBigInt64(0, BigInt(cell));
  return bytes;
}

/** numeric_send() of PostgreSQL: how many digits, the weight of the first, the sign, no scale, then the digits. */
function numeric(value: bigint): Uint8Array {
  const digits: number[] = [];
  for (let rest = value < 0n ? -value : value; rest > 0n; rest /= NUMERIC_BASE)
    digits.unshift(Number(rest % NUMERIC_BASE));
  const weight = Math.max(digits.length - 1, 0);
  while (digits.at(-1) === 0) digits.pop();
  const words = [digits.length, weight, value < 0n ? NUMERIC_NEGATIVE : 0, 0, ...digits];
  return concat(words.map((word) => new Uint8Array([word >> 8, word])));
}
