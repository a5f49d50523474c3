// Every input that was ever worth keeping, again: what went wrong once stays right.

import { expect, test } from 'bun:test';
import { corpusTargets, readCorpus } from './corpus.ts';
import { problemOf } from './fuzzer.ts';
import { bytesOf } from './target.ts';
import { TARGETS } from './targets.ts';

for (const target of TARGETS) {
  test(`${target.name}: its seeds and its corpus are read as they must be`, async () => {
    const inputs = [...target.seeds.map(bytesOf), ...readCorpus(target.name)];
    const problems: string[] = [];
    for (const input of inputs) {
      const problem = await problemOf(target, input);
      if (problem !== undefined) problems.push(`${problem}: ${Buffer.from(input).toString('hex')}`);
    }
    expect(inputs.length).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });
}

test('each folder of the corpus is of a target, and each target has a name and a word of its own', () => {
  const names = TARGETS.map(({ name }) => name);
  expect(corpusTargets().filter((name) => !names.includes(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, words, share } of TARGETS)
    expect([name, words.length > 0, share > 0]).toEqual([name, true, true]);
});
