// What the simulation has found, and what is not mended yet: each with its reason, so that a new finding is told from an old one.

interface KnownProblem {
  readonly name: string;
  /** What the violation says. */
  readonly pattern: RegExp;
  readonly reason: string;
}

/** Strike a line off when its cause is mended; the seeds then hold the mending. */
const KNOWN_PROBLEMS: readonly KnownProblem[] = [
  {
    name: 'fatal_inside_message',
    pattern: /heard a FATAL in the middle of another message/,
    reason: 'Session.fail() writes its error although the client has only part of the message before it',
  },
  {
    name: 'dying_server_is_lent',
    pattern: /its server had said FATAL before it was lent/,
    reason:
      'a resting server that says FATAL stays idle until it closes; whoever gets it is closed without a word',
  },
  {
    name: 'fatal_behind_ready',
    pattern:
      /was told 57P01 terminating connection due to administrator command, and its connection stays open/,
    reason:
      'a FATAL in the same chunk behind ReadyForQuery reaches a client whose session goes on without that server',
  },
];

/**
 * Said only by a strict world, because the answer is known to differ from PostgreSQL's: a Bind without a name behind a
 * Parse that an error skipped or refused, and behind a simple Query whose server was another than that of the Parse.
 */
export function knownProblem(violation: string): string | undefined {
  return KNOWN_PROBLEMS.find(({ pattern }) => pattern.test(violation))?.name;
}
