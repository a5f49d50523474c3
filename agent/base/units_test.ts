// What people write for a duration, a size, a mode, and what must never be taken for one.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  parseBoolean,
  parseDuration,
  parseInteger,
  parseOctal,
  parseSize,
  printDuration,
  printOctal,
  printSize,
} from './units.ts';

test('parseDuration() takes seconds without a unit and every unit of PostgreSQL', () => {
  const written: [string | number, number][] = [
    ['30', 30_000],
    [30, 30_000],
    ['0.5', 500],
    [2.5, 2500],
    ['30s', 30_000],
    ['5min', 300_000],
    [' 500 ms ', 500],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['0', 0],
    ['0ms', 0],
    ['1us', 1],
  ];
  for (const [text, ms] of written) expect(parseDuration(text), String(text)).toBe(ms);
});

test('parseDuration() takes another unit where none is written, and only there', () => {
  expect(['1500', 1500, '2s', '0.4', '0'].map((text) => parseDuration(text, 'ms'))).toEqual([
    1500, 1500, 2000, 1, 0,
  ]);
});

test('parseDuration() refuses what it would have to guess at', () => {
  for (const text of [
    '',
    ' ',
    's',
    '-1',
    '5m',
    '5 minutes',
    '1:30',
    '1e3',
    '1h30min',
    '.5',
    'forever',
    Number.NaN,
  ]) {
    expect(parseDuration(text), String(text)).toBeUndefined();
  }
});

test('parseSize() takes bytes without a unit, and powers of 1024', () => {
  const written: [string | number, number][] = [
    ['4096', 4096],
    [4096, 4096],
    ['64kB', 65_536],
    ['64 KB', 65_536],
    ['64k', 65_536],
    ['1.5MB', 1_572_864],
    ['1GB', 1_073_741_824],
    ['10B', 10],
  ];
  for (const [text, bytes] of written) expect(parseSize(text), String(text)).toBe(bytes);
  for (const text of ['', '-1', '1TB', '1 KiB', 'big', '1e6']) expect(parseSize(text), text).toBeUndefined();
});

test('parseOctal() reads the digits as chmod does', () => {
  for (const text of ['0770', '770', '0o770', 770]) expect(parseOctal(text), String(text)).toBe(0o770);
  expect(parseOctal('0')).toBe(0);
  for (const text of ['', '0790', 'rwxrwx---', '77777', '-770'])
    expect(parseOctal(text), text).toBeUndefined();
});

test("parseBoolean() takes PgBouncer's words and YAML's own true and false", () => {
  for (const yes of ['1', 'yes', 'On', 'TRUE', 1, true]) expect(parseBoolean(yes), String(yes)).toBe(true);
  for (const no of ['0', 'no', 'Off', 'FALSE', 0, false]) expect(parseBoolean(no), String(no)).toBe(false);
  for (const neither of ['', 'y', '2', 'enabled', -1])
    expect(parseBoolean(neither), String(neither)).toBeUndefined();
});

test('parseInteger() takes whole numbers that JavaScript holds exactly', () => {
  expect(parseInteger('5')).toBe(5);
  expect(parseInteger(' -2_500 ')).toBe(-2500);
  for (const text of ['', '5.0', '1e3', '0x10', '9007199254740993', '2500_'])
    expect(parseInteger(text), text).toBeUndefined();
});

test('what is printed reads back as the same value', () => {
  expect(printDuration(120_000)).toBe('2min');
  expect(printDuration(90_000)).toBe('90s');
  expect(printSize(65_536)).toBe('64kB');
  expect(printSize(2_147_483_647)).toBe('2147483647B');
  expect(printOctal(0o70)).toBe('0070');
  fc.assert(fc.property(fc.nat(), (ms) => parseDuration(printDuration(ms)) === ms));
  fc.assert(fc.property(fc.nat(), (bytes) => parseSize(printSize(bytes)) === bytes));
  fc.assert(fc.property(fc.nat(0o777), (mode) => parseOctal(printOctal(mode)) === mode));
});
