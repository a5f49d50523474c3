// tcp_keepalive and its kin, as the kernel has them for the agent's connections: to servers and of clients.

import { expect, setDefaultTimeout } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { pgsidecarYml, serve } from '../harness/application.ts';
import { foreignSockets, missingForeignSockets } from '../harness/foreign_sockets.ts';
import { testNeeding } from '../harness/needs.ts';
import { freePort } from '../harness/postgres.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(30_000);

const testBySockets = testNeeding(missingForeignSockets());
const { authority, postgres } = await openShop();
const port = await freePort();

function withListener(settings: Record<string, unknown>): Record<string, unknown> {
  return { listen_addr: '127.0.0.1', listen_port: port, ...settings };
}

function start(settings: Record<string, unknown> = {}): Promise<Agent> {
  return serve({ postgres, authority, settings: withListener(settings) });
}

/** A client over TCP, in a transaction, so that it has a server of its own. */
async function enter(): Promise<pg.Client> {
  const login = { user: 'app', database: 'shop', password: postgres.passwordOf('app') };
  const client = new pg.Client({ host: '127.0.0.1', port, ...login });
  await client.connect();
  await client.query('BEGIN');
  return client;
}

/** keepalive, idle, interval, probes, user timeout of each connection to servers and of clients; those alike are one. */
function tuning({ pid }: Agent): { servers: unknown[]; clients: unknown[] } {
  const sockets = foreignSockets(pid);
  const told = (of: typeof sockets) => {
    const rows = of.map(({ keepAlive, idle, interval, probes, userTimeoutMs }) =>
      [keepAlive ? 'on' : 'off', idle, interval, probes, userTimeoutMs].join(' '),
    );
    return [...new Set(rows)].sort();
  };
  return {
    servers: told(sockets.filter(({ remotePort }) => remotePort === postgres.port)),
    clients: told(sockets.filter(({ localPort }) => localPort === port)),
  };
}

testBySockets('as they come: 60 seconds of silence, ten probes a second apart, no user timeout', async () => {
  await using agent = await start();
  const client = await enter();
  const all = ['on 60 1 10 0'];
  expect(tuning(agent)).toEqual({ servers: all, clients: all });
  await client.end();
});

testBySockets('each of them reaches connections to servers, in TLS too, and those of clients', async () => {
  await using agent = await start({
    ...{ tcp_keepidle: 7, tcp_keepintvl: '3s', tcp_keepcnt: 5, tcp_user_timeout: 2500 },
    server_tls_sslmode: 'verify-full',
  });
  const client = await enter();
  const all = ['on 7 3 5 2500'];
  expect(tuning(agent)).toEqual({ servers: all, clients: all });
  await client.end();
});

testBySockets('a user timeout holds without keepalive', async () => {
  await using agent = await start({ tcp_keepalive: false, tcp_user_timeout: '4s' });
  const client = await enter();
  const all = [expect.stringMatching(/^off \d+ \d+ \d+ 4000$/)];
  expect(tuning(agent)).toEqual({ servers: all, clients: all });
  await client.end();
});

testBySockets('a reload changes what new connections get, and leaves those that are open', async () => {
  await using agent = await start({ tcp_keepidle: 7 });
  const old = await enter();
  agent.writeFile('pgsidecar.yml', pgsidecarYml(withListener({ tcp_keepidle: 9, tcp_user_timeout: 1500 })));
  expect((await agent.reload()).code).toBe(0);
  const young = await enter();
  const both = ['on 7 1 10 0', 'on 9 1 10 1500'];
  expect(tuning(agent)).toEqual({ servers: both, clients: both });
  await old.end();
  await young.end();
});
