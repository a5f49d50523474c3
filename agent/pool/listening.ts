// One connection that listens for all clients of a database and client_encoding: as a client of a pool of its own, for as long as somebody listens.

import { AgentError } from '../base/errors.ts';
import type { List } from '../base/list.ts';
import type { Server } from '../server/server.ts';
import type { ServerError, Tenant } from '../server/tenant.ts';
import { QUERY } from '../state/expected.ts';
import { encodeQuery } from '../wire/client_messages.ts';
import { Framer } from '../wire/frame.ts';
import { listenSql, putNotificationPid, readNotification, unlistenSql } from '../wire/notification.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import { readError } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { backoffMs } from './backoff.ts';
import { Channel, Channels, type Step } from './channels.ts';
import { type Member, Members } from './listening_members.ts';
import type { NotificationListener } from './notifications.ts';
import type { Pool } from './pool.ts';
import type { PoolContext } from './pool_context.ts';
import type { Waiter } from './pool_figures.ts';

/** How long a channel is listened to for a client that has not committed its LISTEN. */
const HELD_MS = 60_000;
/** Commands in one Query, which is one transaction: PostgreSQL looks for each among all that it listens to. */
const STEPS_MAX = 1_000;
/** A connection that is lost so soon after the one before is not made again at once. */
const STEADY_MS = 10_000;
/** However short server_check_delay is. */
const CHECK_MIN_MS = 1_000;
/** Ticks that are further apart than this: nobody was listened to meanwhile (SUSPEND), and nobody is late. */
const GAP_MS = 2_000;
/** Message lengths are the server's own affair; it holds the short ones back until they are whole. */
const LENGTH_MAX = 0x7fffffff;

export interface ListeningParts {
  readonly poolFor: (asker: Pool) => Pool;
  readonly pidOf: (serverPid: number) => number | undefined;
}

export class Listening implements Waiter, Tenant {
  list: List<Waiter> | undefined;
  previous: Waiter | undefined;
  next: Waiter | undefined;
  waitingSince = 0;
  /** It is not among the clients that are logged in, and SHOW POOLS counts it as one that is about to be. */
  readonly isLogin = true;
  readonly keepsServer = true;
  readonly #context: PoolContext;
  readonly #parts: ListeningParts;
  readonly #channels = new Channels();
  readonly #members = new Members();
  /** Who waits for a query that is still to be sent; and for the one that the server is at. */
  #settlers = new Set<Member>();
  #settling = new Set<Member>();
  #pool: Pool | undefined;
  #server: Server | undefined;
  #framer = new Framer(LENGTH_MAX);
  #isFresh = true;
  /** What the server has been told, and since when it owes the answer. */
  #steps: readonly Step[] = [];
  #askedAt: number | undefined;
  #error: ServerError | undefined;
  /** So many are told one by one, to find the one that is refused. */
  #singly = 0;
  #lostAt = Number.NEGATIVE_INFINITY;
  #heardAt = 0;
  #tickedAt: number | undefined;
  #emptySince: number | undefined;
  #losses = 0;
  #reopenAt = 0;
  #isOver = false;

  constructor(context: PoolContext, parts: ListeningParts) {
    this.#context = context;
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  /** Nobody listens, and there is no server. */
  get isUnused(): boolean {
    return this.#members.size === 0 && this.#server === undefined && this.list === undefined;
  }

  /** @throws AgentError listen_channels_full */
  prepare(pool: Pool, name: string, listener: NotificationListener): boolean {
    const full = this.#channels.fullFor(name, this.#members.get(listener), this.#context.settings);
    if (full !== undefined) throw full;
    const now = this.#context.clock.now();
    const member = this.#members.obtain(listener, pool);
    const channel = this.#channels.hold(name, member, now + HELD_MS);
    if (channel.members.has(member) && channel.state === 'on') return true;
    // Others listen to it: what was committed before this LISTEN is theirs, and may still be under way.
    if (channel.state === 'on') return this.settle(listener);
    member.awaited.add(channel);
    this.#members.wait(member, now);
    this.#work();
    return false;
  }

  add(pool: Pool, name: string, listener: NotificationListener): void {
    const full = this.#channels.fullFor(name, this.#members.get(listener), this.#context.settings);
    if (full !== undefined) {
      // It committed so late that the channel was no longer held, and others have taken the places.
      this.#context.log.warn({ database: pool.database.name, code: full.code }, full.message);
      return listener.onNotificationsMissed([name]);
    }
    this.#channels.add(name, this.#members.obtain(listener, pool));
    this.#work();
  }

  remove(name: string, listener: NotificationListener, isToCome: boolean): void {
    const member = this.#members.get(listener);
    const channel = this.#channels.get(name);
    if (member === undefined || channel?.isOf(member) !== true) return;
    if (isToCome) return this.#channels.holdOn(channel, member, this.#context.clock.now() + HELD_MS);
    const { isWaiting } = member;
    this.#channels.remove(channel, member);
    if (isWaiting) this.#members.tellReady(member);
    else this.#members.prune(member);
    this.#work();
  }

  removeAll(listener: NotificationListener): void {
    const member = this.#members.get(listener);
    if (member === undefined) return;
    this.#members.delete(member);
    for (const channel of member.channels) this.#channels.remove(channel, member);
    this.#work();
  }

  settle(listener: NotificationListener): boolean {
    const member = this.#members.get(listener);
    // Where there is no server the client is told that it may have missed some.
    if (member === undefined || this.#server === undefined) return true;
    member.isSettling = true;
    this.#settling.delete(member);
    this.#settlers.add(member);
    this.#members.wait(member, this.#context.clock.now());
    this.#work();
    return false;
  }

  shutDown(): void {
    this.#isOver = true;
  }

  tick(now: number): void {
    const gapMs = now - (this.#tickedAt ?? now);
    this.#tickedAt = now;
    if (gapMs > GAP_MS && this.#askedAt !== undefined) this.#askedAt += gapMs;
    this.#channels.expire(now, (member) => this.#members.prune(member));
    for (const member of this.#members.late(now)) this.#fail(member, this.#late(member));
    const isEmpty = this.#channels.size === 0;
    this.#emptySince = isEmpty ? (this.#emptySince ?? now) : undefined;
    if (this.#server !== undefined) this.#lookAfter(this.#server, now);
    else if (isEmpty) this.#leave();
    this.#work();
  }

  // What the pool says

  onLease(server: Server): void {
    server.tenant = this;
    this.#server = server;
    this.#framer = new Framer(LENGTH_MAX);
    this.#isFresh = true;
    this.#heardAt = this.#context.clock.now();
    this.#work();
  }

  /** The next tick asks again. Meanwhile clients wait as they would for any server, unless that is in vain. */
  onLeaseFailed(error: AgentError): void {
    const { failure } = this.#pool!;
    const isPassing =
      error.code === 'query_wait_timeout' || (error === failure.last && !failure.isFinal && !failure.isFull);
    if (isPassing) return;
    for (const member of this.#members.all) if (member.isWaiting) this.#fail(member, error);
  }

  // What the server says

  /** Mostly notifications, and the answers to what it was told. */
  onReply(_server: Server, bytes: Uint8Array): void {
    const framer = this.#framer;
    this.#heardAt = this.#context.clock.now();
    if (!framer.feed(bytes)) return;
    while (framer.next()) {
      const isRead = framer.type === type.NOTIFICATION_RESPONSE || framer.type === type.ERROR_RESPONSE;
      if (!isRead) continue;
      const bytesLong = framer.end - framer.start;
      if (bytesLong > this.#context.settings.max_message_held)
        throw new ProtocolError(`a message of ${bytesLong} bytes where a short one is due`);
      if (!framer.whole) return framer.hold();
      if (framer.type === type.NOTIFICATION_RESPONSE) this.#deliver(framer.chunk, framer.start, framer.end);
      else this.#onError(readError(framer.chunk.subarray(framer.start + 5, framer.end)));
    }
  }

  /** Last words are no answer: they may come behind one, and the end of the connection follows. */
  #onError(error: ServerError): void {
    if (error.severity === 'ERROR') this.#error ??= error;
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    const { pid, channel } = readNotification(bytes, start, end);
    const { members, held } = this.#channels.get(channel) ?? new Channel(channel);
    if (members.size === 0 && held.size === 0) return;
    // Clients may keep it for a while, and the chunk is nobody's.
    const message = bytes.slice(start, end);
    putNotificationPid(message, this.#parts.pidOf(pid) ?? pid);
    for (const { listener } of members) listener.onNotification(message, channel);
    // Of the very transaction in which it listens: that has committed before anybody could say so.
    for (const { listener } of held.keys()) listener.onHeld?.(pid, channel, message);
  }

  onReady(): void {
    const [steps, settled, error, isFirst] = [this.#steps, this.#settling, this.#error, this.#isFresh];
    this.#steps = [];
    this.#settling = new Set();
    this.#error = undefined;
    this.#askedAt = undefined;
    this.#isFresh = false;
    this.#channels.done(steps, error === undefined);
    this.#singly = Math.max(0, this.#singly - steps.length);
    // It may be that it does not know what is said first of all: it is told again without that.
    if (error !== undefined && !isFirst) this.#onRefused(steps, error);
    for (const { channel } of steps) {
      if (channel.state !== 'on') continue;
      for (const member of channel.waiting) {
        member.awaited.delete(channel);
        // The minute in which it may commit begins now.
        this.#channels.hold(channel.name, member, this.#context.clock.now() + HELD_MS);
        this.#members.tellReady(member);
      }
    }
    this.#members.tellSettled(settled);
    if (this.#channels.isSettled && this.#server !== undefined)
      this.#members.tellMissed(this.#channels.missing);
    this.#work();
  }

  onParameter(): boolean {
    return false;
  }

  onInjectedError(): void {}

  onServerDrain(): void {}

  onServerClose(server: Server, reason: string): void {
    // Before anybody is told who may ask at once.
    this.#backOff();
    this.#drop();
    this.#pool!.onLost(server, reason);
    this.#work();
  }

  // What it does

  /** Every event ends here. */
  #work(): void {
    const server = this.#server;
    if (server === undefined) return this.#ask();
    if (this.#askedAt !== undefined) return;
    const steps = this.#channels.take(this.#singly > 0 ? 1 : STEPS_MAX);
    if (steps.length > 0 || this.#settlers.size > 0) this.#tell(server, steps);
  }

  /** Nothing at all, too: then it is whether it still answers, or what it has said before the answer, that matters. */
  #tell(server: Server, steps: readonly Step[]): void {
    this.#steps = steps;
    this.#settling = this.#settlers;
    this.#settlers = new Set();
    this.#askedAt = this.#context.clock.now();
    const commands = steps.map(({ channel, listens }) =>
      listens ? listenSql(channel.name) : unlistenSql(channel.name),
    );
    // It says nothing for hours, and is not idle for that.
    if (this.#isFresh && hasIdleTimeout(server)) commands.unshift('SET idle_session_timeout TO 0');
    server.expected.push(QUERY);
    server.write(encodeQuery(commands.join('; ')));
  }

  #ask(): void {
    if (this.#isOver || this.list !== undefined || this.#channels.size === 0) return;
    const { asker } = this.#members;
    if (asker === undefined || this.#context.clock.now() < this.#reopenAt) return;
    this.#pool = this.#parts.poolFor(asker);
    this.#pool.request(this);
  }

  #lookAfter(server: Server, now: number): void {
    const pool = this.#pool!;
    const { settings, holds, starved } = this.#context;
    const { server_check_query: query, server_check_delay: delayMs } = settings;
    const emptyMs = now - (this.#emptySince ?? now);
    const isOver = emptyMs >= settings.listen_idle_timeout || starved.size > 0 || pool.removed;
    if (holds.pauses(pool.database.name)) this.#close('pause mode');
    else if (this.#emptySince !== undefined && isOver) this.#close('nobody listens any more');
    // Clients of a database that is gone, or who were somebody else there, keep what they have while they finish.
    else if (server.retired !== undefined && (!pool.removed || this.#members.asker?.removed === false))
      this.#close(server.retired);
    else if (this.#askedAt !== undefined && now - this.#askedAt >= settings.server_check_timeout)
      server.fail('it did not answer within server_check_timeout');
    else if (this.#askedAt === undefined && query !== '') {
      if (now - this.#heardAt >= Math.max(delayMs, CHECK_MIN_MS)) this.#tell(server, []);
    }
  }

  #close(reason: string): void {
    const server = this.#server;
    if (server === undefined) return;
    this.#drop();
    this.#pool!.discard(server, reason);
  }

  /** The server is no longer ours. What was committed from now on is missed. */
  #drop(): void {
    this.#server = undefined;
    this.#steps = [];
    this.#error = undefined;
    this.#askedAt = undefined;
    this.#singly = 0;
    const settled = new Set([...this.#settlers, ...this.#settling]);
    this.#settlers = new Set();
    this.#settling = new Set();
    this.#channels.onLost();
    // Who has not committed yet waits until it is listened to again, and has missed nothing.
    for (const member of settled)
      for (const channel of member.channels) if (channel.held.has(member)) member.awaited.add(channel);
    this.#members.tellSettled(settled);
  }

  #backOff(): void {
    const { clock, settings, random } = this.#context;
    const now = clock.now();
    this.#losses = now - this.#lostAt < STEADY_MS ? this.#losses + 1 : 0;
    this.#lostAt = now;
    const delayMs = this.#losses === 0 ? 0 : backoffMs(this.#losses, settings.server_login_retry, random());
    this.#reopenAt = now + delayMs;
  }

  /** Nobody wants a server that may be on its way. */
  #leave(): void {
    if (this.list === undefined) return;
    this.#pool!.leave(this);
    this.#pool!.retireAll('nobody listens any more');
  }

  /** Who waited is told. What others had committed cannot be had here: another connection may be at another host. */
  #onRefused(steps: readonly Step[], error: ServerError): void {
    const { log } = this.#context;
    const isOfName = ['42', '22'].includes(error.sqlstate.slice(0, 2));
    if (isOfName && steps.length > 1) {
      this.#singly = steps.length;
      return;
    }
    const { message, sqlstate } = error;
    const refused = new AgentError('listen_refused', { message, sqlstate });
    log.warn({ database: this.#pool?.database.name, sqlstate, code: refused.code }, refused.message);
    let isNeeded = steps.length === 0;
    for (const { channel, listens } of steps) {
      if (!listens) isNeeded = true;
      for (const member of channel.waiting) this.#fail(member, refused);
      if (isOfName) for (const member of [...channel.members]) this.#channels.remove(channel, member);
      else if (channel.members.size > 0) isNeeded = true;
    }
    if (!isNeeded) return;
    this.#backOff();
    this.#close(refused.message);
  }

  // Members

  #fail(member: Member, error: AgentError): void {
    this.#settlers.delete(member);
    this.#settling.delete(member);
    member.isSettling = false;
    member.error ??= error;
    for (const channel of member.awaited) {
      if (!channel.members.has(member)) this.#channels.remove(channel, member);
    }
    member.awaited.clear();
    this.#members.tellReady(member);
  }

  #late(member: Member): AgentError {
    const last = this.#pool?.failure.last?.message;
    const state = last ?? (this.#server === undefined ? 'there is no connection' : 'it is at work');
    return new AgentError('listen_late', { seconds: member.pool.terms.queryWaitTimeoutMs / 1000, state });
  }
}

/** PostgreSQL has it since 14. */
function hasIdleTimeout({ parameters }: Server): boolean {
  return Number.parseInt(parameters.reported.get('server_version') ?? '', 10) >= 14;
}
