// Passes a cancel request on to the agent, or PgBouncer, whose client it is for: they share an address, and any of them may get it.

import type { PeerSettings, Settings } from '../config/settings.ts';
import type { Address, Connection } from '../net/connection.ts';
import { isName } from '../net/resolver.ts';
import { open } from '../server/dial.ts';
import { encodeCancelRequest } from '../wire/startup.ts';
import { peerOf, withOnePassLess } from './cancel_keys.ts';
import type { ClientContext } from './context.ts';

/** Requests that wait for a connection to one peer. Who sends more of them is not somebody who waits for a query. */
const WAITING_MAX = 1_000;

/** What is under way to one peer. */
class PeerPool {
  /** Requests that have a connection, or are getting one. */
  active = 0;
  /** Of those, the ones whose connection is not there yet. */
  connecting = 0;
  readonly waiting = new Set<() => void>();
}

export interface PeerFigures {
  readonly id: number;
  readonly active: number;
  readonly connecting: number;
  readonly waiting: number;
}

export class Peers {
  /** Of peers that were sent something. */
  readonly #pools = new Map<number, PeerPool>();

  *figures(): Iterable<PeerFigures> {
    for (const [id, { active, connecting, waiting }] of this.#pools)
      yield { id, active, connecting, waiting: waiting.size };
  }

  /**
   * Undefined when it is not for another one. Otherwise resolves when it was delivered, which a driver waits for, or given
   * up after cancel_wait_timeout; never rejects.
   */
  forward(pid: number, key: Uint8Array, context: ClientContext): Promise<void> | undefined {
    const { settings } = context;
    const id = peerOf(pid);
    if (settings.peer_id === 0 || id === settings.peer_id) return undefined;
    const next = withOnePassLess(key);
    if (next === undefined) return this.#drop(id, 'it was passed on three times', context);
    const peer = Object.hasOwn(settings.peers, id) ? settings.peers[id] : undefined;
    if (peer === undefined) return this.#drop(id, 'there is no such peer', context);
    const pool = this.#pools.get(id) ?? new PeerPool();
    this.#pools.set(id, pool);
    if (pool.waiting.size >= WAITING_MAX) return this.#drop(id, 'too many wait for it', context);
    return this.#pass(encodeCancelRequest(pid, next), { id, peer, pool }, context);
  }

  async #pass(
    packet: Uint8Array,
    { id, peer, pool }: { readonly id: number; readonly peer: PeerSettings; readonly pool: PeerPool },
    context: ClientContext,
  ): Promise<void> {
    const late = new AbortController();
    const timer = context.clock.after(context.settings.cancel_wait_timeout, () => late.abort());
    try {
      await place(pool, peer.poolSize, late.signal);
      try {
        await deliver(packet, await connect(peer, pool, context, late.signal), late.signal);
      } finally {
        pool.active--;
        pool.waiting.values().next().value?.();
      }
    } catch (error) {
      await this.#drop(id, (error as Error).message, context);
    } finally {
      timer.clear();
    }
  }

  /** Strangers can make this happen any number of times. */
  async #drop(peer: number, reason: string, { rareLog }: ClientContext): Promise<void> {
    rareLog.warn({ peer_id: peer, reason }, 'a cancel request did not reach the peer that it is for');
  }
}

/** Up to pool_size of them at a time; the others in the order in which they came. */
async function place(pool: PeerPool, size: number, signal: AbortSignal): Promise<void> {
  if (pool.active < size) {
    pool.active++;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const turn = (): void => {
      pool.waiting.delete(turn);
      pool.active++;
      resolve();
    };
    pool.waiting.add(turn);
    const giveUp = (): void => {
      if (pool.waiting.delete(turn)) reject(new Error('it had to wait for too long'));
    };
    signal.addEventListener('abort', giveUp, { once: true });
  });
}

async function connect(
  { host, port }: PeerSettings,
  pool: PeerPool,
  { names, settings, tools }: ClientContext,
  signal: AbortSignal,
): Promise<Connection> {
  pool.connecting++;
  try {
    const tls = tlsOf(settings);
    const found = names !== undefined && isName(host) ? await names.addressesOf(host, signal) : undefined;
    const addresses: Address[] = found?.map((ip) => ({ host, port, ip })) ?? [{ host, port }];
    let last: unknown;
    for (const address of addresses) {
      try {
        return await open(tls, address, tools, signal);
      } catch (error) {
        last = error;
        if (signal.aborted) break;
        if (address.ip !== undefined) names?.onFailed(host, address.ip);
      }
    }
    throw last;
  } finally {
    pool.connecting--;
  }
}

/** To a peer as to a server of which nothing else is said. */
function tlsOf(settings: Settings): Parameters<typeof open>[0] {
  const { server_tls_sslmode: sslmode } = settings;
  return {
    sslmode: sslmode === 'allow' ? 'disable' : sslmode,
    sslnegotiation: settings.server_tls_negotiation,
    sslrootcert: settings.server_tls_ca_file,
    sslcert: settings.server_tls_cert_file || undefined,
    sslkey: settings.server_tls_key_file || undefined,
  };
}

/** The peer closes the connection when it has done what it can. */
function deliver(packet: Uint8Array, connection: Connection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      connection.close();
      reject(new Error('it did not answer in time'));
    };
    connection.handler = {
      onData() {},
      onDrain() {},
      onClose() {
        signal.removeEventListener('abort', giveUp);
        resolve();
      },
    };
    if (connection.isClosed) return resolve();
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) return giveUp();
    connection.write(packet);
  });
}
