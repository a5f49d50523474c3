// What a pool has and may have: the figures from which decide() decides. Nothing moves in here.

import type { AgentError } from '../base/errors.ts';
import { type Linked, List } from '../base/list.ts';
import type { DatabaseSettings, PoolMode, Settings } from '../config/settings.ts';
import type { Server } from '../server/server.ts';
import type { Pin } from '../state/pins.ts';
import type { PoolView } from './decide.ts';
import { KnownSettings } from './known_settings.ts';
import { roomUnder } from './limits.ts';
import type { PoolContext } from './pool_context.ts';
import { PoolFailure } from './pool_failure.ts';
import { Sampler } from './sampler.ts';
import { SequenceHabits } from './sequence_habits.ts';
import { type PoolTerms, termsOf } from './terms.ts';

/** A client in the queue. It is also an item of the list that it waits on. */
export interface Waiter extends Linked<Waiter> {
  /** When it came, by the clock. */
  waitingSince: number;
  /** A login: it is told at once when the server cannot be reached, instead of waiting for its return. */
  readonly isLogin: boolean;
  /** It has the server now. */
  onLease(server: Server): void;
  onLeaseFailed(error: AgentError): void;
}

export class PoolFigures implements PoolView {
  database: DatabaseSettings;
  /** The name that clients logged in with; also the key of `max_user_connections`. */
  readonly user: string;
  readonly context: PoolContext;
  readonly idleServers = new List<Server>('idle');
  readonly activeServers = new List<Server>('active');
  readonly testedServers = new List<Server>('tested');
  readonly cleaningServers = new List<Server>('cleaning');
  readonly cancelingServers = new List<Server>('being_canceled');
  /** They have been told goodbye, and PostgreSQL has not ended them yet: they count against the limits above the pool. */
  readonly leavingServers = new List<Server>('leaving');
  readonly waiters = new List<Waiter>('waiting');
  /** Pools of clients that replicate have one in common, as each is there for one login only. */
  failure = new PoolFailure();
  paused = false;
  /** Clients that are logged in to it. */
  clients = 0;
  logins = 0;
  /** The settings no longer name it: it goes when its last client has gone. */
  removed = false;
  /** No settings bring it back: its clients were somebody else at the server. */
  withdrawn = false;
  /** What its servers have been told before. */
  readonly knownSettings = new KnownSettings();
  /** Clients that keep their servers between transactions. */
  pinned = 0;
  /** Why, each with the number of those. */
  readonly pins = new Map<Pin, number>();
  /** When the log last had that they keep all of its servers, by the clock. */
  pinnedToldAt = Number.NEGATIVE_INFINITY;
  /** Which leases are looked at for what nobody has announced. */
  readonly sampler = new Sampler();
  /** Whether somebody asks for currval() or lastval() here: then it matters who has advanced a sequence. */
  readonly sequences: SequenceHabits;
  /** When it last had a client, or one that waited, by the clock: for pool_idle_timeout. */
  usedAt: number;
  /** When decide() was last asked, by the clock. */
  now = 0;
  #terms: PoolTerms;
  /** What the terms were made from. */
  #termsOf: { readonly settings: Settings; readonly database: DatabaseSettings };

  constructor(database: DatabaseSettings, user: string, context: PoolContext) {
    this.database = database;
    this.user = user;
    this.context = context;
    this.sequences = new SequenceHabits(context);
    this.usedAt = context.clock.now();
    this.#termsOf = { settings: context.settings, database };
    this.#terms = termsOf(database, user, context.settings);
  }

  /** Asked for every transaction, and looked up again only when the settings are others. */
  get terms(): PoolTerms {
    const { settings } = this.context;
    if (this.#termsOf.settings !== settings || this.#termsOf.database !== this.database) {
      this.#termsOf = { settings, database: this.database };
      this.#terms = termsOf(this.database, this.user, settings);
    }
    return this.#terms;
  }
  get mode(): PoolMode {
    return this.terms.mode;
  }
  get waiting(): number {
    return this.waiters.length;
  }
  get idle(): number {
    return this.idleServers.length;
  }
  get testing(): number {
    return this.testedServers.length;
  }
  /** Last in, first out, so that what is not needed grows old and is closed; or each in its turn (server_round_robin). */
  get nextIdle(): Server | undefined {
    return this.context.settings.server_round_robin ? this.idleServers.first : this.idleServers.last;
  }
  /** The one that would be lent next has rested for too long. */
  get stale(): boolean {
    const { settings } = this.context;
    const next = this.nextIdle;
    if (next === undefined || settings.server_check_query === '') return false;
    const delayMs = settings.server_check_delay;
    return delayMs === 0 ? !next.proven : this.now - next.idleSince > delayMs;
  }
  get connected(): number {
    return (
      this.idleServers.length +
      this.activeServers.length +
      this.testedServers.length +
      this.cleaningServers.length +
      this.cancelingServers.length
    );
  }
  /** Those that somebody has, or that are looked at first. */
  get busy(): readonly List<Server>[] {
    return [this.activeServers, this.testedServers, this.cleaningServers, this.cancelingServers];
  }
  get allServers(): readonly Server[] {
    return [this.idleServers, ...this.busy].flatMap((list) => [...list]);
  }
  /** Some of its servers are to be replaced, and are still in use. */
  get isRetiring(): boolean {
    const isOld = ({ retired }: Server): boolean => retired !== undefined;
    return this.leavingServers.length > 0 || this.busy.some((list) => [...list].some(isOld));
  }
  /** PostgreSQL has nothing of it any more. */
  get isGone(): boolean {
    return this.servers === 0 && this.leavingServers.length === 0;
  }
  get servers(): number {
    return this.connected + this.logins;
  }
  get size(): number {
    return this.terms.size;
  }
  get reserve(): number {
    return this.terms.reserve;
  }
  /** With the reserve. */
  get sizeMax(): number {
    return this.terms.size + this.terms.reserve;
  }
  get overdue(): number {
    const { reserve, reserveTimeoutMs } = this.terms;
    let count = 0;
    for (let each = this.waiters.first; each !== undefined && count < reserve; each = each.next) {
      if (each.waitingSince + reserveTimeoutMs > this.now) break;
      count++;
    }
    return count;
  }
  get minimum(): number {
    const isKept = !this.removed && (this.clients > 0 || this.isForced);
    return isKept ? Math.min(this.database.minPoolSize, this.size) : 0;
  }
  /** It has everybody's servers: min_pool_size holds also while there is no client. */
  get isForced(): boolean {
    return this.database.forceUser && this.user === this.database.user;
  }
  /** It is there only because somebody asked for it, perhaps by a name that he made up: its failures say nothing of the agent. */
  get isIncidental(): boolean {
    const { isAny, isForAuthQuery, listensIn, replication, name } = this.database;
    if (replication !== undefined || listensIn !== undefined) return true;
    if (isAny !== true) return false;
    const isWritten = ({ auth }: DatabaseSettings): boolean => auth?.database === name;
    return isForAuthQuery !== true || !Object.values(this.context.settings.databases).some(isWritten);
  }
  get loginConcurrency(): number {
    return this.context.settings.server_login_concurrency;
  }
  get retryAt(): number {
    return this.failure.retryAt;
  }
  get failing(): boolean {
    return this.failure.count > 0;
  }
  get room(): number {
    return Math.min(this.roomOfDatabase, this.roomOfUser);
  }
  get roomOfDatabase(): number {
    const { name, maxDbConnections } = this.database;
    return roomUnder(maxDbConnections, this.context.byDatabase.of(name));
  }
  /** With the places that are about to come free. */
  get comingOfDatabase(): number {
    return this.roomOfDatabase + this.context.leavingByDatabase.of(this.database.name);
  }
  get comingOfUser(): number {
    return this.roomOfUser + this.context.leavingByUser.of(this.user);
  }
  get roomOfUser(): number {
    return roomUnder(this.terms.userConnectionsMax, this.context.byUser.of(this.user));
  }
}
