// Hostile texts of a megabyte, each of one piece again and again: read in a time that grows with the text and no faster.

import { describe, expect, test } from 'bun:test';
import { read } from '../tests/harness/effects_words.ts';
import { ANYTHING, UNREAD } from './effects.ts';

describe('readEffects() reads a megabyte of', () => {
  const pieces = [
    ...[
      '/*',
      '/* */',
      '(',
      ')',
      '$a$',
      '$a',
      "'",
      "''",
      "'\n",
      "' --\n",
      '"',
      '""',
      'U&"',
      "E'\\",
      ';',
      '; ',
      'a ',
      '1e',
      '-',
    ],
    ...[
      'set_config(',
      "set_config('a',",
      "SELECT set_config('a', b, c);",
      'into ',
      'insert into ',
      'create table a.',
      'x.',
    ],
    ...[
      'SET x = 1;',
      'PREPARE a AS ',
      'EXPLAIN ',
      'EXPLAIN (',
      'DO $$',
      "DO '",
      'as execute ',
      'case when end ',
      '\\',
      '\xff',
    ],
  ];
  for (const piece of pieces) {
    test(JSON.stringify(piece), () => {
      for (const start of ['', 'SELECT 1 INTO t; ']) {
        const found = read(start + piece.repeat(1_000_000 / piece.length));
        expect(found.bits | ANYTHING).toBeGreaterThan(0);
      }
    });
  }
});

test('readEffects() does not tell ten thousand statements apart', () => {
  expect(read('SET x = 1;'.repeat(10_000)).statements.length).toBe(10_000);
  expect(read('SET x = 1;'.repeat(10_001))).toBe(UNREAD);
});
