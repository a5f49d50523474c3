// What no text says, functions, triggers and views that set, lock and create: found on the server, given to its client, and learned.

import { expect, setDefaultTimeout, test } from 'bun:test';
import type pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { DATABASE, pgsidecarYml, serve } from '../harness/application.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const { authority, postgres, connect: open } = await openShop();

async function connect(agent: Agent): Promise<pg.Client> {
  const client = await open(agent);
  // A test that fails leaves it to the agent's end.
  client.on('error', () => {});
  return client;
}

await postgres.sql('CREATE ROLE clerk; GRANT clerk TO app');
await postgres.sql(
  `SET ROLE app;
CREATE SCHEMA elsewhere;
CREATE TABLE notes (n int);
CREATE FUNCTION locks(k int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(k); END $$;
CREATE FUNCTION unlocks(k int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_unlock(k); END $$;
CREATE FUNCTION makes(v text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE IF NOT EXISTS made (n text); END $$;
CREATE FUNCTION sets(v text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('lock_timeout', v, false); RETURN 1; END $$;
CREATE FUNCTION times(v text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('statement_timeout', v, false); END $$;
CREATE FUNCTION tenant(v text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.tenant', v, false); END $$;
CREATE FUNCTION on_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('search_path', 'elsewhere', false); PERFORM set_config('lock_timeout', '7s', false); RETURN NEW; END $$;
CREATE TRIGGER t AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION on_note();
CREATE FUNCTION acts() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET ROLE clerk; END $$;
CREATE TABLE counted (n serial, v text);
GRANT USAGE ON SCHEMA public TO clerk;
GRANT ALL ON counted, counted_n_seq TO clerk;
CREATE VIEW quiet AS SELECT sets('9s') AS n;
`,
  DATABASE,
);

function start(settings: Readonly<Record<string, unknown>> = {}): Promise<Agent> {
  return serve({
    ...{ postgres, authority },
    settings: { default_pool_size: 2, server_round_robin: true, ...settings },
  });
}

async function only(client: pg.Client, sql: string, values?: unknown[]): Promise<unknown> {
  const { rows } = await client.query({ text: sql, rowMode: 'array', ...(values && { values }) });
  return rows[0]?.[0];
}

async function leaksOf(agent: Agent): Promise<number> {
  const { pools } = (await agent.status()) as { pools: { statistics: { leaks: number } }[] };
  return pools.reduce((sum, { statistics }) => sum + statistics.leaks, 0);
}

/** What the log has told of texts that were learned. */
function told(agent: Agent): { left: string; texts: string[] }[] {
  return agent.logLines().filter((line) => Array.isArray((line as { texts?: unknown }).texts)) as never;
}

interface Case {
  readonly sql: string;
  readonly values?: unknown[];
  readonly left: string;
  readonly text: string;
  /** What shows it, to its client and to others. */
  readonly look: string;
  readonly own: unknown;
  readonly others: unknown;
}

const CASES: Readonly<Record<string, Case>> = {
  'a function that takes an advisory lock': {
    sql: 'SELECT locks(4711)',
    left: 'advisory_lock',
    text: 'select locks ( ? )',
    look: `SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`,
    ...{ own: 1, others: 0 },
  },
  'a function that creates a temporary table, by a prepared statement': {
    sql: 'SELECT makes($1)',
    values: ['nothing to be seen'],
    left: 'temporary_object',
    text: 'select makes ( ? )',
    look: `SELECT count(*)::int FROM pg_class WHERE relname = 'made' AND relnamespace = pg_my_temp_schema()`,
    ...{ own: 1, others: 0 },
  },
  'a function that sets': {
    sql: "/*trace='1'*/ SELECT sets('5s')",
    left: 'set lock_timeout',
    text: 'select sets ( ? )',
    look: 'SHOW lock_timeout',
    ...{ own: '5s', others: '0' },
  },
  'a trigger that sets': {
    sql: 'INSERT INTO public.notes VALUES (1), (2)',
    left: 'set lock_timeout',
    text: 'insert into public . notes values ( ? )',
    look: `SELECT current_setting('search_path') || ' ' || current_setting('lock_timeout')`,
    ...{ own: 'elsewhere 7s', others: '"$user", public 0' },
  },
  'a function that sets statement_timeout': {
    sql: "SELECT times('8s')",
    left: 'set statement_timeout',
    text: 'select times ( ? )',
    look: 'SHOW statement_timeout',
    ...{ own: '8s', others: '0' },
  },
  'a view that calls one that sets': {
    sql: 'SELECT n FROM quiet',
    left: 'set lock_timeout',
    text: 'select n from quiet',
    look: 'SHOW lock_timeout',
    ...{ own: '9s', others: '0' },
  },
};

for (const [what, { sql, values, left, text, look, own, others }] of Object.entries(CASES)) {
  test(`${what} is found, its client has what it left and nobody else, and it is learned`, async () => {
    await using agent = await start({ leak_check_every: 1 });
    const [one, two, three] = [await connect(agent), await connect(agent), await connect(agent)];
    await one.query('BEGIN');
    await only(one, sql, values);
    await one.query('COMMIT');
    for (let i = 0; i < 4; i++) {
      expect(await only(one, look)).toBe(own);
      expect(await only(two, look)).toBe(others);
    }
    expect(await leaksOf(agent)).toBe(1);
    const [log, ...more] = told(agent);
    expect(more).toEqual([]);
    expect(log!.left).toContain(left);
    expect(log!.texts).toEqual([text]);
    expect(JSON.stringify(agent.logLines())).not.toMatch(/4711|nothing to be seen/);
    // What was learned is asked for, whoever runs it, when nothing is looked for any more.
    agent.writeFile('pgsidecar.yml', pgsidecarYml({ default_pool_size: 2, leak_check_every: 0 }));
    await agent.reload();
    await one.end();
    await only(three, sql.replace('4711', '4712'), values);
    for (let i = 0; i < 4; i++) {
      expect(await only(three, look)).toBe(own);
      expect(await only(two, look)).toBe(others);
    }
    expect(await leaksOf(agent)).toBe(1);
    await Promise.all([two.end(), three.end()]);
  });
}

test('a lock of a function keeps the server until another function has given it back', async () => {
  await using agent = await start({ leak_check_every: 1, default_pool_size: 1 });
  const [one, two] = [await connect(agent), await connect(agent)];
  await one.query('SELECT locks(1)');
  const waits = only(two, 'SELECT 2');
  expect(await only(one, 'SELECT 1')).toBe(1);
  await one.query('SELECT unlocks(1)');
  expect(await waits).toBe(2);
  await Promise.all([one.end(), two.end()]);
});

test('a client whose LOAD has failed, or whose LISTEN of a DO block is over, keeps no server', async () => {
  await using agent = await start({ default_pool_size: 1 });
  const [one, two] = [await connect(agent), await connect(agent)];
  await expect(one.query("LOAD 'nosuch'")).rejects.toThrow(/nosuch/);
  expect(await only(two, 'SELECT 1')).toBe(1);
  await one.query('DO $$ BEGIN LISTEN a; END $$');
  const waits = only(two, 'SELECT 2');
  await one.query('UNLISTEN *');
  expect(await waits).toBe(2);
  await Promise.all([one.end(), two.end()]);
});

test('what ends with its transaction is not refused where nothing else may be left, and what a text says is', async () => {
  await using agent = await start({ pin_temporary_objects: 'error', pin_advisory_locks: 'error' });
  const one = await connect(agent);
  await one.query(
    'BEGIN; CREATE TEMP TABLE short (n int) ON COMMIT DROP; INSERT INTO short VALUES (1); COMMIT',
  );
  for (const sql of [
    'SELECT 1 AS x INTO TEMP kept',
    'CREATE TABLE pg_temp.kept (n int)',
    'PREPARE k AS SELECT pg_advisory_lock($1)',
  ])
    await expect(one.query(sql)).rejects.toThrow(/not allowed here \(pin_.* is error\): it would leave an? /);
  expect(await only(one, 'SELECT 1')).toBe(1);
  await one.end();
});

test('with a sample, what nobody knows whose it was goes with its server, and then its text is found', async () => {
  await using agent = await start({ leak_check_every: 20, default_pool_size: 1 });
  const [one, two] = [await connect(agent), await connect(agent)];
  let seen = 0;
  for (let i = 0; i < 400 && told(agent).length === 0; i++) {
    await one.query("SELECT sets('5s')");
    await two.query('SELECT 1');
  }
  expect(told(agent).map(({ texts }) => texts)).toEqual([['select sets ( ? )']]);
  expect(JSON.stringify(agent.logLines())).toContain('of nobody knows which client');
  for (let i = 0; i < 20; i++) {
    await one.query(`SELECT sets('${i + 1}s')`);
    if ((await only(two, 'SHOW lock_timeout')) !== '0') seen++;
    expect(await only(one, 'SHOW lock_timeout')).toBe(`${i + 1}s`);
  }
  expect(seen).toBe(0);
  await Promise.all([one.end(), two.end()]);
});

test('a role that a function has left to nobody knows whom is given to none of those who ask for lastval()', async () => {
  await using agent = await start({ leak_check_every: 20, default_pool_size: 1 });
  const stranger = await connect(agent);
  await stranger.query('SELECT acts()');
  await stranger.end();
  const one = await connect(agent);
  for (let i = 0; i < 300 && (await leaksOf(agent)) === 0; i++) {
    await one.query("INSERT INTO counted (v) VALUES ('x')");
    await only(one, 'SELECT lastval()');
  }
  // That it was found came with an answer; from the next one on it is taken back, and the number is still there.
  const before = Number(await only(one, 'SELECT lastval()'));
  expect(before).toBeGreaterThan(0);
  for (let i = 0; i < 4; i++) {
    expect(await only(one, 'SELECT current_user')).toBe('app');
    await one.query("INSERT INTO counted (v) VALUES ('x')");
    expect(Number(await only(one, 'SELECT lastval()'))).toBe(before + i + 1);
  }
  expect([told(agent), await leaksOf(agent)]).toEqual([[], 1]);
  await one.end();
});

test('settings of an application’s own are in no view: only those that an operator names are found', async () => {
  await using agent = await start({ leak_check_every: 1, track_extra_parameters: ['app.tenant'] });
  const [one, two] = [await connect(agent), await connect(agent)];
  await one.query("SELECT tenant('blue')");
  for (let i = 0; i < 4; i++) {
    expect(await only(one, "SELECT current_setting('app.tenant', true)")).toBe('blue');
    expect((await only(two, "SELECT current_setting('app.tenant', true)")) || '').toBe('');
  }
  expect(await leaksOf(agent)).toBe(1);
  await Promise.all([one.end(), two.end()]);
});

test('what clients set by themselves is no leak, however they spell it', async () => {
  await using agent = await start({ leak_check_every: 1 });
  const one = await connect(agent);
  await one.query("SET lock_timeout = 5000; SET work_mem = '65536kB'; SET enable_seqscan = 0; SET ROLE app");
  await one.query('SET search_path = pg_catalog,   public');
  await one.query("SELECT set_config('statement_timeout', '60000', false)");
  for (let i = 0; i < 6; i++) await one.query('SELECT 1');
  expect(await leaksOf(agent)).toBe(0);
  await one.end();
});

test('what connect_query has locked is given to no client, and stays', async () => {
  await using agent = await start({
    ...{ leak_check_every: 1, default_pool_size: 1 },
    databases: { shop: { connect_query: 'SELECT pg_advisory_lock_shared(7)' } },
  });
  const [one, two] = [await connect(agent), await connect(agent)];
  for (const client of [one, two, one, two])
    expect(
      await only(client, "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND objid = 7"),
    ).toBe(1);
  expect(await leaksOf(agent)).toBe(0);
  await Promise.all([one.end(), two.end()]);
});

test('what connect_query has set is no leak, and stays', async () => {
  await using agent = await start({
    leak_check_every: 1,
    databases: { shop: { connect_query: "SET lock_timeout = '3s'" } },
  });
  const [one, two] = [await connect(agent), await connect(agent)];
  for (const client of [one, two, one, two, one, two])
    expect(await only(client, 'SHOW lock_timeout')).toBe('3s');
  expect(await leaksOf(agent)).toBe(0);
  await Promise.all([one.end(), two.end()]);
});
