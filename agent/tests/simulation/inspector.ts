// What must hold after every step of a simulation, and what must be left at its end.

import type { Session } from '../../client/session.ts';
import { decide } from '../../pool/decide.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Server } from '../../server/server.ts';
import * as type from '../../wire/types.ts';
import type { World } from './world.ts';

/** Beyond the settings' own limits: what one chunk of the network may bring. */
const CHUNK_BYTES_MAX = 65_536 + 16_384;
const STUCK_MS = 60_000;
/** A client of these worlds never has as many messages under way. */
const EXPECTED_MAX = 400;

export class Inspector {
  readonly #world: World;
  /** Servers at the last look, by pool: a limit that was lowered is not broken by those that are there. */
  readonly #before = new Map<Pool, number>();
  /** Times that servers were lent, at the last look. */
  readonly #leases = new Map<Pool, number>();

  #clients = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** After every step: cheap, because there are many. */
  inspect(): void {
    const { registry, context } = this.#world;
    for (const pool of registry) this.#inspectPool(pool);
    if (this.#world.emptied.size > 0) this.#inspectEmptied();
    const count = context.clients.count + context.clients.arriving;
    const max = this.#world.settings.max_client_conn;
    if (count > max && count > this.#clients)
      this.#world.violation(`${count} clients where ${max} are allowed`);
    this.#clients = count;
    if (count >= max) this.#world.fullAt = this.#world.now;
    for (const session of context.clients) this.#inspectSession(session);
  }

  /** PAUSE has said that it is done: PostgreSQL can be restarted, and nobody would notice. */
  #inspectEmptied(): void {
    const world = this.#world;
    for (const name of world.emptied) {
      for (const { database, isGone } of world.registry)
        if ((name === undefined || database.name === name) && !isGone)
          world.violation(`PAUSE is done, and ${database.name} has a server`);
      if (name !== undefined) continue;
      for (const { backend, connection } of world.postgres.sessions) {
        const isLost = connection.isClosed || connection.isFrozen || connection.isHalfOpen;
        if (backend !== undefined && !isLost)
          world.violation('PAUSE is done, and PostgreSQL has a connection');
      }
    }
  }

  #inspectPool(pool: Pool): void {
    const world = this.#world;
    const before = this.#before.get(pool) ?? 0;
    const { servers } = pool;
    if (servers > pool.sizeMax && servers > before)
      world.violation(`${servers} servers in a pool of ${pool.size} with a reserve of ${pool.reserve}`);
    // Whatever has happened, all that could be done for those who wait is under way: no tick has to come for it.
    const { paused, waiting, idle, stale, testing, logins, size, loginConcurrency, retryAt, failing, room } =
      pool;
    const now = failing ? 0 : world.now;
    const timeless = {
      ...{ paused, waiting, idle, stale, testing, servers, logins, size, reserve: 0, overdue: 0, minimum: 0 },
    };
    const next = decide({ ...timeless, loginConcurrency, retryAt, failing, room }, now);
    if (next === 'dial') world.violation('a client waits although there is room for a server');
    const isHelped = pool.comingOfDatabase > 0 && pool.comingOfUser > 0;
    if (next === 'evict' && !isHelped && this.#canBeHelped(pool))
      world.violation('a client waits although another pool could give up a server for it');
    if (pool.roomOfDatabase < 0 && servers > before) world.violation('max_db_connections was passed');
    if (pool.roomOfUser < 0 && servers > before) world.violation('max_user_connections was passed');
    if (pool.logins < 0) world.violation('fewer than no logins');
    this.#before.set(pool, servers);
    const { leases } = pool.statistics;
    // It may have been paused in this very step, but then nothing else happened in it.
    if (pool.paused && leases > (this.#leases.get(pool) ?? leases))
      world.violation('a paused pool has lent a server');
    this.#leases.set(pool, leases);
    for (const server of pool.idleServers) this.#inspectIdle(server, pool);
    for (const server of pool.activeServers) {
      const session = server.tenant as unknown as Session;
      if (server.list !== pool.activeServers) world.violation('a server is on two lists');
      if (session.server !== server) world.violation('a lent server belongs to nobody');
      if (isDone(server, session)) world.violation('a server stays lent to a client that asks nothing of it');
      if (server.expected.length > EXPECTED_MAX)
        world.violation(`${server.expected.length} answers are expected of one server`);
      if (server.connection.isClosed) world.violation('a lent server is closed');
    }
    for (const server of pool.cancelingServers)
      if (server.cancels <= 0) world.violation('a server waits for a cancel request that is over');
    if (next === 'lend' || next === 'check') world.violation('a client waits although a server is idle');
  }

  /** For each limit that is reached, another pool under it has a server to spare. */
  #canBeHelped(pool: Pool): boolean {
    const spares = (isUnder: (other: Pool) => boolean): boolean =>
      [...this.#world.registry].some(
        (other) => other !== pool && isUnder(other) && other.idle > 0 && other.connected > other.minimum,
      );
    return (
      (pool.comingOfDatabase > 0 || spares(({ database }) => database.name === pool.database.name)) &&
      (pool.comingOfUser > 0 || spares(({ user }) => user === pool.user))
    );
  }

  #inspectIdle(server: Server, pool: Pool): void {
    const world = this.#world;
    if (server.list !== pool.idleServers) world.violation('an idle server is on two lists');
    if (server.tenant !== pool.resting) world.violation('an idle server has a tenant');
    if (server.status !== type.IDLE) world.violation('an idle server is in a transaction');
    if (!server.expected.isSettled) world.violation('something is expected of an idle server');
    if (server.cancels > 0) world.violation('a server is idle while a cancel request is on its way to it');
    if (server.connection.isClosed) world.violation('an idle server is closed');
  }

  #inspectSession(session: Session): void {
    const world = this.#world;
    const { server, connection, relay } = session;
    if (server !== undefined) {
      if (server.tenant !== session) world.violation('a session has a server that is somebody else’s');
      if (server.list !== session.pool.activeServers)
        world.violation('a session has a server that is not lent');
      if (session.list !== undefined) world.violation('a session waits although it has a server');
    }
    const { clientBufferMax, serverBufferMax } = world.bounds;
    if (connection.buffered > clientBufferMax + CHUNK_BYTES_MAX)
      world.violation(`${connection.buffered} bytes are kept for a client that does not read`);
    if (relay.heldBytes > serverBufferMax + CHUNK_BYTES_MAX)
      world.violation(`${relay.heldBytes} bytes are kept of a client that waits`);
    if (server !== undefined && server.connection.buffered > serverBufferMax + CHUNK_BYTES_MAX)
      world.violation(`${server.connection.buffered} bytes are kept for a server that does not read`);
  }

  /** At every tick: nobody waits for longer than he may. */
  inspectWaits(): void {
    const world = this.#world;
    for (const pool of world.registry) {
      const { queryWaitTimeoutMs } = pool.terms;
      for (const { waitingSince } of pool.waiters)
        if (world.now - waitingSince > queryWaitTimeoutMs + 700 && world.now - world.changedAt > 700)
          world.violation('a client waits too long');
    }
    for (const client of world.clients) {
      const isTold = client.fatal !== undefined && !client.hasLeft && client.phase !== 'over';
      if (isTold && world.now - client.fatalAt > STUCK_MS / 2)
        world.violation(`c${client.id} was told ${client.fatal}, and its connection stays open`);
      if (client.waitsForAnswer && world.now - client.progressAt > STUCK_MS)
        world.violation(`c${client.id} has heard nothing for ${STUCK_MS / 1_000} s`);
    }
  }

  /** When every client has left, and the network is quiet. */
  inspectEnd(): void {
    const world = this.#world;
    const { registry, context, postgres } = world;
    if (context.clients.count > 0) world.violation(`${context.clients.count} sessions are left`);
    if (context.clients.logins > 0) world.violation(`${context.clients.logins} logins are left`);
    if (context.clients.arriving > 0) world.violation(`${context.clients.arriving} arrivals are left`);
    if (context.statements.size > 0) world.violation(`${context.statements.size} statements are left`);
    let idle = 0;
    for (const pool of registry) {
      const busy = [pool.activeServers, pool.cleaningServers, pool.cancelingServers, pool.waiters];
      for (const list of busy) if (list.length > 0) world.violation(`${list.length} are still ${list.name}`);
      if (pool.logins > 0) world.violation('logins are still under way');
      if (pool.clients > 0) world.violation('a pool counts clients that are gone');
      idle += pool.idle;
    }
    const alive = [...postgres.sessions].filter(({ connection }) => !connection.isFrozen);
    if (alive.length !== idle)
      world.violation(`PostgreSQL has ${alive.length} connections, and the pools have ${idle}`);
    for (const { backend } of alive)
      if (backend?.status !== 'I' || !backend.isQuiet) world.violation('a backend is left in a transaction');
  }

  /** When nothing happens any more. */
  inspectTimers(): void {
    const { context, timeline } = this.#world;
    const own = context.loginDeadlines.isArmed ? 1 : 0;
    if (timeline.agentTimers - own !== 0)
      this.#world.violation(`${timeline.agentTimers - own} timers are left`);
  }
}

/** Nothing is under way, and nothing is open: but for a session of its own it should have been given back. So a pause comes to its end. */
function isDone({ expected, status }: Server, { mode, relay, parameters, left }: Session): boolean {
  if (mode === 'session' || !expected.isSettled || status !== type.IDLE) return false;
  return (
    !relay.inMessage &&
    relay.heldBytes === 0 &&
    !parameters.handover.isAsking &&
    !left.isAsking &&
    left.pins.size === 0
  );
}
