// `npm run fuzz`: inputs for every decoder until stopped; `--seed N --target NAME --inputs N --minutes M`; a failure says how to keep it.

import { keepInput, readCorpus } from './corpus.ts';
import { type Failure, fuzz, problemOf } from './fuzzer.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets.ts';

/** A round: over all targets, each by its share. */
const ROUND_INPUTS = 200_000;
const USAGE = `npm run fuzz                              until stopped, a line a round of ${ROUND_INPUTS} inputs
npm run fuzz -- --seed N                  the first round has this seed, each later one the next
npm run fuzz -- --target NAME             this one only: ${TARGETS.map(({ name }) => name).join(', ')}
npm run fuzz -- --inputs N --minutes M    ends after so many inputs, or with the round in which so long has passed
npm run fuzz -- --target NAME --input HEX one input
npm run fuzz -- --target NAME --keep HEX  puts it into the corpus
npm run fuzz -- --grow                    puts what had a new outcome into the corpus`;

process.exit(await main(process.argv.slice(2)));

async function main(words: readonly string[]): Promise<number> {
  const flags = flagsOf(words);
  const targets = TARGETS.filter(({ name }) => flags.target === undefined || name === flags.target);
  if (flags.help !== undefined || targets.length === 0) {
    console.log(USAGE);
    return flags.help === undefined ? 2 : 0;
  }
  if (flags.keep !== undefined) {
    console.log(keepInput(targets[0]!.name, bytesOfHex(flags.keep)));
    return 0;
  }
  if (flags.input !== undefined) return await replay(targets[0]!, bytesOfHex(flags.input));
  return await run(targets, flags);
}

async function run(targets: readonly Target[], flags: Flags): Promise<number> {
  const first = Number(flags.seed ?? Math.floor(Math.random() * 1_000_000_000));
  const most = Number(flags.inputs ?? Number.POSITIVE_INFINITY);
  const began = performance.now();
  const endMs = flags.minutes === undefined ? Number.POSITIVE_INFINITY : Number(flags.minutes) * 60_000;
  let inputs = 0;
  const found = new Set<string>();
  for (let seed = first; inputs < most && performance.now() - began < endMs; seed++) {
    const round = Math.min(ROUND_INPUTS, most - inputs);
    const shares = targets.reduce((sum, { share }) => sum + share, 0);
    for (const target of targets) {
      const options = { seed, inputs: Math.ceil((round * target.share) / shares) };
      const result = await fuzz(target, { ...options, corpus: readCorpus(target.name) });
      inputs += result.inputs;
      for (const failure of result.failures) report(failure, seed, found);
      if (flags.grow !== undefined) for (const input of result.pool) keepInput(target.name, input);
      if (flags.verbose !== undefined)
        console.log(
          `  ${target.name}: ${result.inputs} inputs, ${result.outcomes} outcomes, ${((performance.now() - began) / 1_000).toFixed(1)} s`,
        );
    }
    const rate = Math.round(inputs / ((performance.now() - began) / 1_000));
    console.log(`seeds ${first} to ${seed}: ${inputs} inputs, ${rate} a second, ${found.size} problems`);
  }
  return found.size === 0 ? 0 : 1;
}

function report({ target, input, problem, stack }: Failure, seed: number, found: Set<string>): void {
  const key = `${target}: ${problem.replace(/\d+/g, '0').slice(0, 80)}`;
  if (found.has(key)) return;
  found.add(key);
  const hex = Buffer.from(input).toString('hex');
  console.log(`${target}: ${problem}
  ${input.length} bytes by seed ${seed}: ${JSON.stringify(Buffer.from(input).toString('latin1'))}
  npm run fuzz -- --target ${target} --input ${hex}
  npm run fuzz -- --target ${target} --keep ${hex}
${stack}`);
}

async function replay(target: Target, input: Uint8Array): Promise<number> {
  const problem = await problemOf(target, input);
  if (problem === undefined) console.log(`${target.name}: all is well: ${await outcomeOf(target, input)}`);
  else console.log(`${target.name}: ${problem}`);
  return problem === undefined ? 0 : 1;
}

async function outcomeOf(target: Target, input: Uint8Array): Promise<string> {
  try {
    return await target.run(input);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

type Flags = Readonly<Record<string, string | undefined>>;

/** `--name value`, and the ones that stand alone. */
function flagsOf(words: readonly string[]): Flags {
  const flags: Record<string, string> = {};
  for (let index = 0; index < words.length; index++) {
    const name = words[index]!.replace(/^--/, '');
    flags[name] = ['help', 'grow', 'verbose'].includes(name) ? 'yes' : (words[++index] ?? '');
  }
  return flags;
}

function bytesOfHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
