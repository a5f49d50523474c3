// When a change is told: after it has lain still, together with its neighbours, and not because of mere events.

import { expect, test } from 'bun:test';
import type { FileState } from './file_state.ts';
import { type Candidate, settle } from './settling.ts';

const SETTLE_MS = 200;

/** Looks one after another, each of no duration; gives what was told at each of them. */
function watched(
  known: Record<string, FileState>,
  ...looks: [number, Record<string, FileState | undefined>][]
) {
  const knownNow = new Map(Object.entries(known));
  let candidates: ReadonlyMap<string, Candidate> = new Map();
  return looks.map(([atMs, states]) => {
    const look = { states: new Map(Object.entries(states)), startedMs: atMs, endedMs: atMs };
    const settled = settle(knownNow, candidates, look, SETTLE_MS);
    candidates = settled.candidates;
    for (const [file, state] of settled.told) knownNow.set(file, state);
    return Object.fromEntries(settled.told);
  });
}

test('settle() tells a change once, when it has read the same for the settle time', () => {
  const told = watched({ a: '1' }, [0, { a: '2' }], [199, { a: '2' }], [200, { a: '2' }], [400, { a: '2' }]);
  expect(told).toEqual([{}, {}, { a: '2' }, {}]);
});

test('settle() counts from the last content, and tells no other', () => {
  const told = watched({ a: '1' }, [0, { a: '' }], [200, { a: '2' }], [399, { a: '2' }], [400, { a: '2' }]);
  expect(told).toEqual([{}, {}, {}, { a: '2' }]);
});

test('settle() tells nothing of a file that is again what it was', () => {
  expect(watched({ a: '1' }, [0, { a: '2' }], [200, { a: '1' }], [400, { a: '1' }])).toEqual([{}, {}, {}]);
  // Back and forth: the time in between does not count.
  expect(watched({ a: '1' }, [0, { a: '2' }], [200, { a: '1' }], [210, { a: '2' }])).toEqual([{}, {}, {}]);
});

test('settle() counts the time of the look itself for nothing', () => {
  const before = new Map([['a', { state: '2', sinceMs: 0 }]]);
  const look = { states: new Map([['a', '2']]), startedMs: 150, endedMs: 1_150 };
  expect(settle(new Map([['a', '1']]), before, look, SETTLE_MS).told.size).toBe(0);
});

test('settle() tells files together that change together', () => {
  const told = watched(
    { a: '1', b: '1' },
    [0, { a: '2', b: '1' }],
    [200, { a: '2', b: '2' }],
    [400, { a: '2', b: '2' }],
  );
  expect(told).toEqual([{}, {}, { a: '2', b: '2' }]);
});

test('settle() lets a file that never lies still hold up the others for a second, and is never told itself', () => {
  const looks = Array.from({ length: 8 }, (_, index): [number, Record<string, FileState>] => [
    index * 200,
    { a: '2', b: `${index + 2}` },
  ]);
  const told = watched({ a: '1', b: '1' }, ...looks);
  expect(told).toEqual([{}, {}, {}, {}, {}, { a: '2' }, {}, {}]);
});

test('settle() takes no verdict for no news: neither a change nor an end of one', () => {
  expect(watched({ a: '1' }, [0, { a: undefined }], [200, { a: undefined }])).toEqual([{}, {}]);
  const told = watched({ a: '1' }, [0, { a: '2' }], [200, { a: undefined }], [210, { a: '2' }]);
  expect(told).toEqual([{}, {}, { a: '2' }]);
});
