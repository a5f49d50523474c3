// LISTEN for all clients: one connection for each database and client_encoding, which tells each what it listens to.

import { AgentError } from '../base/errors.ts';
import { isAscii } from '../wire/characters.ts';
import { isChannel } from '../wire/notification.ts';
import { Listening } from './listening.ts';
import type { Pool } from './pool.ts';
import type { PoolContext } from './pool_context.ts';

/** A client's session. None of these may throw: the others are told after it. */
export interface NotificationListener {
  /** A whole NotificationResponse, of a channel that it listens to. It is the others' too: not to be written to. */
  onNotification(message: Uint8Array, channel: string): void;
  /** As `onNotification()`, of a channel that it has prepared, and not committed: its own transaction may be over all the same. */
  onHeld?(serverPid: number, channel: string, message: Uint8Array): void;
  /** The shared connection was lost, and listens to these again; or it came too late. Some may have been missed. */
  onNotificationsMissed(channels: readonly string[]): void;
  /** All that it waited for (`prepare()`, `settle()`) is done; or something of it failed. Called once for all. */
  onNotificationsReady(error: AgentError | undefined): void;
}

/** In these the second byte of a character may be one of ASCII: a name could not be quoted byte by byte. */
const NOT_ASCII_SAFE = ['SJIS', 'SHIFT_JIS_2004', 'BIG5', 'GBK', 'UHC', 'GB18030', 'JOHAB'];

/**
 * A client is told that its LISTEN is done when `prepare()` is; what it has prepared is its own when it has committed, by
 * `add()`. Where that was in a transaction, whoever calls `prepare()` once more before the COMMIT is sent has the channel
 * held for as long again, and hears nothing that was committed before. Channels are names as PostgreSQL has them: folded,
 * and of 63 bytes at most.
 */
export class Notifications {
  /** Whose server that has notified is: the process id that its client knows as its own. It is handed in. */
  pidOf: (serverPid: number) => number | undefined = () => undefined;
  readonly #shared = new Map<string, Listening>();
  readonly #context: PoolContext;
  readonly #poolFor: (asker: Pool, encoding: string) => Pool;
  #isOver = false;

  /** @param poolFor gives the pool of the shared connection, which logs in as the servers of `asker` do. */
  constructor(context: PoolContext, poolFor: (asker: Pool, encoding: string) => Pool) {
    this.#context = context;
    this.#poolFor = poolFor;
  }

  /**
   * Makes sure that the server listens to `channel` for this client, which may commit within a minute, and that nothing
   * of it which was committed before is still to come. True: he listens to it already. False: `onNotificationsReady()`
   * will follow; a client that has gone meanwhile is taken out by `removeAll()`.
   *
   * @throws AgentError listen_channels_full, listen_place_missing, listen_channel_unusable
   */
  prepare(pool: Pool, encoding: string, channel: string, listener: NotificationListener): boolean {
    // PostgreSQL refuses it by itself.
    if (this.#isOver || !isChannel(channel)) return true;
    if (NOT_ASCII_SAFE.includes(encoding) && !isAscii(channel))
      throw new AgentError('listen_channel_unusable', { channel, encoding });
    const shared = this.#sharedFor(pool, encoding);
    if (!shared.isOpen) this.#checkPlace(pool);
    return shared.prepare(pool, channel, listener);
  }

  /** Its LISTEN has committed. */
  add(pool: Pool, encoding: string, channel: string, listener: NotificationListener): void {
    if (this.#isOver || !isChannel(channel)) return;
    this.#sharedFor(pool, encoding).add(pool, channel, listener);
  }

  /**
   * Its UNLISTEN has committed. Behind a `settle()` it has heard all that was committed before that, as it would alone.
   *
   * @param isToCome it has prepared to listen to it again behind that: the server goes on listening.
   */
  remove(channel: string, listener: NotificationListener, isToCome = false): void {
    for (const shared of this.#shared.values()) shared.remove(channel, listener, isToCome);
  }

  /** The client is gone: it hears nothing more, whatever it waits for. */
  removeAll(listener: NotificationListener): void {
    for (const shared of this.#shared.values()) shared.removeAll(listener);
  }

  /**
   * Waits until the client has been told of all that was committed up to now: PostgreSQL signals to those who listen
   * before it answers who has notified, so that a query behind that is answered behind the notification. True: there is
   * nothing to wait for. False: `onNotificationsReady()` will follow.
   */
  settle(pool: Pool, encoding: string, listener: NotificationListener): boolean {
    return this.#shared.get(keyOf(pool, encoding))?.settle(listener) ?? true;
  }

  tick(now: number): void {
    for (const [key, shared] of this.#shared) {
      shared.tick(now);
      if (shared.isUnused) this.#shared.delete(key);
    }
  }

  /** The servers are ended by their pools. */
  shutDown(): void {
    this.#isOver = true;
    for (const shared of this.#shared.values()) shared.shutDown();
  }

  #sharedFor(pool: Pool, encoding: string): Listening {
    const key = keyOf(pool, encoding);
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const shared = new Listening(this.#context, {
      poolFor: (asker) => this.#poolFor(asker, encoding),
      pidOf: (serverPid) => this.pidOf(serverPid),
    });
    this.#shared.set(key, shared);
    return shared;
  }

  /** Where one place is all that there is, clients would wait for ever: the shared connection gives it up to nobody. */
  #checkPlace(pool: Pool): void {
    const prefix = keyOf(pool, '');
    const many = [...this.#shared.keys()].filter((key) => key.startsWith(prefix)).length;
    const limits: readonly [string, number][] = [
      ['max_db_connections', pool.database.maxDbConnections],
      ['max_user_connections', pool.terms.userConnectionsMax],
    ];
    for (const [setting, max] of limits) {
      if (max > 0 && max <= many)
        throw new AgentError('listen_place_missing', { setting, max, needed: many + 1 });
    }
  }
}

function keyOf({ database }: Pool, encoding: string): string {
  return `${database.name}\0${encoding}`;
}
