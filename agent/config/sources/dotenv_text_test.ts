// parseDotenv() has dotenv's values, each with its own line, whatever stands in between.

import { describe, expect, test } from 'bun:test';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { DOTENV_CHARS_MAX, DOTENV_LINES_MAX, parseDotenv } from './dotenv_text.ts';

function entries(text: string): (readonly [string, string, number | undefined])[] {
  return parseDotenv(text, '.env').entries.map(({ key, value, origin }) => [key, value, origin.line]);
}

describe('parseDotenv()', () => {
  test('gives value and line of every form of an assignment', () => {
    const text = [
      '# head',
      'A=1',
      '',
      'export B = two words  # a comment',
      '  C: 3',
      "D='single # quoted'",
      'E="double\\nquoted"',
      'F=`back "ticks"`',
      'G=',
      'H=127.0.0.1  # Changed from: db1',
      'not an assignment',
      'I=last',
    ].join('\n');
    expect(entries(text)).toEqual([
      ['A', '1', 2],
      ['B', 'two words', 4],
      ['C', '3', 5],
      ['D', 'single # quoted', 6],
      ['E', 'double\nquoted', 7],
      ['F', 'back "ticks"', 8],
      ['G', '', 9],
      ['H', '127.0.0.1', 10],
      ['I', 'last', 12],
    ]);
  });

  test('sees that an assignment within quotes is none', () => {
    const pem = 'KEY="-----BEGIN X-----\nA=1\nB=2==\n-----END X-----"\nB=3\n';
    expect(entries(pem)).toEqual([
      ['KEY', '-----BEGIN X-----\nA=1\nB=2==\n-----END X-----', 1],
      ['B', '3', 5],
    ]);
  });

  test('gives the line of the last assignment, which is the one that counts', () => {
    expect(entries('A=1\nB=2\nA=3\n')).toEqual([
      ['B', '2', 2],
      ['A', '3', 3],
    ]);
  });

  test('counts lines with Windows line ends and a byte order mark', () => {
    expect(entries('\uFEFFA=1\r\nB=2\r\n')).toEqual([
      ['A', '1', 1],
      ['B', '2', 2],
    ]);
  });

  test('knows which values stand in single quotes', () => {
    const literal = (text: string) => parseDotenv(text, '.env').entries.map((each) => each.literal);
    expect(literal("A='x'\nB=\"x\"\nC=x\nD=`x`\nE= 'x' # c\nF='x\n")).toEqual([
      true,
      false,
      false,
      false,
      true,
      false,
    ]);
  });

  const cuts: readonly [string, boolean][] = [
    ['A=p#w', true],
    ['A=#w', true],
    ['A=a b#w', true],
    ['A=p #w', false],
    ['A= # w', false],
    ['A=p\n#w', false],
    ["A='p#w'", false],
    ['A="p#w"', false],
    ['A="p"#w', false],
    ['A=p', false],
    ['A: p#w', true],
  ];
  test.each(cuts)('knows whether %j is cut at its #: %p', (text, cut) => {
    expect(parseDotenv(text, '.env').entries.map((each) => each.cut)).toEqual([cut]);
  });

  test('refuses what is no .env file by its size', () => {
    const sentences = (text: string) => parseDotenv(text, '.env').problems.map((each) => each.sentence);
    const limits = `at most ${DOTENV_LINES_MAX} lines (DOTENV_LINES_MAX) and ${DOTENV_CHARS_MAX} characters (DOTENV_CHARS_MAX) are read`;
    expect(sentences('\n'.repeat(DOTENV_LINES_MAX))).toEqual([
      `Cannot read .env: it has ${DOTENV_LINES_MAX + 1} lines and ${DOTENV_LINES_MAX} characters, and ${limits}`,
    ]);
    expect(sentences('x'.repeat(DOTENV_CHARS_MAX + 1))).toEqual([
      `Cannot read .env: it has 1 lines and ${DOTENV_CHARS_MAX + 1} characters, and ${limits}`,
    ]);
    expect(sentences('\n'.repeat(DOTENV_LINES_MAX - 1))).toEqual([]);
  });

  test('finds each value on the line where it was written', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abc019_-./:@ '), minLength: 1, maxLength: 10 });
    const plain = word.map((each) => each.trim() || 'x');
    const form = fc.oneof(
      plain.map((value) => ({ value, written: value })),
      plain.map((value) => ({ value, written: `${value} # K0=comment` })),
      word.map((value) => ({ value, written: `'${value}'` })),
      fc
        .array(fc.oneof(word, fc.constant('K1=x'), fc.constant('export K2: y')), {
          minLength: 1,
          maxLength: 4,
        })
        .map((lines) => ({
          value: lines.join('\n'),
          written: `"${lines.join('\n')}"`,
        })),
    );
    const separator = fc.constantFrom('=', ' = ', ': ');
    const between = fc.constantFrom('', '# K3=comment\n', '\n\n', 'noise\n', '  ');
    fc.assert(
      fc.property(fc.array(fc.tuple(form, separator, between, fc.boolean()), { maxLength: 12 }), (forms) => {
        let text = '';
        const expected: [string, string, number][] = [];
        for (const [index, [{ value, written }, sign, before, exported]] of forms.entries()) {
          text += `${before}${exported ? 'export ' : ''}`;
          expected.push([`K${index}0`, value, text.split('\n').length]);
          text += `K${index}0${sign}${written}\n`;
        }
        expect(entries(text)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('has exactly the keys and values of dotenv, and throws for no text', () => {
    const piece = fc.constantFrom(
      ...[
        'A',
        'B1',
        'C.D',
        '-',
        '=',
        ' = ',
        ': ',
        ':',
        '\n',
        '\r\n',
        ' ',
        'export ',
        "'",
        '"',
        '`',
        '#',
        '\\',
        'x y',
        '$',
        '\u2028',
      ],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const read = parseDotenv(text, '.env').entries;
          const lines = text
            .replace(/^\uFEFF/, '')
            .replace(/\r\n?/g, '\n')
            .split('\n');
          expect(Object.fromEntries(read.map(({ key, value }) => [key, value]))).toEqual(
            parse(text.replace(/^\uFEFF/, '')),
          );
          for (const { key, origin } of read) expect(lines[(origin.line ?? 0) - 1]).toContain(key);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
