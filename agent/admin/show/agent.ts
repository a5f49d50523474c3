// SHOW LISTS, STATE, VERSION, MEM, DNS_HOSTS and DNS_ZONES: of the agent as a whole.

import { VERSION } from '../../base/version.ts';
import { servedDatabases } from '../../observe/databases.ts';
import { secondsOf } from './print.ts';
import { type ConsoleTools, columns, type Show } from './row.ts';

/** The PgBouncer whose console this one speaks like: its columns, its words. */
export const PGBOUNCER_VERSION = '1.25.2';

const LISTS: Show = {
  name: 'lists',
  doc: 'How many there are of each kind.',
  columns: columns(['list', 'text', 'What is counted.'], ['items', 'int8', 'How many there are.']),
  rows: (tools) => Object.entries(listsOf(tools)),
};

function listsOf({ context }: ConsoleTools): Readonly<Record<string, number>> {
  const { clients, names, peers, registry, settings } = context;
  const used = clients.count + clients.consoles.size + clients.logins;
  let [pools, servers, places] = [1, 0, 0];
  for (const pool of registry) {
    pools++;
    servers += pool.servers;
    places += Math.max(pool.sizeMax - pool.servers, 0);
  }
  return {
    databases: servedDatabases(context).length + 1,
    users: Object.keys(settings.users).length,
    peers: Object.keys(settings.peers).length,
    pools,
    peer_pools: [...peers.figures()].length,
    free_clients: Math.max(settings.max_client_conn - clients.count - clients.arriving, 0),
    used_clients: used,
    login_clients: clients.logins,
    free_servers: places,
    used_servers: servers,
    dns_names: names?.names ?? 0,
    dns_zones: 0,
    dns_queries: names?.queries ?? 0,
    dns_pending: names?.pending ?? 0,
  };
}

const STATE: Show = {
  name: 'state',
  doc: 'Whether clients are served.',
  columns: columns(
    ['key', 'text', '`active`, `paused` or `suspended`.'],
    ['value', 'text', '`yes` or `no`.'],
  ),
  *rows({ snapshot }) {
    const { state } = snapshot();
    const isHeld = state === 'paused' || state === 'suspended';
    yield ['active', isHeld ? 'no' : 'yes'];
    for (const held of ['paused', 'suspended']) yield [held, state === held ? 'yes' : 'no'];
  },
};

const VERSION_SHOW: Show = {
  name: 'version',
  doc: `The PgBouncer whose console this is compatible with, which is what exporters look for; in parentheses, what it is.`,
  columns: columns(['version', 'text', `\`PgBouncer ${PGBOUNCER_VERSION} (pgsidecar …)\``]),
  rows: () => [[`PgBouncer ${PGBOUNCER_VERSION} (pgsidecar ${VERSION})`]],
};

const MEM: Show = {
  name: 'mem',
  doc: 'Memory. There are no caches of one size here: a row says what all of its kind take.',
  columns: columns(
    [
      'name',
      'text',
      '`process` is what the kernel counts (RSS), `statements` the texts of prepared statements.',
    ],
    ['size', 'int8', 'Bytes of one; 1, since they are counted in bytes.'],
    ['used', 'int8', 'How many are in use.'],
    ['free', 'int8', 'How many are free.'],
    ['memtotal', 'int8', 'Bytes of all.'],
  ),
  *rows({ context, snapshot }) {
    const { memoryBytes } = snapshot();
    yield ['process', 1, memoryBytes, 0, memoryBytes];
    const { bytes } = context.statements;
    const { prepared_statements_memory: max } = context.settings;
    yield ['statements', 1, bytes, Math.max(max - bytes, 0), bytes];
  },
};

const DNS_HOSTS: Show = {
  name: 'dns_hosts',
  doc: 'A row for each host name of a server that was looked up, until a minute after its last use.',
  columns: columns(
    ['hostname', 'text', 'The name.'],
    ['ttl', 'int8', 'Seconds until it is looked up again.'],
    ['addrs', 'text', 'Its addresses, with commas; none where there is no such name.'],
  ),
  *rows({ context }) {
    for (const { name, ttlMs, addresses } of context.names?.rows() ?? [])
      yield [name, secondsOf(ttlMs), addresses.join(',')];
  },
};

const DNS_ZONES: Show = {
  name: 'dns_zones',
  doc: 'No rows: names that are in use are looked up again by themselves, so that no zone has to be watched.',
  columns: columns(
    ['zonename', 'text', 'The zone.'],
    ['serial', 'int8', 'Its serial number.'],
    ['count', 'int4', 'Names of it.'],
  ),
  rows: () => [],
};

export const AGENT_SHOWS: readonly Show[] = [LISTS, STATE, VERSION_SHOW, MEM, DNS_HOSTS, DNS_ZONES];
