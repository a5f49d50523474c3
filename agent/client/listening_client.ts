// A client that listens: what it is told between its own messages, and when it may know that its LISTEN or its own NOTIFY is done.

import { AgentError } from '../base/errors.ts';
import type { NotificationListener } from '../pool/notifications.ts';
import type { Action, Effects } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import { concat } from '../wire/bytes.ts';
import { encodeNotice, encodeReadyForQuery } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { channelIn, listenedIn, notificationFor, type Spoken, spokenIn } from './listening_encoding.ts';
import type { Session } from './session.ts';

const READY_IDLE = encodeReadyForQuery(type.IDLE);

/** What came while the client was in the middle of something, or is of a LISTEN that may not commit. */
interface Kept {
  /** Undefined: it is told in any case. */
  readonly channel: string | undefined;
  readonly message: Uint8Array;
}

export class ListeningClient implements NotificationListener {
  readonly #session: Session;
  /** It has asked for a channel, and may have some. */
  #isListening = false;
  /** It has notified since it was last ready, and may be among those who hear that. */
  #hasNotified = false;
  /** What a text waited for that listens: they are listened to. */
  #prepared: readonly string[] = [];
  /** What is to be there before anything more of the client's goes to a server. */
  #waitsFor: 'nothing' | 'channels' | 'others' = 'nothing';
  /** It is told that it is ready when it has heard of its own notifications. */
  #holdsReady = false;
  #kept: Kept[] = [];
  #keptBytes = 0;
  readonly #channels = new Set<string>();
  /** Those that it is to listen to when all is done that it has said. */
  readonly #toCome = new Set<string>();
  /** What the text at hand listens to. */
  #asked: readonly string[] = [];
  /** Of those, the new ones: what came on them came before it. */
  #news: readonly string[] = [];
  /** What the connection speaks that listens for it, for as long as it listens to anything. */
  #home: string | undefined;
  /** As the client has written them in a text that listens: the encoding may be another when that has committed. */
  readonly #written = new Map<string, string>();

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Before a text that listens goes to its server. True: it may go. False: the client waits, and asks again then.
   *
   * @throws AgentError listen_channels_full, listen_place_missing, listen_channel_unusable
   */
  prepare(names: readonly string[]): boolean {
    const { pool, context, server } = this.#session;
    const channels = names.map((name) => this.#channelOf(name));
    // What it has notified in this very transaction it hears too.
    if (server?.notifiedBy === this.#session) server.notifier = this.#session.pid;
    // It is the same text again, and what it waited for is there. An error may have kept it from being sent, and this is another.
    const isPrepared = channels.every((each) => this.#prepared.includes(each));
    this.#prepared = [];
    this.#isListening = true;
    if (isPrepared) return true;
    this.#asked = channels;
    this.#news = channels.filter((each) => !this.#toCome.has(each) && !this.#channels.has(each));
    let isDone = true;
    for (const channel of channels) {
      this.#toCome.add(channel);
      if (!context.registry.notifications.prepare(pool, this.#encoding, channel, this)) isDone = false;
    }
    for (const [i, name] of names.entries()) this.#written.set(name, channels[i]!);
    this.#waitsFor = isDone ? 'nothing' : 'channels';
    return isDone;
  }

  /** Does it change to what the client listens? */
  isConcerned({ statements }: Effects): boolean {
    for (const { actions } of statements)
      for (const action of actions)
        if (isOfChannels(action) && (this.#isListening || action.kind === 'listen')) return true;
    return false;
  }

  /** Its transaction has committed, with these in their order: what they have left in the end counts. */
  commit(actions: readonly Action[]): void {
    if (!this.#isListening || !actions.some(isOfChannels)) return;
    const left = new Set(this.#channels);
    const listened = new Set<string>();
    for (const action of actions) {
      if (action.kind === 'listen') {
        const channel = this.#written.get(action.channel) ?? this.#channelOf(action.channel);
        listened.add(channel);
        left.add(channel);
      } else if (action.kind === 'unlisten' && action.channel !== undefined)
        left.delete(this.#channelOf(action.channel));
      else if (isOfChannels(action)) left.clear();
    }
    for (const channel of [...this.#channels]) if (!left.has(channel)) this.#leave(channel);
    for (const channel of listened) if (left.has(channel)) this.#enter(channel);
    this.#isListening = this.#channels.size > 0 || this.#toCome.size > 0;
    if (!this.#isListening) this.#home = undefined;
  }

  #enter(channel: string): void {
    const { pool, context } = this.#session;
    this.#channels.add(channel);
    context.registry.notifications.add(pool, this.#encoding, channel, this);
  }

  #leave(channel: string): void {
    this.#channels.delete(channel);
    this.#session.context.registry.notifications.remove(channel, this, this.#toCome.has(channel));
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
    return this.#waitsFor !== 'nothing' || this.#holdsReady;
  }

  /** As PostgreSQL, it is to hear of its own notifications before it is ready. */
  get isToSettle(): boolean {
    return this.#hasNotified && this.#isListening;
  }

  /** Its transaction has ended, and ReadyForQuery was held back. False: it was sent. True: `Session.restAgain()` will follow. */
  settle(): boolean {
    const { pool, context, relay } = this.#session;
    const isHeld = this.isToSettle;
    // All that it has said so far is done.
    if (!this.isWaiting && !relay.isWaiting) {
      this.#toCome.clear();
      this.#written.clear();
    }
    this.#hasNotified = false;
    if (!isHeld) return false;
    this.#holdsReady = true;
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
    if (this.#keptBytes + message.length <= context.settings.listen_buffer) this.#keep(channel, message);
  }

  onNotification(message: Uint8Array, channel?: string): void {
    const { connection, context } = this.#session;
    this.#keep(channel, message);
    this.flush();
    const max = context.settings.listen_buffer;
    if (this.#keptBytes + connection.buffered > max + context.settings.client_write_buffer)
      this.#session.fail(
        new AgentError('listen_buffer_full', { bytes: this.#keptBytes + connection.buffered, max }),
      );
  }

  #keep(channel: string | undefined, message: Uint8Array): void {
    this.#kept.push({ channel, message });
    this.#keptBytes += message.length;
  }

  onNotificationsMissed(channels: readonly string[]): void {
    const message = `notifications may have been missed: the connection that listens was lost (${channels.join(', ')})`;
    this.onNotification(encodeNotice({ severity: 'NOTICE', sqlstate: '01000', message }));
  }

  onNotificationsReady(error: AgentError | undefined): void {
    const waitsFor = this.#waitsFor;
    const isReady = this.#holdsReady;
    this.#waitsFor = 'nothing';
    if (error !== undefined && waitsFor === 'channels') return this.#session.fail(error);
    if (waitsFor === 'channels') {
      this.#prepared = this.#asked;
      this.#drop(this.#news);
    }
    if (isReady) {
      this.#sayReady();
      this.#session.restAgain();
    }
    if (isReady || waitsFor !== 'nothing') this.#session.goOn();
  }

  /** Between two answers of its server, in no transaction: as PostgreSQL. */
  flush(): void {
    const { server, connection } = this.#session;
    if (this.#kept.length === 0 || this.#holdsReady) return;
    if (server !== undefined && !(server.status === type.IDLE && server.expected.isEmpty)) return;
    this.#write(connection);
  }

  close(): void {
    if (this.#isListening) this.#session.context.registry.notifications.removeAll(this);
    this.#isListening = false;
    this.#kept = [];
    this.#waitsFor = 'nothing';
    this.#holdsReady = false;
  }

  #sayReady(): void {
    const { connection } = this.#session;
    this.#holdsReady = false;
    this.#write(connection);
    connection.write(READY_IDLE);
  }

  /** What it listens to at this moment counts. */
  #write(connection: Session['connection']): void {
    if (this.#kept.length === 0) return;
    const told = this.#kept.filter(({ channel }) => channel === undefined || this.#channels.has(channel));
    this.#kept = [];
    this.#keptBytes = 0;
    if (told.length === 0) return;
    const [home, now] = [this.#home ?? '', this.#spoken];
    // A notice of our own is not of a channel.
    connection.write(
      concat(
        told.map(({ channel, message }) =>
          channel === undefined ? message : notificationFor(message, home, now),
        ),
      ),
    );
  }

  /** They came before the client began to listen. */
  #drop(channels: readonly string[]): void {
    if (this.#kept.length === 0 || channels.length === 0) return;
    const left = this.#kept.filter(({ channel }) => channel === undefined || !channels.includes(channel));
    this.#kept = [];
    this.#keptBytes = 0;
    for (const { channel, message } of left) this.#keep(channel, message);
  }

  get #encoding(): string {
    this.#home ??= listenedIn(this.#spoken);
    return this.#home;
  }

  get #spoken(): Spoken {
    return spokenIn(this.#session.parameters.current.reported);
  }

  #channelOf(name: string): string {
    return channelIn(name, this.#encoding, this.#spoken);
  }
}

/** Of a channel, or of all of them. */
function isOfChannels(action: Action): boolean {
  const { kind } = action;
  return kind === 'listen' || kind === 'unlisten' || (kind === 'discard' && action.what === 'all');
}
