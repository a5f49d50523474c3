// What the simulation has found, and what is not mended yet: each with its reason, so that a new finding is told from an old one.

interface KnownProblem {
  readonly name: string;
  /** What the violation says. */
  readonly pattern: RegExp;
  readonly reason: string;
}

/** Strike a line off when its cause is mended; the seeds then hold the mending. */
const KNOWN_PROBLEMS: readonly KnownProblem[] = [];

/**
 * Said only by a strict world, because the answer is known to differ from PostgreSQL's: a Bind without a name in the same
 * write as a Parse without one that an error skipped, when the statement before that is on another server.
 */
export function knownProblem(violation: string): string | undefined {
  return KNOWN_PROBLEMS.find(({ pattern }) => pattern.test(violation))?.name;
}
