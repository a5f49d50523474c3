// Settings of pools in the same pgbouncer.ini at the agent and at a real PgBouncer: clients must come to the same at both.

import { afterAll, expect, setDefaultTimeout } from 'bun:test';
import { errorOf } from '../harness/answers.ts';
import * as say from '../harness/client_words.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { DEBIAN_PGBOUNCER } from '../harness/pgbouncer.ts';
import { startPostgres } from '../harness/postgres.ts';
import { loggedIn, type RawClient } from '../harness/raw_client.ts';
import { type Ini, POOLERS, type Pooler, PROGRAM } from './poolers_on_ini.ts';

const test = testNeeding(missingPrograms(PROGRAM));
setDefaultTimeout(60_000);

const postgres = await startPostgres({ users: { app: '', worker: '' }, databases: { shop: 'app' } });
await postgres.sql('GRANT ALL ON DATABASE shop TO worker');
afterAll(() => postgres.stop());

async function backends(): Promise<number> {
  const sql = "SELECT count(*)::int FROM pg_stat_activity WHERE usename IN ('app', 'worker')";
  return (await postgres.sql<{ count: number }>(sql))[0]!.count;
}

async function untilBackends(count: number): Promise<number> {
  while ((await backends()) !== count) await Bun.sleep(5);
  return count;
}

function come(pooler: Pooler, user = 'app', database = 'shop'): Promise<RawClient> {
  return loggedIn(pooler.socketPath, '', user, database);
}

/** The last value of the last row, the completion tag where there is none, or the first word of what it was refused with. */
async function ask(client: RawClient, ...messages: readonly Uint8Array[]): Promise<string> {
  client.say(...messages);
  let said = '';
  for (;;) {
    const answer = await client.next().catch(() => undefined);
    if (answer === undefined) return said;
    const { type, body } = answer;
    if (type === 'E') said = errorOf(body).message.split(/[ :(]/)[0]!;
    if (type === 'C' && said === '') said = body.toString().replace('\0', '');
    if (type === 'D') said = body.subarray(6).toString();
    if (type === 'Z') return said;
  }
}

/** @param isNew what Debian's PgBouncer does not do yet: there the agent lives through it alone. */
function both(
  title: string,
  ini: Ini,
  expected: unknown,
  live: (pooler: Pooler) => Promise<unknown>,
  isNew = false,
): void {
  for (const [name, start] of Object.entries(POOLERS)) {
    if (isNew && name === 'PgBouncer' && PROGRAM === DEBIAN_PGBOUNCER) continue;
    test(`${title} (${name})`, async () => {
      await untilBackends(0);
      await using pooler = await start(postgres, ini);
      expect(await live(pooler)).toEqual(expected);
    });
  }
}

both(
  'disable_pqexec refuses simple queries, and lets the extended protocol pass',
  { lines: ['disable_pqexec = 1'] },
  ['PQexec', '7'],
  async (pooler) => {
    const [simple, extended] = [await come(pooler), await come(pooler)];
    return [
      await ask(simple, say.query('SELECT 1')),
      await ask(extended, say.parse('', 'SELECT 7'), say.bind(''), say.execute(), say.sync),
    ];
  },
);

const PID = say.query('SELECT pg_backend_pid()');

/** Two servers are there; then which of them four queries get, counted from the first one's. */
async function turns(pooler: Pooler): Promise<readonly number[]> {
  const [one, other] = [await come(pooler), await come(pooler)];
  for (const client of [one, other]) await ask(client, say.query('BEGIN'));
  for (const client of [one, other]) await ask(client, say.query('COMMIT'));
  const pids: string[] = [];
  for (let turn = 0; turn < 4; turn++) pids.push(await ask(one, PID));
  return pids.map((pid) => pids.indexOf(pid));
}

both(
  'the server that came back last is lent first',
  { lines: ['default_pool_size = 2'] },
  [0, 0, 0, 0],
  turns,
);

both(
  'server_round_robin lends servers in their turn',
  { lines: ['default_pool_size = 2', 'server_round_robin = 1'] },
  [0, 1, 0, 1],
  turns,
);

both(
  'all clients of a forced user have one pool',
  { shop: 'user=app', lines: ['query_wait_timeout = 2'] },
  ['app', 'BEGIN', 'query_wait_timeout', 1],
  async (pooler) => {
    const [app, worker] = [await come(pooler), await come(pooler, 'worker')];
    return [
      await ask(worker, say.query('SELECT current_user')),
      await ask(app, say.query('BEGIN')),
      await ask(worker, say.query('SELECT 1')),
      await backends(),
    ];
  },
);

both(
  'min_pool_size of a forced user holds before anybody has come',
  { shop: 'user=app min_pool_size=2', lines: ['default_pool_size = 3'] },
  2,
  () => untilBackends(2),
  true,
);

both(
  'PAUSE, KILL and DISABLE at the console say the same, and take the same servers away',
  { lines: ['default_pool_size = 2'] },
  [
    ...['PAUSE', 0, 'already', 'RESUME', 'pooler', '1'],
    ...['KILL', 0, 'RESUME', 'DISABLE', 'ENABLE', 'RECONNECT', 'no', 'cannot'],
  ],
  async (pooler) => {
    const console = await come(pooler, 'app', 'pgbouncer');
    const tell = (command: string): Promise<string> => ask(console, say.query(command));
    const client = await come(pooler);
    await ask(client, say.query('SELECT 1'));
    const said: unknown[] = [await tell('PAUSE'), await untilBackends(0)];
    for (const command of ['PAUSE', 'RESUME', 'RESUME']) said.push(await tell(command));
    said.push(await ask(client, say.query('SELECT 1')));
    said.push(await tell('KILL shop'), await untilBackends(0));
    await client.ended;
    for (const command of ['RESUME shop', 'DISABLE shop', 'ENABLE shop', 'RECONNECT'])
      said.push(await tell(command));
    for (const command of ['PAUSE nosuch', 'DISABLE pgbouncer']) said.push(await tell(command));
    return said;
  },
);
