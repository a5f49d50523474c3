// SHOW CLIENTS, SERVERS, SOCKETS and ACTIVE_SOCKETS: a row for each connection.

import { hostOfPeer } from '../../auth/hba_match.ts';
import { type ConnectionRow, readClients, readServers } from '../../observe/connections.ts';
import type { Cell } from '../../wire/typed_rows.ts';
import { microsecondsOf, printTime, secondsOf } from './print.ts';
import { type Column, type ConsoleTools, columns, type Show } from './row.ts';

const CONNECTION: readonly Column[] = columns(
  ['type', 'text', '`C` for a client, `S` for a server.'],
  ['user', 'text', 'Who the client logged in as; of a server, the role that the agent logged in with.'],
  ['database', 'text', 'The database, by the name that clients know it by; `pgbouncer` is the console.'],
  ['replication', 'text', '`none`, `physical` or `logical`.'],
  [
    'state',
    'text',
    'Of a client: `active` has a server, `waiting` is in the queue, `idle` is neither. Of a server: `active` is lent, `idle` rests, `used` rests for longer than `server_check_delay` and is asked before it is lent, `tested` is being asked or reset, `being_canceled` waits until a cancel request has ended. In SOCKETS with `cl_` or `sv_` before it.',
  ],
  ['addr', 'text', 'The address of the other side, or `unix`.'],
  ['port', 'int4', 'Its port.'],
  ['local_addr', 'text', 'The address on this side; `unix`, or empty where it is not known.'],
  ['local_port', 'int4', 'The port on this side; 0 where it is not known.'],
  ['connect_time', 'text', 'Since when it is connected, by UTC.'],
  [
    'request_time',
    'text',
    'When the client last began a transaction; of a server, when it was last lent or came back.',
  ],
  ['wait', 'int4', 'For how long it has been waiting for a server, in whole seconds.'],
  ['wait_us', 'int4', 'And the rest of that, in microseconds.'],
  [
    'close_needed',
    'int4',
    '1: it is closed as soon as it is free (RECONNECT, changed settings, a removed database).',
  ],
  ['ptr', 'text', 'A word for this connection, the same for as long as it lasts.'],
  ['link', 'text', 'The `ptr` of the other connection of a lease; empty where there is none.'],
  ['remote_pid', 'int4', "Of a server, PostgreSQL's process for it; of a client 0."],
  ['tls', 'text', 'The version of TLS and the cipher; empty in cleartext.'],
  ['application_name', 'text', 'As the client set it, or as the server has it now.'],
  [
    'prepared_statements',
    'int4',
    'Prepared statements of the client; of a server, those that are prepared there.',
  ],
  [
    'id',
    'int4',
    'A number for this connection. Of a client it is `client_pid` of the log, and what KILL_CLIENT takes.',
  ],
);

const BUFFERS: readonly Column[] = columns(
  ['recv_pos', 'int4', 'Always 0: there is no buffer of a fixed size.'],
  ['pkt_pos', 'int4', 'Always 0, as `recv_pos`.'],
  ['pkt_remain', 'int4', 'Always 0, as `recv_pos`.'],
  ['send_pos', 'int4', 'Always 0, as `recv_pos`.'],
  ['send_remain', 'int4', 'Always 0, as `recv_pos`.'],
  ['pkt_avail', 'int4', 'Always 0, as `recv_pos`.'],
  ['send_avail', 'int4', 'Bytes that were written to it and have not left.'],
);

const PINNED: readonly Column[] = columns([
  'pins',
  'text',
  'Why it keeps its server between transactions (`advisory_lock`, `temporary_object`, `cursor`, …), with blanks between them; empty: it does not. PgBouncer has no such column.',
]);

export const SOCKET_SHOWS: readonly Show[] = [
  {
    name: 'clients',
    doc: 'Everybody who is logged in.',
    columns: [...CONNECTION, ...PINNED],
    *rows(tools) {
      for (const row of readClients(tools.context))
        yield [...cellsOf(row, row.state, tools), row.pins.join(' ')];
    },
  },
  {
    name: 'servers',
    doc: 'Every connection to PostgreSQL that is logged in there.',
    columns: CONNECTION,
    *rows(tools) {
      for (const row of readServers(tools.context)) yield cellsOf(row, row.state, tools);
    },
  },
  {
    name: 'sockets',
    doc: 'Both, with what waits in them.',
    columns: [...CONNECTION, ...BUFFERS],
    rows: (tools) => socketRows(tools, () => true),
  },
  {
    name: 'active_sockets',
    doc: 'Those of SOCKETS in which something waits to be read by the other side.',
    columns: [...CONNECTION, ...BUFFERS],
    rows: (tools) => socketRows(tools, ({ connection }) => connection.buffered > 0),
  },
];

function* socketRows(
  tools: ConsoleTools,
  isWanted: (row: ConnectionRow) => boolean,
): Iterable<readonly Cell[]> {
  const { context } = tools;
  for (const row of readClients(context)) {
    if (isWanted(row))
      yield [...cellsOf(row, `cl_${row.state === 'idle' ? 'active' : row.state}`, tools), ...buffersOf(row)];
  }
  for (const row of readServers(context)) {
    if (isWanted(row)) yield [...cellsOf(row, `sv_${row.state}`, tools), ...buffersOf(row)];
  }
}

function cellsOf(row: ConnectionRow, state: string, { context, localEnd }: ConsoleTools): Cell[] {
  const { connection } = row;
  const { tls } = connection;
  const { listen_port } = context.settings;
  return [
    row.kind === 'client' ? 'C' : 'S',
    row.user,
    row.database,
    row.replication,
    state,
    ...endOf(connection.peer, listen_port),
    ...(isUnix(connection.peer) ? ['unix', listen_port] : localEnd(connection)),
    printTime(row.connectedAt),
    printTime(row.requestedAt),
    secondsOf(row.waitedMs),
    microsecondsOf(row.waitedMs),
    row.closeNeeded ? 1 : 0,
    pointerOf(row.kind, row.id),
    row.linkId === undefined ? '' : pointerOf(row.kind === 'client' ? 'server' : 'client', row.linkId),
    row.remotePid,
    tls === undefined ? '' : `${tls.version}/${tls.cipher}`,
    row.applicationName,
    row.preparedStatements,
    row.id,
  ];
}

function buffersOf({ connection }: ConnectionRow): Cell[] {
  return [0, 0, 0, 0, 0, 0, connection.buffered];
}

/** Clients and servers are numbered apart, and the two never share a word. */
function pointerOf(kind: ConnectionRow['kind'], id: number): string {
  return `0x${kind === 'client' ? 'c' : '5'}${id.toString(16).padStart(11, '0')}`;
}

/** The address and the port of the other side; a UNIX socket has the port that is in its name. */
export function endOf(peer: string, listenPort: number): [string, number] {
  if (isUnix(peer)) return ['unix', listenPort];
  return [hostOfPeer(peer), Number(peer.slice(peer.lastIndexOf(':') + 1))];
}

function isUnix(peer: string): boolean {
  return !peer.includes(':');
}
