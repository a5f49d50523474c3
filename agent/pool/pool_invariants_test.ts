// Random events on pools that share their limits: after each of them the books are right and no limit is broken.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { AgentError } from '../base/errors.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { errorResponse, ready } from '../tests/harness/server_words.ts';
import type { Pool } from './pool.ts';
import { Waiting } from './pool_fixture.ts';

const EVENTS = [
  ...['ask', 'ask', 'ask', 'login', 'leave', 'release', 'release', 'release', 'clean', 'cleaned', 'discard'],
  ...[
    'lose',
    'greet',
    'greet',
    'refuse',
    'advance',
    'tick',
    'pause',
    'retire',
    'reload',
    'cancel',
    'canceled',
  ],
] as const;
type Event = (typeof EVENTS)[number];

const USERS = ['idp_app', 'worker'];
const LIMITS = { size: 3, ofDatabase: 4, ofUser: 3 };

function settings(size: number): ReturnType<typeof settingsOf> {
  const databases = ['idp', 'jobs'].map((name) =>
    databaseOf({
      name,
      poolSize: size,
      maxDbConnections: LIMITS.ofDatabase,
      queryWaitTimeoutMs: 5_000,
    }),
  );
  return settingsOf(
    databases,
    USERS.map((name) => userOf({ name, maxUserConnections: LIMITS.ofUser })),
  );
}

class World {
  readonly plane: DataPlane;
  readonly pools: Pool[];
  readonly clients: { readonly pool: Pool; readonly client: Waiting }[] = [];
  readonly #canceled: { readonly pool: Pool; readonly client: Waiting }[] = [];

  constructor(plane: DataPlane) {
    this.plane = plane;
    this.pools = ['idp', 'jobs'].flatMap((name) => USERS.map((user) => plane.registry.pool(name, user)));
    plane.network.welcome = () => 'silent';
  }

  happen(event: Event, which: number): void {
    const { plane } = this;
    const pool = this.pools[which % this.pools.length]!;
    const holders = this.clients.filter(({ client }) => client.server?.list?.name === 'active');
    const holder = holders[which % Math.max(holders.length, 1)];
    const open = plane.servers;
    const server = open[which % Math.max(open.length, 1)];
    switch (event) {
      case 'ask':
      case 'login':
        return this.#ask(pool, event === 'login');
      case 'leave':
        return pool.waiters.last === undefined ? undefined : pool.leave(pool.waiters.last);
      case 'release':
        return holder?.pool.release(holder.client.server!);
      case 'clean':
        return holder?.pool.clean(holder.client.server!, ['ROLLBACK']);
      case 'cleaned':
        // To one that is not cleaning this is a reply that nobody asked for, and its end.
        return server?.says(ready());
      case 'discard':
        return holder?.pool.discard(holder.client.server!, 'a test');
      case 'lose':
        return server?.connection.closed('ECONNRESET');
      case 'greet':
        return open.find((each) => each.heardBytes().length > 0)?.greets();
      case 'refuse':
        return server?.says(errorResponse('too many', 'FATAL', '53300'));
      case 'advance':
        return plane.clock.advance(which * 100);
      case 'tick':
        return plane.registry.tick(plane.clock.now());
      case 'pause':
        pool.paused = !pool.paused;
        return pool.resume();
      case 'retire':
        return pool.retireAll('a test');
      case 'reload':
        return plane.registry.apply(settings(1 + (which % LIMITS.size)));
      case 'cancel':
        if (holder === undefined) return;
        holder.client.server!.cancels++;
        this.#canceled.push(holder);
        return;
      case 'canceled': {
        const done = this.#canceled.shift();
        return done?.pool.onCancelDone(done.client.server!);
      }
    }
  }

  /** A client that is no client any more when its server is taken from it. */
  #ask(pool: Pool, isLogin: boolean): void {
    const client = new Waiting(isLogin);
    this.clients.push({ pool, client });
    pool.request(client);
  }

  check(): void {
    this.plane.check();
    for (const pool of this.pools) {
      const ofDatabase = this.pools.filter((each) => each.database.name === pool.database.name);
      const ofUser = this.pools.filter((each) => each.user === pool.user);
      const sum = (all: readonly Pool[]): number => all.reduce((count, each) => count + each.servers, 0);
      expect(pool.servers).toBeLessThanOrEqual(LIMITS.size);
      expect(sum(ofDatabase)).toBeLessThanOrEqual(LIMITS.ofDatabase);
      expect(sum(ofUser)).toBeLessThanOrEqual(LIMITS.ofUser);
      expect(pool.logins).toBeGreaterThanOrEqual(0);
      if (!pool.paused) expect(Math.min(pool.waiting, pool.idle)).toBe(0);
      const since = [...pool.waiters].map(({ waitingSince }) => waitingSince);
      expect(since).toEqual([...since].sort((a, b) => a - b));
    }
  }
}

test('Pool breaks no limit and loses no server, whatever happens, and is empty at the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...EVENTS), fc.nat(20)), { maxLength: 60 }),
      async (events) => {
        const world = new World(await dataPlane(settings(LIMITS.size)));
        for (const [event, which] of events) {
          world.happen(event, which);
          world.check();
          await settle();
          world.check();
        }
        world.plane.registry.shutDown(new AgentError('agent_shutdown'));
        await settle();
        for (const { connection } of world.plane.network.servers) connection.closed();
        expect(world.pools.map(({ servers, waiting }) => servers + waiting)).toEqual([0, 0, 0, 0]);
        world.plane.check();
      },
    ),
    { numRuns: 150 },
  );
});
