// What a row of the table of session state is made of: the statements that its clients say, and how they share servers.

import type { Random } from '../../simulation/random.ts';

export interface Row {
  readonly name: string;
  /** Servers in the pool. One where everything is followed; as many as clients where a client may be pinned. */
  readonly servers: number;
  /** What one client does can be seen by another even where each is alone: then nobody acts at the same time. */
  readonly isShared: boolean;
  /** Notifications are awaited and compared. */
  readonly hears: boolean;
  /** The role is a superuser: only then can it change who it is. */
  readonly isSuperuser?: boolean;
  /** Beside what all rows have; run in both databases, as superuser. */
  readonly setup?: readonly string[];
  /** One statement that changes the session, or looks at it. */
  statement(random: Random, client: number): string;
  /** One that only looks. It is all that the plain worker ever says. */
  look(random: Random, client: number): string;
  /** What is asked for in the startup packet. */
  startup?(random: Random): Readonly<Record<string, string>>;
  /** Steps with such lines are not taken: known differences, each with its reason. */
  readonly leavesOut?: RegExp;
  /** Names of statements that both protocol and SQL use, and the texts that are prepared by the protocol. */
  readonly names?: readonly string[];
  prepared?(random: Random, client: number): Prepared;
}

/** A text with parameters, and values for them. */
export interface Prepared {
  readonly text: string;
  readonly values: readonly string[];
  /** It has this name and no other. */
  readonly name?: string;
}
