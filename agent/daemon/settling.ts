// When a change may be told: once the file has read the same for long enough, and the others beside it too.

import type { FileState } from './file_state.ts';

/** A change that was seen and not yet told. */
export interface Candidate {
  readonly state: FileState;
  /** When it was first read like that. */
  readonly sinceMs: number;
}

export interface Look {
  /** Undefined: no verdict on this file, this time. */
  readonly states: ReadonlyMap<string, FileState | undefined>;
  readonly startedMs: number;
  readonly endedMs: number;
}

export interface Settled {
  /** What to tell now. */
  readonly told: ReadonlyMap<string, FileState>;
  /** What to look at again. */
  readonly candidates: ReadonlyMap<string, Candidate>;
}

/** How long a file that lies still waits for others that do not: 1 s, or twice the settle time where that is longer. */
const PATIENCE_MS = 1_000;

/**
 * Files that change together are told together. Only what was read counts, not how many events there were: touching a
 * file again and again delays nothing, and a writer on a file system without events is waited for like any other.
 */
export function settle(
  known: ReadonlyMap<string, FileState>,
  before: ReadonlyMap<string, Candidate>,
  look: Look,
  settleMs: number,
): Settled {
  const candidates = new Map<string, Candidate>();
  const still = new Map<string, FileState>();
  const patient = new Map<string, FileState>();
  for (const [file, state] of look.states) {
    const candidate = before.get(file);
    if (state === undefined) {
      if (candidate !== undefined) candidates.set(file, candidate);
    } else if (state !== known.get(file)) {
      const same = candidate?.state === state;
      const sinceMs = same ? candidate.sinceMs : look.endedMs;
      candidates.set(file, { state, sinceMs });
      if (same && look.startedMs - sinceMs >= settleMs) still.set(file, state);
      if (same && look.startedMs - sinceMs >= Math.max(PATIENCE_MS, 2 * settleMs)) patient.set(file, state);
    }
  }
  const told = still.size === candidates.size ? still : patient;
  for (const file of told.keys()) candidates.delete(file);
  return { told, candidates };
}
