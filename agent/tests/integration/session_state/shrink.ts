// Makes a failing run short: fewer steps that still differ, found by leaving out as many as possible.

import type { Row } from './row.ts';
import { type Options, type Outcome, runAgain } from './run.ts';
import type { Step } from './words.ts';
import type { World } from './world.ts';

/** So many steps from the end are tried first: most faults need no more. */
const TAILS = [8, 30, 120, 500];

/** Of one that could not be made short. */
const STEPS_SHOWN = 60;

export async function shrink(
  world: World,
  row: Row,
  options: Options,
  failed: Outcome,
  triesMax = 60,
): Promise<Outcome> {
  let best = failed;
  let tries = 0;
  const attempt = async (steps: readonly Step[]): Promise<boolean> => {
    tries++;
    const outcome = await runAgain(world, row, options, steps);
    if (outcome.difference === undefined) return false;
    best = { ...outcome, said: outcome.said.filter(({ lines, comesBack }) => isWorthIt(lines, comesBack)) };
    return true;
  };
  for (const tail of TAILS) {
    if (tail >= failed.said.length || (await attempt(failed.said.slice(-tail)))) break;
  }
  for (
    let size = Math.ceil(best.said.length / 2);
    size >= 1 && tries < triesMax;
    size = Math.floor(size / 2)
  ) {
    for (let at = 0; at < best.said.length && tries < triesMax; ) {
      const without = [...best.said.slice(0, at), ...best.said.slice(at + size)];
      if (without.length === 0 || !(await attempt(without))) at += size;
    }
  }
  return best;
}

/** A login without parameters is made anyhow. */
function isWorthIt(lines: readonly string[], comesBack: Step['comesBack']): boolean {
  return lines.length > 0 || Object.keys(comesBack ?? {}).length > 0;
}

/** For whoever reads it: who says what, and where the two differed. */
export function report(row: Row, { seed, steps }: Options, failed: Outcome, small: Outcome): string {
  const name = (client: number) => ['A', 'B', 'worker'][client];
  const lines = small.said.slice(-STEPS_SHOWN).map(({ client, lines: said, comesBack, isTogether }) => {
    const words = comesBack === undefined ? said.join(' | ') : `comes with ${JSON.stringify(comesBack)}`;
    return `  ${name(client)}${isTogether === true ? ' (with the next)' : ''}: ${words}`;
  });
  return [
    `${row.name}: through the agent it differs at step ${failed.steps}; SEED=${seed} STEPS=${steps}`,
    ...lines,
    small.difference,
  ].join('\n');
}
