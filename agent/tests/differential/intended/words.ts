// How a difference is written down: PgBouncer's sentence, ours, and why.

import type { Intended } from '../comparison.ts';

export interface IntendedDifference extends Intended {
  /** In the table of docs/guides/pgbouncer_differences.md. */
  readonly reason: string;
  /** Only that PgBouncer differs, and an older or newer one does not, or otherwise. */
  readonly version?: '1.18' | '1.24';
  /** Where it may occur: the beginning of a title. Default is anywhere. */
  readonly where?: string;
}

export const CODES = 'a SQLSTATE that says what it was, where PgBouncer says 08P01; the sentence goes on';
export const ENDED = '* -- the connection ended';

/** PgBouncer's sentence, and how ours goes on behind it. */
export function words(theirs: string, sqlstate: string, more: string): IntendedDifference {
  return {
    name: `words: ${theirs}`,
    reason: CODES,
    theirs: [error('08P01', theirs)],
    ours: [ourError(sqlstate, theirs + more)],
  };
}

/** What the server has said, as PgBouncer 1.24 passes it on, and as 1.18 does. */
export function serverWords(said: string, sqlstate: string): IntendedDifference[] {
  const ours = [ourError(sqlstate, `${said} (the server refused our login)`)];
  const reason = 'it is told that the server said it; the agent itself may say the same';
  return [
    { name: `server: ${said}`, reason, theirs: [error(sqlstate, said)], ours, version: '1.24' },
    { name: `server: ${said}`, reason, theirs: [error('08P01', said)], ours, version: '1.18' },
  ];
}

export function error(sqlstate: string, message: string): string {
  return `* < ErrorResponse S "FATAL" C "${sqlstate}" M "${message}"`;
}

export function ourError(sqlstate: string, message: string): string {
  return `* < ErrorResponse S "FATAL" V "FATAL" C "${sqlstate}" M "${message}"`;
}

/** A user that nobody has is asked for the proof that others are asked for. */
export const NOT_LET_IN = ourError('28P01', 'password authentication failed for user "*"');
