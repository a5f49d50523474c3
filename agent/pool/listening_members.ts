// The clients of a connection that listens for all: what each waits for, and when it is told.

import type { AgentError } from '../base/errors.ts';
import type { Channel } from './channels.ts';
import type { NotificationListener } from './notifications.ts';
import type { Pool } from './pool.ts';

/** A client that listens, or is about to. */
export class Member {
  readonly listener: NotificationListener;
  readonly pool: Pool;
  /** All that it listens to, and all that is held for it. */
  readonly channels = new Set<Channel>();
  /** What it waits for before it goes on. */
  readonly awaited = new Set<Channel>();
  isSettling = false;
  /** Until when, by the clock. */
  deadline = 0;
  error: AgentError | undefined;
  /** Channels of which it may have missed something; it is told when the server listens to them again. */
  readonly missed = new Set<string>();

  constructor(listener: NotificationListener, pool: Pool) {
    this.listener = listener;
    this.pool = pool;
  }

  get isWaiting(): boolean {
    return this.isSettling || this.awaited.size > 0;
  }
}

export class Members {
  readonly #members = new Map<NotificationListener, Member>();
  /** Those with a deadline: others need not be looked at. */
  readonly #waiting = new Set<Member>();

  get size(): number {
    return this.#members.size;
  }

  /** May be changed during the walk. */
  get all(): readonly Member[] {
    return [...this.#members.values()];
  }

  get(listener: NotificationListener): Member | undefined {
    return this.#members.get(listener);
  }

  obtain(listener: NotificationListener, pool: Pool): Member {
    const known = this.#members.get(listener);
    if (known !== undefined) return known;
    const member = new Member(listener, pool);
    this.#members.set(listener, member);
    return member;
  }

  delete(member: Member): void {
    this.#members.delete(member.listener);
    this.#waiting.delete(member);
  }

  /** It waits from `now` on, unless it does already. */
  wait(member: Member, now: number): void {
    const { queryWaitTimeoutMs } = member.pool.terms;
    if (this.#waiting.has(member) || queryWaitTimeoutMs === 0) return;
    member.deadline = now + queryWaitTimeoutMs;
    this.#waiting.add(member);
  }

  /** Who has waited for too long. */
  late(now: number): readonly Member[] {
    return [...this.#waiting].filter(({ deadline }) => deadline <= now);
  }

  /** Forgets who has nothing and waits for nothing. */
  prune(member: Member): void {
    if (member.channels.size === 0 && !member.isWaiting) this.delete(member);
  }

  /** When it waits for nothing any more. */
  tellReady(member: Member): void {
    // It may have gone meanwhile.
    if (member.isWaiting || this.#members.get(member.listener) !== member) return;
    const { error } = member;
    member.error = undefined;
    this.#waiting.delete(member);
    this.prune(member);
    member.listener.onNotificationsReady(error);
  }

  tellSettled(settled: ReadonlySet<Member>): void {
    for (const member of settled) {
      if (!member.isSettling) continue;
      member.isSettling = false;
      this.tellReady(member);
    }
  }

  tellMissed(missing: Set<Member>): void {
    const all = [...missing];
    missing.clear();
    for (const { missed, listener } of all) {
      if (missed.size === 0) continue;
      const channels = [...missed];
      missed.clear();
      listener.onNotificationsMissed(channels);
    }
  }

  /** In whose name the connection is made: whoever asked first, and is not about to go. */
  get asker(): Pool | undefined {
    let first: Pool | undefined;
    for (const { pool } of this.#members.values()) {
      if (!pool.removed) return pool;
      first ??= pool;
    }
    return first;
  }
}
