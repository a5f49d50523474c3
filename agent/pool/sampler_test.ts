// Which leases are looked at: about one of so many, at no fixed distance; all of them while somebody is looked for.

import { expect, test } from 'bun:test';
import { Sampler } from './sampler.ts';

function chosen(sampler: Sampler, every: number, asks: number): number[] {
  return Array.from({ length: asks }, (_, i) => i).filter(() => sampler.isNext(every));
}

test('Sampler chooses one of so many on average, and not always the same of those that take turns', () => {
  const found = chosen(new Sampler(), 1000, 1_000_000);
  expect(found.length).toBeGreaterThan(900);
  expect(found.length).toBeLessThan(1100);
  for (const turns of [2, 3, 4, 8]) expect(new Set(found.map((each) => each % turns)).size).toBe(turns);
});

test('Sampler looks often at first, and less and less', () => {
  const found = chosen(new Sampler(), 1_000_000, 4_096);
  // 16, 32, 64 … on average.
  expect(found.length).toBeGreaterThanOrEqual(7);
  expect(found.length).toBeLessThan(12);
  expect(found[0]).toBeLessThan(32);
});

test('Sampler chooses each with 1, none with 0, and begins anew when that changes', () => {
  const sampler = new Sampler();
  expect(chosen(sampler, 0, 1000)).toEqual([]);
  expect(chosen(sampler, 1, 3)).toEqual([0, 1, 2]);
  expect(chosen(sampler, 0, 1000)).toEqual([]);
  expect(chosen(sampler, 1, 2)).toEqual([0, 1]);
});

test('Sampler chooses the hundred that follow after watch(), and then as before', () => {
  const sampler = new Sampler();
  chosen(sampler, 1_000_000, 4_000_000);
  sampler.watch();
  expect(chosen(sampler, 1_000_000, 1_000)).toEqual(Array.from({ length: 101 }, (_, i) => i));
});

test('Sampler watches nothing that is not looked at', () => {
  const sampler = new Sampler();
  sampler.isNext(0);
  sampler.watch();
  expect(chosen(sampler, 0, 1_000)).toEqual([]);
});
