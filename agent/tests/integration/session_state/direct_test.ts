// The comparison itself: two direct connections never differ, and a pooler that loses, confuses or invents state is found.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { PLANTED } from './planted.ts';
import { ROWS } from './rows.ts';
import { run } from './run.ts';
import { report, shrink } from './shrink.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld('embedded');
}, 60_000);
afterAll(() => world.stop());

for (const row of ROWS) {
  test(`run() finds no difference between PostgreSQL and PostgreSQL: ${row.name}`, async () => {
    const { difference, steps } = await run(world, row, { seed: 1, steps: 2_000, isDirect: true });
    expect(difference).toBeUndefined();
    expect(steps).toBeGreaterThanOrEqual(2_000);
  }, 60_000);
}

for (const { name, row: rowName, alter } of PLANTED) {
  test(`run() finds a planted fault: ${name}`, async () => {
    const row = ROWS.find((each) => each.name === rowName)!;
    const { difference } = await run(world, row, { seed: 1, steps: 10_000, isDirect: true, alter });
    expect(difference).toBeDefined();
  }, 60_000);
}

test('run() says the same of the same seed, and shrink() leaves what is needed to see it', async () => {
  const { alter, row: rowName } = PLANTED.find(({ name }) => name === 'SET ROLE is lost')!;
  const row = ROWS.find((each) => each.name === rowName)!;
  const options = { seed: 2, steps: 5_000, isDirect: true, alter };
  const once = await run(world, row, options);
  const again = await run(world, row, options);
  expect(again.difference).toBe(once.difference);
  expect(again.said.map(({ lines }) => lines)).toEqual(once.said.map(({ lines }) => lines));
  const small = await shrink(world, row, options, once);
  expect(small.said.length).toBeLessThanOrEqual(3);
  expect(report(row, options, once, small)).toContain('SET ROLE r1');
}, 60_000);
