// A client that listens: what it is told between its own messages, and when it may know that its LISTEN or its own NOTIFY is done.

import { AgentError } from '../base/errors.ts';
import type { NotificationListener } from '../pool/notifications.ts';
import type { Server } from '../server/server.ts';
import { concat } from '../wire/bytes.ts';
import { encodeNotice, encodeReadyForQuery } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import type { Session } from './session.ts';

const READY_IDLE = encodeReadyForQuery(type.IDLE);

export class ListeningClient implements NotificationListener {
  readonly #session: Session;
  /** It has asked for a channel, and may have some. */
  #isListening = false;
  /** It has notified since it was last ready, and may be among those who hear that. */
  #hasNotified = false;
  /** The channels of the text at hand are listened to. */
  #isPrepared = false;
  #waitsFor: 'nothing' | 'channels' | 'others' | 'ready' = 'nothing';
  /** What came while it was in the middle of something. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** What it has notified itself on channels that it listens to when the transaction commits. */
  #held: { readonly channel: string; readonly message: Uint8Array }[] = [];
  #heldBytes = 0;
  readonly #channels = new Set<string>();

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Before a text that listens goes to its server. True: it may go. False: the client waits, and asks again then.
   *
   * @throws AgentError listen_channels_full, listen_place_missing, listen_channel_unusable
   */
  prepare(channels: readonly string[]): boolean {
    // It is the same text again, and what it waited for is there.
    if (this.#isPrepared) {
      this.#isPrepared = false;
      return true;
    }
    const { pool, context } = this.#session;
    let isDone = true;
    for (const channel of channels) {
      this.#isListening = true;
      if (!context.registry.notifications.prepare(pool, this.#encoding, channel, this)) isDone = false;
    }
    this.#waitsFor = isDone ? 'nothing' : 'channels';
    return isDone;
  }

  /** Its LISTEN has committed. */
  add(channel: string): void {
    const { pool, context } = this.#session;
    this.#channels.add(channel);
    context.registry.notifications.add(pool, this.#encoding, channel, this);
  }

  /** Its UNLISTEN has committed. @param channel undefined: all of them. */
  remove(channel: string | undefined): void {
    if (!this.#isListening) return;
    const { notifications } = this.#session.context.registry;
    if (channel !== undefined) {
      this.#channels.delete(channel);
      return notifications.remove(channel, this);
    }
    this.#channels.clear();
    notifications.removeAll(this);
    this.#isListening = false;
  }

  /**
   * Before a text that notifies goes to its server. What comes from there then is told to be its own, so nothing of another
   * client's may still be on its way. True: it may go. False: the client waits, and asks again then.
   */
  prepareToNotify(server: Server): boolean {
    const session = this.#session;
    const { pool, context } = session;
    if (!this.#isListening) {
      server.notifier = undefined;
      server.notifiedBy = session;
      return true;
    }
    const isMixed = server.notifiedBy !== undefined && server.notifiedBy !== session;
    server.notifiedBy = session;
    server.notifier = session.pid;
    if (!isMixed) return true;
    server.notifier = undefined;
    if (context.registry.notifications.settle(pool, this.#encoding, this))
      return this.prepareToNotify(server);
    this.#waitsFor = 'others';
    return false;
  }

  /** A text of its own has notified. */
  onNotified(): void {
    this.#hasNotified = true;
  }

  /** Nothing of the client's goes to a server until something is there. */
  get isWaiting(): boolean {
    return this.#waitsFor !== 'nothing';
  }

  /** As PostgreSQL, it is to hear of its own notifications before it is ready. */
  get isToSettle(): boolean {
    return this.#hasNotified && this.#isListening;
  }

  /** Its transaction has ended, and ReadyForQuery was held back. False: it was sent. True: `Session.restAgain()` will follow. */
  settle(): boolean {
    const { pool, context, relay } = this.#session;
    const isHeld = this.isToSettle;
    for (const { channel, message } of this.#held) if (this.#channels.has(channel)) this.#kept.push(message);
    this.#held = [];
    this.#heldBytes = 0;
    this.#hasNotified = false;
    if (!isHeld) return false;
    this.#waitsFor = 'ready';
    if (context.registry.notifications.settle(pool, this.#encoding, this)) {
      this.#sayReady();
      return false;
    }
    relay.wait();
    return true;
  }

  /** Of the very transaction in which it listens: what comes of that is seen when it has ended. */
  onHeld(serverPid: number, channel: string, message: Uint8Array): void {
    const { server, context } = this.#session;
    if (server?.pid !== serverPid || server.notifiedBy !== this.#session) return;
    this.#heldBytes += message.length;
    if (this.#heldBytes <= context.settings.listen_buffer) this.#held.push({ channel, message });
  }

  onNotification(message: Uint8Array): void {
    const { connection, context } = this.#session;
    this.#kept.push(message);
    this.#keptBytes += message.length;
    this.flush();
    const max = context.settings.listen_buffer;
    if (this.#keptBytes + connection.buffered > max + context.settings.client_write_buffer)
      this.#session.fail(
        new AgentError('listen_buffer_full', { bytes: this.#keptBytes + connection.buffered, max }),
      );
  }

  onNotificationsMissed(channels: readonly string[]): void {
    const message = `notifications may have been missed: the connection that listens was lost (${channels.join(', ')})`;
    this.onNotification(encodeNotice({ severity: 'NOTICE', sqlstate: '01000', message }));
  }

  onNotificationsReady(error: AgentError | undefined): void {
    const waitsFor = this.#waitsFor;
    this.#waitsFor = 'nothing';
    if (error !== undefined && waitsFor === 'channels') return this.#session.fail(error);
    this.#isPrepared = waitsFor === 'channels';
    if (waitsFor === 'ready') {
      this.#sayReady();
      this.#session.restAgain();
    }
    if (waitsFor !== 'nothing') this.#session.goOn();
  }

  /** Between two answers of its server, in no transaction: as PostgreSQL. */
  flush(): void {
    const { server, connection } = this.#session;
    if (this.#kept.length === 0 || this.#waitsFor === 'ready') return;
    if (server !== undefined && !(server.status === type.IDLE && server.expected.isEmpty)) return;
    this.#write(connection);
  }

  close(): void {
    this.remove(undefined);
    this.#kept = [];
    this.#waitsFor = 'nothing';
  }

  #sayReady(): void {
    const { connection } = this.#session;
    this.#waitsFor = 'nothing';
    this.#write(connection);
    connection.write(READY_IDLE);
  }

  #write(connection: Session['connection']): void {
    if (this.#kept.length === 0) return;
    connection.write(concat(this.#kept));
    this.#kept = [];
    this.#keptBytes = 0;
  }

  get #encoding(): string {
    return this.#session.parameters.current.reported.get('client_encoding') ?? '';
  }
}
