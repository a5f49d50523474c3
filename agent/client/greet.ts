// Makes a session of a login that has proved who it is, and tells the client so.

import { AUTH_OK } from '../auth/client_login.ts';
import type { Connection } from '../net/connection.ts';
import type { Pool } from '../pool/pool.ts';
import {
  encodeAuthentication,
  encodeBackendKeyData,
  encodeNotice,
  encodeReadyForQuery,
} from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { newCancelKey } from './cancel_keys.ts';
import { logConnected } from './connection_log.ts';
import type { ClientContext } from './context.ts';
import { Session } from './session.ts';
import { askedParameters, type StartupMessage } from './startup.ts';

const ACCEPTED = encodeAuthentication(AUTH_OK, new Uint8Array(0));
const READY_IDLE = encodeReadyForQuery(type.IDLE);

const NOTHING: ReadonlyMap<string, string> = new Map();

export interface GreetStart {
  readonly pool: Pool;
  readonly user: string;
  /** Corked; it is uncorked here, and the session's. */
  readonly connection: Connection;
  readonly message: StartupMessage;
}

/** @param begun the login is over: nothing can fail any more. @throws AgentError for a parameter that cannot be set. */
export function greet(start: GreetStart, context: ClientContext, begun: () => void): void {
  const { pool, user, connection, message } = start;
  // Of a client that replicates its own server has it all already.
  const isDedicated = pool.database.replication !== undefined;
  const asked = isDedicated ? NOTHING : askedParameters(message, context.settings, connection.peer);
  const greeting = context.greetings.of(pool.welcome!, user, asked);
  const { pid, key } = newCancelKey(message, context.clients, context.settings, context.random);
  const session = new Session({ connection, context, pool, user, pid, key, greeting });
  begun();
  context.clients.add(session);
  context.clients.loginSuccesses++;
  pool.statistics.clientLogins++;
  connection.write(ACCEPTED);
  connection.write(greeting.bytes);
  connection.write(encodeBackendKeyData(pid, key));
  const { login_notify_message: notice } = context.settings;
  if (notice !== '')
    connection.write(encodeNotice({ severity: 'NOTICE', sqlstate: '00000', message: notice }));
  connection.write(READY_IDLE);
  connection.uncork();
  logConnected(session, pool.database.name, context);
}
