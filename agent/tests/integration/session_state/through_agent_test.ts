// Each row of session state, 10,000 steps through the agent: every client sees what it would see alone on its own connection.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { ROWS } from './rows.ts';
import { type Options, run } from './run.ts';
import { report, shrink } from './shrink.ts';
import { startWorld, type World } from './world.ts';

const STEPS = 10_000;

let world: World;
beforeAll(async () => {
  world = await startWorld('embedded');
}, 60_000);
afterAll(() => world.stop());

for (const row of ROWS.filter(({ name }) => !name.startsWith('mixed'))) {
  test(`clients that share servers see what each would see alone: ${row.name}`, async () => {
    const options: Options = { seed: 1, steps: STEPS };
    const outcome = await run(world, row, options);
    if (outcome.difference !== undefined)
      throw new Error(report(row, options, outcome, await shrink(world, row, options, outcome)));
    expect(outcome.steps).toBeGreaterThanOrEqual(STEPS);
  }, 300_000);
}
