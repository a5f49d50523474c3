// Runs the world of one seed from beginning to end, and tells what was found.

import { knownProblem } from './known_problems.ts';
import { Violation, World, type WorldOptions } from './world.ts';

const STEPS_MAX = 1_500;

export interface Outcome {
  readonly seed: number;
  readonly steps: number;
  readonly problem: string | undefined;
  /** Its name in known_problems.ts, when it is one of those. */
  readonly known: string | undefined;
  /** Of an error that was no finding of the inspectors'. */
  readonly stack: string | undefined;
  /** The trace, when it was asked for. */
  readonly lines: readonly string[];
}

export async function simulate(seed: number, options: WorldOptions = {}): Promise<Outcome> {
  const world = await World.make(seed, options);
  try {
    await world.run(STEPS_MAX);
    return {
      seed,
      steps: world.steps,
      problem: undefined,
      known: undefined,
      stack: undefined,
      lines: world.lines,
    };
  } catch (error) {
    const { message, stack } = error as Error;
    const isFinding = error instanceof Violation;
    return {
      seed,
      steps: world.steps,
      problem: isFinding ? message : `seed ${seed}, step ${world.steps}: ${message}`,
      known: knownProblem(message),
      stack: isFinding && options.isTracing !== true ? undefined : stack,
      lines: world.lines,
    };
  }
}
