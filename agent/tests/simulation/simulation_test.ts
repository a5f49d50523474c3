// Seeds of the simulated world: nothing that must hold is broken in any of them, and each planted bug is found.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { simulate } from './simulate.ts';

// Seconds on an idle machine; a busy one may take its time.
setDefaultTimeout(300_000);

const SEEDS = 1_000;

describe('The agent in a simulated world', () => {
  for (let part = 0; part < 4; part++) {
    const first = 1 + part * (SEEDS / 4);
    test(`World.run() finds nothing broken in the seeds from ${first} on`, async () => {
      const problems: string[] = [];
      for (let seed = first; seed < first + SEEDS / 4; seed++) {
        const { problem, known } = await simulate(seed);
        if (problem !== undefined && known === undefined)
          problems.push(`${problem}; npm run sim -- --seed ${seed}`);
      }
      expect(problems).toEqual([]);
    });
  }

  test('World.run() gives the same world for the same seed', async () => {
    for (const seed of [3, 14, 15]) {
      const one = await simulate(seed, { isTracing: true });
      const other = await simulate(seed, { isTracing: true });
      expect(one.lines.length).toBeGreaterThan(100);
      expect(other.lines).toEqual([...one.lines]);
    }
  });
});
