// The columns of every SHOW are PgBouncer's: names, order and types; and what its rows say of clients in each state.

import { describe, expect, test } from 'bun:test';
import type { NotificationListener } from '../pool/notifications.ts';
import { query, startup } from '../tests/harness/client_words.ts';
import { databaseOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { consoleFixture, hears } from './console_fixture.ts';
import { withOldColumns } from './show/old_columns.ts';
import { SHOWS, showNamed } from './shows.ts';

/** Written down once more, and not taken from our own table: as PgBouncer 1.25 has them. */
const SOCKET =
  'type user database replication state addr port:i local_addr local_port:i connect_time request_time wait:i wait_us:i close_needed:i ptr link remote_pid:i tls application_name prepared_statements:i id:i';
const BUFFERS = 'recv_pos:i pkt_pos:i pkt_remain:i send_pos:i send_remain:i pkt_avail:i send_avail:i';
const FIGURES =
  'server_assignment_count xact_count query_count received sent xact_time query_time wait_time client_parse_count server_parse_count bind_count client_login_count'.split(
    ' ',
  );
const figures = (prefix: string, names: Readonly<Record<string, string>> = {}): string =>
  FIGURES.map((name) => `${prefix}${names[name] ?? name}:n`).join(' ');
const BYTES = { received: 'bytes_received', sent: 'bytes_sent' };

const COLUMNS: Readonly<Record<string, string>> = {
  clients: SOCKET,
  servers: SOCKET,
  sockets: `${SOCKET} ${BUFFERS}`,
  active_sockets: `${SOCKET} ${BUFFERS}`,
  pools:
    'database user cl_active:i cl_waiting:i cl_active_cancel_req:i cl_waiting_cancel_req:i sv_active:i sv_active_cancel:i sv_being_canceled:i sv_idle:i sv_used:i sv_tested:i sv_login:i maxwait:i maxwait_us:i pool_mode load_balance_hosts',
  peer_pools: 'peer_id:i cl_active_cancel_req:i cl_waiting_cancel_req:i sv_active_cancel:i sv_login:i',
  databases:
    'name host port:i database force_user pool_size:i min_pool_size:i reserve_pool_size:i server_lifetime:i pool_mode load_balance_hosts max_connections:i current_connections:i max_client_connections:i current_client_connections:i paused:i disabled:i',
  users:
    'name pool_size reserve_pool_size pool_mode max_user_connections:i current_connections:i max_user_client_connections:i current_client_connections:i',
  peers: 'peer_id:i host port:i pool_size:i',
  stats: `database ${figures('total_')} ${figures('avg_', { received: 'recv' })}`,
  stats_totals: `database ${figures('', BYTES)}`,
  stats_averages: `database ${figures('avg_', { received: 'recv' })}`,
  totals: 'name value:n',
  config: 'key value default changeable',
  lists: 'list items:q',
  state: 'key value',
  version: 'version',
  mem: 'name size:q used:q free:q memtotal:q',
  dns_hosts: 'hostname ttl:q addrs',
  dns_zones: 'zonename serial:q count:i',
  fds: 'fd:i task user database addr port:i cancel:q link:i client_encoding std_strings datestyle timezone password scram_client_key:b scram_server_key:b',
};
/** What ours have behind those. */
const OURS: Readonly<Record<string, string>> = { clients: ' pins', pools: ' cl_pinned:i pins leaks:q' };

const LETTERS = { text: '', int4: ':i', int8: ':q', numeric: ':n', bytea: ':b' } as const;

function written(name: string): string {
  return showNamed(name)!
    .columns.map((column) => column.name + LETTERS[column.type])
    .join(' ');
}

describe('SHOWS', () => {
  test('has every SHOW of PgBouncer', () => {
    expect(SHOWS.map(({ name }) => name).sort()).toEqual(Object.keys(COLUMNS).sort());
  });
  for (const [name, columns] of Object.entries(COLUMNS)) {
    test(`SHOW ${name.toUpperCase()} has PgBouncer’s columns, with their types, in their order, and ours behind them`, () => {
      expect(written(name)).toBe(columns + (OURS[name] ?? ''));
    });
    test(`SHOW ${name.toUpperCase()} gives rows that fit them`, async () => {
      const { console, plane } = await consoleFixture();
      await plane.client();
      const client = await console();
      const heard = await hears(client, query(`SHOW ${name}`));
      expect(heard[0]).toBe('RowDescription');
      expect(heard.slice(-2)).toEqual(['Complete SHOW', 'Ready I']);
      for (const row of showNamed(name)!.rows({
        context: plane.context,
        snapshot,
        localEnd: () => ['', 0],
      } as never))
        expect(row).toHaveLength((columns + (OURS[name] ?? '')).split(' ').length);
    });
  }

  const snapshot = () => ({ state: 'running', memoryBytes: 1 });
});

describe('withOldColumns()', () => {
  test('puts what PgBouncer had once behind all others', async () => {
    const { plane } = await consoleFixture();
    await plane.client();
    const stats = withOldColumns(showNamed('stats')!);
    expect(stats.columns.slice(-3).map(({ name }) => name)).toEqual([
      'total_requests',
      'avg_req',
      'avg_query',
    ]);
    const [, row] = [...stats.rows({ context: plane.context } as never)];
    expect(row![25]).toBe(row![3]!);
    expect(withOldColumns(showNamed('databases')!).columns.at(-1)!.name).toBe('reserve_pool');
    expect(withOldColumns(showNamed('pools')!)).toBe(showNamed('pools')!);
  });
});

/** The values of these columns, row by row. */
async function look(fixture: Awaited<ReturnType<typeof consoleFixture>>, name: string, wanted: string) {
  const { columns, rows } = showNamed(name)!;
  const snapshot = () => ({ state: 'running', memoryBytes: 1 });
  const places = wanted.split(' ').map((each) => columns.findIndex((column) => column.name === each));
  return [...rows({ context: fixture.plane.context, snapshot, localEnd: () => ['', 0] } as never)].map(
    (row) => places.map((place) => row[place]),
  );
}

describe('SHOW tells apart', () => {
  test('clients that are idle, active, waiting, and at the console', async () => {
    const fixture = await consoleFixture();
    const { plane } = fixture;
    plane.context.settings = {
      ...plane.context.settings,
      databases: { idp: databaseOf({ poolSize: 1 }) },
    };
    plane.registry.apply(plane.context.settings);
    const [, active, waiting] = [await plane.client(), await plane.client(), await plane.client()];
    const reader = await fixture.console('sta');
    active!.says(query('BEGIN'));
    await settle();
    plane.clock.advance(1500);
    waiting!.says(query('SELECT 1'));
    await settle();
    plane.clock.advance(2250);
    expect(await look(fixture, 'clients', 'type user database state wait wait_us addr')).toEqual([
      ['C', 'sta', 'pgbouncer', 'idle', 0, 0, 'unix'],
      ['C', 'idp_app', 'idp', 'idle', 0, 0, 'unix'],
      ['C', 'idp_app', 'idp', 'active', 0, 0, 'unix'],
      ['C', 'idp_app', 'idp', 'waiting', 2, 250_000, 'unix'],
    ]);
    expect(
      await look(fixture, 'pools', 'database cl_active cl_waiting sv_active sv_idle maxwait maxwait_us'),
    ).toEqual([
      ['pgbouncer', 1, 0, 0, 0, 0, 0],
      ['idp', 2, 1, 1, 0, 2, 250_000],
    ]);
    const [client] = (await look(fixture, 'clients', 'state ptr link')).filter(
      ([state]) => state === 'active',
    );
    const [server] = await look(fixture, 'servers', 'state ptr link');
    expect(server).toEqual(['active', client![2], client![1]]);
    expect((await look(fixture, 'sockets', 'state')).flat().sort()).toEqual(
      ['cl_active', 'cl_active', 'cl_active', 'cl_waiting', 'sv_active'].sort(),
    );
    expect(reader.heard()).toEqual([]);
  });

  test('clients that log in, which no row but LISTS and POOLS knows', async () => {
    const fixture = await consoleFixture();
    const { plane } = fixture;
    plane.accept();
    const arriving = plane.accept();
    arriving.says(startup({ user: 'idp_app', database: 'idp' }));
    expect(await look(fixture, 'pools', 'database cl_active cl_waiting sv_login')).toEqual([
      ['pgbouncer', 0, 0, 0],
      ['idp', 0, 1, 1],
    ]);
    const lists = Object.fromEntries((await look(fixture, 'lists', 'list items')) as [string, number][]);
    expect(lists).toMatchObject({
      login_clients: 1,
      used_clients: 1,
      pools: 2,
      databases: 2,
      used_servers: 1,
    });
  });

  test('servers that rest for long, and are asked before they are lent', async () => {
    const fixture = await consoleFixture({ server_check_query: 'select 1', server_check_delay: 30_000 });
    await fixture.plane.client();
    expect(await look(fixture, 'pools', 'sv_idle sv_used')).toEqual([
      [0, 0],
      [1, 0],
    ]);
    fixture.plane.clock.advance(30_001);
    expect(await look(fixture, 'pools', 'sv_idle sv_used')).toEqual([
      [0, 0],
      [0, 1],
    ]);
    expect(await look(fixture, 'servers', 'state')).toEqual([['used']]);
  });

  test('the connection that listens for all clients: a server of its database and user, and no pool of its own', async () => {
    const fixture = await consoleFixture();
    const { plane } = fixture;
    const listener: NotificationListener = {
      onNotification: () => {},
      onNotificationsMissed: () => {},
      onNotificationsReady: () => {},
    };
    plane.registry.notifications.prepare(plane.pool(), 'UTF8', 'a', listener);
    const columns = 'database cl_active cl_waiting sv_active sv_login pool_mode';
    expect((await look(fixture, 'pools', columns)).slice(1)).toEqual([['idp', 0, 1, 0, 1, 'transaction']]);
    await settle();
    expect((await look(fixture, 'pools', columns)).slice(1)).toEqual([['idp', 0, 0, 1, 0, 'transaction']]);
    const servers = await look(fixture, 'servers', 'type user database state application_name link');
    expect(servers).toEqual([['S', 'idp_app', 'idp', 'active', '', '']]);
    expect(await look(fixture, 'databases', 'name current_connections')).toContainEqual(['idp', 1]);
    expect(await look(fixture, 'users', 'name current_connections')).toContainEqual(['idp_app', 1]);
    const lists = Object.fromEntries((await look(fixture, 'lists', 'list items')) as [string, number][]);
    expect(lists).toMatchObject({ databases: 2, used_servers: 1 });
    expect(await look(fixture, 'stats', 'database')).toEqual([['pgbouncer'], ['idp']]);
  });

  test('what a setting is now from what it is by default, and shows no secret', async () => {
    const secrets_command = `fetch --token=${crypto.randomUUID()} {id}`;
    const fixture = await consoleFixture({ max_client_conn: 7, unix_socket_mode: 0o700, secrets_command });
    const rows = await look(fixture, 'config', 'key value default changeable');
    const config = new Map(rows.map(([key, ...rest]) => [key, rest]));
    expect(config.get('max_client_conn')).toEqual(['7', '1000', 'yes']);
    expect(config.get('query_wait_timeout')?.[0]).toBe('120');
    expect(config.get('unix_socket_mode')?.[0]).toBe('0700');
    expect(config.get('admin_users')).toEqual(['adm', '', 'yes']);
    expect(config.get('log_connections')?.[0]).toBe('1');
    expect(config.get('secrets_command')).toEqual(['***', '', 'no']);
    expect([...config.keys()]).toEqual([...config.keys()].sort());
  });
});
