// Every pool of the agent, by (database, user): made when first asked for, changed at a reload, gone when unused.

import { AgentError } from '../base/errors.ts';
import { sameServer } from '../config/diff.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { trim } from './janitor.ts';
import { Counter } from './limits.ts';
import { Pool } from './pool.ts';
import type { PoolContext } from './pool_context.ts';
import { identityOf, type PoolIdentity } from './pool_identity.ts';
import { Probe } from './probe.ts';

export class PoolRegistry {
  readonly #pools = new Map<string, Pool>();
  readonly #context: PoolContext;
  readonly #pausedDatabases = new Set<string>();
  #paused = false;

  #waking = false;

  constructor(context: Omit<PoolContext, 'byDatabase' | 'byUser' | 'evict' | 'starved' | 'wakeStarved'>) {
    this.#context = {
      ...context,
      byDatabase: new Counter(),
      byUser: new Counter(),
      evict: (wanting) => this.#evict(wanting),
      starved: new Set(),
      wakeStarved: () => this.#wakeStarved(),
    };
  }

  get settings(): Settings {
    return this.#context.settings;
  }

  /** @throws AgentError database_unknown, login_unusable */
  pool(databaseName: string, user: string): Pool {
    const key = `${databaseName}\0${user}`;
    const known = this.#pools.get(key);
    if (known !== undefined && !known.removed) return known;
    const { databases } = this.settings;
    const database = Object.hasOwn(databases, databaseName) ? databases[databaseName] : undefined;
    if (database === undefined) {
      const served = Object.keys(this.settings.databases).join(', ');
      throw new AgentError('database_unknown', { database: databaseName, served });
    }
    const pool = new Pool(database, user, identityOf(database, user, this.settings), this.#context);
    pool.paused = this.#paused || this.#pausedDatabases.has(databaseName);
    this.#pools.set(key, pool);
    return pool;
  }

  *[Symbol.iterator](): Iterator<Pool> {
    yield* this.#pools.values();
  }

  /**
   * Takes up new settings. Servers whose identity changed are replaced as they come free; pools of databases that are
   * gone end when their last client has.
   */
  apply(settings: Settings): void {
    this.#context.settings = settings;
    for (const pool of this.#pools.values()) {
      const database = settings.databases[pool.database.name];
      if (database === undefined) {
        pool.removed = true;
        pool.retireAll('the database was removed from the configuration');
        continue;
      }
      const identity = usableIdentity(database, pool, settings);
      const before = pool.identity;
      const same = sameServer(pool.database, database) && identity.covers(before);
      identity.inherit(before);
      pool.removed = false;
      pool.database = database;
      pool.identity = identity;
      // There may be a password more, which is worth an attempt at once.
      if (!identity.isSame(before)) pool.failure.clear();
      if (!same) {
        pool.welcome = undefined;
        pool.retireAll('the settings of the database changed');
      }
    }
    // When all of them have the new limits: one that gives up servers makes room for another's clients.
    for (const pool of this.#pools.values()) trim(pool);
    for (const pool of this.#pools.values()) pool.resume();
  }

  /** Certificate files have new contents: connections that trust the old ones are replaced. */
  retireAll(reason: string): void {
    for (const pool of this.#pools.values()) {
      pool.retireAll(reason);
      pool.resume();
    }
  }

  /** Pools that failed, and that nobody waits for, try once more: whoever asks how they are wants to know it now. */
  tryAgain(): void {
    for (const pool of this.#pools.values()) {
      const isOwed = pool.failing && pool.connected === 0 && pool.waiting === 0 && pool.logins === 0;
      if (isOwed && !pool.paused && !pool.removed) pool.request(new Probe(pool));
    }
  }

  /** No servers are lent until `resume()`, neither by the pools that are there nor by those still to come. */
  pause(database?: string): void {
    if (database === undefined) this.#paused = true;
    else this.#pausedDatabases.add(database);
    for (const pool of this.#of(database)) pool.paused = true;
  }

  resume(database?: string): void {
    if (database === undefined) {
      this.#paused = false;
      this.#pausedDatabases.clear();
    } else {
      this.#pausedDatabases.delete(database);
    }
    for (const pool of this.#of(database)) {
      pool.paused = false;
      pool.resume();
    }
  }

  /** Server connections are replaced as they come free. */
  reconnect(database?: string): void {
    for (const pool of this.#of(database)) {
      pool.retireAll('RECONNECT');
      pool.resume();
    }
  }

  *#of(database: string | undefined): Iterable<Pool> {
    for (const pool of this.#pools.values()) {
      if (database === undefined || pool.database.name === database) yield pool;
    }
  }

  /** @param guard runs a step; what goes wrong in one pool must not keep the others from theirs. */
  tick(now: number, guard: (step: () => void) => void = (step) => step()): void {
    for (const [key, pool] of this.#pools) {
      guard(() => pool.tick(now));
      if (pool.clients === 0 && pool.servers === 0 && pool.waiting === 0 && pool.removed) {
        this.#pools.delete(key);
        this.#context.starved.delete(pool);
      }
    }
  }

  shutDown(error: AgentError): void {
    for (const pool of this.#pools.values()) pool.shutDown(error);
  }

  /** A limit of the database and one of the user may both be reached: then each needs a place of its own. */
  #evict(wanting: Pool): boolean {
    while (wanting.room <= 0) {
      const needsDatabase = wanting.roomOfDatabase <= 0;
      const needsUser = wanting.roomOfUser <= 0;
      const isOfDatabase = (pool: Pool): boolean => pool.database.name === wanting.database.name;
      const isOfUser = (pool: Pool): boolean => pool.user === wanting.user;
      const ofDatabase = needsDatabase ? this.#richest(wanting, isOfDatabase) : undefined;
      const ofUser = needsUser ? this.#richest(wanting, isOfUser) : undefined;
      // Nothing is closed in vain: both, or none.
      if ((needsDatabase && ofDatabase === undefined) || (needsUser && ofUser === undefined)) return false;
      giveUpOldest(ofDatabase);
      giveUpOldest(ofUser);
    }
    return true;
  }

  /** Of the pools that can spare a server, the one with the most idle ones. */
  #richest(wanting: Pool, helps: (pool: Pool) => boolean): Pool | undefined {
    let richest: Pool | undefined;
    for (const pool of this.#pools.values()) {
      if (pool === wanting || !helps(pool) || pool.idle === 0 || pool.connected <= pool.minimum) continue;
      if (richest === undefined || pool.idle > richest.idle) richest = pool;
    }
    return richest;
  }

  #wakeStarved(): void {
    const { starved } = this.#context;
    if (this.#waking) return;
    this.#waking = true;
    try {
      const pools = [...starved].sort((a, b) => since(a) - since(b));
      starved.clear();
      // Who is still short of a place goes back among them by itself.
      for (const pool of pools) pool.resume();
    } finally {
      this.#waking = false;
    }
  }
}

function giveUpOldest(pool: Pool | undefined): void {
  const oldest = pool?.idleServers.first;
  if (oldest !== undefined) pool?.discard(oldest, 'another pool needs its place under the limit');
}

function since(pool: Pool): number {
  return pool.waiters.first?.waitingSince ?? Number.POSITIVE_INFINITY;
}

/** A user that a reload took away keeps its pool, for the clients that are there, with what it had. */
function usableIdentity(database: DatabaseSettings, pool: Pool, settings: Settings): PoolIdentity {
  try {
    return identityOf(database, pool.user, settings);
  } catch {
    return pool.identity;
  }
}
