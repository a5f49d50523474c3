// LISTEN and NOTIFY of clients who share one server: as at PostgreSQL itself, where each of these is played first.

import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { openShop } from '../harness/shop.ts';
import { type Disposables, endAll } from './clients_in_states.ts';

setDefaultTimeout(60_000);

const { authority, postgres } = await openShop({ settings: { max_connections: 60 } });
const disposables: Disposables = [];
afterEach(() => endAll(disposables));

/** A client, and all that it is told by itself. */
class Client {
  readonly heard: string[] = [];
  readonly notices: string[] = [];
  readonly client: pg.Client;
  end = '';
  #waiting: (() => void)[] = [];

  constructor(connectionString: string, ssl: pg.ClientConfig['ssl']) {
    this.client = new pg.Client({ connectionString, ssl });
    this.client.on('error', (error) => {
      this.end = error.message;
      this.#wake();
    });
    this.client.on('notification', ({ channel, payload, processId }) => {
      const isOwn = processId === (this.client as unknown as { processID: number }).processID;
      this.heard.push(`${channel}: ${payload}${isOwn ? ' (own)' : ''}`);
      this.#wake();
    });
    this.client.on('notice', ({ message }) => {
      this.notices.push(message ?? '');
      this.#wake();
    });
  }

  /** Each gives the tags of its commands. */
  async run(...texts: readonly string[]): Promise<string[]> {
    const tags: string[] = [];
    for (const text of texts) {
      const results = (await this.client.query(text)) as unknown as pg.QueryResult | pg.QueryResult[];
      for (const { command } of [results].flat()) tags.push(command);
    }
    return tags;
  }

  /** What it has heard, and has not shown yet. */
  take(): string[] {
    return this.heard.splice(0);
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const each of this.#waiting.splice(0)) each();
  }
}

type Connect = () => Promise<Client>;

async function start(more: Readonly<Record<string, unknown>> = {}): Promise<Agent> {
  const agent = await serve({ postgres, authority, settings: { default_pool_size: 1, ...more } });
  disposables.push(() => agent[Symbol.asyncDispose]());
  return agent;
}

async function connectTo(url: string, ssl: pg.ClientConfig['ssl'] = false): Promise<Client> {
  const client = new Client(url, ssl);
  await client.client.connect();
  disposables.push(() => client.client.end().catch(() => {}));
  return client;
}

function through(agent: Agent): Connect {
  return () => connectTo(agent.url('app', postgres.passwordOf('app'), 'shop'));
}

const direct: Connect = () =>
  connectTo(postgres.url('app', 'shop'), { ca: authority.certificate, servername: 'localhost' });

/** At PostgreSQL, and on a pool of one server. */
function played(title: string, play: (connect: Connect) => Promise<void>): void {
  test(`${title} (PostgreSQL)`, () => play(direct));
  test(`${title} (the agent)`, async () => play(through(await start())));
}

played('a client hears what another one notifies, when that has committed', async (connect) => {
  const [one, two] = [await connect(), await connect()];
  expect(await one.run('LISTEN a')).toEqual(['LISTEN']);
  await two.run("NOTIFY a, '1'", 'BEGIN', "SELECT pg_notify('a', '2')", "NOTIFY b, '3'", 'COMMIT');
  await two.run('BEGIN', "NOTIFY a, 'never'", 'ROLLBACK', "NOTIFY a, '4'");
  await one.until(() => one.heard.length >= 3);
  expect(one.take()).toEqual(['a: 1', 'a: 2', 'a: 4']);
  expect(two.take()).toEqual([]);
});

played(
  'a client hears what it has notified itself, before its next answer, and as its own',
  async (connect) => {
    const one = await connect();
    await one.run('LISTEN a');
    for (let i = 0; i < 20; i++) {
      await one.run(`NOTIFY a, '${i}'`);
      await one.run('SELECT 1');
      expect(one.take()).toEqual([`a: ${i} (own)`]);
    }
    await one.run('BEGIN', "NOTIFY a, 'x'", 'SELECT 1');
    expect(one.take()).toEqual([]);
    await one.run('COMMIT', 'SELECT 1');
    expect(one.take()).toEqual(['a: x (own)']);
  },
);

test('the process id of a notification is the client’s own where it listens itself, and a process of PostgreSQL’s where not', async () => {
  const connect = through(await start());
  const [one, two] = [await connect(), await connect()];
  const heard: number[] = [];
  one.client.on('notification', ({ processId }) => heard.push(processId));
  const pidOf = ({ client }: Client): number => (client as unknown as { processID: number }).processID;
  await one.run('LISTEN a');
  const { rows } = await two.client.query<{ pid: number }>(
    "SELECT pg_backend_pid() AS pid, pg_notify('a', '1')",
  );
  await one.until(() => heard.length >= 1);
  await two.run('LISTEN b', "NOTIFY a, '2'");
  await one.until(() => heard.length >= 2);
  expect(heard).toEqual([rows[0]!.pid, pidOf(two)]);
});

played('a client hears nothing of a LISTEN that was rolled back', async (connect) => {
  const [one, two] = [await connect(), await connect()];
  await one.run('LISTEN a', 'BEGIN', 'LISTEN b', 'ROLLBACK');
  await one.run('BEGIN', 'SAVEPOINT s', 'LISTEN c', 'ROLLBACK TO s', 'LISTEN d', 'COMMIT');
  await two.run("NOTIFY b, 'no'", "NOTIFY c, 'no'", "NOTIFY d, 'yes'", "NOTIFY a, 'yes'");
  await one.until(() => one.heard.length >= 2);
  expect(one.take()).toEqual(['d: yes', 'a: yes']);
});

played('a client hears nothing behind its UNLISTEN, UNLISTEN * or DISCARD ALL', async (connect) => {
  const [one, two] = [await connect(), await connect()];
  await one.run('LISTEN a', 'LISTEN b', 'LISTEN c', 'LISTEN d');
  expect(await one.run('UNLISTEN a', 'SELECT 1')).toEqual(['UNLISTEN', 'SELECT']);
  await two.run("NOTIFY a, 'no'", "NOTIFY b, 'yes'");
  await one.until(() => one.heard.length >= 1);
  expect(one.take()).toEqual(['b: yes']);
  await one.run('BEGIN', 'UNLISTEN *', 'ROLLBACK');
  await two.run("NOTIFY c, 'yes'");
  await one.until(() => one.heard.length >= 1);
  expect(one.take()).toEqual(['c: yes']);
  await one.run('UNLISTEN *', 'LISTEN e');
  await two.run("NOTIFY b, 'no'", "NOTIFY e, 'yes'");
  await one.until(() => one.heard.length >= 1);
  await one.run('DISCARD ALL', 'LISTEN f');
  await two.run("NOTIFY e, 'no'", "NOTIFY f, 'yes'");
  await one.until(() => one.heard.length >= 2);
  expect(one.take()).toEqual(['e: yes', 'f: yes']);
});

played(
  'a client hears on a channel of any name, by the extended protocol, in one text with others',
  async (connect) => {
    const [one, two] = [await connect(), await connect()];
    const query = { text: 'LISTEN "tür ""x"""', values: [] as string[], queryMode: 'extended' };
    await one.client.query(query as pg.QueryConfig);
    expect(await one.run('LISTEN Folded; LISTEN "*"; SELECT 1')).toEqual(['LISTEN', 'LISTEN', 'SELECT']);
    await two.run(
      `NOTIFY "tür ""x""", '1'`,
      `NOTIFY FOLDED, '2'`,
      `NOTIFY "*", '3'`,
      `NOTIFY "Folded", 'no'`,
    );
    await one.until(() => one.heard.length >= 3);
    expect(one.take()).toEqual(['tür "x": 1', 'folded: 2', '*: 3']);
  },
);

played('a client hears 7,999 bytes with umlauts, in its own client_encoding', async (connect) => {
  const [unicode, latin] = [await connect(), await connect()];
  const payload = `x${'ü'.repeat(3999)}`;
  await unicode.run('LISTEN a');
  await latin.run("SET client_encoding TO 'LATIN1'", 'LISTEN a');
  await unicode.run(`NOTIFY a, '${payload}'`);
  await Promise.all([unicode, latin].map((each) => each.until(() => each.heard.length > 0)));
  expect(unicode.take()).toEqual([`a: ${payload} (own)`]);
  // What node-postgres makes of bytes that are not UTF-8; their number is what is asked.
  expect(latin.take()[0]?.length).toBe('a: '.length + 4000);
});

test('a server is free for others while a client listens', async () => {
  const connect = through(await start());
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect()));
  for (const each of clients) await each.run('LISTEN a');
  for (const each of clients) await each.run("NOTIFY a, 'x'");
  for (const each of clients) await each.until(() => each.heard.length === 5);
  const sql = "SELECT count(*)::int FROM pg_stat_activity WHERE usename = 'app'";
  expect((await postgres.sql<{ count: number }>(sql))[0]?.count).toBe(2);
});

test('1,000 clients listen to 1,000 channels', async () => {
  const connect = through(await start({ max_client_conn: 1100 }));
  const clients: Client[] = [];
  for (let i = 0; i < 1000; i += 50)
    clients.push(...(await Promise.all(Array.from({ length: 50 }, () => connect()))));
  await Promise.all(clients.map((each, i) => each.run(`LISTEN "channel ${i}"`)));
  const sender = await connect();
  await sender.run(
    'BEGIN',
    "SELECT pg_notify('channel ' || i, 'for ' || i) FROM generate_series(0, 999) i",
    'COMMIT',
  );
  for (const [i, each] of clients.entries()) {
    await each.until(() => each.heard.length > 0);
    expect(each.take()).toEqual([`channel ${i}: for ${i}`]);
  }
});

test('a PostgreSQL that was killed and came back: a NOTICE, and all listen again', async () => {
  const connect = through(await start());
  const [one, two] = [await connect(), await connect()];
  await one.run('LISTEN a', 'LISTEN b');
  await postgres.kill9();
  await postgres.restart();
  await one.until(() => one.notices.length > 0);
  expect(one.notices.join()).toMatch(/missed/);
  expect([one.end, two.end, two.notices]).toEqual(['', '', []]);
  await two.run("NOTIFY b, 'again'");
  await one.until(() => one.heard.length > 0);
  expect(one.take()).toEqual(['b: again']);
});

test('a drain that waits for servers ends although clients listen', async () => {
  const agent = await start({ admin_users: ['app'] });
  const one = await through(agent)();
  await one.run('LISTEN a');
  const admin = new pg.Client(agent.url('app', postgres.passwordOf('app'), 'pgbouncer'));
  admin.on('error', () => {});
  await admin.connect();
  await admin.query('SHUTDOWN WAIT_FOR_SERVERS').catch(() => {});
  await one.until(() => one.end !== '');
  expect(one.end).not.toBe('');
});
