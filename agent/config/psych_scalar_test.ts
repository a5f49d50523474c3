// psychScalar() gives what Ruby's Psych gives; the tables were printed by Psych 4.0.3, save where a line says otherwise.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type PlainValue, psychScalar } from './psych_scalar.ts';

const NUMBERS: readonly [string, number][] = [
  ['2_500', 2500],
  ['5_000', 5000],
  ['1,000', 1000],
  ['1,0,0', 100],
  ['12,34', 1234],
  ['-1,000', -1000],
  ['1_000,0', 10000],
  ['1,000.5', 1000.5],
  ['010', 8],
  ['010_0', 64],
  ['-010', -8],
  ['00', 0],
  ['0_', 0],
  ['0,', 0],
  ['+5', 5],
  ['-5', -5],
  ['0b101', 5],
  ['0b1_0', 2],
  ['0x1F', 31],
  ['0x1,F', 31],
  ['-0x1F', -31],
  ['1.5', 1.5],
  ['1_0.5', 10.5],
  ['1,0.5', 10.5],
  ['.5', 0.5],
  ['5.', 5],
  ['1.5e+3', 1500],
  ['1.e+3', 1000],
  ['1.5e-3', 0.0015],
  ['.inf', Number.POSITIVE_INFINITY],
  ['+.Inf', Number.POSITIVE_INFINITY],
  ['-.inf', Number.NEGATIVE_INFINITY],
  ['.nan', Number.NaN],
  ['12:30:45', 45045],
  ['9007199254740991', 9007199254740991],
];

// Two parts in base 60: YAML 1.1's own value. Psych says 45000, 5400, -1800: it takes the first part for hours.
const BASE_60_OF_TWO: readonly [string, number][] = [
  ['12:30', 750],
  ['+1:30', 90],
  ['-1:30', -90],
  ['0:10', 10],
  ['12:30.5', 750.5],
];

const WORDS: readonly [string, PlainValue][] = [
  ['yes', true],
  ['Yes', true],
  ['yEs', true],
  ['on', true],
  ['true', true],
  ['TRUE', true],
  ['tRue', true],
  ['no', false],
  ['OFF', false],
  ['False', false],
  ['~', null],
  ['', null],
  ['null', null],
  ['Null', null],
  ['nUlL', null],
];

const TEXTS: readonly string[] = [
  ...['y', 'n', 'Y', 'N'],
  ...['08', '09', '-09', '0o17', '0x', '0b', '5_', '_5', '1__0', '1_,0', '1,,0', '1,', '1_'],
  ...['1e3', '1.5e3', '1.2.3', '127.0.0.1', '.', '+.', '-.', '+', '-', '='],
  ...['1:2:3:4', '1:60', 'a:b', 'a#b', '1 2', '5 000', 'nulls', 'offer'],
];

describe('psychScalar()', () => {
  test.each(NUMBERS)('reads %s as a number, as Psych does', (text, value) => {
    expect(psychScalar(text)).toBe(value);
  });

  test.each(BASE_60_OF_TWO)('reads %s as base 60, as YAML 1.1 has it', (text, value) => {
    expect(psychScalar(text)).toBe(value);
  });

  test.each(WORDS)('reads %p as a word with a meaning', (text, value) => {
    expect(psychScalar(text)).toBe(value);
  });

  test.each(TEXTS)('leaves %s as text', (text) => {
    expect(psychScalar(text)).toBe(text);
  });

  test('keeps dates and symbols as they are written', () => {
    expect(psychScalar('2001-01-01')).toBe('2001-01-01');
    expect(psychScalar(':sym')).toBe(':sym');
  });

  test('keeps every digit of an integer that JavaScript cannot hold', () => {
    expect(psychScalar('12345678901234567890')).toBe('12345678901234567890');
    expect(psychScalar('-99_999_999_999_999_999')).toBe('-99999999999999999');
    expect(psychScalar('0xFFFFFFFFFFFFFFFF')).toBe('18446744073709551615');
  });

  test('reads back every whole number that Ruby would print', () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => psychScalar(String(value)) === value));
  });

  test('throws for no text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789_,.:+-xbeEinfa') }), (text) => {
        psychScalar(text);
      }),
    );
  });
});
