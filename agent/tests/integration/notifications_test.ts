// LISTEN for all clients over one connection to a real PostgreSQL: each hears what he would hear on a connection of his own.

import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { ScramKeyCache } from '../../auth/scram_client.ts';
import { Secret } from '../../base/secret.ts';
import type { Settings } from '../../config/settings.ts';
import { systemClock } from '../../daemon/system_clock.ts';
import { createNetwork } from '../../net/network.ts';
import type { NotificationListener } from '../../pool/notifications.ts';
import { PoolRegistry } from '../../pool/registry.ts';
import { Diary, databaseOf, settingsOf, userOf } from '../harness/data_plane.ts';
import { UNTUNED } from '../harness/fake_network.ts';
import { startPostgres } from '../harness/postgres.ts';
import { Random } from '../simulation/random.ts';
import { type Disposables, endAll } from './clients_in_states.ts';

setDefaultTimeout(60_000);

const postgres = await startPostgres({ users: { app: '' }, databases: { shop: 'app' } });
afterAll(() => postgres.stop());
const disposables: Disposables = [];
afterEach(() => endAll(disposables));

const TICK_MS = 20;

/** A registry on the real network, whose connections that listen are told apart by their name. */
function openRegistry(name: string, more: Partial<Settings> = {}): PoolRegistry {
  const database = databaseOf({
    hosts: [{ host: '127.0.0.1', port: postgres.port }],
    dbname: 'shop',
    user: 'app',
    password: new Secret(postgres.passwordOf('app')),
    parameters: { application_name: name },
  });
  const users = [userOf({ name: 'app', secret: new Secret(postgres.passwordOf('app')) })];
  const registry = new PoolRegistry({
    settings: settingsOf([database], users, { server_check_query: 'select 1', ...more }),
    clock: systemClock,
    log: new Diary(),
    tools: {
      network: createNetwork(),
      keys: new ScramKeyCache(),
      random: (bytes) => randomBytes(bytes),
      readPem: () => '',
      policy: () => ({ protocols: 'secure', ciphers: '', tcp: UNTUNED }),
    },
    random: Math.random,
  });
  const timer = setInterval(() => registry.tick(systemClock.now()), TICK_MS);
  disposables.push(() => {
    clearInterval(timer);
    registry.retireAll('the test is over');
    registry.notifications.shutDown();
    for (const pool of registry) for (const server of pool.allServers) server.close();
  });
  return registry;
}

/** A client of the agent, as far as notifications go. */
class Listener implements NotificationListener {
  readonly heard: string[] = [];
  readonly bodies: Buffer[] = [];
  readonly missed: string[][] = [];
  readonly #registry: PoolRegistry;
  readonly #encoding: string;
  #ready: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #waiting: (() => void)[] = [];

  constructor(registry: PoolRegistry, encoding = 'UTF8') {
    this.#registry = registry;
    this.#encoding = encoding;
  }

  get #pool() {
    return this.#registry.pool('idp', 'app');
  }

  async listen(channel: string): Promise<void> {
    const { notifications } = this.#registry;
    if (!notifications.prepare(this.#pool, this.#encoding, channel, this)) await this.#untilReady();
    notifications.add(this.#pool, this.#encoding, channel, this);
  }

  unlisten(channel: string): void {
    this.#registry.notifications.remove(channel, this);
  }

  leave(): void {
    this.#registry.notifications.removeAll(this);
  }

  /** All that was committed up to now has been heard. */
  async settle(): Promise<void> {
    if (!this.#registry.notifications.settle(this.#pool, this.#encoding, this)) await this.#untilReady();
  }

  /** What it has heard, and has not shown yet. */
  takeHeard(): string[] {
    return this.heard.splice(0);
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #untilReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ready = { resolve, reject };
    });
  }

  onNotification(message: Uint8Array): void {
    const body = Buffer.from(message.subarray(9));
    const nul = body.indexOf(0);
    this.bodies.push(body);
    this.heard.push(`${body.toString('utf8', 0, nul)}: ${body.toString('utf8', nul + 1, body.length - 1)}`);
    this.#wake();
  }

  onNotificationsMissed(channels: readonly string[]): void {
    this.missed.push([...channels]);
    this.#wake();
  }

  onNotificationsReady(error: Error | undefined): void {
    const ready = this.#ready;
    this.#ready = undefined;
    if (error === undefined) ready?.resolve();
    else ready?.reject(error);
  }

  #wake(): void {
    for (const each of this.#waiting.splice(0)) each();
  }
}

/** Who notifies, and listens alone: straight at PostgreSQL. */
async function direct(): Promise<pg.Client> {
  const client = new pg.Client(postgres.url('app', 'shop', { sslmode: 'disable' }));
  client.on('error', () => {});
  await client.connect();
  disposables.push(() => client.end().catch(() => {}));
  return client;
}

async function backends(name: string): Promise<readonly { pid: number; query: string }[]> {
  return postgres.sql(
    `SELECT pid, query FROM pg_stat_activity WHERE application_name = '${name}' AND backend_type = 'client backend'`,
  );
}

const notify = (channel: string, payload: string): string =>
  `NOTIFY ${pg.escapeIdentifier(channel)}, ${pg.escapeLiteral(payload)}`;

test('1,000 clients listen to a channel each over one connection, and each hears his own', async () => {
  const registry = openRegistry('thousand');
  const clients = Array.from({ length: 1000 }, () => new Listener(registry));
  await Promise.all(clients.map((client, i) => client.listen(`channel ${i}`)));
  const sender = await direct();
  await sender.query('BEGIN');
  for (let i = 0; i < 1000; i++) await sender.query(notify(`channel ${i}`, `for ${i}`));
  await sender.query('COMMIT');
  await clients[0]!.settle();
  expect(clients.map(({ heard }) => heard)).toEqual(clients.map((_, i) => [`channel ${i}: for ${i}`]));
  expect((await backends('thousand')).length).toBe(1);
  for (const client of clients.slice(1)) client.leave();
  await clients[0]!.settle();
  await sender.query(notify('channel 7', 'nobody'));
  await sender.query(notify('channel 0', 'still'));
  await clients[0]!.settle();
  expect(clients[0]!.heard).toEqual(['channel 0: for 0', 'channel 0: still']);
  expect(clients[7]!.heard).toEqual(['channel 7: for 7']);
});

test('what was committed has been heard when settle() is over, however many notify at once', async () => {
  const registry = openRegistry('settling');
  const listener = new Listener(registry);
  await listener.listen('a');
  const senders = await Promise.all(Array.from({ length: 4 }, direct));
  const clients = senders.map(() => new Listener(registry));
  for (const client of clients) await client.listen('a');
  await Promise.all(
    senders.map(async (sender, at) => {
      for (let i = 0; i < 500; i++) {
        await sender.query(notify('a', `${at} ${i}`));
        await clients[at]!.settle();
        expect(clients[at]!.heard).toContain(`a: ${at} ${i}`);
        clients[at]!.takeHeard();
      }
    }),
  );
  await listener.settle();
  expect(listener.heard.length).toBe(2000);
});

describe('names and payloads', () => {
  test('of any characters come as they are', async () => {
    const registry = openRegistry('names');
    const names = ['a', 'A', '*', ' ', '"', 'a"b', "'", ';', '$1', 'tür', `x${'ä'.repeat(31)}`, '\\', '日本'];
    const clients = names.map(() => new Listener(registry));
    for (const [i, name] of names.entries()) await clients[i]!.listen(name);
    const sender = await direct();
    for (const name of names) await sender.query(notify(name, `for ${name}`));
    await clients[0]!.settle();
    expect(clients.map(({ heard }) => heard)).toEqual(names.map((name) => [`${name}: for ${name}`]));
  });

  test('are in the client_encoding of who hears them', async () => {
    const registry = openRegistry('encodings');
    const [unicode, latin] = [new Listener(registry), new Listener(registry, 'LATIN1')];
    await unicode.listen('a');
    await latin.listen('a');
    // 7,999 bytes are what PostgreSQL takes.
    const payload = `x${'ü'.repeat(3999)}`;
    await (await direct()).query(notify('a', payload));
    await unicode.settle();
    await latin.settle();
    expect(unicode.bodies.map((body) => body.toString('utf8'))).toEqual([`a\0${payload}\0`]);
    expect(latin.bodies.map((body) => body.toString('latin1'))).toEqual([`a\0${payload}\0`]);
    expect((await backends('encodings')).length).toBe(2);
  });

  test('that cannot be said in it end PostgreSQL’s connection, and clients go on with another', async () => {
    const registry = openRegistry('euro');
    const latin = new Listener(registry, 'LATIN1');
    await latin.listen('a');
    const sender = await direct();
    await sender.query(notify('a', '€'));
    await latin.until(() => latin.missed.length > 0);
    expect(latin.missed).toEqual([['a']]);
    await sender.query(notify('a', 'x'));
    await latin.settle();
    expect(latin.heard).toEqual(['a: x']);
  });
});

describe('the connection', () => {
  test('that an administrator ends is made again, and clients are told', async () => {
    const registry = openRegistry('ended');
    const [one, two] = [new Listener(registry), new Listener(registry)];
    await one.listen('a');
    await one.listen('b');
    await two.listen('b');
    const [first] = await backends('ended');
    await postgres.sql(`SELECT pg_terminate_backend(${first!.pid})`);
    await one.until(() => one.missed.length > 0);
    expect([one.missed.map((each) => each.sort()), two.missed]).toEqual([[['a', 'b']], [['b']]]);
    await (await direct()).query(notify('b', 'again'));
    await one.settle();
    expect([one.heard, two.heard]).toEqual([['b: again'], ['b: again']]);
    const [second] = await backends('ended');
    expect(second!.pid).not.toBe(first!.pid);
  });

  test('comes back when PostgreSQL does, with those who came meanwhile', async () => {
    const registry = openRegistry('killed');
    const listener = new Listener(registry);
    await listener.listen('a');
    await postgres.kill9();
    // Its processes notice a moment later, and might still take a LISTEN.
    const isThere = (): boolean => [...registry].some(({ activeServers }) => activeServers.length > 0);
    while (isThere()) await Bun.sleep(1);
    const late = new Listener(registry);
    const isListening = late.listen('b');
    await postgres.restart();
    await listener.until(() => listener.missed.length > 0);
    await isListening;
    expect([listener.missed, late.missed]).toEqual([[['a']], []]);
    const sender = await direct();
    await sender.query(notify('a', 'x'));
    await sender.query(notify('b', 'y'));
    await late.settle();
    expect([listener.heard, late.heard]).toEqual([['a: x'], ['b: y']]);
  });

  test('is not ended by idle_session_timeout, as one that says nothing would be', async () => {
    const registry = openRegistry('idle', { server_check_query: '' });
    await postgres.sql("ALTER DATABASE shop SET idle_session_timeout TO '200ms'");
    try {
      const listener = new Listener(registry);
      await listener.listen('a');
      const [before] = await backends('idle');
      const other = await direct();
      await new Promise((resolve) => other.once('end', resolve));
      expect((await backends('idle')).map(({ pid }) => pid)).toEqual([before!.pid]);
    } finally {
      await postgres.sql('ALTER DATABASE shop RESET idle_session_timeout');
    }
  });

  test('to a standby is refused in its words, and clients who listened hear again when it is a writer', async () => {
    const registry = openRegistry('standby');
    const listener = new Listener(registry);
    await listener.listen('a');
    await postgres.shutDown();
    const signal = join(postgres.directory, 'data', 'standby.signal');
    writeFileSync(signal, '');
    await postgres.restart();
    const late = new Listener(registry);
    await expect(late.listen('b')).rejects.toThrow(
      'the server refused LISTEN: cannot execute LISTEN during recovery (SQLSTATE 25006)',
    );
    expect(listener.missed).toEqual([]);
    rmSync(signal);
    await postgres.restart();
    await listener.until(() => listener.missed.length > 0);
    await (await direct()).query(notify('a', 'x'));
    await listener.settle();
    expect(listener.heard).toEqual(['a: x']);
  });

  test('is closed for PAUSE, and is back behind RESUME', async () => {
    const registry = openRegistry('paused');
    const listener = new Listener(registry);
    await listener.listen('a');
    await registry.pause('idp');
    expect(await backends('paused')).toEqual([]);
    registry.resume('idp');
    await listener.until(() => listener.missed.length > 0);
    await (await direct()).query(notify('a', 'x'));
    await listener.settle();
    expect(listener.heard).toEqual(['a: x']);
  });

  test('is closed when nobody listens any more', async () => {
    const registry = openRegistry('left', { listen_idle_timeout: 0 });
    const listener = new Listener(registry);
    await listener.listen('a');
    expect((await backends('left')).length).toBe(1);
    listener.leave();
    const isThere = (): boolean => [...registry].some(({ database }) => database.listensIn !== undefined);
    while (isThere()) await Bun.sleep(TICK_MS);
    expect(await backends('left')).toEqual([]);
  });
});

test('clients hear what they would hear alone, whoever comes and goes', async () => {
  const registry = openRegistry('model');
  const random = new Random(20_261_121);
  const channels = ['a', 'b', 'c', 'D', 'é'];
  const clients = Array.from({ length: 5 }, () => new Listener(registry));
  const alone = await Promise.all(clients.map(direct));
  const heard: string[][] = alone.map((client) => {
    const all: string[] = [];
    client.on('notification', ({ channel, payload }) => all.push(`${channel}: ${payload}`));
    return all;
  });
  const sender = await direct();
  for (let step = 0; step < 10_000; step++) {
    const at = random.below(clients.length);
    const channel = channels[random.below(channels.length)]!;
    const name = pg.escapeIdentifier(channel);
    const kind = random.below(10);
    if (kind < 3) {
      await Promise.all([clients[at]!.listen(channel), alone[at]!.query(`LISTEN ${name}`)]);
    } else if (kind < 5) {
      // Before its commit is told, whatever was committed earlier is heard.
      await Promise.all([clients[at]!.settle(), alone[at]!.query('')]);
      clients[at]!.unlisten(channel);
      await alone[at]!.query(`UNLISTEN ${name}`);
    } else if (kind === 5) {
      await Promise.all([clients[at]!.settle(), alone[at]!.query('')]);
      clients[at]!.leave();
      await alone[at]!.query('UNLISTEN *');
    } else {
      await sender.query(`BEGIN; ${notify(channel, `${step}`)}; ${notify('a', `also ${step}`)}; COMMIT`);
    }
    if (step % 100 > 0) continue;
    for (const [i, client] of clients.entries()) {
      await client.settle();
      await alone[i]!.query('');
      expect(client.takeHeard()).toEqual(heard[i]!.splice(0));
    }
  }
  expect(clients.map(({ missed }) => missed)).toEqual(clients.map(() => []));
});
