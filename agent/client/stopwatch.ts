// How long a client has been at what it is at: looked at now and then, so that the data path has only to count.

import { IDLE } from '../wire/types.ts';

/** `transaction`: it has a server, and nothing is under way there. */
export type Phase = 'idle' | 'waiting' | 'query' | 'transaction';

/** What of a session says what it is at. */
export interface Busy {
  readonly server:
    | {
        readonly status: number;
        readonly expected: { readonly isEmpty: boolean; readonly isSettled: boolean };
      }
    | undefined;
  /** The queue that it is in. */
  readonly list: object | undefined;
}

/** What its time is spent with, as far as timeouts go. */
export function phaseOf({ server, list }: Busy): Phase {
  if (server === undefined) return list === undefined ? 'idle' : 'waiting';
  if (!server.expected.isEmpty) return 'query';
  return server.status === IDLE && server.expected.isSettled ? 'idle' : 'transaction';
}

/** What counts up. Two looks that see the same numbers have seen the same query, or the same rest. */
export interface Watched {
  readonly phase: Phase;
  readonly turns: number;
  readonly transactions: number;
}

/** Never says more than the truth, and less by no more than the time between two looks. */
export class Stopwatch {
  /** The client was told that it waits. */
  told = false;
  #phase: Phase = 'idle';
  #turns = -1;
  #transactions = -1;
  #since = 0;
  #transactionSince = 0;

  /** Before anything is asked. */
  look({ phase, turns, transactions }: Watched, now: number): void {
    const isInTransaction = phase === 'query' || phase === 'transaction';
    const wasInTransaction = this.#phase === 'query' || this.#phase === 'transaction';
    if (transactions !== this.#transactions || !isInTransaction || !wasInTransaction)
      this.#transactionSince = now;
    // A query that has got its server is the same query still: how long it takes counts from when it was asked.
    const goesOn = phase === this.#phase || (phase === 'query' && this.#phase === 'waiting');
    if (!goesOn || turns !== this.#turns) {
      this.#since = now;
      this.told = false;
    }
    this.#phase = phase;
    this.#turns = turns;
    this.#transactions = transactions;
  }

  /** Milliseconds of the phase at hand. */
  phaseMs(now: number): number {
    return now - this.#since;
  }

  /** Milliseconds of the transaction at hand; 0 outside of one. */
  transactionMs(now: number): number {
    return now - this.#transactionSince;
  }
}
