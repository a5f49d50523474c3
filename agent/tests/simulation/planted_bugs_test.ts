// Each planted bug is found by the simulation within 200 seeds, and leaves nothing behind when it is taken out.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { PLANTED_BUGS } from './planted_bugs.ts';
import { simulate } from './simulate.ts';

// Seconds on an idle machine; a busy one may take its time.
setDefaultTimeout(300_000);

const SEEDS_MAX = 200;

/** The first seed that finds something that is not known; undefined when none does. */
async function firstFinding(): Promise<string | undefined> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { problem, known } = await simulate(seed);
    if (problem !== undefined && known === undefined) return problem;
  }
  return undefined;
}

describe('World.run() finds a planted bug', () => {
  for (const { name, plant } of PLANTED_BUGS) {
    test(name, async () => {
      const takeOut = plant();
      try {
        expect(await firstFinding()).toMatch(/^seed \d+/);
      } finally {
        takeOut();
      }
    });
  }

  test('there are ten of them or more, and nothing is found when they are out', async () => {
    expect(PLANTED_BUGS.length).toBeGreaterThanOrEqual(10);
    for (let seed = 1; seed <= 20; seed++) {
      const { problem, known } = await simulate(seed);
      expect(known ?? problem ?? 'well').not.toStartWith('seed');
    }
  });
});
