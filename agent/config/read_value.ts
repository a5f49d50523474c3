// A value as somebody wrote it becomes the value of its row, or the words that say what was expected.

import { nearest } from '../base/nearest.ts';
import {
  BOOLEAN_EXPECTED,
  durationExpected,
  INTEGER_EXPECTED,
  OCTAL_EXPECTED,
  parseBoolean,
  parseDuration,
  parseInteger,
  parseOctal,
  parseSize,
  printDuration,
  printOctal,
  printSize,
  SIZE_EXPECTED,
} from '../base/units.ts';
import { DURATION_MAX, type KeyRow, type SettingValue } from './table/row.ts';

export type ReadValue = { readonly value: SettingValue } | { readonly expected: string };

/** `written` is what YAML, an environment variable or a flag gave: a text, a number, a boolean, a list of those. */
export function readValue(row: KeyRow, written: unknown): ReadValue {
  const value = valueIn(row, written);
  if (value === undefined) return { expected: expectedOf(row, written) };
  if (typeof value !== 'number') return { value };
  const max = row.type === 'duration' ? Math.min(row.max ?? DURATION_MAX, DURATION_MAX) : row.max;
  const within = value >= (row.min ?? value) && value <= (max ?? value);
  return within ? { value } : { expected: expectedOf(row, written) };
}

/** As explain, SHOW CONFIG and the reference print it; reads back as the same value. */
export function printValue(row: KeyRow, value: SettingValue): string {
  if (row.secret) return '***';
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return String(value);
  if (row.type === 'duration') return printDuration(value);
  if (row.type === 'size') return printSize(value);
  return row.type === 'octal' ? printOctal(value) : String(value);
}

/** Ends the sentence "expected …". */
export function expectedOf(row: KeyRow, written?: unknown): string {
  switch (row.type) {
    case 'integer':
      return INTEGER_EXPECTED + limitsOf(row, row.max, String);
    case 'duration':
      return (
        durationExpected(row.bareUnit) +
        limitsOf(row, Math.min(row.max ?? DURATION_MAX, DURATION_MAX), printDuration)
      );
    case 'size':
      return SIZE_EXPECTED + limitsOf(row, row.max, printSize);
    case 'octal':
      return OCTAL_EXPECTED;
    case 'boolean':
      return BOOLEAN_EXPECTED;
    case 'list':
      return 'a list, or words separated by commas';
    case 'enum': {
      const { notSpoken = {} } = row;
      if (typeof written === 'string' && Object.hasOwn(notSpoken, written)) return notSpoken[written]!;
      const meant = typeof written === 'string' ? nearest(written, row.values ?? []) : undefined;
      return `one of ${row.values?.join(', ')}${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
    }
    default:
      return typeof written === 'string' ? 'a text without NUL bytes' : 'a text';
  }
}

function valueIn(row: KeyRow, written: unknown): SettingValue | undefined {
  if (row.type === 'list') return listOf(written);
  if (typeof written !== 'string' && typeof written !== 'number' && typeof written !== 'boolean')
    return undefined;
  if (row.type === 'boolean') return parseBoolean(written);
  const text = String(written).trim();
  switch (row.type) {
    case 'integer':
      return parseInteger(text);
    case 'duration':
      return parseDuration(text, row.bareUnit);
    case 'size':
      return parseSize(text);
    case 'octal':
      return parseOctal(text);
    case 'enum':
      return row.values?.find((each) => each === text);
    default:
      // A NUL ends a string in the protocol, so that what stands behind it would be read as something else.
      return text.includes('\0') ? undefined : row.secret ? String(written) : text;
  }
}

function listOf(written: unknown): readonly string[] | undefined {
  const items = Array.isArray(written) ? written : [written];
  if (!items.every((each) => typeof each === 'string' || typeof each === 'number')) return undefined;
  const words = items.flatMap((each) => String(each).split(',')).map((each) => each.trim());
  return Object.freeze(words.filter((each) => each !== ''));
}

function limitsOf(row: KeyRow, max: number | undefined, print: (value: number) => string): string {
  if (row.min !== undefined && max !== undefined) return ` from ${print(row.min)} to ${print(max)}`;
  return row.min === undefined ? '' : ` of at least ${print(row.min)}`;
}
