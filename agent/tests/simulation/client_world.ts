// What a simulated client needs of its world.

import type { Bounds } from './bounds.ts';
import type { Proof } from './proofs.ts';
import type { Random } from './random.ts';
import type { SimClient } from './sim_client.ts';
import type { Peer, SimConnection } from './sim_connection.ts';

export interface ClientWorld {
  readonly random: Random;
  readonly now: number;
  after(delayMs: number, run: () => void): void;
  /** A connection to the agent. */
  dial(peer: Peer, isSlow: boolean): SimConnection;
  trace(line: () => string | readonly string[]): void;
  /** Throws: the run has found something. */
  violation(what: string): never;
  /** The agent has ended the client with this error: throws unless there is a reason. */
  onEnded(client: SimClient, sqlstate: string, text: string): void;
  /** Its connection is over. */
  onGone(client: SimClient): void;
  readonly isClosing: boolean;
  /** What a login has to prove; undefined: everybody is trusted. */
  readonly proof: Proof | undefined;
  /** Goes on, in this very step, when that has come. */
  expect<T>(promise: Promise<T>, then: (value: T) => void): void;
  /** An idle server has said FATAL, and was lent all the same. */
  readonly hasLentDying: boolean;
  /** A server, or the way to it, has failed lately. */
  readonly hasFault: boolean;
  /** Says also what the agent is known to answer otherwise. */
  readonly isStrict: boolean;
  readonly bounds: Bounds;
  /** How often `alter` was done. */
  readonly version: number;
  /** Names of statements are the agent’s business; otherwise they would mean another one on each server. */
  readonly mayPrepare: boolean;
  /** Its clients ask for what takes long, and cancel it. */
  readonly isImpatient: boolean;
  /** Has the agent lent a server to the session of that process id? */
  hasServer(pid: number): boolean;
}
