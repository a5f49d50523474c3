// Plays rows of session state through the agent, for as long as one likes: `--row settings --seed 7 --seeds 9 --steps 100000`.

import { parseArgs } from 'node:util';
import { ROWS } from './rows.ts';
import { type Options, run } from './run.ts';
import { report, shrink } from './shrink.ts';
import { startWorld } from './world.ts';

const { values: flags } = parseArgs({
  options: {
    row: { type: 'string' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: '10000' },
    tries: { type: 'string', default: '60' },
    without: { type: 'string' },
    direct: { type: 'boolean', default: false },
  },
});
const rows = ROWS.filter(({ name }) => flags.row === undefined || flags.row.split(',').includes(name));
if (rows.length === 0) {
  console.error(`--row is one of: ${ROWS.map(({ name }) => name).join(', ')}`);
  process.exit(64);
}
process.exit(await main());

async function main(): Promise<number> {
  await using world = await startWorld('embedded');
  let failures = 0;
  const first = Number(flags.seed);
  for (let seed = first; seed < first + Number(flags.seeds); seed++) {
    for (const row of rows) {
      const options: Options = {
        seed,
        steps: Number(flags.steps),
        isDirect: flags.direct,
        ...(flags.without !== undefined && { without: new RegExp(flags.without, 'i') }),
      };
      const began = performance.now();
      const outcome = await run(world, row, options);
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      console.log(
        `${row.name}, seed ${seed}: ${outcome.steps} steps in ${seconds} s, ${outcome.difference === undefined ? 'the same' : 'DIFFERS'}`,
      );
      if (outcome.difference === undefined) continue;
      failures++;
      console.log(
        report(row, options, outcome, await shrink(world, row, options, outcome, Number(flags.tries))),
      );
    }
  }
  return failures === 0 ? 0 : 1;
}
