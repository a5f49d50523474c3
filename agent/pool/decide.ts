// What a pool does next: a pure function of what it holds and what time it is. Nothing else starts work.

/** What the decision is made from; all of it plain numbers, so that a test can write any pool down. */
export interface PoolView {
  readonly paused: boolean;
  /** Clients in the queue. */
  readonly waiting: number;
  /** Servers ready to be lent. */
  readonly idle: number;
  /** All of them have rested for so long that they are checked first (server_check_delay). */
  readonly stale: boolean;
  /** Servers that are being checked. */
  readonly testing: number;
  /** Servers of any state that count against the size: idle, lent, being cleaned, logging in. */
  readonly servers: number;
  /** Of those, still logging in. */
  readonly logins: number;
  readonly size: number;
  /** Servers that it may have beyond its size for clients that are overdue (reserve_pool_size). */
  readonly reserve: number;
  /** Clients that have waited for reserve_pool_timeout; it need not be told beyond `reserve`. Asked for only when the pool is full. */
  readonly overdue: number;
  /** Servers to keep although nobody asks (min_pool_size), while the pool is in use. */
  readonly minimum: number;
  readonly loginConcurrency: number;
  /** Not before this moment (the clock's milliseconds) is another login tried: the last one failed. */
  readonly retryAt: number;
  /** The last login failed: one attempt at a time until one succeeds. */
  readonly failing: boolean;
  /** Servers that the limits above the pool (max_db_connections, max_user_connections) still allow. */
  readonly room: number;
}

/** `lend`: the first waiter gets an idle server. `check`: one that rested is asked whether it still answers. `dial`: one more login. `evict`: another pool must give one up. `rest`: nothing. */
export type Action = 'lend' | 'check' | 'dial' | 'evict' | 'rest';

/** Called again and again until it says `rest`. */
export function decide(pool: PoolView, now: number): Action {
  if (pool.paused) return 'rest';
  if (pool.waiting > 0 && pool.idle > 0) {
    if (!pool.stale) return 'lend';
    if (pool.testing < pool.waiting) return 'check';
  }
  if (pool.waiting === 0 && pool.minimum === 0) return 'rest';
  const wanted = Math.max(pool.waiting - pool.testing, pool.minimum - (pool.servers - pool.logins));
  if (pool.logins >= wanted) return 'rest';
  if (pool.servers >= pool.size && !opensReserve(pool)) return 'rest';
  if (pool.logins >= (pool.failing ? 1 : pool.loginConcurrency) || now < pool.retryAt) return 'rest';
  if (pool.room > 0) return 'dial';
  return pool.waiting > 0 ? 'evict' : 'rest';
}

/** One server for each client that is overdue: as PgBouncer has it, those that came later do not profit from his wait. */
function opensReserve(pool: PoolView): boolean {
  return pool.servers < pool.size + pool.reserve && pool.logins < pool.overdue;
}
