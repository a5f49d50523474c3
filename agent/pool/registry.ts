// Every pool of the agent, by (database, user): made when first asked for, changed at a reload, gone when unused.

import { AgentError } from '../base/errors.ts';
import { databaseNamed, namedDatabases } from '../config/any_database.ts';
import { hostsGone, sameServer } from '../config/diff.ts';
import type {
  AuthQuerySettings,
  DatabaseSettings,
  ReplicationSettings,
  Settings,
} from '../config/settings.ts';
import { AnyUnused } from './any_unused.ts';
import { AuthQueries, type FoundSecret } from './auth_queries.ts';
import { tellIfGone, tellIfNew } from './auto_database.ts';
import { DatabaseStatistics } from './database_statistics.ts';
import { evict } from './eviction.ts';
import { statsLine } from './figures.ts';
import { Holds } from './holds.ts';
import { trim } from './janitor.ts';
import { Counter } from './limits.ts';
import { leaveHosts } from './names.ts';
import { Notifications } from './notifications.ts';
import { notifierOf } from './notifier.ts';
import * as picture from './pictures.ts';
import { Pool } from './pool.ts';
import type { PoolContext } from './pool_context.ts';
import { identityOf } from './pool_identity.ts';
import { Probe } from './probe.ts';
import { whyRemoved } from './removed.ts';
import { letGo, ReplicationRecords } from './replication_records.ts';
import { ServerNumbers } from './server_numbers.ts';

type OwnContext = 'holds' | 'evict' | 'starved' | 'wakeStarved' | 'forget';
type GivenContext = Omit<
  PoolContext,
  'byDatabase' | 'byUser' | 'leavingByDatabase' | 'leavingByUser' | OwnContext
>;

export class PoolRegistry {
  readonly authQueries: AuthQueries;
  readonly serverNumbers = new ServerNumbers();
  readonly #pools = new Map<string, Pool>();
  readonly statistics: DatabaseStatistics;
  readonly notifications: Notifications;
  readonly #anyUnused = new AnyUnused();
  readonly #context: PoolContext;
  readonly #replication = new ReplicationRecords();
  /** Pools that nobody is to find by his name: those of single clients, and those that were withdrawn. */
  #nameless = 0;

  #waking = false;

  constructor(context: GivenContext) {
    this.#context = {
      ...context,
      byDatabase: new Counter(),
      byUser: new Counter(),
      leavingByDatabase: new Counter(),
      leavingByUser: new Counter(),
      holds: new Holds(),
      evict: (wanting) => evict(this, wanting),
      starved: new Set(),
      wakeStarved: () => this.#wakeStarved(),
      forget: (pool) => this.#forgetPool(pool),
    };
    this.statistics = new DatabaseStatistics(this, context.clock.now());
    this.authQueries = new AuthQueries({
      clock: context.clock,
      settings: () => this.settings,
      poolFor: (auth) => this.#authPool(auth),
      knows: (auth) => this.#pools.get(authKeyOf(auth))?.removed === false,
    });
    this.notifications = new Notifications(this.#context, (...of) => this.#listeningPool(...of));
    this.notifications.pidOf = (serverPid) => notifierOf(this.#pools.values(), serverPid);
  }

  get settings(): Settings {
    return this.#context.settings;
  }

  get holds(): Holds {
    return this.#context.holds;
  }

  /**
   * @param found the user's secret, as auth_query gave it for this very login.
   * @throws AgentError database_unknown, database_disabled, login_unusable
   */
  pool(databaseName: string, user: string, found?: FoundSecret): Pool {
    const database = this.#enabledDatabase(databaseName);
    // Where everybody is the same one to the server, all have the same servers.
    const owner = database.forceUser ? database.user : user;
    const key = keyOf(databaseName, owner);
    const own = owner === user ? found : undefined;
    const known = this.#pools.get(key);
    if (known !== undefined && !known.removed) {
      if (own !== undefined) this.#takeFound(known, own);
      return known;
    }
    const identity = identityOf(database, owner, this.settings, own);
    tellIfNew(database, this, this.#context.log);
    return this.#add(key, new Pool(database, owner, identity, this.#context));
  }

  #database(name: string): DatabaseSettings {
    const database = databaseNamed(this.settings, name);
    if (database !== undefined) return database;
    const served = Object.keys(this.settings.databases).join(', ');
    throw new AgentError('database_unknown', { database: name, served });
  }

  #enabledDatabase(name: string): DatabaseSettings {
    const database = this.#database(name);
    if (this.holds.disabled.has(name)) throw new AgentError('database_disabled', { database: name });
    return database;
  }

  #add(key: string, pool: Pool): Pool {
    pool.paused = this.holds.pauses(pool.database.name);
    this.#pools.set(key, pool);
    return pool;
  }

  /** Whom everybody is at this database where nobody is asked who he is (auth_type any). @throws AgentError database_unknown, any_needs_user */
  forcedUser(databaseName: string): string {
    const { forceUser, user } = this.#database(databaseName);
    if (!forceUser) throw new AgentError('any_needs_user', { database: databaseName });
    return user;
  }

  /** The password may be another one since the last login; connections stay what they are. */
  #takeFound(pool: Pool, found: FoundSecret): void {
    // Of two logins at once, one may have proved what the server does not have any more.
    if (pool.identity.found !== undefined && found.order < pool.identity.found.order) return;
    const identity = identityOf(pool.database, pool.user, this.settings, found);
    if (identity.isSame(pool.identity)) return;
    identity.inherit(pool.identity);
    pool.identity = identity;
    pool.failure.clear();
  }

  /** Apart from the pools of clients, those of `auth.user` too: nothing that a client sets ever reaches it (CVE-2025-12819). */
  #authPool(auth: AuthQuerySettings): Pool {
    const key = authKeyOf(auth);
    const known = this.#pools.get(key);
    if (known !== undefined && !known.removed) return known;
    const database = picture.authDatabase(this.#database(auth.database), this.settings);
    const identity = identityOf(database, auth.user, this.settings);
    const pool = new Pool(database, auth.user, identity, this.#context);
    return this.#add(key, pool);
  }

  /** Of the connection that listens for all clients of a database: in the name of those of `asker`. */
  #listeningPool(asker: Pool, encoding: string): Pool {
    const key = `${keyOf(asker.database.name, asker.user)}\0listening ${encoding}`;
    const known = this.#pools.get(key);
    // What its clients have proved since.
    known?.identity.inherit(asker.identity);
    if (known !== undefined) return known;
    const database = picture.listeningDatabase(asker.database, encoding);
    return this.#add(key, new Pool(database, asker.user, asker.identity, this.#context));
  }

  /**
   * For one client that replicates, and for nobody else, before it or after it.
   *
   * @throws AgentError database_unknown, database_disabled, login_unusable
   */
  dedicatedPool(
    databaseName: string,
    user: string,
    replication: ReplicationSettings,
    found?: FoundSecret,
  ): Pool {
    const database = picture.replicatedDatabase(this.#enabledDatabase(databaseName), replication);
    const owner = picture.forcedUserOf(database) ?? user;
    const identity = identityOf(database, owner, this.settings, owner === user ? found : undefined);
    const key = keyOf(databaseName, owner);
    const pool = new Pool(database, owner, identity, this.#context);
    // A loop of logins does not begin anew with each: what one has met holds for the next.
    pool.failure = this.#replication.failureFor(key, identity, this.#context.clock.now());
    return this.#add(`${key}\0replication ${++this.#nameless}`, pool);
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
    for (const [key, pool] of [...this.#pools]) {
      const database = pool.withdrawn ? undefined : picture.databaseFor(pool, settings);
      if (database !== undefined && picture.forcedUserOf(database) !== picture.forcedUserOf(pool.database)) {
        this.#withdraw(key, pool);
        continue;
      }
      if (database === undefined) {
        pool.removed = true;
        pool.retireAll('the database was removed from the configuration');
        continue;
      }
      const identity = picture.usableIdentity(database, pool, settings);
      const before = pool.identity;
      const gone = hostsGone(pool.database, database);
      const hostsDiffer = gone.length > 0 || pool.database.hosts.length !== database.hosts.length;
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
      } else if (hostsDiffer) {
        leaveHosts(pool, gone);
      }
    }
    // When all of them have the new limits: one that gives up servers makes room for another's clients.
    for (const pool of this.#pools.values()) trim(pool);
    for (const pool of this.#pools.values()) pool.resume();
  }

  /** Its clients are somebody else at the server now: they finish what they are at, and nobody comes to it any more. */
  #withdraw(key: string, pool: Pool): void {
    pool.withdrawn = true;
    pool.removed = true;
    this.#pools.delete(key);
    this.#anyUnused.delete(key);
    this.#pools.set(`${key}\0withdrawn ${++this.#nameless}`, pool);
    // Whoever is about to come in would be the one that he is no longer to be.
    for (const waiter of pool.waiters) if (waiter.isLogin) pool.refuse(waiter, whyRemoved(pool));
    pool.retireAll('the forced user of the database changed');
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
      if (isOwed && !pool.paused && !pool.removed && !pool.isIncidental) pool.request(new Probe(pool));
    }
  }

  /** There is a database of this name, or still clients of one. */
  serves(database: string): boolean {
    if (databaseNamed(this.settings, database) !== undefined) return true;
    for (const _pool of this.#of(database)) return true;
    return false;
  }

  /** No servers are lent until `resume()`, neither by the pools that are there nor by those still to come. Resolves when none is left. */
  pause(database?: string): Promise<void> {
    const { holds } = this;
    if (database === undefined) holds.isPaused = true;
    else holds.paused.add(database);
    for (const pool of this.#of(database)) pool.pause();
    return holds.wait(() => !holds.pauses(database) || this.#every(database, ({ isGone }) => isGone));
  }

  resume(database?: string): void {
    const { holds } = this;
    if (database === undefined) holds.isPaused = false;
    else holds.paused.delete(database);
    for (const pool of this.#of(database)) {
      pool.paused = holds.pauses(pool.database.name);
      pool.resume();
    }
    holds.look();
  }

  /** Of databases that are paused. @param errorOf what those are told who wait. Sessions are the caller's to end, before this. */
  kill(database: string | undefined, errorOf: (database: string) => AgentError): void {
    for (const pool of this.#of(database)) pool.kill(errorOf(pool.database.name));
  }

  /** Resolves when no server is left that is to be replaced. */
  waitClose(database?: string): Promise<void> {
    return this.holds.wait(() => this.#every(database, ({ isRetiring }) => !isRetiring));
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

  /** Where a user is forced, min_pool_size holds before the first client comes. */
  #openForced(): void {
    for (const { name, user, forceUser, minPoolSize } of namedDatabases(this.settings)) {
      const isMissing = forceUser && minPoolSize > 0 && !this.#pools.has(keyOf(name, user));
      if (isMissing && !this.holds.disabled.has(name)) this.pool(name, user);
    }
  }

  #every(database: string | undefined, is: (pool: Pool) => boolean): boolean {
    for (const pool of this.#of(database)) if (!is(pool)) return false;
    return true;
  }

  /** @param guard runs a step; what goes wrong in one pool must not keep the others from theirs. */
  tick(now: number, guard: (step: () => void) => void = (step) => step()): void {
    guard(() => this.#openForced());
    guard(() => this.notifications.tick(now));
    const { pool_idle_timeout: idleMs } = this.settings;
    for (const [key, pool] of this.#pools) {
      guard(() => pool.tick(now));
      const isDedicated = pool.database.replication !== undefined;
      const isIdle = pool.clients === 0 && pool.waiting === 0 && pool.activeServers.length === 0;
      if (!isIdle) pool.usedAt = now;
      const isOld = idleMs > 0 && pool.minimum === 0 && now - pool.usedAt >= idleMs;
      if (isDedicated && pool.clients === 0 && pool.waiting === 0) guard(() => letGo(pool));
      else if (isOld) guard(() => pool.retireAll('pool_idle_timeout'));
      // Nor are the names that `*` serves kept.
      const isUnused = isIdle && pool.isGone;
      const isOver = isDedicated || isOld || pool.removed || picture.isPassing(pool);
      if (isUnused && (isOver || this.#anyUnused.isOver(key, pool, now))) this.#forget(key, pool);
      else if (!isUnused) this.#anyUnused.delete(key);
    }
    this.#replication.tick(now);
    for (const key of this.#anyUnused.surplus()) this.#forget(key, this.#pools.get(key)!);
    const { stats_period, log_stats } = this.settings;
    const average = this.statistics.tick(now, stats_period);
    if (average !== undefined && log_stats) this.#context.log.info({}, statsLine(average));
  }

  #forgetPool(pool: Pool): void {
    // It asks for no servers either, should somebody still hold it.
    pool.removed = true;
    for (const [key, each] of this.#pools) if (each === pool) return this.#forget(key, pool);
  }

  #forget(key: string, pool: Pool): void {
    this.#pools.delete(key);
    this.#anyUnused.delete(key);
    this.#context.starved.delete(pool);
    const { name } = pool.database;
    // One that `*` serves is there as long as it has pools.
    const isServed = Object.hasOwn(this.settings.databases, name);
    this.statistics.onGone(
      pool,
      isServed || [...this.#pools.values()].some((each) => each.database.name === name),
    );
    tellIfGone(pool, isServed, this, this.#context.log);
  }

  shutDown(error: AgentError): void {
    this.holds.giveUp(error);
    this.notifications.shutDown();
    for (const pool of this.#pools.values()) pool.shutDown(error);
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

function keyOf(database: string, user: string): string {
  return `${database}\0${user}`;
}

function authKeyOf({ database, user }: AuthQuerySettings): string {
  return `${database}\0${user}\0auth_query`;
}

function since(pool: Pool): number {
  return pool.waiters.first?.waitingSince ?? Number.POSITIVE_INFINITY;
}
