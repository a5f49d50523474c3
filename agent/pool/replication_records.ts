// What is remembered of logins to replicate, by (database, user): their pools are there for one client each, and know only themselves.

import type { Pool } from './pool.ts';
import { PoolFailure } from './pool_failure.ts';
import type { PoolIdentity } from './pool_identity.ts';

/** After the last login, and after the moment from which the next may be tried. */
const KEPT_MS = 60_000;
/** Whoever may log in may ask for any name that `*` serves. */
export const RECORDS_MAX = 1000;

interface ReplicationRecord {
  readonly failure: PoolFailure;
  readonly identity: PoolIdentity;
  readonly usedAt: number;
}

export class ReplicationRecords {
  /** The longest unused comes first. */
  readonly #records = new Map<string, ReplicationRecord>();

  get size(): number {
    return this.#records.size;
  }

  /** What the pool of one more login goes on with. @param identity learns what was found out for the one before. */
  failureFor(key: string, identity: PoolIdentity, now: number): PoolFailure {
    const known = this.#records.get(key);
    if (known !== undefined) identity.inherit(known.identity);
    // With another password there may be another answer.
    const failure =
      known !== undefined && identity.isSame(known.identity) ? known.failure : new PoolFailure();
    this.#records.delete(key);
    this.#records.set(key, { failure, identity, usedAt: now });
    if (this.#records.size > RECORDS_MAX) this.#records.delete(this.#records.keys().next().value!);
    return failure;
  }

  /** Lets go of what is old. */
  tick(now: number): void {
    for (const [key, { failure, usedAt }] of this.#records)
      if (now >= Math.max(usedAt, failure.retryAt) + KEPT_MS) this.#records.delete(key);
  }
}

/** PgBouncer's word for a server whose client has left it as nobody else could use it. */
const CLIENT_GONE = 'client disconnect while server was not ready';

/** The client of a dedicated pool has gone; what others are to know of its failure stays. */
export function letGo(pool: Pool): void {
  pool.failure = new PoolFailure();
  pool.retireAll(CLIENT_GONE);
}
