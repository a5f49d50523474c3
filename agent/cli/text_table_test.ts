// Columns: texts to the left, numbers to the right.

import { expect, test } from 'bun:test';
import { textTable } from './text_table.ts';

test('textTable() aligns texts to the left, numbers to the right, and ends no line with blanks', () => {
  const rows = [
    ['idp', 5, ''],
    ['worker_jobs', 120, 'paused'],
  ];
  expect(textTable(['NAME', 'SIZE', ''], rows)).toEqual([
    '  NAME         SIZE',
    '  idp             5',
    '  worker_jobs   120  paused',
  ]);
});

test('textTable() of nothing is its header', () => {
  expect(textTable(['A', 'B'], [])).toEqual(['  A  B']);
});
