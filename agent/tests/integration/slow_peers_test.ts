// Clients that read slowly and servers that are blocked: whoever is fast waits, and the agent keeps its memory.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { createNursery } from '../harness/nursery.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { ask, libpqEnvironment, through } from '../harness/psql.ts';

setDefaultTimeout(60_000);

const authority = createCertificateAuthority();
const nursery = createNursery('slow');
let postgres: Postgres;

/** What the agent may have in memory, whatever passes through it. */
const RSS_BYTES_MAX = 100_000_000;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
  await postgres.sql(
    `CREATE TABLE slow (n int, text text);
     ALTER TABLE slow OWNER TO app;
     CREATE FUNCTION wait_for_gate() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END';
     CREATE TRIGGER gate BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION wait_for_gate()`,
    'shop',
  );
}, 60_000);
afterAll(async () => {
  await postgres?.stop();
  await nursery.close();
});

function start(settings: Application['settings'] = {}): Promise<Agent> {
  // Plain, because the slow client speaks the protocol itself.
  return serve({ postgres, authority, settings: { auth_type: 'plain', default_pool_size: 2, ...settings } });
}

/** The largest that the agent was while `work` went on. */
async function largestDuring(agent: Agent, work: () => Promise<unknown>): Promise<number> {
  let largest = agent.rssBytes();
  const timer = setInterval(() => {
    largest = Math.max(largest, agent.rssBytes());
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(largest, agent.rssBytes());
}

function slowClient(agent: Agent, bytesPerSecond: number, sql: string) {
  const script = join(import.meta.dir, 'slow_client.ts');
  const socket = `${agent.socketDir}/.s.PGSQL.5432`;
  const words = [socket, 'app', postgres.passwordOf('app'), 'shop', String(bytesPerSecond), sql];
  const child = nursery.spawn([process.execPath, script, ...words], { output: 'pipe' });
  return { child, lines: (child.stdout as ReadableStream<Uint8Array>).getReader() };
}

/** Waits until the client has so many bytes; gives the number that it said. */
async function received(client: ReturnType<typeof slowClient>, atLeast: number): Promise<number> {
  for (;;) {
    const { value, done } = await client.lines.read();
    if (done) throw new Error(`the slow client ended: ${client.child.exitCode}`);
    const bytes = Number(Buffer.from(value).toString().trim().split('\n').at(-1));
    if (bytes >= atLeast) return bytes;
  }
}

async function waitEvents(): Promise<string[]> {
  const rows = await postgres.sql<{ wait_event: string }>(
    "SELECT wait_event FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'",
  );
  return rows.map(({ wait_event }) => wait_event);
}

const GIGABYTE = "SELECT repeat('x', 1000000) FROM generate_series(1, 1000)";

test('a gigabyte through a client that takes 1 MB a second waits in PostgreSQL, not in the agent', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  expect(await ask(login, 'SELECT 1')).toBe('1');
  const client = slowClient(agent, 1_000_000, GIGABYTE);
  const largest = await largestDuring(agent, async () => {
    await received(client, 2_000_000);
    // It waits for its reader, and a neighbour does not.
    while (!(await waitEvents()).includes('ClientWrite')) await Bun.sleep(10);
    for (let n = 0; n < 20; n++) expect(await ask(login, `SELECT ${n}`)).toBe(String(n));
    await received(client, 6_000_000);
  });
  expect(largest).toBeLessThan(RSS_BYTES_MAX);
  client.child.kill('SIGKILL');
  await client.child.exited;
  // Its server is told, instead of being kept for a reader that will not come.
  while ((await waitEvents()).length > 0) await Bun.sleep(10);
  expect(await ask(login, 'SELECT 2')).toBe('2');
});

test('eight of them at once, in rows of 1 MB and in many small ones', async () => {
  await using agent = await start({ default_pool_size: 8 });
  const small = "SELECT n, repeat('y', 100) FROM generate_series(1, 10000000) AS n";
  const clients = Array.from({ length: 8 }, (_, who) =>
    slowClient(agent, 500_000, who % 2 === 0 ? GIGABYTE : small),
  );
  const largest = await largestDuring(agent, () =>
    Promise.all(clients.map((client) => received(client, 2_000_000))),
  );
  expect(largest).toBeLessThan(RSS_BYTES_MAX);
  for (const { child } of clients) child.kill('SIGKILL');
  while ((await waitEvents()).length > 0) await Bun.sleep(10);
});

test('a gigabyte through a client that reads as fast as it can leaves garbage, and not much of it', async () => {
  await using agent = await start();
  const child = nursery.spawn(['psql', '-XAtc', GIGABYTE, '-o', '/dev/null'], {
    output: 'pipe',
    env: libpqEnvironment(through(agent, postgres.passwordOf('app'))),
  });
  const largest = await largestDuring(agent, async () => expect(await child.exited).toBe(0));
  // At a gigabyte in two seconds the collector comes when it has time.
  expect(largest).toBeLessThan(2 * RSS_BYTES_MAX);
});

test('COPY FROM STDIN into a server that is blocked waits in the client, and comes whole in the end', async () => {
  await using agent = await start();
  const login = through(agent, postgres.passwordOf('app'));
  const gate = await openGate();
  const rows = 240_000;
  const line = 'x'.repeat(1_000);
  // 240 MB, made by a program that notices when nobody takes them.
  const program = `seq 1 ${rows} | sed 's/$/\\t${line}/'`;
  const child = nursery.spawn(
    ['psql', '-X', '-c', `\\copy slow from program '${program.replaceAll("'", "''")}'`],
    {
      output: 'pipe',
      env: libpqEnvironment(login),
    },
  );
  const largest = await largestDuring(agent, async () => {
    const blocked = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'advisory'`;
    while ((await postgres.sql<{ n: number }>(blocked))[0]?.n !== 1) await Bun.sleep(10);
    // Long enough for all of it to arrive if nobody held it back.
    for (let n = 0; n < 100; n++) {
      expect(child.exitCode).toBeNull();
      await ask(login, 'SELECT 1');
    }
    await gate.release();
    expect(await child.exited).toBe(0);
  });
  // Far less than what was sent; when the collector is late on a busy machine, it is more than a quiet client's share.
  expect(largest).toBeLessThan(1.5 * RSS_BYTES_MAX);
  expect(await ask(login, 'SELECT count(*), sum(n), min(length(text)) FROM slow')).toBe(
    `${rows}|${(rows * (rows + 1)) / 2}|1000`,
  );
});

/** Holds the lock that each insert asks for. */
async function openGate(): Promise<{ release(): Promise<void> }> {
  const holder = new pg.Client(postgres.superuserUrl.replace('/postgres?', '/shop?'));
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock(1)');
  return { release: () => holder.end() };
}
