// What valid_until may say, and what is refused rather than guessed.

import { expect, test } from 'bun:test';
import { readValidUntil } from './valid_until.ts';

test('readValidUntil() reads a day, a moment and infinity', () => {
  const cases: Readonly<Record<string, string>> = {
    '2027-01-31': '2027-01-31T00:00:00.000Z',
    '2027-01-31 12:00:00+00': '2027-01-31T12:00:00.000Z',
    '2027-01-31T12:00Z': '2027-01-31T12:00:00.000Z',
    '2027-01-31 12:00:00 +02:30': '2027-01-31T09:30:00.000Z',
    '2027-01-31 23:00:00-0500': '2027-02-01T04:00:00.000Z',
    ' 2028-02-29 ': '2028-02-29T00:00:00.000Z',
    '2027-01-31T00:00:00.000Z': '2027-01-31T00:00:00.000Z',
    infinity: '',
    Infinity: '',
  };
  for (const [written, read] of Object.entries(cases))
    expect([written, readValidUntil(written)]).toEqual([written, read]);
});

test('readValidUntil() refuses a time without its zone, days that are not there, and everything else', () => {
  for (const written of [
    '',
    'never',
    'tomorrow',
    '2027-02-29',
    '2027-02-31',
    '2027-13-01',
    '2027-00-10',
    '2027-1-1',
    '31.01.2027',
    '2027-01-31 12:00:00',
    '2027-01-31T25:00Z',
    '2027-01-31 12:60Z',
    '2027-01-31 12:00 CET',
    '2027-01-31 12:00+99:00',
    '1893456000',
  ])
    expect([written, readValidUntil(written)]).toEqual([written, undefined]);
});
