// `npm run sim`: seeds until stopped, a line a hundred; `--seed N` replays one and prints every message; `--strict` says more.

import { type Outcome, simulate } from './simulate.ts';

process.exit(await main(process.argv.slice(2)));

async function main(words: readonly string[]): Promise<number> {
  if (!/^(?:--(?:from|seed) \d+ ?)?(?:--strict)?$/.test(words.join(' '))) {
    console.error('npm run sim -- [--from N | --seed N] [--strict]');
    return 64;
  }
  const isStrict = words.includes('--strict');
  const [flag, value] = words.filter((word) => word !== '--strict');
  if (flag === '--seed') return await replay(Number(value), isStrict);
  const first = flag === '--from' ? Number(value) : Math.floor(Math.random() * 1_000_000_000);
  let steps = 0;
  let found = 0;
  for (let seed = first; ; seed++) {
    const outcome = await simulate(seed, { isStrict });
    steps += outcome.steps;
    if (outcome.problem !== undefined) {
      found++;
      console.log(`${outcome.problem}\n  npm run sim -- --seed ${seed}`);
    }
    if ((seed - first) % 100 === 99)
      console.log(`seeds ${first} to ${seed}: ${steps} steps, ${found} problems`);
  }
}

async function replay(seed: number, isStrict: boolean): Promise<number> {
  const outcome: Outcome = await simulate(seed, { isTracing: true, isStrict });
  for (const line of outcome.lines) console.log(line);
  console.log(outcome.problem ?? `seed ${seed}: all is well after ${outcome.steps} steps`);
  if (outcome.stack !== undefined) console.log(outcome.stack);
  return outcome.problem === undefined ? 0 : 1;
}
