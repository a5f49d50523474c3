// The servers of one (database, user) and who waits for them. Only here does a server go from one list to another.

import type { ClientKey } from '../auth/client_key.ts';
import type { Timer } from '../base/clock.ts';
import type { AgentError } from '../base/errors.ts';
import type { LogFields } from '../base/log.ts';
import type { DatabaseSettings } from '../config/settings.ts';
import type { Server } from '../server/server.ts';
import type { Tenant } from '../server/tenant.ts';
import { Elders, type Parameters } from '../state/parameters.ts';
import { Checker } from './checker.ts';
import { Cleaner } from './cleaner.ts';
import { decide } from './decide.ts';
import { onDialFailed } from './failed_dial.ts';
import { LIFETIME_OVER, lookAfter } from './janitor.ts';
import { aboutServer, openServer } from './open_server.ts';
import type { PoolContext } from './pool_context.ts';
import { PoolFigures, type Waiter } from './pool_figures.ts';
import type { PoolIdentity } from './pool_identity.ts';
import { Recovery, type RecoveryPlan } from './recovery.ts';
import { Leaving, Resting } from './resting.ts';
import { newPoolStatistics } from './statistics.ts';

/** As PgBouncer spells it, for whom an empty text is no check at all. */
const EMPTY_QUERY = '<empty>';
/** As PgBouncer logs it. */
const PAUSED = 'pause mode';

export class Pool extends PoolFigures {
  identity: PoolIdentity;
  readonly statistics = newPoolStatistics();
  readonly elders = new Elders();
  /** What a server reports by itself: what a client is told before it had a server. */
  welcome: Parameters | undefined;
  /** Has a server while nobody else does. */
  readonly resting: Tenant;
  readonly #cleaner: Cleaner;
  readonly #leaving: Leaving;
  /** Which host a new server is tried at first, where they take turns. */
  turn = 0;
  /** A place under the limits above the pool came free since it looked last. */
  #gaveUpPlace = false;
  #resuming = false;
  #again = false;
  #retry: Timer | undefined;
  #abort = new AbortController();

  constructor(database: DatabaseSettings, user: string, identity: PoolIdentity, context: PoolContext) {
    super(database, user, context);
    this.identity = identity;
    this.resting = new Resting(this);
    this.#cleaner = new Cleaner(this);
    this.#leaving = new Leaving(this);
  }

  /** The client does not get a server: it is told why. */
  refuse(waiter: Waiter, error: AgentError): void {
    this.waiters.remove(waiter);
    waiter.onLeaseFailed(error);
  }

  /** Puts a client in the queue; its `onLease` may be called before this returns. */
  request(waiter: Waiter, now: number = this.context.clock.now()): void {
    waiter.waitingSince = now;
    this.waiters.append(waiter);
    this.resume(now);
  }

  /** Several servers are taken away: nobody is lent one of them between two. */
  together(change: () => void): void {
    if (this.#resuming) return change();
    this.#resuming = true;
    try {
      change();
    } finally {
      this.#resuming = false;
    }
    this.resume();
  }

  /** A client proved to have this, which may be what the server wants to see. */
  learn(key: ClientKey, user: string): void {
    if (user === this.identity.user && this.identity.learn(key)) this.failure.clear();
  }

  /** The client does not want to wait any longer. */
  leave(waiter: Waiter): void {
    if (waiter.list === this.waiters) this.waiters.remove(waiter);
  }

  /** Every event ends here. */
  resume(now: number = this.context.clock.now()): void {
    if (this.#resuming) {
      this.#again = true;
      return;
    }
    this.#resuming = true;
    try {
      do {
        this.#again = false;
        this.#work(now);
      } while (this.#again);
    } finally {
      this.#resuming = false;
    }
    // What this pool has no use for may be what another one waits for.
    if (this.context.starved.size > 0 && (this.#gaveUpPlace || this.idle > 0)) {
      this.#gaveUpPlace = false;
      this.context.wakeStarved();
    }
  }

  /** The client is done with a server that owes nothing. */
  release(server: Server, now?: number): void {
    const { resets } = this.terms;
    if (resets.length === 0) return this.giveBack(server, now);
    server.parameters = server.parameters.withUncertain();
    this.clean(server, resets);
  }

  /** As `release()`, of a server on which nobody has done anything. */
  giveBack(server: Server, now: number = this.context.clock.now()): void {
    server.tenant = this.resting;
    server.connection.resume();
    if (server.cancels > 0) this.cancelingServers.append(server);
    else this.#settle(server, now);
    this.resume(now);
  }

  /** The client left in the middle of a transaction, or a session ended: the server is made as new, then rests. */
  clean(server: Server, queries: readonly string[]): void {
    server.connection.resume();
    this.cleaningServers.append(server);
    server.tenant = this.#cleaner;
    for (const sql of queries) server.inject(sql);
    if (queries.length === 0) this.onCleaned(server);
  }

  /** The client left while the server worked for it, or owes it a Sync: that ends first. */
  recover(server: Server, plan: RecoveryPlan): void {
    server.connection.resume();
    this.cleaningServers.append(server);
    const recovery = new Recovery(this, plan);
    server.tenant = recovery;
    recovery.begin(server);
  }

  /**
   * It is not lent again, because its time is over or nobody can know what state it is in: it is closed with a goodbye.
   * Abruptly, without one, where it may still be at work: it would send to the end before it read that.
   */
  discard(server: Server, reason: string, abruptly = false): void {
    if (server.list === undefined || server.list === this.leavingServers) return;
    this.#leave(server);
    if (this.context.settings.log_disconnections)
      this.context.log.info(this.#fieldsOf(server, reason), 'server connection closed');
    if (abruptly) server.connection.close();
    else server.close();
    // It had closed already, and nobody is told twice.
    if (server.connection.isClosed) this.onLeft(server);
    this.resume();
  }

  /** PostgreSQL has ended a server that was told to go. */
  onLeft(server: Server): void {
    if (server.list !== this.leavingServers) return;
    this.#countLeaving(-1);
    this.#forget(server);
    this.resume();
  }

  /** A server that rests has said that it ends. */
  onEnding(server: Server, reason: string): void {
    this.#leave(server);
    this.context.log.info(this.#fieldsOf(server, reason), 'server connection lost');
  }

  /** A cancel request to this server has ended. */
  onCancelDone(server: Server): void {
    server.cancels--;
    if (server.cancels > 0 || server.list !== this.cancelingServers) return;
    this.#settle(server);
    this.resume();
  }

  /** It still answers. */
  onChecked(server: Server): void {
    server.tenant = this.resting;
    this.#settle(server);
    server.proven = true;
    this.resume();
  }

  /** @param silent it did not answer at all, and nobody can know whether those that rested as long would. */
  onCheckFailed(server: Server, reason: string, silent: boolean): void {
    const { log } = this.context;
    log.warn(
      { server_pid: server.pid, database: this.database.name, reason },
      'a server that rested is replaced',
    );
    this.together(() => {
      for (const each of [server, ...(silent && this.stale ? this.idleServers : [])]) {
        this.#leave(each);
        if (silent) each.connection.close();
        else each.close();
      }
    });
  }

  /** The last step of cleaning. */
  onCleaned(server: Server): void {
    server.tenant = this.resting;
    if (server.cancels > 0) this.cancelingServers.append(server);
    else this.#settle(server);
    this.resume();
  }

  /** Closes what rests, and marks the rest so that it is closed when it comes back. */
  retireAll(reason: string): void {
    this.retire(reason, () => true);
  }

  /** As `retireAll()`, of the servers that are meant. Logins that are under way are given up, whoever they are to. */
  retire(reason: string, isMeant: (server: Server) => boolean): void {
    for (const list of this.busy) for (const server of list) if (isMeant(server)) server.retired ??= reason;
    this.#giveUpLogins();
    this.failure.clear();
    this.#retry?.clear();
    this.#retry = undefined;
    // The last step, because it may start a login, and that one is to live.
    this.together(() => {
      for (const server of this.idleServers) if (isMeant(server)) this.discard(server, reason);
    });
  }

  /** Nothing is lent any more: what rests is closed, logins are given up, and what is in use is closed when it comes back. */
  pause(): void {
    this.paused = true;
    this.#giveUpLogins();
    for (const server of this.idleServers) this.discard(server, PAUSED);
  }

  /** It is paused, whoever waits is told, and every server is closed at once, whoever has it. */
  kill(error: AgentError): void {
    this.pause();
    for (const waiter of this.waiters) this.refuse(waiter, error);
    for (const list of this.busy) for (const server of list) server.fail(error.message);
  }

  /** Waiting clients are told, logins are given up, every server is closed. */
  shutDown(error: AgentError): void {
    for (const waiter of this.waiters) this.refuse(waiter, error);
    this.retireAll(error.message);
    for (const list of this.busy) for (const server of list) server.close();
  }

  /** One tick of the janitor: clients that waited too long, servers that rested or lived too long. */
  tick(now: number): void {
    this.together(() => lookAfter(this, now));
  }

  /** A server has closed by itself, whoever had it. */
  onLost(server: Server, reason: string): void {
    this.#forget(server);
    this.context.names?.doubt(server.address.host);
    this.context.log.info(this.#fieldsOf(server, reason), 'server connection lost');
    this.resume();
  }

  #fieldsOf(server: Server, reason: string): LogFields {
    const { clock } = this.context;
    const age_s = Math.floor((clock.now() - server.createdAt) / 1000);
    return { ...aboutServer(this, server), reason, age_s };
  }

  #giveUpLogins(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
  }

  #work(now: number): void {
    this.now = now;
    for (;;) {
      switch (decide(this, now)) {
        case 'lend':
          this.#lend(now);
          break;
        case 'check':
          this.#check();
          break;
        case 'dial':
          this.#dial();
          break;
        case 'evict':
          if (this.context.evict(this)) break;
          this.context.starved.add(this);
          return;
        case 'rest':
          this.#wakeForRetry();
          return;
      }
    }
  }

  #lend(now: number): void {
    const server = this.nextIdle!;
    const waiter = this.waiters.first!;
    this.waiters.remove(waiter);
    this.activeServers.append(server);
    const waitedMs = now - waiter.waitingSince;
    this.statistics.waitMs += waitedMs;
    if (waitedMs > this.statistics.waitMsMax) this.statistics.waitMsMax = waitedMs;
    this.statistics.leases++;
    waiter.onLease(server);
  }

  #check(): void {
    const server = this.nextIdle!;
    this.testedServers.append(server);
    const checker = new Checker(this);
    server.tenant = checker;
    const { server_check_query: sql } = this.context.settings;
    checker.begin(server, sql === EMPTY_QUERY ? '' : sql);
  }

  #dial(): void {
    const { byDatabase, byUser } = this.context;
    this.logins++;
    byDatabase.add(this.database.name, 1);
    byUser.add(this.user, 1);
    const { signal } = this.#abort;
    openServer(this, signal).then(
      (server) => {
        this.logins--;
        this.statistics.serverLogins++;
        this.idleServers.append(server);
        // It was given up, and came all the same: it is not what is asked for now.
        if (signal.aborted) return this.discard(server, 'the settings of the database changed');
        this.failure.clear();
        this.welcome ??= server.parameters;
        if (server.retired !== undefined) return this.discard(server, server.retired);
        this.resume();
      },
      (error: AgentError) => {
        this.logins--;
        byDatabase.add(this.database.name, -1);
        byUser.add(this.user, -1);
        this.#gaveUpPlace = true;
        // Given up is not failed.
        if (!signal.aborted) onDialFailed(this, error);
        this.context.holds.look();
        this.resume();
      },
    );
  }

  #wakeForRetry(): void {
    if (this.#retry !== undefined || !this.failing || (this.waiting === 0 && this.minimum === 0)) return;
    const delayMs = this.failure.retryAt - this.context.clock.now();
    if (delayMs <= 0) return;
    this.#retry = this.context.clock.after(delayMs, () => {
      this.#retry = undefined;
      this.resume();
    });
  }

  /** To rest, unless its time is over. */
  #settle(server: Server, now: number = this.context.clock.now()): void {
    server.idleSince = now;
    server.proven = false;
    const isOld = server.expiresAt <= now || this.database.serverLifetimeMs === 0;
    const age = isOld ? LIFETIME_OVER : this.paused ? PAUSED : undefined;
    const reason = server.retired ?? age ?? (this.removed ? 'the database was removed' : undefined);
    if (reason === undefined && this.servers <= this.sizeMax) this.idleServers.append(server);
    else this.discard(server, reason ?? 'the pool is larger than its size');
  }

  #leave(server: Server): void {
    this.leavingServers.append(server);
    server.tenant = this.#leaving;
    this.#countLeaving(1);
  }

  #countLeaving(change: 1 | -1): void {
    this.context.leavingByDatabase.add(this.database.name, change);
    this.context.leavingByUser.add(this.user, change);
  }

  #forget(server: Server): void {
    if (server.list === undefined) return;
    server.list.remove(server);
    this.context.byDatabase.add(this.database.name, -1);
    this.context.byUser.add(this.user, -1);
    this.#gaveUpPlace = true;
    this.context.holds.look();
  }
}
