// Tests of the comparison itself: what it takes for a difference, and what it lets pass.

import { expect, test } from 'bun:test';
import { differences, explanation, type Intended } from './comparison.ts';

test('differences() finds none where there is none, and each where it is', () => {
  expect(differences(['a', 'b'], ['a', 'b'])).toEqual([]);
  expect(differences(['a', 'b', 'c'], ['a', 'x', 'c', 'd'])).toEqual([
    { theirs: ['b'], ours: ['x'] },
    { theirs: [], ours: ['d'] },
  ]);
  expect(differences(['a', 'b'], [])).toEqual([{ theirs: ['a', 'b'], ours: [] }]);
});

test('explanation() explains the whole of a difference or none of it', () => {
  const intended: Intended[] = [
    { name: 'words', theirs: ['a E "old"'], ours: ['a E "new*"'] },
    { name: 'end', theirs: ['a ended'], ours: [] },
  ];
  expect(explanation({ theirs: ['a E "old"'], ours: ['a E "new: 7"'] }, intended)).toEqual(['words']);
  expect(explanation({ theirs: ['a E "old"', 'a ended'], ours: ['a E "new"'] }, intended)).toEqual([
    'words',
    'end',
  ]);
  for (const rest of [
    { theirs: ['a E "old"'], ours: ['a E "new"', 'a more'] },
    { theirs: ['a E "older"'], ours: ['a E "new"'] },
    { theirs: ['a E "old"'], ours: ['a E "new" and more'] },
    { theirs: ['b ended'], ours: [] },
  ])
    expect(explanation(rest, intended)).toBeUndefined();
});
