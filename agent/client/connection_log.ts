// The lines of the log about a client that is logged in, to a database or to the console: that it came, and why it has gone.

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Settings } from '../config/settings.ts';
import type { Connection } from '../net/connection.ts';

/** PgBouncer's words, which people have alerts on: a connection that ended without Terminate, and with it. */
const EOF = 'client unexpected eof';
export const GOODBYE = 'client close request';

export interface LoggedClient {
  readonly connection: Connection;
  readonly user: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
}

interface LogTools {
  readonly settings: Settings;
  readonly log: Log;
  readonly clock: Clock;
}

/** @param error what the connection broke of; undefined where it was only closed. */
export function eofReason(error: string | undefined): string {
  return error === undefined ? EOF : `${EOF}: ${error}`;
}

export function logConnected(client: LoggedClient, database: string, { settings, log }: LogTools): void {
  if (!settings.log_connections) return;
  const { peer, tls } = client.connection;
  log.info(
    {
      client_pid: client.pid,
      database,
      user: client.user,
      peer,
      tls: tls?.version,
      tls_resumed: tls?.isResumed,
    },
    'client connected',
  );
}

export function logDisconnected(
  { connection, user, pid, connectedAt }: LoggedClient,
  database: string,
  reason: string,
  { settings, log, clock }: LogTools,
): void {
  if (!settings.log_disconnections) return;
  const age_s = Math.floor((clock.wall() - connectedAt) / 1000);
  log.info({ client_pid: pid, database, user, peer: connection.peer, reason, age_s }, 'client disconnected');
}
