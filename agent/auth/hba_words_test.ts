// Cutting pg_hba.conf as PostgreSQL does: blanks, commas, quotes, comments, lines that go on.

import { describe, expect, test } from 'bun:test';
import { parseHbaFile } from './hba.ts';
import { HBA_CHARS_MAX, HBA_PROBLEMS_MAX, readHbaWords } from './hba_words.ts';
import { parseIdentFile } from './ident.ts';

function fields(text: string): string[][] {
  return readHbaWords(text)[0]!.fields.map((field) =>
    field.map((word) => (word.quoted ? `<${word.text}>` : word.text)),
  );
}

describe('readHbaWords()', () => {
  const cases: readonly (readonly [string, string[][]])[] = [
    ['local all\tall  trust', [['local'], ['all'], ['all'], ['trust']]],
    ['host a,b , c', [['host'], ['a', 'b'], ['c']]],
    ['host a, b,c d', [['host'], ['a', 'b', 'c'], ['d']]],
    ['host "a b","all" x', [['host'], ['<a b>', '<all>'], ['x']]],
    ['"say ""it""" x"y z"', [['<say "it">'], ['xy z']]],
    ['a "" b', [['a'], ['<>'], ['b']]],
    ['a b#c d', [['a'], ['b']]],
    ['a "b#c"', [['a'], ['<b#c>']]],
    ['a \\\nb \\\r\nc', [['a'], ['b'], ['c']]],
    ['a b\r', [['a'], ['b']]],
    ['\ufeffa', [['a']]],
  ];
  for (const [text, expected] of cases)
    test(`cuts ${JSON.stringify(text)}`, () => expect(fields(text)).toEqual(expected));

  test('numbers the lines, leaves out empty ones and comments, and sees an open quote', () => {
    const lines = readHbaWords('# one\n\na \\\n  b\n\n  # x\n"c d\n');
    expect(lines.map(({ line, unclosed }) => [line, unclosed])).toEqual([
      [3, false],
      [7, true],
    ]);
  });
});

test('parseHbaFile() and parseIdentFile() read no file that is too long, and no more than twenty complaints', () => {
  const long = '#'.repeat(HBA_CHARS_MAX + 1);
  const wrong = 'x\n'.repeat(1_000);
  for (const read of [
    (text: string) => parseHbaFile(text, 'f', {}),
    (text: string) => parseIdentFile(text, 'f'),
  ]) {
    expect(read(long).problems.map(({ sentence }) => sentence)).toEqual([
      `Cannot use the file "of ${HBA_CHARS_MAX + 1} characters" at f: expected at most ${HBA_CHARS_MAX} (HBA_CHARS_MAX)`,
    ]);
    expect(read(wrong).problems).toHaveLength(HBA_PROBLEMS_MAX);
  }
});

test('parseIdentFile() takes as many lines of one map as there are', () => {
  const { maps, problems } = parseIdentFile('m a b\n'.repeat(40_000), 'f');
  expect([maps.m!.length, problems]).toEqual([40_000, []]);
});
