// What was set for PgBouncer because it loses what a session has: what becomes of it here, and what a function's setting needs.

import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { DATABASE, serve } from '../harness/application.ts';
import { consoleRows } from '../harness/console_rows.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const { authority, postgres, connect: open } = await openShop();

await postgres.sql(
  `SET ROLE app;
CREATE FUNCTION tenant(v text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.tenant', v, false); END $$;`,
  DATABASE,
);

function start(settings: Readonly<Record<string, unknown>>): Promise<Agent> {
  return serve({ ...{ postgres, authority }, settings: { default_pool_size: 1, ...settings } });
}

async function connect(agent: Agent): Promise<pg.Client> {
  const client = await open(agent);
  client.on('error', () => {});
  return client;
}

async function only(client: pg.Client, sql: string): Promise<unknown> {
  const { rows } = await client.query({ text: sql, rowMode: 'array' });
  return rows[0]?.[0];
}

const TENANT = "SELECT coalesce(current_setting('app.tenant', true), '')";

async function pinsOf(agent: Agent): Promise<string[]> {
  const rows = await consoleRows(agent, 'SHOW CLIENTS');
  return rows.map(({ pins }) => String(pins)).filter((pins) => pins !== '');
}

describe('a tenant that a function sets by set_config(…, false)', () => {
  test('reaches nobody else with server_reset_query_always, and does not last', async () => {
    await using agent = await start({ server_reset_query_always: true });
    const [one, two] = [await connect(agent), await connect(agent)];
    await one.query("SELECT tenant('blue')");
    expect([await only(two, TENANT), await only(one, TENANT)]).toEqual(['', '']);
  });

  test('follows its client with track_extra_parameters and leak_check_every 1, also where another sets its own', async () => {
    await using agent = await start({ track_extra_parameters: ['app.tenant'], leak_check_every: 1 });
    const [one, two, three] = [await connect(agent), await connect(agent), await connect(agent)];
    await one.query("SELECT tenant('blue')");
    await two.query("SELECT tenant('green')");
    for (let turn = 0; turn < 3; turn++)
      expect([await only(one, TENANT), await only(two, TENANT), await only(three, TENANT)]).toEqual([
        ...['blue', 'green', ''],
      ]);
  });

  test('said by a text, it follows its client and needs no setting', async () => {
    await using agent = await start({});
    const [one, two] = [await connect(agent), await connect(agent)];
    await one.query("SELECT set_config('app.tenant', $1, false)", ['blue']);
    await two.query("SET app.tenant = 'green'");
    expect([await only(one, TENANT), await only(two, TENANT)]).toEqual(['blue', 'green']);
  });
});

test('server_reset_query_always takes nothing from a client that its texts have said', async () => {
  await using agent = await start({ server_reset_query_always: true });
  const [one, two] = [await connect(agent), await connect(agent)];
  const heard: string[] = [];
  one.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await one.query("SET work_mem = '7MB'");
  await one.query('PREPARE plan AS SELECT 42');
  await one.query('LISTEN shelf');
  expect(await only(two, 'SHOW work_mem')).toBe('4MB');
  await two.query("NOTIFY shelf, 'empty'");
  expect([await only(one, 'SHOW work_mem'), await only(one, 'EXECUTE plan')]).toEqual(['7MB', 42]);
  while (heard.length === 0) await one.query('SELECT 1');
  expect(heard).toEqual(['empty']);
});

test('startup parameters follow their client where ignore_startup_parameters does not name them', async () => {
  await using agent = await start({ ignore_startup_parameters: ['extra_float_digits'] });
  const connectionString = agent.url('app', postgres.passwordOf('app'), DATABASE);
  const one = new pg.Client({ connectionString, options: '-c work_mem=7MB' });
  one.on('error', () => {});
  await one.connect();
  const two = await connect(agent);
  for (let turn = 0; turn < 2; turn++)
    expect([await only(one, 'SHOW work_mem'), await only(two, 'SHOW work_mem')]).toEqual(['7MB', '4MB']);
});

test('max_prepared_statements 0 makes a client keep its server for what it prepares by SQL, until DEALLOCATE', async () => {
  await using agent = await start({ max_prepared_statements: 0 });
  const client = await connect(agent);
  await client.query('PREPARE plan AS SELECT 42');
  while ((await pinsOf(agent)).length === 0) await Bun.sleep(5);
  expect(await pinsOf(agent)).toEqual(['prepared_statement']);
  await client.query('DEALLOCATE plan');
  // The server is asked behind the client's answer.
  while ((await pinsOf(agent)).length > 0) await Bun.sleep(5);
});
