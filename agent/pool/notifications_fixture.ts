// Clients that listen, on a plane with scripted servers: what each was told, as words.

import type { AgentError } from '../base/errors.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import { complete, emptyQuery, errorResponse, notification, ready } from '../tests/harness/server_words.ts';
import type { NotificationListener } from './notifications.ts';
import type { Pool } from './pool.ts';

/** What a connection says first of all. */
export const FIRST = 'SET idle_session_timeout TO 0';

/** A client. It commits by itself what it was told to be ready, unless `commits` is false. */
export class Listener implements NotificationListener {
  readonly plane: DataPlane;
  readonly pool: Pool;
  readonly encoding: string;
  commits = true;
  #prepared: string[] = [];
  #told: string[] = [];

  constructor(plane: DataPlane, encoding = 'UTF8', pool = plane.pool()) {
    this.plane = plane;
    this.pool = pool;
    this.encoding = encoding;
  }

  get #notifications() {
    return this.plane.registry.notifications;
  }

  /** True: all of them are listened to already. */
  listen(...channels: readonly string[]): boolean {
    let isReady = true;
    for (const channel of channels) {
      this.#prepared.push(channel);
      if (!this.#notifications.prepare(this.pool, this.encoding, channel, this)) isReady = false;
    }
    if (isReady && this.commits) this.commit();
    return isReady;
  }

  commit(): void {
    for (const channel of this.#prepared.splice(0))
      this.#notifications.add(this.pool, this.encoding, channel, this);
  }

  unlisten(channel: string): void {
    this.#notifications.remove(channel, this);
  }

  leave(): void {
    this.#prepared = [];
    this.#notifications.removeAll(this);
  }

  settle(): boolean {
    return this.#notifications.settle(this.pool, this.encoding, this);
  }

  onNotification(message: Uint8Array): void {
    const body = Buffer.from(message.buffer, message.byteOffset, message.length);
    const [channel, payload] = body.toString('utf8', 9).split('\0');
    const pid = body.readInt32BE(5);
    this.#told.push(`${channel}: ${payload}${pid === 0 ? '' : ` by ${pid}`}`);
  }

  onNotificationsMissed(channels: readonly string[]): void {
    this.#told.push(`missed ${channels.join(' ')}`);
  }

  onNotificationsReady(error: AgentError | undefined): void {
    this.#told.push(error === undefined ? 'ready' : error.message);
    if (error !== undefined) this.#prepared = [];
    else if (this.commits) this.commit();
  }

  /** What it was told since the last look. */
  told(): string[] {
    return this.#told.splice(0);
  }
}

/** Answers what it has been asked; gives the commands. @param refuses those that begin with this, by an error. */
export function obey(server: FakeServer, refuses?: string, sqlstate = '25006'): string[] {
  const all: string[] = [];
  for (let words = server.heard(); words.length > 0; words = server.heard()) {
    for (const word of words) {
      const commands = word.replace(/^Query ?/, '').split('; ');
      all.push(...commands);
      const isRefused = refuses !== undefined && commands.some((each) => each.startsWith(refuses));
      const answers = commands.map((each) => (each === '' ? emptyQuery : complete(each.split(' ')[0]!)));
      server.says(...(isRefused ? [errorResponse('no', 'ERROR', sqlstate)] : answers), ready());
    }
  }
  return all;
}

export function notifies(server: FakeServer, channel: string, payload: string): void {
  server.says(notification(channel, payload));
}

export async function listeningPlane(
  database: Partial<DatabaseSettings> = {},
  more: Partial<Settings> = {},
): Promise<DataPlane> {
  return dataPlane(settingsOf([databaseOf(database)], [userOf()], more));
}

/** Lets time pass as the daemon does, with a tick each second. */
export async function pass(plane: DataPlane, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    plane.clock.advance(1000);
    plane.registry.tick(plane.clock.now());
    await settle();
  }
}

/** One who listens to `channels`, and the server that does it for him. */
export async function listening(
  plane: DataPlane,
  ...channels: readonly string[]
): Promise<{ listener: Listener; server: FakeServer }> {
  const listener = new Listener(plane);
  listener.listen(...channels);
  await settle();
  const { server } = plane.network;
  obey(server);
  listener.told();
  return { listener, server };
}
