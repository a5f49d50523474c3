// Hosts by their names: several addresses, one of them dead, a name that moves while clients work, one that is not there yet.

import { afterAll, expect, setDefaultTimeout } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { serve, USER } from '../harness/application.ts';
import { cancelKey, sendCancel } from '../harness/cancel_request.ts';
import { consoleRows } from '../harness/console_rows.ts';
import { testNeeding } from '../harness/needs.ts';
import { makeOwnHosts, missingOwnHosts } from '../harness/own_hosts.ts';
import { ask, refused, through } from '../harness/psql.ts';
import { openShop } from '../harness/shop.ts';
import { untilRuns } from '../harness/until_runs.ts';

setDefaultTimeout(30_000);

const NAME = 'writer.test';
/** All of 127.0.0.0/8 is this machine: one PostgreSQL stands for two. Nobody listens at the third. */
const [TWO, THREE, NOBODY] = ['127.0.0.2', '127.0.0.3', '127.0.0.4'] as const;

const { authority, postgres, connect } = await openShop({ listenAddresses: ['127.0.0.1', TWO, THREE] });
await postgres.replaceCertificate(authority.issueServer({ hosts: [NAME] }));

const hosts = makeOwnHosts({ [NAME]: [TWO] });
afterAll(() => hosts.remove());

const WHERE = 'SELECT host(inet_server_addr()) AS host, pg_backend_pid() AS pid';
const BASE = { dns_max_ttl: '1s', dns_nxdomain_ttl: '1s', server_login_retry: '200ms' };

/** By verify-full: the certificate is for the name, and for no address. */
function start(settings: Readonly<Record<string, unknown>> = {}): Promise<Agent> {
  const application = { postgres, authority, host: NAME, settings: { ...BASE, ...settings } };
  return serve(application, { executable: hosts.executable });
}

async function where(client: pg.Client): Promise<{ host: string; pid: number }> {
  return (await client.query<{ host: string; pid: number }>(WHERE)).rows[0]!;
}

const testHere = testNeeding(missingOwnHosts());

testHere(
  'a name with several addresses gives each of them in turn, and passes over one that is dead',
  async () => {
    hosts.set({ [NAME]: [TWO, THREE] });
    await using agent = await start();
    const clients = await Promise.all([1, 2, 3, 4].map(() => connect(agent)));
    for (const client of clients) await client.query('BEGIN');
    const seen = await Promise.all(clients.map(async (client) => (await where(client)).host));
    expect(seen.toSorted()).toEqual([TWO, TWO, THREE, THREE]);
    const servers = await consoleRows(agent, 'SHOW SERVERS');
    expect(servers.map(({ addr, port }) => [addr, port]).toSorted()).toEqual([
      ...[TWO, TWO, THREE, THREE].map((address) => [address, postgres.port]),
    ]);
    expect(await consoleRows(agent, 'SHOW DNS_HOSTS')).toMatchObject([
      { hostname: NAME, addrs: `${TWO},${THREE}` },
    ]);
    const lists = await consoleRows(agent, 'SHOW LISTS');
    expect(lists.find(({ list }) => list === 'dns_names')).toMatchObject({ items: '1' });
    await Promise.all(clients.map((client) => client.end()));

    hosts.set({ [NAME]: [NOBODY, THREE] });
    await using second = await start();
    const others = await Promise.all([1, 2, 3].map(() => connect(second)));
    for (const client of others) await client.query('BEGIN');
    expect(await Promise.all(others.map(async (client) => (await where(client)).host))).toEqual([
      ...[THREE, THREE, THREE],
    ]);
    await Promise.all(others.map((client) => client.end()));
  },
);

testHere(
  'a name that moves takes its servers along as they come free, without a new connection asking',
  async () => {
    hosts.set({ [NAME]: [TWO] });
    await using agent = await start();
    const [working, resting] = [await connect(agent), await connect(agent)];
    await working.query('BEGIN');
    const before = await where(working);
    await resting.query('BEGIN');
    const rested = await where(resting);
    await resting.query('COMMIT');
    expect([before.host, rested.host]).toEqual([TWO, TWO]);
    hosts.set({ [NAME]: [THREE] });
    const moved = await agent.waitForLog('a name leads to other addresses');
    expect(moved).toMatchObject({ name: NAME, before: [TWO], addresses: [THREE] });
    const closed = (pid: number) =>
      agent.waitForLog(({ msg, server_pid }) => msg === 'server connection closed' && server_pid === pid);
    expect((await closed(rested.pid)).reason).toBe(`the name ${NAME} leads to other addresses`);
    // Whoever is in a transaction ends it where it began.
    expect(await where(working)).toEqual(before);
    await working.query('COMMIT');
    await closed(before.pid);
    expect([(await where(working)).host, (await where(resting)).host]).toEqual([THREE, THREE]);
    await Promise.all([working.end(), resting.end()]);
  },
);

testHere('a name that is not there is told as such, and found when it is', async () => {
  hosts.set({});
  await using agent = await start();
  const login = through(agent, postgres.passwordOf(USER));
  const told = await refused(login);
  expect(told.sqlstate).toBe('08001');
  expect(told.text).toContain(`could not find the address of host ${NAME}`);
  hosts.set({ [NAME]: [TWO] });
  const { code, stderr } = await agent.command('wait', '--timeout', '20s');
  expect([code, stderr]).toEqual([0, '']);
  expect(await ask(login, 'SELECT host(inet_server_addr())')).toBe(TWO);
});

testHere('an error names the host and the address that it was found at', async () => {
  hosts.set({ [NAME]: [NOBODY] });
  await using agent = await start();
  const told = await refused(through(agent, postgres.passwordOf(USER)));
  expect(told.text).toContain(`connection refused by ${NAME}:${postgres.port} (${NOBODY})`);
});

testHere('a cancel request goes to the address of its server, wherever the name leads by then', async () => {
  hosts.set({ [NAME]: [TWO] });
  await using agent = await start({ dns_max_ttl: '1h' });
  const client = await connect(agent);
  const seen = client.query('SELECT pg_sleep(60)').catch((error: Error & { code: string }) => error.code);
  await untilRuns(postgres, 'pg_sleep(60)');
  hosts.set({ [NAME]: [NOBODY] });
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  await sendCancel(`${agent.socketDir}/.s.PGSQL.5432`, cancelKey(processID, secretKey));
  expect(await seen).toBe('57014');
  await client.end();
});

testHere('name servers that say nothing hold up no login at a host that needs none', async () => {
  // It takes every question, and answers none.
  const silent = await Bun.udpSocket({ hostname: '127.0.0.99', port: 53, socket: { data() {} } });
  const alone = makeOwnHosts({}, '127.0.0.99');
  const nowhere = { user: USER, password: postgres.passwordOf(USER), dbname: 'shop' };
  const names = ['one', 'two', 'three', 'four', 'five', 'six'];
  const databases = Object.fromEntries(names.map((name) => [name, { host: `${name}.test`, ...nowhere }]));
  const settings = { ...BASE, unsafe_settings: 'warn', databases, users: { [USER]: { databases: '*' } } };
  const application = { postgres, authority, host: '127.0.0.1', sslmode: 'verify-ca', settings };
  await using agent = await serve(application, { executable: alone.executable });
  const password = postgres.passwordOf(USER);
  const lost = names.map((name) => new pg.Client(agent.url(USER, password, name)));
  const ends = lost.map((client) => client.connect().catch((error: Error) => error.message));
  let asked = 0;
  while (asked < names.length) {
    const lists = await consoleRows(agent, 'SHOW LISTS');
    const items = (wanted: string) => Number(lists.find(({ list }) => list === wanted)?.items);
    asked = items('dns_queries') + items('dns_pending');
  }
  // By SCRAM: the runtime computes it where it looks names up.
  const client = await connect(agent);
  expect((await where(client)).host).toBe('127.0.0.1');
  await client.end();
  const lists = await consoleRows(agent, 'SHOW LISTS');
  expect(Number(lists.find(({ list }) => list === 'dns_queries')?.items)).toBeGreaterThan(0);
  await agent.stop();
  await Promise.all(ends);
  silent.close();
  alone.remove();
});
