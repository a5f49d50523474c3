// Answers that are not what they should be, and what in them must not reach a terminal.

import { expect, test } from 'bun:test';
import { hasShape, type Shape, withoutControls } from './answer_shape.ts';

const SHAPE: Shape = { at: 'time', ok: 'boolean', 'why?': 'string', lines: ['string'], of: { n: 'number' } };
const GOOD = { at: 0, ok: true, lines: ['a'], of: { n: 1 }, more: null };

test('hasShape() wants every field, of its kind, and minds none besides', () => {
  for (const good of [GOOD, { ...GOOD, why: 'x' }, { ...GOOD, why: null }, { ...GOOD, lines: [] }])
    expect(hasShape(good, SHAPE)).toBe(true);
  const bad: readonly object[] = [
    ...[{ at: '0' }, { at: 1e300 }, { at: Number.NaN }, { ok: 'true' }, { why: 1 }],
    ...[{ lines: 'a' }, { lines: [1] }, { of: null }, { of: [] }, { of: {} }, { lines: undefined }],
  ];
  for (const each of bad) expect(hasShape({ ...GOOD, ...each }, SHAPE), JSON.stringify(each)).toBe(false);
  for (const each of [null, 'x', [], [GOOD]]) expect(hasShape(each, SHAPE)).toBe(false);
});

test('withoutControls() leaves nothing for a terminal to obey, in keys neither', () => {
  const dirty = {
    '\x1b[2J': ['a\x1b]0;x\x07b', { c: 'd\u009b2Je\r\nf\u202eg', n: 1, nothing: null, yes: true }],
  };
  expect(withoutControls(dirty)).toEqual({
    '\ufffd[2J': ['a\ufffd]0;x\ufffdb', { c: 'd\ufffd2Je f\ufffdg', n: 1, nothing: null, yes: true }],
  });
});
