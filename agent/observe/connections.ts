// Clients and servers one by one, as SHOW lists them: each is read when its turn comes, so that ten thousand need no pause.

import type { ConsoleSeat } from '../client/clients.ts';
import type { ClientContext } from '../client/context.ts';
import { Session } from '../client/session.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { Connection } from '../net/connection.ts';
import type { Pool } from '../pool/pool.ts';
import type { Server } from '../server/server.ts';
import { isStale } from './pools.ts';

/** One connection, of a client or to a server. Times are milliseconds since 1970. */
export interface ConnectionRow {
  readonly kind: 'client' | 'server';
  readonly user: string;
  readonly database: string;
  readonly replication: 'none' | 'physical' | 'logical';
  readonly state: string;
  readonly connection: Connection;
  readonly connectedAt: number;
  readonly requestedAt: number;
  /** Milliseconds since it asked for a server that it does not have yet. */
  readonly waitedMs: number;
  /** It is closed as soon as it is free. */
  readonly closeNeeded: boolean;
  readonly id: number;
  /** The connection that it is lent to, or has; undefined when there is none. */
  readonly linkId: number | undefined;
  readonly linkFd: number | undefined;
  /** Of a server: its process at PostgreSQL. */
  readonly remotePid: number;
  readonly applicationName: string;
  readonly preparedStatements: number;
  /** Of a client: why it keeps its server between transactions. */
  readonly pins: readonly string[];
  /** What the other side is told about texts and dates. */
  readonly parameters: ReadonlyMap<string, string> | undefined;
}

/** Whoever is logged in, the console's own clients first; who comes meanwhile may be among them. */
export function* readClients(context: ClientContext): Iterable<ConnectionRow> {
  for (const seat of context.clients.consoles) yield consoleRow(seat);
  for (const session of context.clients) yield clientRow(session, context);
}

/** By pools. One that was closed between two slices is left out. */
export function* readServers(context: ClientContext): Iterable<ConnectionRow> {
  for (const pool of context.registry) {
    const servers = [
      ...[...pool.activeServers, ...pool.idleServers],
      ...[...pool.testedServers, ...pool.cleaningServers, ...pool.cancelingServers],
    ];
    for (const server of servers) if (server.list !== undefined) yield serverRow(server, pool, context);
  }
}

function consoleRow(seat: ConsoleSeat): ConnectionRow {
  return {
    kind: 'client',
    user: seat.user,
    database: CONSOLE_DATABASE,
    replication: 'none',
    state: seat.isBusy ? 'active' : 'idle',
    connection: seat.connection,
    connectedAt: seat.connectedAt,
    requestedAt: seat.requestedAt,
    waitedMs: 0,
    closeNeeded: false,
    id: seat.pid,
    linkId: undefined,
    linkFd: undefined,
    remotePid: 0,
    applicationName: seat.applicationName,
    preparedStatements: seat.statementCount,
    pins: [],
    parameters: undefined,
  };
}

function clientRow(session: Session, { clock, registry }: ClientContext): ConnectionRow {
  const { server, pool, parameters } = session;
  const isWaiting = session.list !== undefined;
  const { reported } = parameters.current;
  return {
    kind: 'client',
    user: session.user,
    database: pool.database.name,
    replication: pool.database.replication?.kind ?? 'none',
    state: session.state,
    connection: session.connection,
    connectedAt: session.connectedAt,
    requestedAt: session.waitingSince === 0 ? session.connectedAt : wallOf(session.waitingSince, clock),
    waitedMs: isWaiting ? clock.now() - session.waitingSince : 0,
    closeNeeded: pool.removed || session.isLeaving,
    id: session.pid,
    linkId: server === undefined ? undefined : registry.serverNumbers.of(server),
    linkFd: server?.connection.fd,
    remotePid: 0,
    applicationName: reported.get('application_name') ?? '',
    preparedStatements: session.relay.statementCount,
    pins: [...session.left.pins],
    parameters: reported,
  };
}

function serverRow(server: Server, pool: Pool, { clock, registry }: ClientContext): ConnectionRow {
  const { tenant } = server;
  const client = tenant instanceof Session ? tenant : undefined;
  const { reported } = server.parameters;
  return {
    kind: 'server',
    user: pool.identity.user,
    database: pool.database.name,
    replication: pool.database.replication?.kind ?? 'none',
    state: stateOf(server, pool, clock.now()),
    connection: server.connection,
    connectedAt: wallOf(server.createdAt, clock),
    requestedAt: wallOf(client?.waitingSince ?? server.idleSince, clock),
    waitedMs: 0,
    closeNeeded: server.retired !== undefined,
    id: registry.serverNumbers.of(server),
    linkId: client?.pid,
    linkFd: client?.connection.fd,
    remotePid: server.pid,
    applicationName: reported.get('application_name') ?? '',
    preparedStatements: server.statements.size,
    pins: [],
    parameters: reported,
  };
}

/** In PgBouncer's words: what is being reset is tested there, and what rests for long is used. */
function stateOf(server: Server, pool: Pool, now: number): string {
  const { list } = server;
  if (list === pool.cleaningServers) return 'tested';
  if (list === pool.idleServers && isStale(server, pool, now)) return 'used';
  return list?.name ?? 'new';
}

function wallOf(time: number, clock: ClientContext['clock']): number {
  return clock.wall() - clock.now() + time;
}
