// Every pool of the agent, by (database, user): made when first asked for, changed at a reload, gone when unused.

import { AgentError } from '../base/errors.ts';
import { databaseNamed } from '../config/any_database.ts';
import { hostsGone, sameServer } from '../config/diff.ts';
import type {
  AuthQuerySettings,
  DatabaseSettings,
  HostSettings,
  ReplicationSettings,
  Settings,
} from '../config/settings.ts';
import { AnyUnused } from './any_unused.ts';
import { AuthQueries, type FoundSecret } from './auth_queries.ts';
import { DatabaseStatistics } from './database_statistics.ts';
import { evict } from './eviction.ts';
import { statsLine } from './figures.ts';
import { Holds } from './holds.ts';
import { trim } from './janitor.ts';
import { Counter } from './limits.ts';
import { Pool } from './pool.ts';
import type { PoolContext } from './pool_context.ts';
import { identityOf, type PoolIdentity } from './pool_identity.ts';
import { Probe } from './probe.ts';
import { ServerNumbers } from './server_numbers.ts';

type OwnContext = 'holds' | 'evict' | 'starved' | 'wakeStarved';
type GivenContext = Omit<
  PoolContext,
  'byDatabase' | 'byUser' | 'leavingByDatabase' | 'leavingByUser' | OwnContext
>;
/** PgBouncer's word for a server whose client has left it as nobody else could use it. */
const CLIENT_GONE = 'client disconnect while server was not ready';

export class PoolRegistry {
  readonly authQueries = new AuthQueries((auth) => this.#authPool(auth));
  readonly serverNumbers = new ServerNumbers();
  readonly #pools = new Map<string, Pool>();
  readonly statistics: DatabaseStatistics;
  readonly #anyUnused = new AnyUnused();
  readonly #context: PoolContext;
  /** Pools of single clients that there have been. */
  #dedicated = 0;

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
    };
    this.statistics = new DatabaseStatistics(this, context.clock.now());
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
    const database = this.#database(databaseName);
    if (this.holds.disabled.has(databaseName))
      throw new AgentError('database_disabled', { database: databaseName });
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
    return this.#add(key, new Pool(database, owner, identity, this.#context));
  }

  #database(name: string): DatabaseSettings {
    const database = databaseNamed(this.settings, name);
    if (database !== undefined) return database;
    const served = Object.keys(this.settings.databases).join(', ');
    throw new AgentError('database_unknown', { database: name, served });
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
    const key = `${auth.database}\0${auth.user}\0auth_query`;
    const known = this.#pools.get(key);
    if (known !== undefined && !known.removed) return known;
    const database = authDatabase(this.#database(auth.database), this.settings);
    const identity = identityOf(database, auth.user, this.settings);
    const pool = new Pool(database, auth.user, identity, this.#context);
    return this.#add(key, pool);
  }

  /**
   * For one client that replicates, and for nobody else, before it or after it.
   *
   * @throws AgentError database_unknown, login_unusable
   */
  dedicatedPool(
    databaseName: string,
    user: string,
    replication: ReplicationSettings,
    found?: FoundSecret,
  ): Pool {
    const database = replicatedDatabase(this.#database(databaseName), replication);
    const identity = identityOf(database, user, this.settings, found);
    const key = `${databaseName}\0${user}\0replication ${++this.#dedicated}`;
    return this.#add(key, new Pool(database, user, identity, this.#context));
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
      const database = databaseFor(pool, settings);
      if (database === undefined) {
        pool.removed = true;
        pool.retireAll('the database was removed from the configuration');
        continue;
      }
      const identity = usableIdentity(database, pool, settings);
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
        pool.retire('its host is no longer one of the database', ({ address }) => gone.some(isAt(address)));
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
    for (const { name, user, forceUser, minPoolSize } of Object.values(this.settings.databases)) {
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
    const { pool_idle_timeout: idleMs } = this.settings;
    for (const [key, pool] of this.#pools) {
      guard(() => pool.tick(now));
      const isDedicated = pool.database.replication !== undefined;
      const isIdle = pool.clients === 0 && pool.waiting === 0 && pool.activeServers.length === 0;
      if (!isIdle) pool.usedAt = now;
      const isOld = idleMs > 0 && pool.minimum === 0 && now - pool.usedAt >= idleMs;
      if (isDedicated && pool.clients === 0 && pool.waiting === 0) guard(() => pool.retireAll(CLIENT_GONE));
      else if (isOld) guard(() => pool.retireAll('pool_idle_timeout'));
      // Who was found may be anybody of the server's: they are not all kept for ever. Nor are the names that `*` serves.
      const isUnused = isIdle && pool.isGone;
      const isOver = isDedicated || isOld || pool.removed || pool.identity.found !== undefined;
      if (isUnused && (isOver || this.#anyUnused.isOver(key, pool, now))) this.#forget(key, pool);
      else if (!isUnused) this.#anyUnused.delete(key);
    }
    for (const key of this.#anyUnused.surplus()) this.#forget(key, this.#pools.get(key)!);
    const { stats_period, log_stats } = this.settings;
    const average = this.statistics.tick(now, stats_period);
    if (average !== undefined && log_stats) this.#context.log.info({}, statsLine(average));
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
  }

  shutDown(error: AgentError): void {
    this.holds.giveUp(error);
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

function isAt(address: HostSettings): (host: HostSettings) => boolean {
  return ({ host, port }) => host === address.host && port === address.port;
}

function keyOf(database: string, user: string): string {
  return `${database}\0${user}`;
}

function since(pool: Pool): number {
  return pool.waiters.first?.waitingSince ?? Number.POSITIVE_INFINITY;
}

/** A user that a reload took away keeps its pool, for the clients that are there, with what it had. */
function usableIdentity(database: DatabaseSettings, pool: Pool, settings: Settings): PoolIdentity {
  try {
    return identityOf(database, pool.user, settings, pool.identity.found);
  } catch {
    return pool.identity;
  }
}

/** Undefined when the settings do not name it any more. */
function databaseFor(pool: Pool, settings: Settings): DatabaseSettings | undefined {
  const { name } = pool.database;
  const database = databaseNamed(settings, name);
  const { isForAuthQuery, replication } = pool.database;
  if (replication !== undefined && database !== undefined) return replicatedDatabase(database, replication);
  if (isForAuthQuery !== true || database === undefined) return database;
  const isAsked = Object.values(settings.databases).some(
    ({ auth }) => (auth?.database || name) === name && auth?.user === pool.user,
  );
  return isAsked ? authDatabase(database, settings) : undefined;
}

/** As its server is asked for it: with the client's own parameters, since a WAL sender may know no SET. */
function replicatedDatabase(database: DatabaseSettings, replication: ReplicationSettings): DatabaseSettings {
  const parameters = { ...database.parameters, ...replication.parameters };
  // A WAL sender knows no SQL that could be run first, nor does it need what is for the application's queries.
  return { ...database, replication, parameters, connectQuery: '', minPoolSize: 0, reservePoolSize: 0 };
}

/** As auth_query sees it: without the parameters that the application's configuration sets, `search_path` among them. */
function authDatabase(database: DatabaseSettings, settings: Settings): DatabaseSettings {
  return {
    ...database,
    forceUser: false,
    isForAuthQuery: true,
    parameters: {},
    connectQuery: '',
    reservePoolSize: 0,
    poolSize: settings.auth_query_pool_size,
    minPoolSize: 0,
    queryWaitTimeoutMs: settings.auth_query_timeout,
  };
}
