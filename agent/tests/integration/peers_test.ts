// Several poolers behind one address: a cancel request that comes to the wrong one ends the query all the same; with PgBouncer among them too.

import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type AddressInfo, createServer, connect as netConnect, type Socket } from 'node:net';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { pgsidecarYml, serve, USER } from '../harness/application.ts';
import { cancelKey, sendCancel } from '../harness/cancel_request.ts';
import { consoleRows } from '../harness/console_rows.ts';
import { testNeeding } from '../harness/needs.ts';
import { createNursery, unprivilegedAccount } from '../harness/nursery.ts';
import {
  hasNewerPgbouncer,
  NEWER_PGBOUNCER,
  startPgbouncerProcess,
  writeForPgbouncer,
} from '../harness/pgbouncer.ts';
import { freePort } from '../harness/postgres.ts';
import { openShop } from '../harness/shop.ts';
import { untilRuns } from '../harness/until_runs.ts';

setDefaultTimeout(30_000);

const { authority, postgres, connect } = await openShop();
const nursery = createNursery('peers', unprivilegedAccount());
afterAll(() => nursery.close());

type Peers = Readonly<Record<number, Readonly<Record<string, unknown>>>>;

function start(peer_id: number, settings: Readonly<Record<string, unknown>> = {}): Promise<Agent> {
  return serve({ postgres, authority, settings: { peer_id, ...settings } });
}

/** Its peers, by a reload: where they are is known when they are there. */
async function introduce(agent: Agent, peer_id: number, peers: Peers): Promise<void> {
  agent.writeFile('pgsidecar.yml', pgsidecarYml({ peer_id, peers }));
  const { code, stderr } = await agent.reload();
  expect([code, stderr]).toEqual([0, '']);
}

interface Door extends AsyncDisposable {
  readonly port: number;
  /** Whoever comes from now on waits outside. */
  shut(): void;
  open(): void;
  /** Somebody waits. */
  readonly knock: Promise<void>;
}

/** To PostgreSQL. */
async function openDoor(port: number): Promise<Door> {
  const knock = Promise.withResolvers<void>();
  const outside: (() => void)[] = [];
  let isShut = false;
  const sockets = new Set<Socket>();
  const listener = createServer({ pauseOnConnect: true }, (near) => {
    const enter = (): void => {
      const far = netConnect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => {}); // its close tells the other one
        socket.on('close', () => {
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.pipe(near);
    };
    if (!isShut) return enter();
    outside.push(enter);
    knock.resolve();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    knock: knock.promise,
    shut() {
      isShut = true;
    },
    open() {
      isShut = false;
      for (const enter of outside.splice(0)) enter();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}

const socketOf = (agent: Agent) => `${agent.socketDir}/.s.PGSQL.5432`;
const at = (agent: Agent) => ({ host: agent.socketDir, port: 5432 });

function keyOf(client: pg.Client): Buffer {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  return cancelKey(processID, secretKey);
}

/** A query that runs at PostgreSQL, and how it ends. */
async function work(client: pg.Client): Promise<{ readonly ended: Promise<string> }> {
  const mark = crypto.randomUUID();
  const ended = client.query(`SELECT pg_sleep(60) /* ${mark} */`).then(
    () => 'in peace',
    (error: Error & { code: string }) => error.code,
  );
  await untilRuns(postgres, mark);
  return { ended };
}

const dropped = (agent: Agent, reason: string) =>
  agent.waitForLog(
    (line) => line.msg === 'a cancel request did not reach the peer that it is for' && line.reason === reason,
  );

describe('two agents', () => {
  test('pass a cancel request on to the one whose client it is for', async () => {
    await using one = await start(1);
    await using two = await start(300);
    const peers: Peers = { 1: at(one), 300: at(two) };
    await introduce(one, 1, peers);
    await introduce(two, 300, peers);
    const clients = [await connect(one), await connect(two)] as const;
    // PgBouncer's layout: the number in the second and third byte, the low one first.
    expect(clients.map((client) => keyOf(client).readUInt16LE(1))).toEqual([1, 300]);
    const queries = [await work(clients[0]), await work(clients[1])] as const;
    await sendCancel(socketOf(two), keyOf(clients[0]));
    expect(await queries[0].ended).toBe('57014');
    await sendCancel(socketOf(one), keyOf(clients[1]));
    expect(await queries[1].ended).toBe('57014');
    // At the right one it works as ever.
    const again = await work(clients[0]);
    await sendCancel(socketOf(one), keyOf(clients[0]));
    expect(await again.ended).toBe('57014');
    expect(await consoleRows(two, 'SHOW PEERS')).toEqual([
      { peer_id: 1, host: one.socketDir, port: 5432, pool_size: 20 },
      { peer_id: 300, host: two.socketDir, port: 5432, pool_size: 20 },
    ]);
    expect(await consoleRows(two, 'SHOW PEER_POOLS')).toEqual([
      { peer_id: 1, cl_active_cancel_req: 0, cl_waiting_cancel_req: 0, sv_active_cancel: 0, sv_login: 0 },
    ]);
    await Promise.all(clients.map((client) => client.end()));
  });

  test('let the sender of a request go when PostgreSQL has it, and lend its server to nobody before', async () => {
    await using door = await openDoor(postgres.port);
    await using one = await serve({ postgres, authority, port: door.port, settings: { peer_id: 1 } });
    await using two = await start(2, { peers: { 1: at(one) } });
    const client = await connect(one);
    await client.query('SELECT 1');
    door.shut();
    const slow = client.query('SELECT pg_sleep(0.3), 7 AS n');
    let isOver = false;
    const sender = sendCancel(socketOf(two), keyOf(client)).then(() => {
      isOver = true;
    });
    await door.knock;
    // It came too late, and is still on its way: it would hit what runs there next.
    expect((await slow).rows).toMatchObject([{ n: 7 }]);
    const [pool] = (await consoleRows(one, 'SHOW POOLS')).filter(({ database }) => database === 'shop');
    expect(pool).toMatchObject({ sv_being_canceled: 1, cl_active_cancel_req: 1, sv_idle: 0 });
    expect(isOver).toBe(false);
    door.open();
    await sender;
    expect((await client.query('SELECT pg_sleep(0.05), 8 AS n')).rows).toMatchObject([{ n: 8 }]);
    await client.end();
  });

  test('let a request that nobody is meant by go round three times, and no more', async () => {
    await using one = await start(1);
    await using two = await start(2);
    // Each says that 9 is the other.
    await introduce(one, 1, { 9: at(two) });
    await introduce(two, 2, { 9: at(one) });
    const key = Buffer.from([1, 9, 0, 4, 5, 6, 7, 0xff]);
    await sendCancel(socketOf(one), key);
    await dropped(two, 'it was passed on three times');
    expect(one.logLines().filter(({ msg }) => msg.includes('did not reach'))).toEqual([]);
    await sendCancel(socketOf(one), Buffer.from([1, 8, 0, 4, 5, 6, 7, 0xff]));
    await dropped(one, 'there is no such peer');
  });

  test('reach each other by TLS that is verified, as servers are', async () => {
    const [port, issued] = [await freePort(), authority.issueServer()];
    const tls = {
      ...{ listen_addr: '127.0.0.1', listen_port: port, client_tls_sslmode: 'require' },
      ...{ client_tls_cert_file: 'server.crt', client_tls_key_file: 'server.key' },
    };
    const files = { 'server.crt': issued.certificate, 'server.key': issued.key };
    await using one = await serve({ postgres, authority, settings: { peer_id: 1, ...tls } }, { files });
    await using two = await start(2, { peers: { 1: { host: 'localhost', port } } });
    const password = postgres.passwordOf(USER);
    const client = new pg.Client({ host: one.socketDir, port, user: USER, password, database: 'shop' });
    await client.connect();
    const { ended } = await work(client);
    await sendCancel(socketOf(two), keyOf(client));
    expect(await ended).toBe('57014');
    await client.end();
  });
});

test('two agents share a port, and a cancel request by that port ends the query whoever gets it', async () => {
  const port = await freePort();
  const shared = { so_reuseport: 'yes', listen_addr: '127.0.0.1', listen_port: port };
  await using one = await start(1, shared);
  await using two = await start(2, shared);
  for (const [agent, peer_id] of [[one, 1] as const, [two, 2] as const]) {
    const peers = { 1: { host: one.socketDir, port }, 2: { host: two.socketDir, port } };
    agent.writeFile('pgsidecar.yml', pgsidecarYml({ peer_id, peers, ...shared }));
    expect((await agent.reload()).code).toBe(0);
  }
  const password = postgres.passwordOf(USER);
  const clients = [one, two, one, two, one, two].map(
    ({ socketDir }) => new pg.Client({ host: socketDir, port, user: USER, password, database: 'shop' }),
  );
  for (const client of clients) {
    await client.connect();
    const { ended } = await work(client);
    // Whichever of the two the kernel gives it to.
    await sendCancel(port, keyOf(client));
    expect(await ended).toBe('57014');
  }
  const throughPort = new pg.Client({ host: '127.0.0.1', port, user: USER, password, database: 'shop' });
  await throughPort.connect();
  expect((await throughPort.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await Promise.all([...clients, throughPort].map((client) => client.end()));
});

describe('an agent and PgBouncer', () => {
  const missing = hasNewerPgbouncer() ? undefined : 'PgBouncer 1.18 has no peers: scripts/newer_pgbouncer';

  testNeeding(missing)('pass cancel requests on to each other', async () => {
    const [ours, theirs] = [await freePort(), await freePort()];
    const peers: Peers = { 1: { host: '127.0.0.1', port: ours }, 515: { host: '127.0.0.1', port: theirs } };
    const password = postgres.passwordOf(USER);
    const users = writeForPgbouncer(nursery, 'userlist.txt', `"${USER}" "${password}"\n`);
    const lines = [
      ...['[databases]', `shop = host=127.0.0.1 port=${postgres.port}`, '[peers]'],
      ...Object.entries(peers).map(([id, { host, port }]) => `${id} = host=${host} port=${port}`),
      ...['[pgbouncer]', 'listen_addr = 127.0.0.1', `listen_port = ${theirs}`, 'unix_socket_dir ='],
      ...['auth_type = scram-sha-256', `auth_file = ${users}`, 'peer_id = 515', 'pool_mode = transaction'],
    ];
    const ini = writeForPgbouncer(nursery, 'pgbouncer.ini', `${lines.join('\n')}\n`);
    const { child, logText } = await startPgbouncerProcess(nursery, NEWER_PGBOUNCER, ini);
    const weak = { server_tls_sslmode: 'prefer', unsafe_settings: 'warn' };
    await using agent = await start(1, { ...weak, listen_addr: '127.0.0.1', listen_port: ours, peers });
    const [here, there] = [ours, theirs].map(
      (port) => new pg.Client({ host: '127.0.0.1', port, user: USER, password, database: 'shop' }),
    ) as [pg.Client, pg.Client];
    await Promise.all([here.connect(), there.connect()]);
    expect([here, there].map((client) => keyOf(client).readUInt16LE(1))).toEqual([1, 515]);
    const queries = [await work(here), await work(there)] as const;
    await sendCancel(theirs, keyOf(here));
    expect(await queries[0].ended, logText()).toBe('57014');
    await sendCancel(ours, keyOf(there));
    expect(await queries[1].ended, logText()).toBe('57014');
    await Promise.all([here.end(), there.end()]);
    child.kill('SIGQUIT');
    await child.exited;
    expect(agent.logLines().filter(({ msg }) => msg.includes('did not reach'))).toEqual([]);
  });
});
