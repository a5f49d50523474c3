// Makes a pool's next server: dials with the pool's identity within server_connect_timeout.

import { AgentError } from '../base/errors.ts';
import { dial } from '../server/dial.ts';
import { Server } from '../server/server.ts';
import type { Pool } from './pool.ts';

/** Rejects with an AgentError. `signal` gives up. */
export async function openServer(pool: Pool, signal: AbortSignal): Promise<Server> {
  const { clock, settings, tools, random } = pool.context;
  const { database, identity } = pool;
  const late = new AbortController();
  const giveUp = (): void => late.abort();
  signal.addEventListener('abort', giveUp, { once: true });
  const timer = clock.after(database.connectTimeoutMs, giveUp);
  try {
    const dialed = await dial(database, identity, tools, late.signal);
    const now = clock.now();
    return new Server(
      {
        ...dialed,
        now,
        expiresAt: now + lifetimeMs(database.serverLifetimeMs, settings.server_lifetime_jitter, random()),
        messageHeldMax: settings.max_message_held,
      },
      pool.resting,
    );
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError('server_unreachable', { reason: (error as Error).message });
  } finally {
    timer.clear();
    signal.removeEventListener('abort', giveUp);
  }
}

/** Shortened by up to `jitterPercent`, so that a pool that was filled at once is not emptied at once. 0 is for ever. */
function lifetimeMs(fullMs: number, jitterPercent: number, random: number): number {
  return fullMs === 0 ? Number.POSITIVE_INFINITY : fullMs * (1 - (jitterPercent / 100) * random);
}
