// LISTEN for all clients under anything that may happen in any order: in the end the server listens to what is wanted, and each hears his own.

import { expect, test } from 'bun:test';
import type { DataPlane } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import { complete, emptyQuery, errorResponse, ready } from '../tests/harness/server_words.ts';
import { Random } from '../tests/simulation/random.ts';
import { Listener, listeningPlane, notifies, pass } from './notifications_fixture.ts';

const CHANNELS = ['a', 'b', 'c', 'd', 'e'];

/** A PostgreSQL that answers one Query after the other, when it is told to. */
class Backend {
  readonly server: FakeServer;
  readonly channels = new Set<string>();
  #queue: string[] = [];

  constructor(server: FakeServer) {
    this.server = server;
  }

  /** @param refuses it refuses that Query: nothing of it is done. */
  answer(refuses = false): boolean {
    for (const word of this.server.heard()) if (word.startsWith('Query')) this.#queue.push(word.slice(6));
    const next = this.#queue.shift();
    if (next === undefined || this.server.connection.isEnded) return false;
    if (refuses) {
      this.server.says(errorResponse('no', 'ERROR', '53200'), ready());
      return true;
    }
    const commands = next === '' ? [] : next.split('; ');
    for (const command of commands) {
      const channel = /"(.)"/.exec(command)?.[1] ?? '';
      if (command.startsWith('LISTEN')) this.channels.add(channel);
      if (command.startsWith('UNLISTEN')) this.channels.delete(channel);
    }
    this.server.says(...(commands.length === 0 ? [emptyQuery] : commands.map(complete)), ready());
    return true;
  }
}

/** A client, and what it should hear. */
class Client extends Listener {
  readonly listens = new Set<string>();
  #pending: string[] = [];
  waits = 0;

  override listen(...channels: readonly string[]): boolean {
    if (this.waits > 0) return false;
    this.#pending = [...channels];
    this.commits = false;
    const isReady = super.listen(...channels);
    if (isReady) this.#done();
    else this.waits++;
    return isReady;
  }

  override onNotificationsReady(error: Parameters<Listener['onNotificationsReady']>[0]): void {
    expect(this.waits).toBe(1);
    this.waits = 0;
    super.onNotificationsReady(error);
    if (error === undefined) return this.#done();
    // What it had by then is held for a minute.
    for (const each of this.#pending) if (!this.listens.has(each)) super.unlisten(each);
    this.#pending = [];
  }

  override settle(): boolean {
    if (this.waits > 0) return true;
    const isSettled = super.settle();
    if (!isSettled) this.waits++;
    return isSettled;
  }

  #done(): void {
    for (const each of this.#pending) this.listens.add(each);
    this.#pending = [];
    this.commit();
  }

  override unlisten(channel: string): void {
    if (this.waits > 0) return;
    this.listens.delete(channel);
    super.unlisten(channel);
  }

  override leave(): void {
    this.waits = 0;
    this.#pending = [];
    this.listens.clear();
    super.leave();
  }
}

class Room {
  readonly random: Random;
  readonly plane: DataPlane;
  readonly clients: readonly Client[];
  readonly #backends = new Map<FakeServer, Backend>();

  constructor(plane: DataPlane, seed: number) {
    this.plane = plane;
    this.random = new Random(seed);
    this.clients = Array.from({ length: 4 }, () => new Client(plane));
  }

  /** The server that listens at this moment. */
  get backend(): Backend | undefined {
    const server = this.plane.network.open.at(-1);
    if (server === undefined) return undefined;
    const known = this.#backends.get(server) ?? new Backend(server);
    this.#backends.set(server, known);
    return known;
  }

  async step(): Promise<void> {
    const { random, plane } = this;
    const client = random.pick(this.clients);
    const kind = random.below(24);
    if (kind < 7) client.listen(...CHANNELS.filter(() => random.chance(0.3)));
    else if (kind < 11) client.unlisten(random.pick(CHANNELS));
    else if (kind < 13) client.leave();
    else if (kind < 15) client.settle();
    else if (kind === 15 && random.chance(0.3)) this.backend?.server.connection.closed();
    else if (kind === 16 && random.chance(0.3)) this.backend?.answer(true);
    else if (kind === 17 && random.chance(0.3)) await pass(plane, 1);
    else if (kind === 18 && random.chance(0.1)) plane.registry.reconnect();
    else this.backend?.answer();
    await settle();
    plane.check();
  }

  /** Time enough for whatever is to be made again, then everybody has what he should. */
  async look(): Promise<void> {
    const { plane, clients } = this;
    for (let i = 0; i < 8; i++) {
      while (this.backend?.answer() === true);
      await pass(plane, 1);
    }
    for (const client of clients) client.told();
    expect(clients.map(({ waits }) => waits)).toEqual([0, 0, 0, 0]);
    const wanted = new Set(clients.flatMap(({ listens }) => [...listens]));
    expect([...(this.backend?.channels ?? [])].sort()).toEqual([...wanted].sort());
    for (const each of CHANNELS) {
      if (this.backend !== undefined) notifies(this.backend.server, each, 'x');
    }
    expect(clients.map((client) => client.told())).toEqual(
      clients.map(({ listens }) => CHANNELS.filter((each) => listens.has(each)).map((each) => `${each}: x`)),
    );
  }
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`Notifications comes to what is wanted, whatever happened (seed ${seed})`, async () => {
    const plane = await listeningPlane({}, { server_check_query: 'select 1', server_login_retry: 1000 });
    const room = new Room(plane, seed);
    for (let round = 0; round < 100; round++) {
      for (let steps = room.random.between(3, 25); steps > 0; steps--) await room.step();
      await room.look();
    }
  });
}
