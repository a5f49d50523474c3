// Ends clients that take too long, at a query, a transaction or at nothing, and those whose server is to go; tells those that wait.

import { AgentError, type ErrorCode } from '../base/errors.ts';
import type { Settings, UserSettings } from '../config/settings.ts';
import { encodeNotice } from '../wire/server_messages.ts';
import type { ClientContext } from './context.ts';
import type { Session } from './session.ts';

/** One look at every client; the janitor's tick calls it. */
export function endLateClients({ clients, settings }: ClientContext, now: number): void {
  if (!isAnySet(settings)) return;
  for (const session of clients) {
    try {
      lookAt(session, settings, now);
    } catch (error) {
      session.onInternalError(error as Error);
    }
  }
}

function lookAt(session: Session, settings: Settings, now: number): void {
  session.stopwatch.look(session, now);
  if (settings.server_fast_close && isKept(session)) {
    return session.fail(new AgentError('server_replaced', { reason: session.server!.retired! }));
  }
  const late = whyLate(session, settings, now);
  if (late !== undefined)
    session.fail(new AgentError(late, { seconds: timeoutMs(late, session, settings) / 1000 }));
  else if (session.phase === 'waiting') notify(session, settings.query_wait_notify, now);
}

type Timeout = 'query_timeout' | 'transaction_timeout' | 'idle_transaction_timeout' | 'client_idle_timeout';

/** What a user has of its own: 0 is no limit for it, whatever holds for the others. */
const OWN = {
  query_timeout: 'queryTimeoutMs',
  transaction_timeout: 'transactionTimeoutMs',
  idle_transaction_timeout: 'idleTransactionTimeoutMs',
  client_idle_timeout: 'clientIdleTimeoutMs',
} as const satisfies Record<Timeout, keyof UserSettings>;

/** Each is off at 0 or `no`. */
const WATCHED = [...(Object.keys(OWN) as Timeout[]), 'query_wait_notify', 'server_fast_close'] as const;

function timeoutMs(name: Timeout, { user }: Session, settings: Settings): number {
  return settings.users[user]?.[OWN[name]] ?? settings[name];
}

/** Between two transactions of a session pool, with a server that is to be replaced. */
function isKept({ mode, server, phase, relay }: Session): boolean {
  if (mode !== 'session' || server?.retired === undefined) return false;
  return phase === 'idle' && server.isClean && !relay.inMessage;
}

function hasOwn(user: UserSettings): boolean {
  return Object.values(OWN).some((own) => (user[own] ?? 0) > 0);
}

/** Whether any client could be late at all: where none can, nobody is looked at. */
function isAnySet(settings: Settings): boolean {
  return WATCHED.some((name) => Number(settings[name]) > 0) || Object.values(settings.users).some(hasOwn);
}

function whyLate(session: Session, settings: Settings, now: number): (Timeout & ErrorCode) | undefined {
  // A stream of changes is one query that never ends, and may be silent for long.
  if (session.pool.database.replication !== undefined) return undefined;
  const { stopwatch, phase } = session;
  const isOver = (name: Timeout, ms: number): boolean => {
    const limitMs = timeoutMs(name, session, settings);
    return limitMs > 0 && ms >= limitMs;
  };
  const ms = stopwatch.phaseMs(now);
  if ((phase === 'query' || phase === 'waiting') && isOver('query_timeout', ms)) return 'query_timeout';
  if (phase === 'transaction' && isOver('idle_transaction_timeout', ms)) return 'idle_transaction_timeout';
  if (phase === 'idle' && isOver('client_idle_timeout', ms)) return 'client_idle_timeout';
  if (phase !== 'idle' && phase !== 'waiting' && isOver('transaction_timeout', stopwatch.transactionMs(now)))
    return 'transaction_timeout';
  return undefined;
}

/** Between two messages: who waits has been answered everything that it asked before. */
function notify(session: Session, afterMs: number, now: number): void {
  const { stopwatch, pool, connection } = session;
  if (afterMs === 0 || stopwatch.told || stopwatch.phaseMs(now) < afterMs) return;
  stopwatch.told = true;
  const seconds = Math.floor(stopwatch.phaseMs(now) / 1000);
  const message = `No server connection available in postgres backend, client being queued (since ${seconds} s, ${pool.waiting} in the queue)`;
  connection.write(encodeNotice({ severity: 'NOTICE', sqlstate: '00000', message }));
}
