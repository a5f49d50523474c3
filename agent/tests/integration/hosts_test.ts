// One database with several hosts, and with hosts of several kinds: who is asked in turn, and who stays when the list is edited.

import { expect, setDefaultTimeout, test } from 'bun:test';
import type pg from 'pg';
import { DATABASE, pgsidecarYml, serve, USER } from '../harness/application.ts';
import { freePort } from '../harness/postgres.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

/** All of 127.0.0.0/8 is this machine: one PostgreSQL stands for four. */
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];

const { authority, postgres, connect } = await openShop({
  listenAddresses: ADDRESSES,
  hba: ['host all all samehost scram-sha-256', 'local all app scram-sha-256'],
});

const WHERE = 'SELECT host(inet_server_addr()) AS host, pg_backend_pid() AS pid';

function settingsFor(host: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const password = postgres.passwordOf(USER);
  const database = { host, port: postgres.port, sslmode: 'disable', user: USER, password, ...more };
  return { unsafe_settings: 'warn', databases: { [DATABASE]: { dbname: DATABASE, ...database } } };
}

interface Seat {
  readonly client: pg.Client;
  readonly host: string;
  readonly pid: number;
}

/** So many clients, each with a server of its own, inside a transaction. */
async function begin(agent: Parameters<typeof connect>[0], count: number): Promise<Seat[]> {
  const seats: Seat[] = [];
  for (let i = 0; i < count; i++) {
    const client = await connect(agent);
    await client.query('BEGIN');
    const { rows } = await client.query<{ host: string; pid: number }>(WHERE);
    seats.push({ client, ...rows[0]! });
  }
  return seats;
}

async function where(client: pg.Client): Promise<{ host: string; pid: number }> {
  return (await client.query<{ host: string; pid: number }>(WHERE)).rows[0]!;
}

const leave = (seats: readonly Seat[]) => Promise.all(seats.map(({ client }) => client.end()));

test('load_balance_hosts: round-robin gives each new server the next host, and passes over one that is down', async () => {
  const hosts = '127.0.0.2,127.0.0.3,127.0.0.4';
  const settings = settingsFor(hosts, { load_balance_hosts: 'round-robin' });
  await using agent = await serve({ postgres, authority, settings });
  const seats = await begin(agent, 6);
  expect(seats.map(({ host }) => host.at(-1)).join('')).toBe('234234');
  await leave(seats);

  const ports = `${postgres.port},${await freePort()},${postgres.port}`;
  const one = settingsFor(hosts, { load_balance_hosts: 'round-robin', port: ports });
  await using second = await serve({ postgres, authority, settings: one });
  const others = await begin(second, 4);
  expect(others.map(({ host }) => host.at(-1)).join('')).toBe('2424');
  await leave(others);
});

test('the first host is asked first where nothing else is said', async () => {
  await using agent = await serve({ postgres, authority, settings: settingsFor('127.0.0.3,127.0.0.2') });
  const seats = await begin(agent, 3);
  expect(seats.map(({ host }) => host.at(-1)).join('')).toBe('333');
  await leave(seats);
});

test('an edited list of hosts leaves the servers of the hosts that stay', async () => {
  const balanced = { load_balance_hosts: 'round-robin' };
  const settings = settingsFor('127.0.0.2,127.0.0.3', balanced);
  await using agent = await serve({ postgres, authority, settings });
  const [two, three] = (await begin(agent, 2)) as [Seat, Seat];
  expect([two.host, three.host]).toEqual(['127.0.0.2', '127.0.0.3']);
  agent.writeFile('pgsidecar.yml', pgsidecarYml(settingsFor('127.0.0.3,127.0.0.4', balanced)));
  expect((await agent.reload()).code).toBe(0);
  // Whoever is in a transaction stays where it is.
  expect(await where(two.client)).toEqual({ host: two.host, pid: two.pid });
  await two.client.query('COMMIT');
  await three.client.query('COMMIT');
  const gone = await agent.waitForLog(({ msg, server_pid }) => {
    return msg === 'server connection closed' && server_pid === two.pid;
  });
  expect(gone.reason).toBe('its host is no longer one of the database');
  expect(await where(three.client)).toEqual({ host: three.host, pid: three.pid });
  await leave([two, three]);
  const text = agent.logLines().map((line) => JSON.stringify(line));
  expect(text.join()).toContain('its server connections to 127.0.0.2:');
});

test('a host may be a UNIX socket in the abstract namespace', async () => {
  const name = `@pgsidecar-${crypto.randomUUID()}`;
  await postgres.sql(`ALTER SYSTEM SET unix_socket_directories = '${postgres.socketDir}', '${name}'`);
  await postgres.restart();
  await using agent = await serve({ postgres, authority, settings: settingsFor(name) });
  const client = await connect(agent);
  const { rows } = await client.query('SELECT inet_server_addr() AS address, current_user AS role');
  expect(rows).toEqual([{ address: null, role: USER }]);
  await client.end();
});
