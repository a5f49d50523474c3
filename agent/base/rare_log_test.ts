// A warning that somebody else can cause a million times costs a line now and then.

import { expect, test } from 'bun:test';
import { FakeClock } from '../tests/harness/fake_clock.ts';
import { silentLog } from './log.ts';
import { RareLog } from './rare_log.ts';

test('RareLog says the first at once, then how often it was, and falls silent when it is over', () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const warn = (fields: object, sentence: string) => void lines.push(`${sentence} ${JSON.stringify(fields)}`);
  const rare = new RareLog(clock, { ...silentLog, warn });
  for (let i = 0; i < 1000; i++) rare.warn({ n: i }, 'too many');
  rare.warn({}, 'another');
  expect(lines).toEqual(['too many {"n":0}', 'another {}']);
  clock.advance(10_000);
  expect(lines.slice(2)).toEqual(['too many {"times":999,"seconds":10}']);
  rare.warn({ n: 1 }, 'too many');
  expect(lines.length).toBe(3);
  clock.advance(10_000);
  expect(lines.slice(3)).toEqual(['too many {"times":1,"seconds":10}']);
  clock.advance(10_000);
  expect([lines.length, clock.pending]).toEqual([4, 0]);
  rare.warn({ n: 2 }, 'too many');
  expect(lines.slice(4)).toEqual(['too many {"n":2}']);
});
