// The same work given to the agent and to a real PgBouncer: SHOW STATS of both must have counted the same.

import { afterAll, expect, setDefaultTimeout } from 'bun:test';
import pg from 'pg';
import * as say from '../harness/client_words.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { startPostgres } from '../harness/postgres.ts';
import { loggedIn, type RawClient } from '../harness/raw_client.ts';
import { Random } from '../simulation/random.ts';
import { POOLERS, type Pooler, PROGRAM } from './poolers_on_ini.ts';

const test = testNeeding(missingPrograms(PROGRAM));
setDefaultTimeout(60_000);

const postgres = await startPostgres({ users: { app: '', worker: '' }, databases: { shop: 'app' } });
afterAll(() => postgres.stop());

type Figures = Readonly<Record<string, number>>;

/** What `work` has added to the totals of `shop`. */
async function counted(pooler: Pooler, work: () => Promise<void>): Promise<Figures> {
  const console = new pg.Client({
    host: pooler.socketDir,
    port: pooler.port,
    user: 'app',
    database: 'pgbouncer',
  });
  await console.connect();
  const read = async (): Promise<Figures> => {
    const { rows } = await console.query('SHOW STATS');
    const row = rows.find(({ database }) => database === 'shop');
    const totals = Object.entries(row).filter(([name]) => name.startsWith('total_'));
    return Object.fromEntries(totals.map(([name, value]) => [name.slice('total_'.length), Number(value)]));
  };
  const before = await read();
  await work();
  const after = await read();
  await console.end();
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]!]));
}

function come(pooler: Pooler): Promise<RawClient> {
  return loggedIn(pooler.socketPath, '');
}

/** Says all of it in one go, and waits until all is answered. */
async function ask(client: RawClient, ...messages: readonly Uint8Array[]): Promise<void> {
  client.say(...messages);
  const ends = messages.filter(([type]) => type === 0x51 || type === 0x53).length;
  for (let end = 0; end < ends; end++) await client.untilReady();
}

const UNNAMED = [say.parse('', 'SELECT 1'), say.bind(''), say.execute(), say.sync];

const WORK: readonly ((client: RawClient) => Promise<void>)[] = [
  (client) => ask(client, say.query('SELECT 1')),
  (client) => ask(client, say.query('SELECT 1; SELECT 2')),
  (client) => ask(client, say.query('')),
  (client) => ask(client, say.query('SELECT 1/0')),
  (client) => ask(client, ...UNNAMED),
  (client) => ask(client, ...UNNAMED, ...UNNAMED),
  (client) => ask(client, say.query('SELECT 1'), say.query('SELECT 2')),
  (client) => ask(client, say.query('COPY (SELECT generate_series(1, 3)) TO STDOUT')),
  async (client) => {
    for (const sql of ['BEGIN', 'SELECT 1', 'SELECT 1/0', 'ROLLBACK']) await ask(client, say.query(sql));
  },
  async (client) => {
    // No temporary one: behind that the agent asks the server what was left, and a client that goes on meanwhile keeps it.
    for (const sql of ['BEGIN', 'CREATE TABLE public.copied (a int)']) await ask(client, say.query(sql));
    client.say(say.query('COPY public.copied FROM STDIN'));
    for (;;) if ((await client.next()).type === 'G') break;
    client.say(say.copyData('1\n'), say.copyData('2\n'), say.copyDone);
    await client.untilReady();
    await ask(client, say.query('ROLLBACK'));
  },
];

const TIMES = ['xact_time', 'query_time', 'wait_time'] as const;

function without(figures: Figures, names: readonly string[]): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([name]) => !names.includes(name)));
}

/** Of both; what only one of them has is left out. */
async function ofBoth(live: (pooler: Pooler) => Promise<Figures>): Promise<readonly [Figures, Figures]> {
  const all: Figures[] = [];
  for (const start of Object.values(POOLERS)) {
    await using pooler = await start(postgres, {});
    all.push(await live(pooler));
  }
  const [ours, theirs] = all;
  const common = Object.keys(ours!).filter((name) => theirs![name] !== undefined);
  const only = (figures: Figures): Figures =>
    Object.fromEntries(common.map((name) => [name, figures[name]!]));
  return [only(ours!), only(theirs!)];
}

test('transactions, queries, lent servers and bytes are those that PgBouncer counts, and times fit each other', async () => {
  const [ours, theirs] = await ofBoth(async (pooler) => {
    const clients = [await come(pooler), await come(pooler)];
    for (const client of clients) await ask(client, say.query('SELECT 1'));
    const random = new Random(7);
    return await counted(pooler, async () => {
      for (let turn = 0; turn < 60; turn++) await random.pick(WORK)(random.pick(clients));
      await ask(clients[0]!, say.query('SELECT pg_sleep(0.05)'));
      for (const client of clients) client.leave();
    });
  });
  expect(without(ours, TIMES)).toEqual(without(theirs, TIMES));
  expect(ours.xact_count).toBeGreaterThan(60);
  expect(ours.query_time!).toBeGreaterThanOrEqual(50_000);
  expect(ours.xact_time!).toBeGreaterThanOrEqual(ours.query_time!);
});

test('prepared statements with a name are counted as PgBouncer counts them', async () => {
  const [ours, theirs] = await ofBoth(async (pooler) => {
    const clients = [await come(pooler), await come(pooler)];
    for (const client of clients) await ask(client, say.query('SELECT 1'));
    return await counted(pooler, async () => {
      for (const client of clients) {
        await ask(client, say.parse('one', 'SELECT 1'), say.bind('one'), say.execute(), say.sync);
        await ask(client, say.bind('one'), say.execute(), say.sync);
      }
    });
  });
  // What the agent answers by itself, it has sent: a ParseComplete. PgBouncer counts what servers have sent.
  expect(without(ours, [...TIMES, 'sent'])).toEqual(without(theirs, [...TIMES, 'sent']));
});

test('who waits for a server has his time counted when he gets it, within his query', async () => {
  await using pooler = await POOLERS.pgsidecar(postgres, {});
  const [one, other] = [await come(pooler), await come(pooler)];
  const figures = await counted(pooler, async () => {
    await ask(one, say.query('BEGIN'));
    const waiting = ask(other, say.query('SELECT 1'));
    await ask(one, say.query('SELECT pg_sleep(0.05)'));
    await ask(one, say.query('COMMIT'));
    await waiting;
  });
  expect(figures.wait_time!).toBeGreaterThan(0);
  expect(figures.query_time! - figures.wait_time!).toBeGreaterThanOrEqual(50_000);
});
