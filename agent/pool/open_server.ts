// Makes a pool's next server: dials host by host with the pool's identity and runs connect_query, each within server_connect_timeout.

import { AgentError, type ErrorCode } from '../base/errors.ts';
import type { LogFields } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import type { DatabaseSettings, HostSettings } from '../config/settings.ts';
import type { Address } from '../net/connection.ts';
import { isName } from '../net/resolver.ts';
import { dial } from '../server/dial.ts';
import { Server } from '../server/server.ts';
import { runConnectQuery } from './connect_query.ts';
import type { Pool } from './pool.ts';
import type { PoolIdentity } from './pool_identity.ts';

/** Tries the hosts one after the other, each as long as it may take. Rejects with the AgentError of the last; `signal` gives up. */
export async function openServer(pool: Pool, signal: AbortSignal): Promise<Server> {
  const { database, identity } = pool;
  const { hosts } = database;
  const isInTurn = database.loadBalanceHosts === 'round-robin';
  const first = isInTurn ? pool.turn : 0;
  let last: unknown;
  for (let at = 0; at < hosts.length; at++) {
    // One that fails has had its turn: the one that stands in for it is not also the next.
    if (isInTurn) pool.turn = (pool.turn + 1) % hosts.length;
    const host = hosts[(first + at) % hosts.length]!;
    try {
      return await openAtHost(host, database, identity, pool, signal);
    } catch (error) {
      last = error;
      if (error instanceof AgentError) pool.failure.hosts.set(error, `${host.host}:${host.port}`);
      if (signal.aborted) break;
    }
  }
  throw last;
}

/** A name may lead to several addresses: each has its own time, and one that does not answer is passed over as a host is. */
async function openAtHost(
  host: HostSettings,
  database: DatabaseSettings,
  identity: PoolIdentity,
  pool: Pool,
  signal: AbortSignal,
): Promise<Server> {
  const { names } = pool.context;
  if (names === undefined || !isName(host.host)) return openAt(host, database, identity, pool, signal);
  const addresses = await inTime(database, pool, signal, (late) => names.addressesOf(host.host, late));
  let last: unknown;
  for (const ip of addresses.slice(0, ADDRESSES_TRIED_MAX)) {
    try {
      return await openAt({ ...host, ip }, database, identity, pool, signal);
    } catch (error) {
      last = error;
      if (signal.aborted || !OF_THE_ADDRESS.includes((error as AgentError).code)) break;
      names.onFailed(host.host, ip);
    }
  }
  throw last;
}

/** The others have their turn at the next server. */
const ADDRESSES_TRIED_MAX = 8;
/** What may be better at another address of the same name. */
const OF_THE_ADDRESS: readonly ErrorCode[] = [
  'server_unreachable',
  'server_timeout',
  'server_closed',
  'server_starting',
];

function openAt(
  address: Address,
  database: DatabaseSettings,
  identity: PoolIdentity,
  pool: Pool,
  signal: AbortSignal,
): Promise<Server> {
  return inTime(database, pool, signal, async (late) => {
    const { clock, settings, tools, random } = pool.context;
    const dialed = await dial(database, identity, tools, late, [address]);
    if (identity.onWorked(dialed.secret)) tellPassword(pool, identity, dialed.secret);
    if (dialed.connection.isClosed) throw new AgentError('server_closed', { reason: 'it closed it at once' });
    const now = clock.now();
    const server = new Server(
      {
        ...dialed,
        now,
        expiresAt: now + lifetimeMs(database.serverLifetimeMs, settings.server_lifetime_jitter, random()),
        messageHeldMax: settings.max_message_held,
        counts: pool.statistics,
      },
      pool.resting,
    );
    if (settings.log_connections) pool.context.log.info(newServer(pool, server), 'server connected');
    if (database.connectQuery !== '') await runConnectQuery(server, database.connectQuery, late);
    return server;
  });
}

/** Each step of its own may take server_connect_timeout. Rejects with an AgentError. */
async function inTime<T>(
  { connectTimeoutMs }: DatabaseSettings,
  pool: Pool,
  signal: AbortSignal,
  work: (late: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const giveUp = (): void => late.abort();
  signal.addEventListener('abort', giveUp, { once: true });
  const timer = pool.context.clock.after(connectTimeoutMs, giveUp);
  try {
    return await work(late.signal);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError('server_unreachable', { reason: (error as Error).message });
  } finally {
    timer.clear();
    signal.removeEventListener('abort', giveUp);
  }
}

/** What a line of the log says of a server. */
export function aboutServer(pool: Pool, { pid, address }: Server): LogFields {
  const host = `${address.host}:${address.port}`;
  return { server_pid: pid, database: pool.database.name, user: pool.user, host, ip: address.ip };
}

function newServer(pool: Pool, server: Server): LogFields {
  const [address, port] = pool.context.tools.localEnd?.(server.connection) ?? ['', 0];
  // By it PostgreSQL's log and `ss` know the connection.
  const local =
    address === '' ? {} : { local: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}` };
  return { ...aboutServer(pool, server), ...local, tls: server.connection.tls?.version };
}

/** Once, when the rotation has come to the server; and again should it go back. */
function tellPassword({ database, context }: Pool, identity: PoolIdentity, secret: Secret | undefined): void {
  const which = secret === identity.secrets[0] ? 'password' : 'password_next';
  context.log.info(
    { database: database.name, user: identity.user, which },
    'the server takes the other one of two passwords',
  );
}

/** Shortened by up to `jitterPercent`, so that a pool that was filled at once is not emptied at once. 0, used once, is the pool's to see to. */
function lifetimeMs(fullMs: number, jitterPercent: number, random: number): number {
  return fullMs === 0 ? Number.POSITIVE_INFINITY : fullMs * (1 - (jitterPercent / 100) * random);
}
