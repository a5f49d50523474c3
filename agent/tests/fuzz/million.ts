// A million inputs over all targets, the same ones in every run; in two halves, for two processors.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { readCorpus } from './corpus.ts';
import { fuzz } from './fuzzer.ts';
import { TARGETS } from './targets.ts';

const INPUTS = 1_000_000;
const SEED = 20_260_801;

/** Declares a test for every second target, from the `first` on. */
export function testEverySecond(first: 0 | 1): void {
  // Seconds on an idle machine; a busy one may take its time.
  setDefaultTimeout(300_000);
  const shares = TARGETS.reduce((sum, { share }) => sum + share, 0);
  for (const target of TARGETS.filter((_, index) => index % 2 === first)) {
    const inputs = Math.ceil((INPUTS * target.share) / shares);
    test(`${target.name}: nothing is broken by ${inputs} inputs`, async () => {
      const result = await fuzz(target, { seed: SEED, inputs, corpus: readCorpus(target.name) });
      const problems = result.failures.map(
        ({ problem, input }) =>
          `${problem}; npm run fuzz -- --target ${target.name} --input ${Buffer.from(input).toString('hex')}`,
      );
      expect(problems).toEqual([]);
      expect(result.inputs).toBe(inputs);
      // It was looked into, and not refused at the first byte.
      expect(result.outcomes).toBeGreaterThan(2);
    });
  }
}
