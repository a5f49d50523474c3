// Rows in text and in binary, against what PostgreSQL's own send functions give.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Cell, ColumnType, Format } from './typed_rows.ts';
import { encodeRowShape, RowWriter, spreadFormats } from './typed_rows.ts';

/** The columns of the one DataRow, as bytes in hexadecimal. */
function cellsOf(bytes: Uint8Array): (string | null)[] {
  const row = Buffer.from(bytes);
  expect([row.toString('latin1', 0, 1), row.readInt32BE(1)]).toEqual(['D', row.length - 1]);
  const cells: (string | null)[] = [];
  let at = 7;
  for (let left = row.readInt16BE(5); left > 0; left--) {
    const length = row.readInt32BE(at);
    at += 4;
    cells.push(length < 0 ? null : row.toString('hex', at, at + length));
    at += Math.max(length, 0);
  }
  expect(at).toBe(row.length);
  return cells;
}

function written(type: ColumnType, format: Format, cell: Cell): string | null {
  const writer = new RowWriter([{ name: 'x', type }], [format]);
  writer.add([cell]);
  return cellsOf(writer.take())[0]!;
}

const hex = (text: string): string => Buffer.from(text).toString('hex');

describe('RowWriter', () => {
  test('writes each type in text', () => {
    expect(written('text', 0, 'für')).toBe(hex('für'));
    expect(written('int4', 0, -5)).toBe(hex('-5'));
    expect(written('int8', 0, 9007199254740993n)).toBe(hex('9007199254740993'));
    expect(written('numeric', 0, 12)).toBe(hex('12'));
    expect(written('text', 0, null)).toBeNull();
  });

  test('writes each type in binary', () => {
    expect(written('text', 1, 'a')).toBe('61');
    expect(written('int4', 1, -2)).toBe('fffffffe');
    expect(written('int8', 1, 258)).toBe('0000000000000102');
    expect(written('bytea', 1, 'ab')).toBe('6162');
    expect(written('numeric', 1, null)).toBeNull();
  });

  // As PostgreSQL's numeric_send() gives them.
  test('writes a numeric in digits of ten thousand, without zeros at its end', () => {
    expect(written('numeric', 1, 0)).toBe('0000000000000000');
    expect(written('numeric', 1, 7)).toBe('00010000000000000007');
    expect(written('numeric', 1, 10_000)).toBe('00010001000000000001');
    expect(written('numeric', 1, 123_456_789)).toBe('000300020000000000010929' + '1a85');
    expect(written('numeric', 1, -12_345)).toBe('0002000140000000' + '00010929');
  });

  test('shows what is too large for an int4 as the largest there is', () => {
    expect(written('int4', 0, 2 ** 31)).toBe(hex('2147483647'));
    expect(written('int4', 1, -(2 ** 40))).toBe('80000000');
  });

  test('grows with its rows, and begins anew after take()', () => {
    const writer = new RowWriter([{ name: 'x', type: 'text' }], [0]);
    const long = 'ü'.repeat(20_000);
    for (let i = 0; i < 3; i++) writer.add([long]);
    const bytes = writer.take();
    expect(bytes.length).toBe(3 * (11 + 40_000));
    expect(writer.bytes).toBe(0);
    writer.add(['b']);
    expect(cellsOf(writer.take())).toEqual(['62']);
    expect(cellsOf(bytes.subarray(0, 11 + 40_000))).toEqual([hex(long)]);
  });

  test('gives any text back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(written('text', 0, text)).toBe(hex(text));
      }),
    );
  });
});

describe('encodeRowShape()', () => {
  test('says name, type and format of each column', () => {
    const shape = Buffer.from(encodeRowShape([{ name: 'n', type: 'numeric' }], [1]));
    expect(shape.toString('hex')).toBe(
      '54000000' + '1a' + '0001' + '6e00' + '000000000000000006a4ffffffffffff0001',
    );
  });
});

describe('spreadFormats()', () => {
  test('takes none for all, one for all, or one for each', () => {
    expect(spreadFormats([], 2)).toEqual([0, 0]);
    expect(spreadFormats([1], 2)).toEqual([1, 1]);
    expect(spreadFormats([0, 1], 2)).toEqual([0, 1]);
    expect(spreadFormats([0, 1], 3)).toBeUndefined();
    expect(spreadFormats([1], 0)).toEqual([]);
  });
});
