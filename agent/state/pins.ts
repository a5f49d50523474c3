// Why a client keeps its server between transactions: a set of words, and what makes each of them go away when the client leaves.

import {
  ADVANCES,
  CURSORS,
  LIBRARY,
  LISTENS,
  LOCKS,
  SETTINGS,
  STATEMENTS,
  TEMPORARY,
} from '../query/effects.ts';

/** As SHOW CLIENTS prints it. */
export type Pin =
  | 'advisory_lock'
  | 'temporary_object'
  | 'cursor'
  | 'library'
  | 'sequence'
  | 'listen'
  | 'prepared_statement';

interface PinRow {
  readonly pin: Pin;
  /** The bit of `Effects` that says it may have come or gone. */
  readonly bit: number;
  /** What takes it off a server whose client is gone. Undefined: nothing can, and the server has to go. */
  readonly reset: string | undefined;
}

export const PINS: readonly PinRow[] = [
  { pin: 'advisory_lock', bit: LOCKS, reset: 'SELECT pg_catalog.pg_advisory_unlock_all()' },
  { pin: 'temporary_object', bit: TEMPORARY, reset: 'DISCARD TEMP' },
  { pin: 'cursor', bit: CURSORS, reset: 'CLOSE ALL' },
  { pin: 'listen', bit: LISTENS, reset: 'UNLISTEN *' },
  { pin: 'prepared_statement', bit: STATEMENTS, reset: 'DEALLOCATE ALL' },
  { pin: 'sequence', bit: ADVANCES, reset: 'DISCARD SEQUENCES' },
  { pin: 'library', bit: LIBRARY, reset: undefined },
];

/** What a server is told before anybody else gets it, on which `touched` may have been left (bits of `Effects`). */
export function resetsFor(touched: number): string[] {
  const resets: string[] = [];
  if ((touched & SETTINGS) !== 0) resets.push('RESET SESSION AUTHORIZATION', 'RESET ALL');
  for (const { bit, reset } of PINS) if ((touched & bit) !== 0 && reset !== undefined) resets.push(reset);
  return resets;
}

/** The bits that a client with these pins leaves behind. */
export function bitsOf(pins: ReadonlySet<Pin>): number {
  let bits = 0;
  for (const { pin, bit } of PINS) if (pins.has(pin)) bits |= bit;
  return bits;
}
