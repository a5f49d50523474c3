// The fuzzer finds what is planted, makes it small, and does the same again for the same seed.

import { describe, expect, test } from 'bun:test';
import { Random } from '../simulation/random.ts';
import { fuzz } from './fuzzer.ts';
import { Mutator } from './mutator.ts';
import { must, type Target, textOf } from './target.ts';

class Declared extends Error {}

/** Reads `key=number;`, and has whatever fault is planted. */
function reader(plant: (text: string) => string | Promise<string> | undefined): Target {
  return {
    name: 'planted',
    errors: [Declared],
    share: 1,
    words: ['=', ';', 'length'],
    seeds: ['a=1;b=2;'],
    run(input) {
      const text = textOf(input);
      if (!text.includes('=')) throw new Declared('no =');
      return plant(text) ?? text.replace(/\w/g, '');
    },
  };
}

const STRAY = `
  import { fuzz } from './fuzzer.ts';
  const run = () => {
    void Promise.resolve().then(() => Promise.reject(new TypeError('alone')));
    return new Promise((resolve) => setTimeout(() => resolve(''), 0));
  };
  const target = { name: 'stray', errors: [], share: 1, words: ['x'], seeds: ['x'], run };
  const { failures } = await fuzz(target, { seed: 1, inputs: 3 });
  console.log(failures[0]?.problem);
`;

describe('fuzz()', () => {
  test('takes declared errors for answers, and sees different ones', async () => {
    const found = await fuzz(
      reader(() => undefined),
      { seed: 1, inputs: 2_000 },
    );
    expect(found.failures).toEqual([]);
    expect(found.inputs).toBe(2_000);
    expect(found.outcomes).toBeGreaterThan(50);
  });

  const faults: Readonly<Record<string, readonly [(text: string) => undefined, string]>> = {
    'an error that is not declared': [
      (text) => {
        if (text.includes('length=')) (undefined as unknown as string).length;
        return undefined;
      },
      'TypeError',
    ],
    'a property that does not hold': [
      (text) => {
        must(!text.includes('length='), 'never that');
        return undefined;
      },
      'Broken: never that',
    ],
  };
  for (const [what, [plant, problem]] of Object.entries(faults)) {
    test(`finds ${what}, and makes its input small`, async () => {
      const { failures } = await fuzz(reader(plant), { seed: 7, inputs: 20_000 });
      expect(failures.length).toBe(1);
      expect(failures[0]!.problem).toStartWith(problem);
      expect(textOf(failures[0]!.input)).toBe('length=');
    });
  }

  test('finds a promise that is rejected where nobody waits', () => {
    // In a process of its own: a test runner takes every such promise for its own failure.
    const { stdout } = Bun.spawnSync([process.execPath, '-e', STRAY], { cwd: import.meta.dir });
    expect(stdout.toString().trim()).toBe('thrown where nobody catches: TypeError: alone');
  });

  test('finds an input that takes long', async () => {
    const slow = reader((text) => {
      if (!/(.)\1{30}/s.test(text)) return undefined;
      // Of the processor, as what is asserted: on a busy machine time passes without it.
      for (const began = process.cpuUsage(); process.cpuUsage(began).user < 6_000; );
      return undefined;
    });
    const bounds = { ms: 4, memoryBytes: 1e9 };
    const { failures } = await fuzz(slow, { seed: 3, inputs: 20_000, failuresMax: 1, bounds });
    expect(failures.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('too slow: more than 4 ms'),
    ]);
  }, 60_000);

  test('finds an input that takes much memory', async () => {
    const hungry = reader((text) => {
      return text.includes('length=') ? String(new Uint8Array(150_000_000).fill(1).length) : undefined;
    });
    const bounds = { ms: 10_000, memoryBytes: 100_000_000 };
    const { failures } = await fuzz(hungry, { seed: 3, inputs: 20_000, failuresMax: 1, bounds });
    expect(failures.map(({ problem }) => problem)).toEqual([expect.stringContaining('too much memory')]);
  }, 60_000);

  test('gives the same inputs for the same seed, and others for another', async () => {
    const inputsOf = async (seed: number): Promise<string[]> => {
      const all: string[] = [];
      const target = reader((text) => void all.push(text));
      await fuzz(target, { seed, inputs: 500 });
      return all;
    };
    expect(await inputsOf(5)).toEqual(await inputsOf(5));
    expect(await inputsOf(6)).not.toEqual(await inputsOf(5));
  });
});

test('Mutator.mutate() leaves its input as it is, keeps to the limit, and reaches it', () => {
  const input = new Uint8Array([1, 2, 3, 4]);
  const mutator = new Mutator(new Random(1), ['word'], [input], 100);
  const lengths = Array.from({ length: 20_000 }, () => mutator.mutate(input).length);
  expect([...input]).toEqual([1, 2, 3, 4]);
  expect(Math.min(...lengths)).toBe(0);
  expect(Math.max(...lengths)).toBe(100);
});
