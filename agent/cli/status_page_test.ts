// The ages on the status page; the page itself is a golden case.

import { expect, test } from 'bun:test';
import { printAge } from './status_page.ts';

test('printAge() has the two largest units', () => {
  const ages = {
    0: '0ms',
    999: '999ms',
    1000: '1s',
    59999: '59s',
    60000: '1min',
    65000: '1min 5s',
    3600000: '1h',
    3723000: '1h 2min',
    90061000: '1d 1h',
    864000000: '10d',
  };
  for (const [ms, age] of Object.entries(ages)) expect(printAge(Number(ms))).toBe(age);
  expect(printAge(-5)).toBe('0ms');
});
