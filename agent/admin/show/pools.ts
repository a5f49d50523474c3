// SHOW POOLS, PEER_POOLS, DATABASES, USERS and PEERS: what is served, and how much of it is in use.

import { CONSOLE_DATABASE } from '../../config/console_database.ts';
import { readDatabases, readUsers } from '../../observe/databases.ts';
import { loadBalanceOf, readPools } from '../../observe/pools.ts';
import { microsecondsOf, secondsOf } from './print.ts';
import { columns, type Show } from './row.ts';

const POOLS: Show = {
  name: 'pools',
  doc: 'A row for each database and user that has had a client. The first is the console itself.',
  columns: columns(
    ['database', 'text', 'The database, by the name that clients know it by.'],
    ['user', 'text', 'Who the clients logged in as.'],
    ['cl_active', 'int4', 'Clients that have a server, or ask for none.'],
    ['cl_waiting', 'int4', 'Clients in the queue for a server, those that are still logging in among them.'],
    [
      'cl_active_cancel_req',
      'int4',
      'Cancel requests that have been passed on to a server, and are not answered.',
    ],
    ['cl_waiting_cancel_req', 'int4', 'Always 0: a cancel request never waits here.'],
    ['sv_active', 'int4', 'Servers that are lent to a client.'],
    ['sv_active_cancel', 'int4', 'Connections to PostgreSQL that carry a cancel request.'],
    [
      'sv_being_canceled',
      'int4',
      'Servers that would rest, and wait until the cancel requests to them have ended.',
    ],
    ['sv_idle', 'int4', 'Servers that rest, and can be lent at once.'],
    [
      'sv_used',
      'int4',
      'Servers that rest for longer than `server_check_delay`, and are asked before they are lent.',
    ],
    ['sv_tested', 'int4', 'Servers that are being asked (`server_check_query`), rolled back, or reset.'],
    ['sv_login', 'int4', 'Servers that are being logged in to.'],
    ['maxwait', 'int4', 'For how long the first client in the queue has waited, in whole seconds.'],
    ['maxwait_us', 'int4', 'And the rest of that, in microseconds.'],
    ['pool_mode', 'text', '`session`, `transaction` or `statement`.'],
    ['load_balance_hosts', 'text', 'Empty (NULL) where there is one host; else `disable` or `round-robin`.'],
    [
      'cl_pinned',
      'int4',
      'Clients that keep their servers between transactions. PgBouncer has no such column, nor the next.',
    ],
    ['pins', 'text', 'Why, each reason with the number of clients that have it: `advisory_lock=2 cursor=1`.'],
    [
      'leaks',
      'int8',
      'Times a server had what no text had announced (`leak_check_every`); PgBouncer has no such column.',
    ],
  ),
  *rows({ context }) {
    const consoles = context.clients.consoles.size;
    yield [
      CONSOLE_DATABASE,
      CONSOLE_DATABASE,
      consoles,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      'statement',
      null,
      0,
      '',
      0,
    ];
    for (const row of readPools(context)) {
      yield [
        ...[
          row.database,
          row.user,
          row.clientsActive,
          row.clientsWaiting,
          row.cancelsActive,
          0,
          row.serversActive,
        ],
        ...[row.cancelsActive, row.serversBeingCanceled, row.serversIdle, row.serversUsed, row.serversTested],
        ...[row.serversLogin, secondsOf(row.maxWaitMs), microsecondsOf(row.maxWaitMs), row.mode],
        row.loadBalanceHosts ?? null,
        row.clientsPinned,
        row.pins.map(([pin, count]) => `${pin}=${count}`).join(' '),
        row.leaks,
      ];
    }
  },
};

const PEER_POOLS: Show = {
  name: 'peer_pools',
  doc: 'A row for each peer that was sent a cancel request.',
  columns: columns(
    ['peer_id', 'int4', 'The peer.'],
    ['cl_active_cancel_req', 'int4', 'Cancel requests that were passed on to it.'],
    ['cl_waiting_cancel_req', 'int4', 'Those that wait.'],
    ['sv_active_cancel', 'int4', 'Connections that carry one.'],
    ['sv_login', 'int4', 'Connections that are being made.'],
  ),
  *rows({ context }) {
    for (const { id, active, connecting, waiting } of context.peers.figures())
      yield [id, active - connecting, waiting + connecting, active - connecting, connecting];
  },
};

const DATABASES: Show = {
  name: 'databases',
  doc: 'A row for each database that clients may ask for. The first is the console itself.',
  columns: columns(
    ['name', 'text', 'The name that clients know it by.'],
    ['host', 'text', 'Where its server is; several with commas; a directory is that of a UNIX socket.'],
    ['port', 'int4', 'The port there; that of the first host where they differ.'],
    ['database', 'text', 'Its name on the server.'],
    ['force_user', 'text', 'The role that every client is mapped to; NULL where there is none.'],
    ['pool_size', 'int4', 'Servers for each user.'],
    ['min_pool_size', 'int4', 'Servers that are kept while there are clients.'],
    [
      'reserve_pool_size',
      'int4',
      'Servers beyond `pool_size` for those that have waited for `reserve_pool_timeout`.',
    ],
    ['server_lifetime', 'int4', 'When a server is replaced, in seconds.'],
    ['pool_mode', 'text', 'Its own; NULL where `pool_mode` of all holds.'],
    ['load_balance_hosts', 'text', 'NULL where there is one host; else `disable` or `round-robin`.'],
    ['max_connections', 'int4', '`max_db_connections`: servers over all users; 0 is no limit.'],
    ['current_connections', 'int4', 'Servers at this moment, with those that are being logged in to.'],
    ['max_client_connections', 'int4', '`max_db_client_connections`: clients over all users; 0 is no limit.'],
    ['current_client_connections', 'int4', 'Clients at this moment.'],
    ['paused', 'int4', '1 after PAUSE of it.'],
    ['disabled', 'int4', '1 after DISABLE: it takes no new clients.'],
  ),
  *rows({ context }) {
    const { consoles } = context.clients;
    const { max_console_connections, listen_port, server_lifetime } = context.settings;
    yield [
      ...[CONSOLE_DATABASE, null, listen_port, CONSOLE_DATABASE, CONSOLE_DATABASE, 2, 0, 0],
      ...[secondsOf(server_lifetime), 'statement', null, 0, 0, max_console_connections, consoles.size, 0, 0],
    ];
    for (const row of readDatabases(context)) {
      const { database } = row;
      yield [
        ...[database.name, database.hosts.map(({ host }) => host).join(','), database.hosts[0]!.port],
        ...[
          database.dbname,
          database.forceUser ? database.user : null,
          database.poolSize,
          database.minPoolSize,
        ],
        ...[database.reservePoolSize, secondsOf(database.serverLifetimeMs), row.ownMode ?? null],
        ...[loadBalanceOf(database) ?? null, database.maxDbConnections, row.servers],
        ...[database.maxDbClientConnections, row.clients, row.paused ? 1 : 0, row.disabled ? 1 : 0],
      ];
    }
  },
};

const USERS: Show = {
  name: 'users',
  doc: 'A row for each user of whom the settings know, or who has a pool.',
  columns: columns(
    ['name', 'text', 'The user.'],
    ['pool_size', 'text', 'Its own; empty where there is none.'],
    ['reserve_pool_size', 'text', 'Its own; empty where there is none.'],
    ['pool_mode', 'text', 'Its own; NULL where there is none.'],
    ['max_user_connections', 'int4', 'Servers over all databases; 0 is no limit.'],
    ['current_connections', 'int4', 'Servers at this moment.'],
    ['max_user_client_connections', 'int4', 'Clients; 0 is no limit.'],
    ['current_client_connections', 'int4', 'Clients at this moment, of the console too.'],
  ),
  *rows({ context }) {
    for (const row of readUsers(context)) {
      yield [
        ...[row.name, String(row.poolSize ?? ''), String(row.reservePoolSize ?? ''), row.poolMode ?? null],
        ...[row.serversMax, row.servers, row.clientsMax, row.clients],
      ];
    }
  },
};

const PEERS: Show = {
  name: 'peers',
  doc: 'Other poolers that clients reach by the same address (`[peers]`).',
  columns: columns(
    ['peer_id', 'int4', 'The peer.'],
    ['host', 'text', 'Where it is.'],
    ['port', 'int4', 'Its port.'],
    ['pool_size', 'int4', 'Connections to it at one time.'],
  ),
  *rows({ context }) {
    for (const [id, { host, port, poolSize }] of Object.entries(context.settings.peers))
      yield [Number(id), host, port, poolSize];
  },
};

export const POOL_SHOWS: readonly Show[] = [POOLS, PEER_POOLS, DATABASES, USERS, PEERS];
